// Packs recorded decisions of Kubernetes controllers, one directory per case (<kind>/<case>/input.json, output.json,
// info.json), into golden/<kind>.json.gz: node test/control-plane/pack-golden.mjs <directory>
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const source = process.argv[2];
if (source === undefined) throw new Error('usage: node pack-golden.mjs <directory of recorded cases>');
const target = join(dirname(fileURLToPath(import.meta.url)), 'golden');
mkdirSync(target, { recursive: true });
const directories = (path) =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
for (const kind of directories(source)) {
  const cases = {};
  for (const name of directories(join(source, kind))) {
    const files = readdirSync(join(source, kind, name)).sort();
    cases[name] = Object.fromEntries(
      files.map((file) => [
        file.replace('.json', ''),
        JSON.parse(readFileSync(join(source, kind, name, file), 'utf8')),
      ]),
    );
  }
  writeFileSync(join(target, `${kind}.json.gz`), gzipSync(JSON.stringify(cases), { level: 9 }));
}
