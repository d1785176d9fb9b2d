import fc from 'fast-check';
import t from 'tap';
import { closestNames, editDistance } from '../../src/base/did-you-mean.js';
import { QuestionError } from '../../src/base/errors.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import {
  nodeAddresses,
  nodeOfAddress,
  nodeZone,
  podOfAddress,
  podsOfWorkload,
  requireNode,
  requirePod,
  requireService,
  requireWorkload,
} from '../../src/cluster/lookup.js';
import type { Node, Pod } from '../../src/cluster/objects.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { runs } from '../support/runs.js';

const node = (name: string, ...addresses: [type: string, address: string][]) => ({
  kind: 'Node',
  metadata: { name, labels: {} },
  status: { addresses: addresses.map(([type, address]) => ({ type, address })) },
});
const pod = (
  name: string,
  fields: { labels?: object; owner?: [string, string]; spec?: object; status?: object } = {},
) => ({
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    labels: fields.labels ?? {},
    ...(fields.owner ? { ownerReferences: [{ kind: fields.owner[0], name: fields.owner[1], controller: true }] } : {}),
  },
  spec: fields.spec ?? {},
  status: fields.status ?? {},
});
const workload = (kind: string, name: string, app: string, owner?: string) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace: 'shop', ...(owner ? { ownerReferences: [{ kind: 'Deployment', name: owner }] } : {}) },
  spec: { selector: { matchLabels: { app } } },
});
const service = (namespace: string, name: string) => ({ kind: 'Service', metadata: { namespace, name } });
const clusterOf = (...items: unknown[]): Cluster => readSnapshot({ inline: { kind: 'List', items } }).cluster;
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);

t.test('names that are not there', async (t) => {
  const cluster = clusterOf(
    node('node-1'),
    node('edge-2'),
    service('shop', 'checkout'),
    service('shop', 'cart'),
    service('shop', 'cart-v2'),
    service('default', 'payments'),
    pod('web-5d8f-abcde'),
    workload('Deployment', 'web', 'web'),
    workload('StatefulSet', 'db', 'db'),
  );
  const cases: readonly (readonly [() => unknown, RegExp])[] = [
    [() => requireNode(cluster, 'node1', '/p'), /^Node "node1" is not in the snapshot\. Did you mean node-1\?$/],
    [() => requireNode(cluster, 'gpu', '/p'), /^Node "gpu" is not in the snapshot\.$/],
    [() => requireService(cluster, 'shop', 'chekcout', '/p'), /Did you mean shop\/checkout\?/],
    [() => requireService(cluster, 'shop', 'payments', '/p'), /Did you mean default\/payments\?/],
    [() => requireService(cluster, 'shop', 'carts', '/p'), /Did you mean shop\/cart\?/],
    [() => requirePod(cluster, 'shop', 'web', '/p'), /Pod "shop\/web" .* Did you mean shop\/web-5d8f-abcde\?/],
    [
      () => requireWorkload(cluster, 'Deployment', 'default', 'web', '/p'),
      /Deployment "default\/web" .*Did you mean Deployment\/shop\/web\?/,
    ],
    [() => requireWorkload(cluster, 'Deployment', 'shop', 'db', '/p'), /Did you mean StatefulSet\/shop\/db\?/],
    [
      () => requireWorkload(cluster, 'Job', 'shop', 'x', '/p'),
      /Workloads are of kind Deployment, ReplicaSet, StatefulSet, DaemonSet\./,
    ],
    [() => requirePod(clusterOf(node('n')), 'a', 'b', '/p'), /holds no pods at all; was `kubectl get pods/],
    [() => requireNode(cluster, '__proto__', '/p'), /is not in the snapshot\.$/],
  ];
  for (const [look, message] of cases) {
    const error = t.throws(look, QuestionError) as unknown as QuestionError;
    t.match(error.message, message);
    t.match(error, { code: 'NOT_FOUND', problems: [{ pointer: '/p', in: 'request', detail: error.message }] });
  }
  t.equal(requireNode(cluster, 'node-1', '').metadata.name, 'node-1');
  t.equal(requireService(cluster, 'shop', 'cart', '').metadata.name, 'cart');
  t.equal(requirePod(cluster, 'shop', 'web-5d8f-abcde', '').kind, 'Pod');
  t.equal(requireWorkload(cluster, 'StatefulSet', 'shop', 'db', '').kind, 'StatefulSet');
  const many = Array.from({ length: 50 }, (_, i) => `web-${i}`);
  t.same(closestNames('web', many), ['web-0', 'web-1', 'web-10', 'web-11', 'web-12'], 'five at most, in order');
});

t.test('edit distances', async (t) => {
  for (const [a, b, expected] of [
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['abc', 'xabc', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
  ] as const) {
    t.equal(editDistance(a, b, 10), expected, `${a} ${b}`);
    t.equal(editDistance(b, a, 10), expected);
  }
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 9 });
  fc.assert(
    fc.property(word, word, fc.nat(8), (a, b, limit) => {
      const exact = editDistance(a, b, 100);
      const limited = editDistance(a, b, limit);
      return exact <= limit ? limited === exact : limited > limit;
    }),
    { numRuns: runs(2000) },
  );
});

t.test('addresses and zones of nodes', async (t) => {
  const made = node(
    'n',
    ['Hostname', 'n'],
    ['ExternalIP', '203.0.113.1'],
    ['InternalIP', '10.0.0.01'],
    ['InternalIP', 'FD00::1'],
    ['InternalIP', '10.0.0.1'],
  );
  t.same(nodeAddresses(made as Node), ['10.0.0.1', 'fd00::1', '203.0.113.1']);
  t.same(nodeAddresses({ kind: 'Node', metadata: { name: 'n' } }), []);
  const zoned = (labels: Record<string, string>): Node => ({ kind: 'Node', metadata: { name: 'n', labels } });
  t.equal(nodeZone(zoned({ 'topology.kubernetes.io/zone': 'a', 'failure-domain.beta.kubernetes.io/zone': 'b' })), 'a');
  t.equal(nodeZone(zoned({ 'failure-domain.beta.kubernetes.io/zone': 'b' })), 'b');
  t.equal(nodeZone(zoned({})), undefined);
});

t.test('whose address it is', async (t) => {
  const cluster = clusterOf(
    node('n1', ['InternalIP', '10.0.0.1'], ['InternalIP', 'fd00::1']),
    node('n2', ['InternalIP', '10.0.0.2']),
    pod('host', { spec: { hostNetwork: true, nodeName: 'n1' }, status: { podIP: '10.0.0.1' } }),
    pod('done', { status: { podIP: '10.244.0.5', phase: 'Succeeded' } }),
    pod('web', {
      status: { podIPs: [{ ip: '10.244.0.5' }, { ip: 'FD00:0::5' }], podIP: '10.244.0.5', phase: 'Running' },
    }),
    pod('late', { status: { podIP: '10.244.0.5' } }),
  );
  t.equal(nodeOfAddress(cluster, 'fd00:0::1')?.metadata.name, 'n1', 'however it is spelled');
  t.equal(nodeOfAddress(cluster, '10.244.0.5'), undefined);
  t.equal(podOfAddress(cluster, '10.0.0.1'), undefined, 'a host-network pod has no address of its own');
  t.equal(podOfAddress(cluster, '10.244.0.5')?.metadata.name, 'web', 'the first that still has it');
  t.equal(podOfAddress(cluster, 'fd00::5')?.metadata.name, 'web');
  t.equal(podOfAddress(cluster, 'no address'), undefined);
  const without = cluster.with({ pods: new Map([['shop/web', undefined]]) });
  t.equal(podOfAddress(without, '10.244.0.5')?.metadata.name, 'late');
  t.equal(podOfAddress(without, 'fd00::5'), undefined);
  const back = without.with({ pods: new Map([['shop/web', cluster.pods.get('shop/web')]]) });
  t.equal(podOfAddress(back, '10.244.0.5')?.metadata.name, 'web', 'in its old place');
  t.equal(podOfAddress(cluster, '10.244.0.5')?.metadata.name, 'web', 'the cluster before is as it was');
});

t.test('the pods of workloads', async (t) => {
  const rs = workload('ReplicaSet', 'web-5d8f', 'web', 'web');
  const owned = clusterOf(
    workload('Deployment', 'web', 'web'),
    rs,
    workload('ReplicaSet', 'web-other', 'web'),
    pod('web-5d8f-a', { owner: ['ReplicaSet', 'web-5d8f'], labels: { app: 'web' } }),
    pod('web-other-a', { owner: ['ReplicaSet', 'web-other'], labels: { app: 'web' } }),
    pod('stray', { labels: { app: 'web' } }),
    pod('db-0', { owner: ['StatefulSet', 'db'] }),
  );
  t.same(names(podsOfWorkload(owned, 'Deployment', 'shop', 'web')), ['web-5d8f-a'], 'through its ReplicaSets');
  t.same(names(podsOfWorkload(owned, 'ReplicaSet', 'shop', 'web-other')), ['web-other-a']);
  t.same(
    names(podsOfWorkload(owned, 'StatefulSet', 'shop', 'db')),
    ['db-0'],
    'owned, though the workload is not there',
  );
  t.same(podsOfWorkload(owned, 'Deployment', 'default', 'web'), []);
  t.same(podsOfWorkload(owned, 'Job', 'shop', 'web'), []);
  const selected = clusterOf(
    workload('Deployment', 'web', 'web'),
    workload('DaemonSet', 'agent', 'agent'),
    pod('free', { labels: { app: 'web' } }),
    pod('web-5d8f-a', { owner: ['ReplicaSet', 'web-5d8f'], labels: { app: 'web' } }),
    pod('canary-1-a', { owner: ['ReplicaSet', 'canary-1'], labels: { app: 'web' } }),
    pod('agent-x', { labels: { app: 'agent' } }),
  );
  t.same(names(podsOfWorkload(selected, 'Deployment', 'shop', 'web')), ['free', 'web-5d8f-a'], 'by the selector');
  t.same(names(podsOfWorkload(selected, 'DaemonSet', 'shop', 'agent')), ['agent-x']);
});
