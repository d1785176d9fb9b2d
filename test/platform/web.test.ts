/**
 * The engine runs without Node.js: bundled for a browser's worker, in a realm that has only the web platform, it gives
 * the same answers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import fc from 'fast-check';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import * as node from '../../src/platform/node.js';
import * as web from '../../src/platform/web.js';
import { ask } from '../../src/questions/ask.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { QUESTION_KINDS } from '../../src/questions/registry.js';
import { render } from '../../src/reports/render.js';
import { runs } from '../support/runs.js';

/** What the bundle exports: the engine from bytes to text, as a worker of a page would call it. */
const ENTRY = `
import { readSnapshot } from './dist/src/cluster/read-snapshot.js';
import { ask } from './dist/src/questions/ask.js';
import { validateRequest } from './dist/src/questions/validate-request.js';
import { render } from './dist/src/reports/render.js';
globalThis.answer = (kind, request, bytes, form) => {
  const answer = ask(kind, validateRequest(kind, JSON.parse(request), 'apart'), readSnapshot({ files: [{ bytes }] }));
  return form === 'json' ? JSON.stringify(answer) : render(kind, answer, form);
};
`;

/** A realm with what every browser's worker has, and nothing of Node.js. */
function worker(code: string): (kind: string, request: string, bytes: Uint8Array, form: string) => string {
  const realm = createContext({ TextEncoder, TextDecoder, structuredClone, performance, Uint8Array });
  runInContext(code, realm);
  return (realm as { answer: ReturnType<typeof worker> }).answer;
}

const kindOf = (file: string): QuestionKind | undefined =>
  [...QUESTION_KINDS]
    .sort((a, b) => b.length - a.length)
    .find((kind) => file === `${kind}.json` || file.startsWith(`${kind}-`));

t.test('the bundle answers as the program does, byte for byte', async (t) => {
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: '.' },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'silent',
  });
  const code = outputFiles[0]?.text ?? '';
  t.notMatch(code, /require\("(?:node:|fs|crypto|buffer|util)/, 'nothing of Node.js is asked for');
  const answer = worker(code);
  const bytes = readFileSync('examples/article.json');
  for (const file of readdirSync('examples/requests').sort()) {
    const kind = kindOf(file);
    if (kind === undefined) continue;
    const text = readFileSync(`examples/requests/${file}`, 'utf8');
    const own = ask(kind, JSON.parse(text), readSnapshot({ files: [{ bytes }] }));
    t.equal(answer(kind, text, bytes, 'json'), JSON.stringify(own), `${file}: JSON`);
    for (const form of ['text', 'markdown', 'csv'] as const) {
      t.equal(answer(kind, text, bytes, form), render(kind, own, form), `${file}: ${form}`);
    }
  }
});

t.test('both platforms say the same', async (t) => {
  const bytes = fc.uint8Array({ maxLength: 64 });
  const text = fc.string({ unit: 'binary', maxLength: 32 });
  fc.assert(
    fc.property(bytes, text, (some, words) => {
      const same = <T>(of: (platform: typeof node) => T) => t.same(of(node), of(web as unknown as typeof node));
      same((platform) => new platform.Sha256().update(some).update(words).hex());
      same((platform) => platform.sha256Bytes(words));
      same((platform) => platform.sha1Hex(words));
      same((platform) => platform.isUtf8(some));
      same((platform) => platform.decodeUtf8(some));
      same((platform) => [...platform.encodeUtf8(words)]);
      same((platform) => platform.utf8Length(words));
      same((platform) => {
        const room = new Uint8Array(200);
        return [platform.writeUtf8(words, room, 3), ...room];
      });
    }),
    { numRuns: runs(300) },
  );
  const utf16 = new Uint8Array([0x68, 0, 0xe4, 0, 0x41]);
  for (const bigEndian of [false, true]) t.equal(web.decodeUtf16(utf16, bigEndian), node.decodeUtf16(utf16, bigEndian));
});
