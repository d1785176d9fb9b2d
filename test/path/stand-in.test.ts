/** Which address stands for "some pod on a node" when the snapshot does not name a pod. */
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { ask } from '../../src/questions/ask.js';
import { labList } from '../support/lab.js';

interface Item {
  readonly kind: string;
  spec?: Record<string, unknown>;
}

function snapshotWithout(kinds: readonly string[]) {
  const list = labList({ services: [{}] });
  const items = (list.items as Item[]).filter((item) => !kinds.includes(item.kind));
  for (const item of items) if (item.kind === 'Node') item.spec = {};
  return readSnapshot({ inline: { ...list, items } });
}

const rows = [
  { name: 'beside a pod of the node, where nodes have no pod CIDR', without: [], address: '10.180.1.3' },
  { name: 'in the cluster CIDR, where there are no pods either', without: ['Pod'], address: '10.180.255.254' },
] as const;

for (const { name, without, address } of rows) {
  t.test(name, async (t) => {
    const service = { namespace: 'default', name: 'svc' };
    const request = { path: { source: { podOn: 'node-1' }, destination: { service } } };
    const answer = ask('path', request, snapshotWithout(without));
    t.same(new Set(answer.result.traces.map((trace) => trace.seenClient)), new Set([address]));
    t.same(
      answer.result.traces.map((trace) => trace.probability.fraction),
      ['1/3', '1/3', '1/3'],
    );
    t.ok(
      answer.assumptions.some((assumption) => assumption.field === 'clients'),
      'and the answer says so',
    );
  });
}

t.test('nowhere, where nothing reports pod addresses', async (t) => {
  const request = {
    path: { source: { podOn: 'node-1' }, destination: { service: { namespace: 'default', name: 'svc' } } },
  };
  const act = () => ask('path', request, snapshotWithout(['Pod', 'ConfigMap']));
  t.throws(act, { code: 'NOT_FOUND', message: 'No pod address of node node-1 is known.' });
});
