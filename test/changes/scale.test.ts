import fc from 'fast-check';
import t from 'tap';
import { impliedReplicaSets } from '../../src/changes/implied-replicasets.js';
import { applyChanges } from '../../src/changes/index.js';
import { ScalePoints } from '../../src/changes/scale-points.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import type { Pod, Workload } from '../../src/cluster/objects.js';
import type { Change, ScaleChange } from '../../src/contract/requests.js';
import { clusterOf, goldenCases, type ObjectList } from '../control-plane/golden.js';
import { runs } from '../support/runs.js';
import {
  addressesOf,
  article,
  cluster,
  context,
  deployment,
  HASH,
  node,
  pod,
  refusal,
  replicaSet,
  service,
} from './fixture.js';

const SVC = 'default/nginx-svc';

function scaled(before: Cluster, replicas: number, more: Partial<ScaleChange> = {}) {
  const scale: ScaleChange = { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas, ...more };
  return applyChanges(before, [{ scale }], context(before));
}

const nodesOf = (made: Cluster) => [...made.pods.values()].map((one) => one.spec?.nodeName ?? '').sort();

t.test('three replicas become four', async (t) => {
  const before = article();
  const { cluster: after, applied, assumptions } = scaled(before, 4);
  t.same(addressesOf(after, SVC).slice(0, 3), addressesOf(before, SVC), 'endpoints stay where they are');
  t.same(addressesOf(after, SVC)[3], '192.168.0.2', 'the lowest free address of the first node by name');
  t.equal(after.pods.size, 4);
  const added = [...after.pods.values()][3] as Pod;
  t.match(added.metadata.name, new RegExp(`^nginx-deployment-${HASH}-[bcdfghjklmnpqrstvwxz2456789]{5}$`));
  t.match(added, {
    metadata: { creationTimestamp: '2026-11-22T12:00:00Z', labels: { app: 'nginx', 'pod-template-hash': HASH } },
    spec: { nodeName: 'node-1', containers: [{ name: 'nginx' }] },
    status: { phase: 'Running', hostIP: '10.128.0.4', podIPs: [{ ip: '192.168.0.2' }] },
  });
  t.equal(after.workloads.get('Deployment/default/nginx-deployment')?.spec?.replicas, 4);
  t.equal(after.workloads.get(`ReplicaSet/default/nginx-deployment-${HASH}`)?.spec?.replicas, 4);
  t.same(applied[0]?.choices[0]?.alternatives, ['node-2', 'node-3'], 'the other nodes of equal score are reported');
  t.same(
    applied[0]?.consequences.map(({ kind }) => kind),
    ['WORKLOAD_CHANGED', 'POD_ADDED', 'SLICE_CHANGED'],
  );
  t.ok(assumptions.some(({ field }) => field === 'changes.settled'));
  t.equal(
    after.slicesOf('default/other')[0],
    before.slicesOf('default/other')[0],
    'the other Service keeps its very slice',
  );
  t.same(scaled(article(), 4), scaled(article(), 4), 'equal requests, equal answers');
});

t.test('placement is followed, and the scheduler places the rest', async (t) => {
  const { cluster: after } = scaled(article(), 6, { placement: ['node-3', 'node-3'] });
  t.same(nodesOf(after), ['node-1', 'node-1', 'node-2', 'node-3', 'node-3', 'node-3']);
  t.ok(addressesOf(after, SVC).includes('192.168.2.3'));
});

t.test('scaling down removes what is named, then what ranks first', async (t) => {
  const before = article();
  const name = `nginx-deployment-${HASH}-px5d8`;
  const { cluster: after } = scaled(before, 2, { remove: [name] });
  t.same(addressesOf(after, SVC), ['192.168.0.6', '192.168.2.5']);
  t.notOk(after.pods.has(`default/${name}`));
  const { cluster: none, applied } = scaled(before, 0);
  t.same(addressesOf(none, SVC), []);
  t.equal(none.slicesOf(SVC).length, 1, 'an empty slice is left');
  t.equal(applied[0]?.consequences.filter(({ kind }) => kind === 'POD_REMOVED').length, 3);
  const one = scaled(before, 2);
  t.same(one.applied[0]?.choices.length, 1, 'three pods that became ready in the same second tie');
  t.equal(one.applied[0]?.choices[0]?.alternatives.length, 2);
});

t.test('what cannot be is refused with its place', async (t) => {
  const before = article();
  const nothing = cluster({ nodes: [node(0)], workloads: [deployment(3)] });
  const cases: [string, () => unknown, string, string][] = [
    ['fraction', () => scaled(before, 1.5), 'IMPOSSIBLE_CHANGE', '/changes/0/scale/replicas'],
    ['negative', () => scaled(before, -1), 'IMPOSSIBLE_CHANGE', '/changes/0/scale/replicas'],
    ['too many', () => scaled(before, 5001), 'IMPOSSIBLE_CHANGE', '/changes/0/scale/replicas'],
    ['unknown workload', () => scaled(before, 4, { name: 'nginx-deploymen' }), 'NOT_FOUND', '/changes/0/scale'],
    [
      'unknown node',
      () => scaled(before, 5, { placement: ['node-1', 'node-9'] }),
      'NOT_FOUND',
      '/changes/0/scale/placement/1',
    ],
    ['unknown pod', () => scaled(before, 2, { remove: ['web-1'] }), 'NOT_FOUND', '/changes/0/scale/remove/0'],
    [
      'removes too many',
      () => scaled(before, 3, { remove: [`nginx-deployment-${HASH}-px5d8`] }),
      'IMPOSSIBLE_CHANGE',
      '/changes/0/scale/remove',
    ],
    [
      'placement too long',
      () => scaled(before, 4, { placement: ['node-1', 'node-2'] }),
      'IMPOSSIBLE_CHANGE',
      '/changes/0/scale/placement',
    ],
    ['no pods', () => scaled(nothing, 4), 'IMPOSSIBLE_CHANGE', '/changes/0/scale'],
    [
      'unknown change',
      () => applyChanges(before, [{ rescale: {} } as Change], context(before)),
      'INVALID_REQUEST',
      '/changes/0',
    ],
    ['no change', () => applyChanges(before, [{}], context(before)), 'INVALID_REQUEST', '/changes/0'],
    [
      'two changes in one',
      () => applyChanges(before, [{ scale: {}, other: {} } as unknown as Change], context(before)),
      'INVALID_REQUEST',
      '/changes/0',
    ],
  ];
  for (const [what, act, code, pointer] of cases) t.match(refusal(act), { code, pointer }, what);
  t.match(refusal(() => scaled(before, 4, { name: 'nginx-deploymen' })).message, /nginx-deployment/);
  t.match(refusal(() => scaled(nothing, 4)).message, /pods/);
  t.match(refusal(() => scaled(before, 5001)).message, /5000/);
});

t.test('pods beyond what the nodes take stay pending', async (t) => {
  const before = article();
  const { cluster: after, applied } = scaled(before, 350);
  t.equal(addressesOf(after, SVC).length, 330);
  t.equal([...after.pods.values()].filter((one) => !one.spec?.nodeName).length, 20);
  const missing = applied[0]?.consequences.filter(({ kind }) => kind === 'POD_NOT_PLACED') ?? [];
  t.equal(missing.length, 20);
  t.equal(missing[0]?.detail, '0/3 nodes are available: 3 Too many pods.');
  t.equal(new Set(addressesOf(after, SVC)).size, 330, 'no address twice');
  t.same(
    after.slicesOf(SVC).map((slice) => slice.endpoints.length),
    [30, 100, 100, 100],
  );
});

t.test('a rollout under way is scaled in proportion', async (t) => {
  const old = Array.from({ length: 8 }, (_, i) =>
    pod(`old-${i}`, 'node-1', `192.168.0.${20 + i}`, 'nginx-deployment-old'),
  );
  const oldPods = old.map((one) => ({
    ...one,
    metadata: { ...one.metadata, labels: { app: 'nginx', 'pod-template-hash': 'old' } },
  }));
  const young = Array.from({ length: 5 }, (_, i) => pod(`new-${i}`, 'node-2', `192.168.1.${20 + i}`));
  const before = cluster({
    nodes: [node(0), node(1)],
    pods: [...oldPods, ...young],
    services: [service('nginx-svc', { app: 'nginx' })],
    workloads: [
      {
        ...deployment(10),
        spec: { ...deployment(10).spec, strategy: { rollingUpdate: { maxSurge: 3 } } },
        status: { replicas: 13 },
      } as Workload,
      replicaSet(8, 'old', 1),
      replicaSet(5, HASH, 2),
    ],
  });
  const { cluster: after, assumptions } = scaled(before, 15);
  // The example of the Kubernetes documentation: 8 + 5 with surge 3 scaled to 15 gets 3 and 2 more.
  t.equal(after.workloads.get('ReplicaSet/default/nginx-deployment-old')?.spec?.replicas, 11);
  t.equal(after.workloads.get(`ReplicaSet/default/nginx-deployment-${HASH}`)?.spec?.replicas, 7);
  t.equal(addressesOf(after, SVC).length, 18);
  t.ok(assumptions.some(({ field }) => field === 'changes.scale.replicaSets'));
  t.equal(scaled(before, 0).cluster.pods.size, 0, 'to zero: all go');
});

t.test('a Deployment without its ReplicaSets is scaled through its pods', async (t) => {
  const full = article();
  const before = cluster({
    nodes: [...full.nodes.values()],
    pods: [...full.pods.values()],
    services: [service('nginx-svc', { app: 'nginx' })],
    workloads: [deployment(3)],
  });
  const { cluster: after, assumptions } = scaled(before, 4);
  t.equal(addressesOf(after, SVC).length, 4);
  t.ok(assumptions.some(({ field }) => field === 'snapshot.replicaSets'));
  t.match([...after.pods.keys()][3], new RegExp(`^default/nginx-deployment-${HASH}-`));
});

function statefulSet(replicas: number, spec: Workload['spec'] = {}): Workload {
  return {
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      replicas,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image: 'db:1' }] } },
      ...spec,
    },
    status: { replicas },
  };
}

function member(ordinal: number): Pod {
  const base = pod(`db-${ordinal}`, 'node-1', `192.168.0.${10 + ordinal}`);
  return {
    ...base,
    metadata: {
      ...base.metadata,
      labels: { app: 'db' },
      ownerReferences: [{ kind: 'StatefulSet', name: 'db', controller: true }],
    },
  };
}

t.test('a StatefulSet loses its highest ordinals and gets stable names', async (t) => {
  const scaledSet = (made: Cluster, replicas: number, more: Partial<ScaleChange> = {}) =>
    scaled(made, replicas, { kind: 'StatefulSet', name: 'db', ...more });
  const names = (made: Cluster) => [...made.pods.keys()].map((key) => key.slice('default/'.length)).sort();
  const services = [service('db', { app: 'db' })];
  const before = cluster({
    nodes: [node(0), node(1)],
    pods: [member(0), member(1), member(2)],
    services,
    workloads: [statefulSet(3)],
  });
  t.same(names(scaledSet(before, 1).cluster), ['db-0']);
  const grown = scaledSet(before, 5).cluster;
  t.same(names(grown), ['db-0', 'db-1', 'db-2', 'db-3', 'db-4']);
  t.match(grown.pods.get('default/db-4'), {
    metadata: { labels: { 'statefulset.kubernetes.io/pod-name': 'db-4', 'apps.kubernetes.io/pod-index': '4' } },
    spec: { hostname: 'db-4', subdomain: 'db' },
  });
  t.match(grown.slicesOf('default/db')[0]?.endpoints[4], { hostname: 'db-4' }, 'with a name of its own in DNS');
  t.equal(refusal(() => scaledSet(before, 2, { remove: ['db-0'] })).code, 'IMPOSSIBLE_CHANGE');
  t.same(names(scaledSet(before, 2, { remove: ['db-2'] }).cluster), ['db-0', 'db-1']);
  const shifted = cluster({
    nodes: [node(0)],
    pods: [member(2), member(3)],
    services,
    workloads: [statefulSet(2, { ordinals: { start: 2 } })],
  });
  t.same(names(scaledSet(shifted, 3).cluster), ['db-2', 'db-3', 'db-4']);
  const huge = { containers: [{ name: 'db', resources: { requests: { cpu: '3' } } }] };
  const hungry = { template: { metadata: { labels: { app: 'db' } }, spec: huge } };
  const empty = (policy: string) =>
    cluster({
      nodes: [node(0)],
      services,
      workloads: [{ ...statefulSet(0, { ...hungry, podManagementPolicy: policy }) }],
    });
  t.same(names(scaledSet(empty('OrderedReady'), 4).cluster), ['db-0', 'db-1'], 'stops at the first that fits nowhere');
  t.same(names(scaledSet(empty('Parallel'), 4).cluster), ['db-0', 'db-1', 'db-2', 'db-3']);
});

t.test('laws', async (t) => {
  const slices = (made: Cluster) => made.slicesOf(SVC).map((slice) => slice.endpoints);
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 60 }), fc.integer({ min: 0, max: 3 }), (more, less) => {
      const before = article();
      const up = scaled(before, more).cluster;
      const added = [...up.pods.values()]
        .map((one) => one.metadata.name)
        .filter((name) => !before.pods.has(`default/${name}`));
      t.equal(added.length, more - 3);
      t.same(
        slices(scaled(up, 3, { remove: added }).cluster),
        slices(before),
        'adding and removing the same is nothing',
      );
      const counts = new Map<string, number>();
      for (const name of nodesOf(up)) counts.set(name, (counts.get(name) ?? 0) + 1);
      const sizes = [...counts.values()];
      t.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, 'equal nodes get equally many pods');
      const down = scaled(up, less).cluster;
      t.equal(addressesOf(down, SVC).length, less);
      t.ok(
        addressesOf(down, SVC).every((one) => addressesOf(up, SVC).includes(one)),
        'nothing new comes up',
      );
      t.equal(down.slicesOf('default/other')[0], before.slicesOf('default/other')[0]);
      t.same(
        scaled(before, 3).applied[0]?.consequences.map(({ kind }) => kind),
        ['WORKLOAD_CHANGED'],
        'no change, no change',
      );
    }),
    { numRuns: runs(25), seed: 11 },
  );
});

t.test('five thousand replicas on five hundred nodes', async (t) => {
  const nodes = Array.from({ length: 500 }, (_, i) =>
    node(i, { cidrs: [`10.${100 + Math.floor(i / 250)}.${i % 250}.0/24`], zone: `zone-${i % 3}` }),
  );
  const before = cluster({
    nodes,
    pods: [pod('first', 'node-1', '10.100.0.2')],
    services: [service('nginx-svc', { app: 'nginx' })],
    workloads: [deployment(1), replicaSet(1)],
  });
  const { cluster: after } = scaled(before, 5000);
  t.equal(addressesOf(after, SVC).length, 5000);
  const down = scaled(after, 4000);
  t.equal(addressesOf(down.cluster, SVC).length, 4000);
  t.ok(JSON.stringify(down.applied).length < 2_000_000, 'what is reported of thousands of ties stays readable');
});

interface Recorded {
  readonly input: { readonly now: string; readonly replicaSet: string; readonly list: ObjectList };
  readonly output: {
    readonly delete: number;
    readonly victims: readonly string[];
    readonly victimSetDeterministic: boolean;
    readonly alwaysVictims: readonly string[];
    readonly possibleVictims: readonly string[];
  };
}

t.test('the pods that go are those that the real controller was seen to delete', async (t) => {
  let compared = 0;
  for (const [name, { input, output }] of goldenCases<Recorded>('replicaset-victims')) {
    const [namespace = '', own = ''] = input.replicaSet.split('/');
    const recorded = clusterOf(input.list);
    const set = recorded.workloads.get(`ReplicaSet/${input.replicaSet}`) as Workload;
    const replicas = set.spec?.replicas ?? 1;
    const scale = { kind: 'ReplicaSet' as const, namespace, name: own, replicas };
    const settings = inferSettings(recorded, undefined);
    if (output.delete === 0) continue;
    const { cluster: after, applied } = applyChanges(recorded, [{ scale }], { settings, at: Date.parse(input.now) });
    const gone = [...recorded.pods.values()]
      .filter(({ metadata }) => !after.pods.has(`${namespace}/${metadata.name}`) && metadata.namespace === namespace)
      .map(({ metadata }) => metadata.name)
      .sort();
    const choices = applied[0]?.choices ?? [];
    if (output.victimSetDeterministic) {
      t.same(gone, [...output.victims].sort(), name);
      t.same(choices, [], `${name}: no alternatives`);
    } else {
      t.equal(gone.length, output.delete, name);
      t.ok(
        gone.every((one) => output.possibleVictims.includes(one)),
        `${name}: each can go`,
      );
      t.ok(
        output.alwaysVictims.every((one) => gone.includes(one)),
        `${name}: those that always go`,
      );
      const reported = new Set(choices.flatMap(({ taken, alternatives }) => [taken, ...alternatives]));
      const open = output.possibleVictims.filter((one) => !output.alwaysVictims.includes(one));
      t.same([...reported].sort(), [...open].sort(), `${name}: reported with the alternatives`);
    }
    compared++;
  }
  t.ok(compared > 50, `${compared} recordings`);
});

t.test('what pods ask of ephemeral storage counts as CPU and memory do', async (t) => {
  const made = article();
  const asking = (storage: string): Cluster => {
    const containers = [{ name: 'nginx', resources: { requests: { 'ephemeral-storage': storage } } }];
    return made.with({
      nodes: new Map(
        [...made.nodes.values()].map((one) => [
          one.metadata.name,
          {
            ...one,
            status: { ...one.status, allocatable: { ...one.status?.allocatable, 'ephemeral-storage': '10Gi' } },
          },
        ]),
      ),
      pods: new Map([...made.pods.entries()].map(([key, one]) => [key, { ...one, spec: { ...one.spec, containers } }])),
    });
  };
  for (const [storage, pending, running] of [
    ['2Gi', 0, 15],
    ['6Gi', 12, 3],
    ['3000M', 6, 9],
  ] as const) {
    const { cluster: after, applied } = scaled(asking(storage), 15);
    const failed = applied[0]?.consequences.filter(({ kind }) => kind === 'POD_NOT_PLACED') ?? [];
    t.equal(failed.length, pending, storage);
    t.equal([...after.pods.values()].filter(({ spec }) => spec?.nodeName).length, running, storage);
    if (pending > 0) t.match(failed[0]?.detail, /3 Insufficient ephemeral-storage/, storage);
  }
});

t.test('a ReplicaSet that the snapshot lacks has its Deployment as its controller', async (t) => {
  const made = article().with({ workloads: new Map([[`ReplicaSet/default/nginx-deployment-${HASH}`, undefined]]) });
  const owner = made.workloads.get('Deployment/default/nginx-deployment') as Workload;
  t.match(impliedReplicaSets(made, owner), [
    {
      metadata: {
        name: `nginx-deployment-${HASH}`,
        ownerReferences: [{ kind: 'Deployment', name: 'nginx-deployment', controller: true }],
      },
    },
  ]);
});

t.test('a point of a sweep knows the addresses that a smaller number of replicas takes away', async (t) => {
  const made = article();
  const points = new ScalePoints(
    made,
    { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment' },
    context(made),
    '/sweep/scale',
  );
  const removedAt = (replicas: number) => {
    const { removed, cluster: after } = points.at(replicas);
    const left = addressesOf(after, SVC);
    const gone = addressesOf(made, SVC).filter((address) => !left.includes(address));
    t.same([...removed].sort(), gone.sort(), `${replicas}`);
    return removed.size;
  };
  t.same([0, 1, 2, 3, 4].map(removedAt), [3, 2, 1, 0, 0]);
});
