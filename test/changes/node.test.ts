import t from 'tap';
import type { Cluster } from '../../src/cluster/cluster.js';
import { type Pod, type Workload, ZONE_LABEL } from '../../src/cluster/objects.js';
import type { Change, NodeChange } from '../../src/contract/requests.js';
import {
  addressesOf,
  article,
  changed,
  cluster,
  deployment,
  node,
  pod,
  refusal,
  replicaSet,
  rulesOf,
  service,
} from './fixture.js';

const SVC = 'default/nginx-svc';
const act = (name: string, action: NodeChange['action'], more: Partial<NodeChange> = {}) => ({
  node: { name, action, ...more },
});
const podsByNode = (made: Cluster) =>
  Object.fromEntries([...made.nodes.keys()].map((name) => [name, made.podsOn(name).length]));

function owned(
  name: string,
  onNode: string,
  address: string,
  kind: string,
  owner: string,
  more: Partial<Pod['metadata']> = {},
): Pod {
  const base = pod(name, onNode, address);
  const ownerReferences = [{ kind, name: owner, controller: true }];
  return { ...base, metadata: { ...base.metadata, ownerReferences, ...more } };
}

/** Beside a ReplicaSet's pods on node-1: a DaemonSet's, a static one, a StatefulSet's, a bare one and a Job's. */
function crowded(): Cluster {
  const bare = pod('bare', 'node-1', '192.168.0.20');
  const { ownerReferences: _owners, ...metadata } = bare.metadata;
  const daemonSet: Workload = {
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: 'nginx' } },
      template: {
        metadata: { labels: { app: 'nginx' } },
        spec: { nodeSelector: { colour: 'red' }, containers: [{ name: 'a' }] },
      },
    },
  };
  const red = node(0);
  return cluster({
    nodes: [
      { ...red, metadata: { ...red.metadata, labels: { ...red.metadata.labels, colour: 'red' } } },
      node(1),
      node(2),
    ],
    pods: [
      pod('web-1', 'node-1', '192.168.0.6'),
      pod('web-2', 'node-2', '192.168.1.6'),
      owned('agent-1', 'node-1', '192.168.0.7', 'DaemonSet', 'agent'),
      owned('static-node-1', 'node-1', '192.168.0.8', 'Node', 'node-1', {
        annotations: { 'kubernetes.io/config.mirror': 'x' },
      }),
      owned('db-0', 'node-1', '192.168.0.9', 'StatefulSet', 'db'),
      owned('job-x', 'node-1', '192.168.0.10', 'Job', 'job'),
      { ...bare, metadata },
    ],
    services: [service('nginx-svc', { app: 'nginx' })],
    workloads: [deployment(2), replicaSet(2), daemonSet],
  });
}

t.test('cordon and uncordon', async (t) => {
  const before = article();
  const off = changed(before, act('node-1', 'CORDON'));
  t.match(off.cluster.nodes.get('node-1')?.spec, {
    unschedulable: true,
    taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }],
  });
  t.equal(rulesOf(off.cluster, off.settings), rulesOf(before, off.settings));
  const scale = { scale: { kind: 'Deployment' as const, namespace: 'default', name: 'nginx-deployment', replicas: 4 } };
  t.equal(podsByNode(changed(off.cluster, scale).cluster)['node-1'], 1, 'no pod is scheduled there');
  const on = changed(off.cluster, act('node-1', 'UNCORDON'));
  t.strictSame(on.cluster.nodes.get('node-1'), before.nodes.get('node-1'));
});

t.test('drain moves what controllers bring back', async (t) => {
  const before = crowded();
  const { cluster: after, applied, assumptions } = changed(before, act('node-1', 'DRAIN'));
  t.same(
    after.podsOn('node-1').map(({ metadata }) => metadata.name),
    ['agent-1', 'static-node-1'],
  );
  t.ok(after.pods.get('default/db-0')?.spec?.nodeName?.match(/node-[23]/), 'a StatefulSet’s pod keeps its name');
  t.same([after.pods.has('default/bare'), after.pods.has('default/job-x')], [false, false]);
  const lost = applied[0]?.consequences.filter(({ detail }) => detail.startsWith('does not come back')) ?? [];
  t.match(
    lost.map(({ object, detail }) => `${object} ${detail}`),
    [/bare .*no controller/, /job-x .*Job job/].reverse(),
  );
  t.equal(after.podsOn('node-2').length + after.podsOn('node-3').length, 3);
  t.equal(addressesOf(after, SVC).length, 5, 'two that stay, one that was elsewhere, two that came back');
  t.ok(assumptions.some(({ field }) => field === 'changes.node.disruptionBudgets'));

  const emptied = changed(before, act('node-1', 'DRAIN', { reschedule: false })).cluster;
  t.same(addressesOf(emptied, SVC), ['192.168.0.7', '192.168.0.8', '192.168.1.6'].sort());
});

t.test('a node fails', async (t) => {
  const before = crowded();
  const { cluster: down } = changed(before, act('node-1', 'FAIL'));
  t.match(down.nodes.get('node-1'), {
    spec: { taints: [{ key: 'node.kubernetes.io/unreachable' }, { effect: 'NoExecute' }] },
    status: { conditions: [{ type: 'Ready', status: 'Unknown' }] },
  });
  const ready = (made: Cluster) =>
    made
      .slicesOf(SVC)
      .flatMap(({ endpoints }) =>
        endpoints.filter(({ conditions }) => conditions?.ready).map(({ nodeName }) => nodeName),
      );
  t.same(ready(down), ['node-2'], 'its pods are not ready, DaemonSets’ and static ones too');
  t.equal(down.pods.size, before.pods.size);

  const evicted = changed(before, act('node-1', 'FAIL', { reschedule: true })).cluster;
  const dying = evicted
    .podsOn('node-1')
    .filter(({ metadata }) => metadata.deletionTimestamp)
    .map(({ metadata }) => metadata.name);
  t.same(dying.sort(), ['bare', 'db-0', 'job-x', 'web-1']);
  t.equal(ready(evicted).length, 2, 'the ReplicaSet’s pod is back elsewhere, the StatefulSet’s is not');
});

t.test('a node leaves', async (t) => {
  const before = crowded();
  const { cluster: after, settings } = changed(before, act('node-1', 'REMOVE'));
  t.same([...after.nodes.keys()], ['node-2', 'node-3']);
  t.equal(after.podsOn('node-1').length, 0);
  t.same(
    [...after.pods.keys()].filter((key) => /agent|static|bare|job/.test(key)),
    [],
  );
  t.notMatch(rulesOf(after, settings), /192\.168\.0\.\d+:80/);
  const bare = changed(before, act('node-1', 'REMOVE', { reschedule: false })).cluster;
  t.same(addressesOf(bare, SVC), ['192.168.1.6']);
});

t.test('a node joins', async (t) => {
  const before = crowded();
  const { cluster: after, settings, assumptions } = changed(before, act('node-4', 'ADD', { node: { zone: 'c' } }));
  t.match(after.nodes.get('node-4'), {
    metadata: { labels: { 'kubernetes.io/hostname': 'node-4', 'topology.kubernetes.io/zone': 'c', colour: 'red' } },
    spec: { podCIDR: '192.168.3.0/24', podCIDRs: ['192.168.3.0/24'] },
    status: {
      addresses: [
        { type: 'InternalIP', address: '10.128.0.7' },
        { type: 'Hostname', address: 'node-4' },
      ],
      allocatable: { cpu: '4' },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  });
  t.match(
    assumptions.map(({ field }) => field),
    ['changes.node.node-4.like', 'changes.node.node-4.podCIDRs', 'changes.node.node-4.addresses'],
  );
  t.same(
    after.podsOn('node-4').map(({ metadata }) => metadata.ownerReferences?.[0]?.name),
    ['agent'],
  );
  t.ok(addressesOf(after, SVC).includes('192.168.3.2'));
  t.equal(settings.proxyOf('node-4'), settings.proxyOf('node-1'));
  t.match(rulesOf(after, settings), /# node-4/);
  const plain = changed(before, act('node-4', 'ADD', { node: { like: 'node-2' } }));
  t.equal(plain.cluster.podsOn('node-4').length, 0, 'the DaemonSet is not for nodes like that');

  const filled = changed(
    before,
    act('node-2', 'REMOVE', { reschedule: false }),
    act('node-2', 'ADD', {
      node: { like: 'node-3', taints: [{ key: 'a', effect: 'NoSchedule' }], allocatable: { cpu: '1' } },
    }),
    { proxy: { kubernetesVersion: '1.34' } },
    act('node-5', 'ADD', {
      node: { like: 'node-2', addresses: [{ type: 'InternalIP', address: '10.0.0.9' }], podCIDRs: ['10.9.0.0/24'] },
    }),
  );
  t.match(filled.cluster.nodes.get('node-2'), {
    spec: { podCIDR: '192.168.1.0/24' },
    status: { allocatable: { cpu: '1', pods: '110' } },
  });
  t.equal(filled.settings.proxyOf('node-5').version.minor, 34);
});

t.test('hints by zones’ shares follow the nodes', async (t) => {
  const auto = service('nginx-svc', { app: 'nginx' });
  const zoned = cluster({
    nodes: ['a', 'b'].map((zone, index) => node(index, { zone })),
    pods: [0, 0, 0, 1, 1, 1].map((on, index) => pod(`p-${index}`, `node-${on + 1}`, `192.168.${on}.${index + 6}`)),
    services: [
      { ...auto, metadata: { ...auto.metadata, annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } } },
      service('other', { app: 'other' }),
    ],
  });
  const hints = (made: Cluster) =>
    made.slicesOf(SVC).flatMap(({ endpoints }) => endpoints.map((one) => one.hints?.forZones?.[0]?.name ?? 'none'));
  t.same(hints(zoned), ['a', 'a', 'a', 'b', 'b', 'b']);
  const third = changed(zoned, act('node-5', 'ADD', { node: { zone: 'c' } }));
  t.same(new Set(hints(third.cluster)), new Set(['a', 'b', 'c']), 'the new zone gets an endpoint of another');
  t.equal(third.cluster.slicesOf('default/other')[0], zoned.slicesOf('default/other')[0]);
  const one = changed(zoned, act('node-2', 'REMOVE', { reschedule: false }));
  t.same(hints(one.cluster), ['none', 'none', 'none'], 'with one zone left there are none');
  const same = changed(zoned, act('node-1', 'CORDON'));
  t.equal(same.cluster.slicesOf(SVC)[0], zoned.slicesOf(SVC)[0]);
});

t.test('what cannot be is refused with its place', async (t) => {
  const before = article();
  const single = cluster({ nodes: [node(0)] });
  const add = (more: NonNullable<NodeChange['node']>) => act('node-4', 'ADD', { node: more });
  const cases: readonly (readonly [string, Cluster, ReturnType<typeof act>, string, string, RegExp])[] = [
    ['unknown', before, act('node-9', 'DRAIN'), 'NOT_FOUND', '/name', /node-9/],
    ['there already', before, act('node-1', 'ADD'), 'IMPOSSIBLE_CHANGE', '/name', /already/],
    ['last', single, act('node-1', 'REMOVE'), 'IMPOSSIBLE_CHANGE', '/name', /last/],
    ['described', before, act('node-1', 'DRAIN', { node: {} }), 'IMPOSSIBLE_CHANGE', '/node', /leave it out/],
    [
      'moving nothing',
      before,
      act('node-1', 'CORDON', { reschedule: true }),
      'IMPOSSIBLE_CHANGE',
      '/reschedule',
      /leave/,
    ],
    ['like none', before, add({ like: 'node-8' }), 'NOT_FOUND', '/node/like', /node-8/],
    ['no CIDR', before, add({ podCIDRs: ['10.0.0.0'] }), 'IMPOSSIBLE_CHANGE', '/node/podCIDRs/0', /CIDR/],
    [
      'CIDR of another',
      before,
      add({ podCIDRs: ['192.168.0.128/25'] }),
      'IMPOSSIBLE_CHANGE',
      '/node/podCIDRs/0',
      /node-1/,
    ],
    [
      'no address',
      before,
      add({ addresses: [{ type: 'InternalIP', address: 'x' }] }),
      'IMPOSSIBLE_CHANGE',
      '/node/addresses/0/address',
      /InternalIP/,
    ],
    [
      'address of another',
      before,
      add({ addresses: [{ type: 'InternalIP', address: '10.128.0.4' }] }),
      'IMPOSSIBLE_CHANGE',
      '/node/addresses/0/address',
      /node-1/,
    ],
  ];
  for (const [what, made, change, code, place, detail] of cases) {
    t.match(
      refusal(() => changed(made, change)),
      { code, pointer: `/changes/0/node${place}`, detail },
      what,
    );
  }
});

const inZones = (): Cluster => {
  const made = crowded();
  const zoned = (name: string, zone: string) => {
    const one = made.nodes.get(name) as NonNullable<ReturnType<typeof made.nodes.get>>;
    return { ...one, metadata: { ...one.metadata, labels: { ...one.metadata.labels, [ZONE_LABEL]: zone } } };
  };
  return made.with({
    nodes: new Map(
      [zoned('node-1', 'a'), zoned('node-2', 'a'), zoned('node-3', 'b')].map((one) => [one.metadata.name, one]),
    ),
  });
};
const ofZone = (name: string, action: NonNullable<Change['zone']>['action']) => ({ zone: { name, action } });

t.test('what happens to a zone happens to all its nodes at once', async (t) => {
  const before = inZones();
  const drained = changed(before, ofZone('a', 'DRAIN')).cluster;
  t.same(podsByNode(drained), { 'node-1': 2, 'node-2': 0, 'node-3': 3 }, 'no pod goes from one of them to the other');
  const failed = changed(before, ofZone('a', 'FAIL')).cluster;
  const ready = (made: Cluster) =>
    made.slicesOf(SVC).flatMap(({ endpoints }) => endpoints.filter(({ conditions }) => conditions?.ready)).length;
  t.equal(ready(failed), 0);
  t.equal(failed.pods.size, before.pods.size, 'pods are replaced only after minutes');
  const removed = changed(before, ofZone('a', 'REMOVE'));
  t.same([...removed.cluster.nodes.keys()], ['node-3']);
  t.same(
    removed.applied[0]?.consequences.filter(({ kind }) => kind === 'NODE_REMOVED').map(({ object }) => object),
    ['node-1', 'node-2'],
  );
  const off = changed(before, ofZone('a', 'CORDON')).cluster;
  t.same(
    [...off.nodes.values()].map(({ spec }) => spec?.unschedulable === true),
    [true, true, false],
  );
  t.strictSame(changed(off, ofZone('a', 'UNCORDON')).cluster.nodes.get('node-2'), before.nodes.get('node-2'));
  t.match(
    refusal(() => changed(before, ofZone('c', 'FAIL'))),
    { code: 'NOT_FOUND', message: /No node is in zone "c".* a, b/ },
  );
  t.match(
    refusal(() => changed(crowded(), ofZone('a', 'FAIL'))),
    { message: /No node has a label/ },
  );
  const only = before.with({ nodes: new Map([['node-3', undefined]]) });
  t.match(
    refusal(() => changed(only, ofZone('a', 'REMOVE'))),
    { code: 'IMPOSSIBLE_CHANGE', message: /All 2 nodes are in zone a/ },
  );
});

const gone = (kind: NonNullable<Change['delete']>['kind'], name: string) => ({ delete: { kind, name } });

t.test('what is deleted goes with what belongs to it', async (t) => {
  const before = crowded();
  const names = (made: Cluster) => [...made.pods.keys()].map((key) => key.slice('default/'.length)).sort();
  const noService = changed(before, gone('Service', 'nginx-svc')).cluster;
  t.same([noService.services.size, noService.endpointSlices.size], [0, 0]);
  t.same(names(noService), names(before));
  const noDeployment = changed(before, gone('Deployment', 'nginx-deployment'));
  t.same([...noDeployment.cluster.workloads.keys()], ['DaemonSet/default/agent']);
  t.notOk(names(noDeployment.cluster).some((name) => name.startsWith('web')));
  t.notOk(addressesOf(noDeployment.cluster, SVC).includes('192.168.1.6'));
  const bare = changed(before, gone('Pod', 'bare')).cluster;
  t.same(
    names(bare),
    names(before).filter((name) => name !== 'bare'),
    'nobody replaces it',
  );
  const replaced = changed(before, gone('Pod', 'web-1')).cluster;
  t.equal(replaced.pods.size, before.pods.size, 'its ReplicaSet creates another');
  t.notOk(replaced.pods.has('default/web-1'));
  const daemon = changed(before, gone('Pod', 'agent-1'));
  t.equal(daemon.cluster, before);
  t.match(daemon.applied[0]?.consequences, [{ detail: /started anew on node-1 by DaemonSet agent/ }]);
  t.match(changed(before, gone('Pod', 'static-node-1')).applied[0]?.consequences, [{ detail: /by kubelet/ }]);
  t.same([...changed(before, gone('Node', 'node-1')).cluster.nodes.keys()], ['node-2', 'node-3']);
  const [slice] = before.endpointSlices.values();
  const noSlice = changed(before, gone('EndpointSlice', slice?.metadata.name ?? ''));
  t.equal(noSlice.cluster.endpointSlices.size, 0);
  t.match(noSlice.assumptions, [{ field: 'changes.delete', why: /create this slice anew/ }]);
  t.match(
    refusal(() => changed(before, gone('Service', 'nginx-svx'))),
    { code: 'NOT_FOUND', message: /Did you mean/ },
  );
  t.match(
    refusal(() => changed(before, { delete: { kind: 'Node', namespace: 'default', name: 'node-1' } })),
    {
      message: /Nodes have no namespace/,
    },
  );
});
