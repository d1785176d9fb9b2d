/** An answer in pieces is the answer: merged as protobuf merges, with texts and tables that go on. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fromBinary, toJson } from '@bufbuild/protobuf';
import fc from 'fast-check';
import t from 'tap';
import type { Answer } from '../../src/contract/answers.js';
import { RPCS, writeAnswer } from '../../src/messages/codec.js';
import { piecesOf } from '../../src/messages/pieces.js';
import { descriptor } from '../../src/messages/registry.js';
import { ask } from '../../src/questions/ask.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { wholeOf } from '../grpc/whole.js';
import { lab } from '../support/lab.js';
import { runs } from '../support/runs.js';

function check(kind: QuestionKind, answer: Answer, limit: number): readonly Uint8Array[] {
  const message = descriptor(`${RPCS[kind].name}Response`);
  const bytes = writeAnswer(kind, answer);
  const pieces = piecesOf(message, bytes, limit);
  assert.deepEqual(wholeOf(message, pieces), toJson(message, fromBinary(message, bytes)));
  return pieces;
}

const example = (name: string) => JSON.parse(readFileSync(`examples/answers/${name}`, 'utf8')) as Answer;

t.test('examples, cut anywhere', async (t) => {
  for (const file of readdirSync('examples/answers').filter((name) => /^(chains|what-if).*\.json$/.test(name))) {
    const kind: QuestionKind = file.startsWith('chains') ? 'chains' : 'what-if';
    const answer = example(file);
    for (const limit of [64, 300, 1000, 4000, 20_000, 1_000_000]) {
      const pieces = check(kind, answer, limit);
      if (limit === 1_000_000) t.equal(pieces.length, 1, 'a small answer is one piece');
      else if (limit <= 4000) t.ok(pieces.length > 1, `${file} in ${pieces.length} pieces of ${limit}`);
    }
  }
});

t.test('virtual servers of a node, cut anywhere', async (t) => {
  const answer = ask(
    'chains',
    { settings: { kubeProxy: { mode: 'ipvs' } }, chains: { nodes: ['node-1'], format: 'RULES' } },
    lab({ services: Array.from({ length: 9 }, () => ({})) }),
  ) as Answer;
  for (const limit of [64, 300, 1000, 4000]) t.ok(check('chains', answer, limit).length > 1, `${limit}`);
});

const text = fc.string({ unit: 'binary', maxLength: 400 });
const table = fc.record({
  name: fc.constantFrom('nat', 'filter', 'mangle'),
  chains: fc.array(
    fc.record({
      name: text,
      rules: fc.array(fc.record({ text, written: text, statements: fc.constant([{ kind: 'comment' }]) }), {
        maxLength: 4,
      }),
    }),
    { maxLength: 6 },
  ),
});
const part = fc.record(
  {
    family: fc.constantFrom('IPv4', 'IPv6'),
    mode: fc.constant('iptables'),
    version: fc.constant('1.30.5'),
    nodes: fc.array(text, { maxLength: 3 }),
    shared: fc.boolean(),
    text,
    // Two tables of one name beside each other do not occur: they could not be distinguished from one that goes on.
    tables: fc.uniqueArray(table, { selector: ({ name }) => name, maxLength: 3 }),
  },
  { requiredKeys: ['family', 'mode', 'version', 'nodes', 'shared'] },
);
const result = fc.record({ format: fc.constantFrom('RESTORE', 'RULES'), parts: fc.array(part, { maxLength: 5 }) });

t.test('any rules, cut anywhere', async (t) => {
  const base = example('chains.json');
  fc.assert(
    fc.property(result, fc.integer({ min: 16, max: 2000 }), (chains, limit) => {
      check('chains', { ...base, result: chains } as unknown as Answer, limit);
    }),
    { numRuns: runs(300) },
  );
  t.pass('are themselves again');
});

t.test('any comparison of rules, cut anywhere', async (t) => {
  const base = example('what-if-chains.json');
  const unified = fc.array(fc.record({ nodes: fc.array(text, { maxLength: 2 }), family: fc.constant('IPv4'), text }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(result, result, unified, fc.integer({ min: 16, max: 2000 }), (before, after, differences, limit) => {
      const { difference, ...rest } = base.result as unknown as { difference: object };
      const compared = { ...rest, before, after, difference: { ...difference, unified: differences } };
      check('what-if', { ...base, result: compared } as unknown as Answer, limit);
    }),
    { numRuns: runs(200) },
  );
  t.pass('are themselves again');
});

t.test('a large answer comes in pieces that any client takes', async (t) => {
  const base = example('chains.json');
  const lines =
    '-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "ü" -j KUBE-SVC-NPX46M4PTMTKRN6Y\n'.repeat(100_000);
  const parts = [1, 2].map((number) => ({
    family: 'IPv4',
    mode: 'iptables',
    version: '1.30.5',
    nodes: [`node-${number}`],
    shared: false,
    text: lines,
  }));
  const message = descriptor('ChainsResponse');
  const pieces = piecesOf(
    message,
    writeAnswer('chains', { ...base, result: { format: 'SAVE', parts } } as unknown as Answer),
  );
  t.ok(pieces.length > 30);
  t.ok(pieces.every(({ length }) => length < 1024 * 1024));
  const whole = wholeOf(message, pieces) as { result: { parts: { text: string }[] } };
  t.ok(whole.result.parts.every((each) => each.text === lines));
});
