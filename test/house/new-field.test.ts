/**
 * An optional field of an answer is added in four places: openapi/, proto/, the code that computes it and the report
 * that shows it. This test does so in a scratch copy of the sources, and nowhere else there.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';

// Compiling takes a while where many tests run at once.
t.setTimeout(600_000);

/** The new field: how many questions of a batch have a problem. */
const EDITS: readonly (readonly [file: string, before: string, after: string])[] = [
  [
    'openapi/kube-whatif.yaml',
    "          items: { $ref: '#/components/schemas/BatchEntryAnswer' }\n",
    "          items: { $ref: '#/components/schemas/BatchEntryAnswer' }\n" +
      '        refused: { type: integer, minimum: 0, description: How many questions have a problem. }\n',
  ],
  [
    'proto/kube_whatif/v1/batch.proto',
    'message BatchResult {\n',
    'message BatchResult {\n  // How many questions have a problem.\n  optional int32 refused = 100;\n',
  ],
  [
    'src/questions/batch/answer-batch.ts',
    'result: { answers }',
    'result: { answers, refused: answers.filter(({ problem }) => problem !== undefined).length }',
  ],
  [
    'src/reports/batch-report.ts',
    '    headline(batch, layout),\n',
    '    [...headline(batch, layout), `Refused: $' + '{batch.result.refused ?? 0}`],\n',
  ],
];

/** Asks through every door: JSON, text, and a message that is written and read again. */
const ASK = `
import { readFileSync } from 'node:fs';
import { readSnapshot } from './dist/src/cluster/read-snapshot.js';
import { readAnswer, writeAnswer } from './dist/src/messages/codec.js';
import { ask } from './dist/src/questions/ask.js';
import { validateRequest } from './dist/src/questions/validate-request.js';
import { render } from './dist/src/reports/render.js';
const snapshot = readSnapshot({ files: [{ bytes: readFileSync('snapshot.json') }] });
const path = (pod) => ({ path: { source: { pod }, destination: { host: 'nginx-svc', port: 80 } } });
const request = { batch: { questions: [path('default/client'), path('default/nobody')] } };
const answer = ask('batch', validateRequest('batch', request, 'apart'), snapshot);
console.log(JSON.stringify({
  json: JSON.parse(JSON.stringify(answer)).result.refused,
  message: readAnswer('batch', writeAnswer('batch', answer)).result.refused,
  text: /^Refused: .*$/m.exec(render('batch', answer, 'text', { color: false, width: 80 }))?.[0],
}));
`;

t.test('an optional field of an answer is added in four places', async (t) => {
  const copy = t.testdir();
  const at = (path: string) => join(copy, path);
  for (const path of ['openapi', 'proto', 'tools', 'src', 'package.json', 'tsconfig.json']) {
    cpSync(path, at(path), { recursive: true, filter: (from) => !from.endsWith('stamp.txt') });
  }
  cpSync('test/messages/parity.test.ts', at('test/messages/parity.test.ts'));
  cpSync('examples/article.json', at('snapshot.json'));
  symlinkSync(resolve('node_modules'), at('node_modules'));
  for (const [file, before, after] of EDITS) {
    const text = readFileSync(at(file), 'utf8');
    t.equal(text.split(before).length, 2, `${file} has the place once`);
    writeFileSync(
      at(file),
      text.replace(before, () => after),
    );
  }
  const run = (command: string, ...args: string[]) =>
    // What tap has each process load, also those that get another environment, is not for the compiler.
    execFileSync('env', ['-u', 'NODE_OPTIONS', command, ...args], {
      cwd: copy,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  for (const script of ['openapi/generate.mjs', 'tools/compile-schemas.mjs', 'proto/generate.mjs']) {
    run(process.execPath, script);
  }
  t.doesNotThrow(() => run(process.execPath, 'node_modules/typescript/bin/tsc', '-p', '.'), 'everything compiles');
  t.doesNotThrow(() => run(process.execPath, 'dist/test/messages/parity.test.js'), 'openapi/ and proto/ say the same');
  writeFileSync(at('ask.mjs'), ASK);
  t.same(JSON.parse(run(process.execPath, 'ask.mjs')), { json: 1, message: 1, text: 'Refused: 1' });
});
