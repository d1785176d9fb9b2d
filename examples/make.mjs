// Writes examples/answers/: what each request of examples/requests/ gives for examples/article.json.
//   npm run build && node examples/make.mjs [PATH OF main.js]
// A request's question is the first word of its file's name: probability-scaled.json asks `probability`.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const main = process.argv[2] ?? join(here, '..', 'dist', 'src', 'main.js');
const EXTENSIONS = { json: 'json', text: 'txt', markdown: 'md' };

mkdirSync(join(here, 'answers'), { recursive: true });
for (const file of readdirSync(join(here, 'requests')).sort()) {
  const name = file.replace(/\.json$/, '');
  for (const [form, extension] of Object.entries(EXTENSIONS)) {
    const args = [main, name.split('-')[0], '-s', join(here, 'article.json')];
    const answer = execFileSync('node', [...args, '--request', join(here, 'requests', file), '--output', form]);
    writeFileSync(join(here, 'answers', `${name}.${extension}`), answer);
  }
}
