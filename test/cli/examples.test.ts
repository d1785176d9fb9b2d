import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import t from 'tap';
import { run } from './run.js';

const FORMS = { json: 'json', txt: 'text', md: 'markdown' } as const;
const OF_CHECK = { ...FORMS, 'junit.xml': 'junit', sarif: 'sarif' } as const;

t.test('the answers in examples/ are what the requests give', async (t) => {
  const requests = readdirSync('examples/requests').sort();
  const answers = new Set(readdirSync('examples/answers'));
  for (const request of requests) {
    const name = basename(request, '.json');
    const kind = name.startsWith('what-if') ? 'what-if' : (name.split('-')[0] ?? '');
    for (const [extension, form] of Object.entries(kind === 'check' ? OF_CHECK : FORMS)) {
      const args = [kind, '-s', 'examples/article.json', '--request', `examples/requests/${request}`, '-o', form];
      const { code, stdout, stderr } = await run(args);
      t.same([code, stderr], [name === 'check-local' ? 1 : 0, ''], name);
      const file = `${name}.${extension}`;
      t.equal(
        stdout,
        readFileSync(`examples/answers/${file}`, 'utf8'),
        `${file}: if it should change, run node examples/make.mjs`,
      );
      answers.delete(file);
    }
  }
  t.same([...answers], [], 'no answer is left of a request that is gone');
});
