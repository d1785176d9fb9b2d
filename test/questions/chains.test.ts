/** What is reported of many nodes at once is, for each of them, what it has: however parts are shared. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { ChainsPart } from '../../src/contract/answers.js';
import type { ChainsQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type LabService, lab } from '../support/lab.js';
import { randomCluster, settingsOf, snapshotOf } from '../support/random-cluster.js';
import { runs } from '../support/runs.js';

/** Declarations and rules of a text, counted: parts of one node hold them apart, its own text together. */
function contentOf(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && line !== 'COMMIT' && !line.startsWith('*'))
    .sort();
}

const textOf = (parts: readonly ChainsPart[]) => parts.map((part) => part.text ?? '').join('\n');

t.test('the shared part and a node’s own are together the rules of that node alone', async () => {
  fc.assert(
    fc.property(randomCluster, fc.constantFrom('RESTORE' as const, 'SAVE' as const), (drawn, format) => {
      const snapshot = snapshotOf(drawn);
      const chains = (question: ChainsQuestion) =>
        ask('chains', { settings: settingsOf(drawn), chains: { families: ['IPv4'], format, ...question } }, snapshot)
          .result.parts;
      const all = chains({});
      for (const [index] of drawn.nodes.entries()) {
        const node = `node-${index + 1}`;
        const alone = chains({ nodes: [node] });
        assert.equal(alone.length, 1);
        const mine = all.filter((part) => part.nodes.includes(node));
        assert.deepEqual(contentOf(textOf(mine)), contentOf(textOf(alone)), node);
      }
      for (const part of all) assert.equal(part.shared, part.shared && part.nodes.length > 1);
    }),
    { numRuns: runs(60) },
  );
});

t.test('chains of some Services are those of all that are theirs', async (t) => {
  const services: LabService[] = [
    { name: 'a', endpoints: [1, 2] },
    {
      name: 'b',
      endpoints: [2, 3],
      spec: { type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30001 }] },
    },
    { name: 'c', endpoints: [] },
  ];
  const snapshot = lab({
    services: services.map((service, index) => ({
      ...service,
      spec: { clusterIP: `172.30.1.${index}`, clusterIPs: [`172.30.1.${index}`], ...service.spec },
    })),
  });
  const chains = (question: ChainsQuestion) =>
    ask('chains', { chains: { nodes: ['node-1'], families: ['IPv4'], ...question } }, snapshot).result.parts;
  for (const format of ['RESTORE', 'SAVE'] as const) {
    const all = contentOf(textOf(chains({ format })));
    for (const name of ['a', 'b', 'c']) {
      const own = contentOf(textOf(chains({ format, services: [`default/${name}`] }))).filter(
        (line) => line[0] === '-',
      );
      t.strictSame(
        own.filter((line) => line.includes(`default/${name}`)),
        all.filter((line) => line.includes(`default/${name}`)),
        `${format}: every rule of ${name}`,
      );
      for (const other of ['a', 'b', 'c'].filter((it) => it !== name))
        t.notOk(
          own.some((line) => line.includes(`default/${other}`)),
          `${format}: none of ${other} with ${name}`,
        );
    }
  }
  t.throws(() => chains({ services: ['default/d'] }), {
    code: 'NOT_FOUND',
    problems: [{ pointer: '/chains/services/0', detail: /Did you mean/ }],
  });
  t.throws(() => chains({ nodes: ['node-1', 'node-9'] }), {
    code: 'NOT_FOUND',
    message: /node-9/,
    problems: [{ pointer: '/chains/nodes/1' }],
  });
});
