/** `rollout`: the states that a workload goes through while it replaces its pods. */
import t from 'tap';
import { runRollout } from '../../src/changes/rollout/run-rollout.js';
import type { StrategyOverride } from '../../src/changes/rollout/strategy.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { Pod, Workload } from '../../src/cluster/objects.js';
import type { RolloutChange } from '../../src/contract/requests.js';
import {
  addressesOf,
  article,
  changed,
  cluster,
  context,
  deployment,
  HASH,
  node,
  pod,
  refusal,
  replicaSet,
  rulesOf,
  service,
} from './fixture.js';

const SVC = 'default/nginx-svc';
const NGINX = { kind: 'Deployment' as const, namespace: 'default', name: 'nginx-deployment' };
const IMAGE = { spec: { containers: [{ name: 'nginx', image: 'nginx:2' }] } };

const to = (more: Partial<RolloutChange> = {}, base: Pick<RolloutChange, 'kind' | 'namespace' | 'name'> = NGINX) => ({
  rollout: { ...base, ...more },
});

/** A Deployment of so many pods, all ready, on three nodes. */
function sized(count: number, broken = 0): Cluster {
  const pods = Array.from({ length: count }, (_, index): Pod => {
    const made = pod(
      `nginx-deployment-${HASH}-${index}`,
      `node-${(index % 3) + 1}`,
      `192.168.${index % 3}.${index + 10}`,
    );
    const status = index < broken ? 'False' : 'True';
    return { ...made, status: { ...made.status, conditions: [{ type: 'Ready', status }] } };
  });
  const template = deployment(count).spec?.template;
  const set: Workload = {
    ...replicaSet(count),
    spec: { ...replicaSet(count).spec, ...(template === undefined ? {} : { template }) },
  };
  return cluster({
    nodes: [node(0), node(1), node(2)],
    pods,
    services: [service('nginx-svc', { app: 'nginx' }), service('other', { app: 'other' })],
    workloads: [deployment(count), set],
  });
}

/** The states as `ready/former ready/new` and, where there are any, `-` how many are being deleted. */
function states(made: Cluster, workload: Workload, override: StrategyOverride): string[] {
  const template = {
    ...workload.spec?.template,
    metadata: { ...workload.spec?.template?.metadata, annotations: { again: 'yes' } },
  };
  const wanted: Workload = { ...workload, spec: { ...workload.spec, template } };
  const rollout = runRollout(made, workload, wanted, override, context(made), '');
  const reported = rollout.states.map(
    ({ old, oldReady, new: fresh, newReady, terminating }) =>
      `${oldReady}/${old} ${newReady}/${fresh}${terminating > 0 ? ` -${terminating}` : ''}`,
  );
  return rollout.stalled === undefined ? reported : [...reported, 'stalled'];
}

t.test('a Deployment goes through the states of its strategy', async (t) => {
  const cases: readonly (readonly [string, number, number, StrategyOverride, readonly string[]])[] = [
    [
      'by default',
      3,
      0,
      {},
      [
        '3/3 0/0',
        '3/3 0/1',
        '3/3 1/1',
        '2/2 1/1 -1',
        '2/2 1/2',
        '2/2 2/2',
        '1/1 2/2 -1',
        '1/1 2/3',
        '1/1 3/3',
        '0/0 3/3 -1',
        '0/0 3/3',
      ],
    ],
    [
      'a quarter of four',
      4,
      0,
      {},
      [
        '4/4 0/0',
        '4/4 0/1',
        '3/3 0/1 -1',
        '3/3 0/2',
        '3/3 2/2',
        '1/1 2/2 -2',
        '1/1 2/4',
        '1/1 4/4',
        '0/0 4/4 -1',
        '0/0 4/4',
      ],
    ],
    [
      'without surge',
      2,
      0,
      { maxSurge: 0, maxUnavailable: 1 },
      ['2/2 0/0', '1/1 0/0 -1', '1/1 0/1', '1/1 1/1', '0/0 1/1 -1', '0/0 1/2', '0/0 2/2'],
    ],
    [
      'neither: one is missed',
      2,
      0,
      { maxSurge: 0, maxUnavailable: 0 },
      ['2/2 0/0', '1/1 0/0 -1', '1/1 0/1', '1/1 1/1', '0/0 1/1 -1', '0/0 1/2', '0/0 2/2'],
    ],
    [
      'all at once',
      2,
      0,
      { maxSurge: '100%', maxUnavailable: 0 },
      ['2/2 0/0', '2/2 0/2', '2/2 2/2', '0/0 2/2 -2', '0/0 2/2'],
    ],
    ['recreated', 2, 0, { strategy: 'Recreate' }, ['2/2 0/0', '0/0 0/0 -2', '0/0 0/0', '0/0 0/2', '0/0 2/2']],
    [
      'pods that are not ready go first',
      3,
      1,
      { maxSurge: 1, maxUnavailable: 1 },
      ['2/3 0/0', '2/3 0/1', '2/2 0/1 -1', '2/2 0/2', '2/2 2/2', '0/0 2/2 -2', '0/0 2/3', '0/0 3/3'],
    ],
    ['nothing to replace', 0, 0, {}, ['0/0 0/0']],
  ];
  for (const [name, count, broken, override, expected] of cases) {
    const made = sized(count, broken);
    t.same(
      states(made, made.workloads.get('Deployment/default/nginx-deployment') as Workload, override),
      expected,
      name,
    );
  }
});

t.test('pods that find no node keep it from going on', async (t) => {
  const made = sized(3);
  const full = made.with({
    nodes: new Map(
      [...made.nodes.entries()].map(([name, one]) => [
        name,
        { ...one, status: { ...one.status, allocatable: { cpu: '4', pods: '1' } } },
      ]),
    ),
  });
  const workload = full.workloads.get('Deployment/default/nginx-deployment') as Workload;
  t.same(states(full, workload, { maxSurge: 1, maxUnavailable: 0 }), ['3/3 0/0', '3/3 0/1', 'stalled']);
  t.equal(
    states(full, workload, { maxSurge: 1, maxUnavailable: 1 }).at(-1),
    '0/0 3/3',
    'with room made by what goes it does',
  );
  const { applied } = changed(full, to({ maxSurge: 1, maxUnavailable: 0, state: 'COMPLETE' }));
  t.ok(applied[0]?.consequences.some(({ detail }) => /cannot go on: 1 new pod finds no node: 0\/3 nodes/.test(detail)));
  const unplaced = applied[0]?.consequences.filter(({ kind }) => kind === 'POD_NOT_PLACED') ?? [];
  t.equal(unplaced.length, 1);
  t.match(unplaced[0]?.detail, /^0\/3 nodes/);
});

t.test('another template and no replicas at once leave no pods', async (t) => {
  const template = { metadata: { labels: { release: 'two' } } };
  const { cluster: after } = changed(sized(3), { patch: { ...NGINX, patch: { spec: { replicas: 0, template } } } });
  t.equal(after.pods.size, 0);
  t.equal(after.slicesOf(SVC).flatMap(({ endpoints }) => endpoints ?? []).length, 0);
});

function named(
  kind: 'StatefulSet' | 'DaemonSet',
  count: number,
  spec: Workload['spec'] = {},
  broken = -1,
): { made: Cluster; workload: Workload } {
  const workload: Workload = {
    kind,
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      ...(kind === 'StatefulSet' ? { replicas: count } : {}),
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image: 'db:1' }] } },
      ...spec,
    },
  };
  const pods = Array.from({ length: count }, (_, index): Pod => {
    const base = pod(`db-${index}`, `node-${index + 1}`, `192.168.${index}.9`, 'db');
    const owner = { apiVersion: 'apps/v1', kind, name: 'db', controller: true };
    return {
      ...base,
      metadata: { ...base.metadata, labels: { app: 'db' }, ownerReferences: [owner] },
      status: { ...base.status, conditions: [{ type: 'Ready', status: index === broken ? 'False' : 'True' }] },
    };
  });
  const made = cluster({
    nodes: [node(0), node(1), node(2)],
    pods,
    services: [service('db', { app: 'db' })],
    workloads: [workload],
  });
  return { made, workload };
}

t.test('a StatefulSet goes by ordinal, a DaemonSet by node', async (t) => {
  const one = [
    '2/2 0/0 -1',
    '2/2 0/1',
    '2/2 1/1',
    '1/1 1/1 -1',
    '1/1 1/2',
    '1/1 2/2',
    '0/0 2/2 -1',
    '0/0 2/3',
    '0/0 3/3',
  ];
  const cases: readonly (readonly [
    string,
    'StatefulSet' | 'DaemonSet',
    Workload['spec'],
    number,
    StrategyOverride,
    readonly string[],
  ])[] = [
    ['one by one', 'StatefulSet', {}, -1, {}, ['3/3 0/0', ...one]],
    ['from a partition on', 'StatefulSet', {}, -1, { partition: 2 }, ['3/3 0/0', ...one.slice(0, 3)]],
    [
      'two at once',
      'StatefulSet',
      {},
      -1,
      { maxUnavailable: 2 },
      ['3/3 0/0', '1/1 0/0 -2', '1/1 0/2', '1/1 2/2', '0/0 2/2 -1', '0/0 2/3', '0/0 3/3'],
    ],
    ['a broken pod', 'StatefulSet', {}, 0, {}, ['2/3 0/0', 'stalled']],
    [
      'a broken pod, in parallel',
      'StatefulSet',
      { podManagementPolicy: 'Parallel' },
      0,
      { partition: 2 },
      ['2/3 0/0', '1/2 0/0 -1', '1/2 0/1', '1/2 1/1'],
    ],
    ['on delete', 'StatefulSet', { updateStrategy: { type: 'OnDelete' } }, -1, {}, ['3/3 0/0', 'stalled']],
    ['node by node', 'DaemonSet', {}, -1, {}, ['3/3 0/0', ...one]],
    [
      'two nodes at once',
      'DaemonSet',
      {},
      -1,
      { maxUnavailable: '50%' },
      ['3/3 0/0', '1/1 0/0 -2', '1/1 0/2', '1/1 2/2', '0/0 2/2 -1', '0/0 2/3', '0/0 3/3'],
    ],
    [
      'beside each other',
      'DaemonSet',
      {},
      -1,
      { maxSurge: 2, maxUnavailable: 0 },
      ['3/3 0/0', '3/3 0/2', '3/3 2/2', '1/1 2/2 -2', '1/1 2/3', '1/1 3/3', '0/0 3/3 -1', '0/0 3/3'],
    ],
    [
      'what is not ready goes first',
      'DaemonSet',
      {},
      2,
      {},
      [
        '2/3 0/0',
        '2/2 0/0 -1',
        '2/2 0/1',
        '2/2 1/1',
        '1/1 1/1 -1',
        '1/1 1/2',
        '1/1 2/2',
        '0/0 2/2 -1',
        '0/0 2/3',
        '0/0 3/3',
      ],
    ],
  ];
  for (const [name, kind, spec, broken, override, expected] of cases) {
    const { made, workload } = named(kind, 3, spec, broken);
    t.same(states(made, workload, override), expected, `${kind} ${name}`);
  }
  const { made } = named('StatefulSet', 3);
  const down = changed(made, to({ step: 1 }, { kind: 'StatefulSet', namespace: 'default', name: 'db' }));
  t.ok(down.cluster.pods.get('default/db-2')?.metadata.deletionTimestamp, 'the highest ordinal goes first');
  const agents = changed(
    named('DaemonSet', 3).made,
    to({ step: 1 }, { kind: 'DaemonSet', namespace: 'default', name: 'db' }),
  );
  t.match(agents.applied[0]?.choices, [{ taken: 'node-1', alternatives: ['node-2', 'node-3'], why: /random/ }]);
});

t.test('the request says which state, and slices show it', async (t) => {
  const before = sized(4);
  const endpoints = (made: Cluster) =>
    made
      .slicesOf(SVC)
      .flatMap((slice) =>
        slice.endpoints.map(({ conditions }) =>
          conditions?.ready ? 'ready' : conditions?.terminating ? 'terminating' : 'starting',
        ),
      )
      .sort()
      .join(' ');
  const cases: readonly (readonly [Partial<RolloutChange>, string])[] = [
    [{}, 'ready ready ready terminating terminating'],
    [{ step: 0 }, 'ready ready ready ready'],
    [{ step: 3 }, 'ready ready ready starting starting'],
    [{ progress: '1/2' }, 'ready ready ready ready ready'],
    [{ progress: 0 }, 'ready ready ready ready'],
    [{ progress: 1 }, 'ready ready ready ready ready'],
    [{ state: 'MOST_PODS' }, 'ready ready ready starting terminating'],
    [{ state: 'COMPLETE' }, 'ready ready ready ready'],
    [{ strategy: 'Recreate' }, 'terminating terminating terminating terminating'],
  ];
  for (const [change, expected] of cases) {
    const { cluster: after, applied } = changed(before, to({ template: IMAGE, ...change }));
    t.equal(endpoints(after), expected, JSON.stringify(change));
    const reported = applied[0]?.consequences.filter(({ kind }) => kind === 'ROLLOUT_STATE') ?? [];
    t.equal(reported.filter(({ detail }) => /answer is about this/.test(detail)).length, 1);
    t.match(reported[0]?.detail, /^state 0 of \d+, START: ready 4, namely 4 of 4 of the former template/);
  }
  const { cluster: done } = changed(before, to({ template: IMAGE, state: 'COMPLETE' }));
  const images = [...done.pods.values()].map(({ spec }) => spec?.containers?.[0]?.image);
  t.same(images, ['nginx:2', 'nginx:2', 'nginx:2', 'nginx:2']);
  const patched = changed(before, {
    patch: {
      kind: 'Deployment',
      name: 'nginx-deployment',
      patch: { spec: { template: { spec: { containers: [{ name: 'nginx', image: 'nginx:2' }] } } } },
    },
  });
  t.equal(
    rulesOf(patched.cluster, patched.settings),
    rulesOf(done, patched.settings),
    'the last state is what the same patch leads to',
  );
});

t.test('an update that is under way goes on from where it is', async (t) => {
  const before = sized(4);
  const half = changed(before, to({ template: IMAGE, step: 4 })).cluster;
  const on = changed(half, to({ state: 'COMPLETE' }));
  t.match(
    on.applied[0]?.consequences[0]?.detail,
    /^state 0 of 5, START: ready 5, namely 3 of 3 of the former template and 2 of 2 of the new one/,
  );
  t.same(
    [...on.cluster.pods.values()].map(({ spec }) => spec?.containers?.[0]?.image),
    ['nginx:2', 'nginx:2', 'nginx:2', 'nginx:2'],
  );
  t.equal(addressesOf(on.cluster, SVC).length, 4);
  const trimmed = half.with({
    workloads: new Map(
      [...half.workloads.entries()].map(([key, one]): [string, Workload] => {
        const { template: _template, ...spec } = one.spec ?? {};
        return [key, one.kind === 'ReplicaSet' ? { ...one, spec } : one];
      }),
    ),
  });
  const alike = changed(trimmed, to({ state: 'COMPLETE' }));
  t.equal(
    rulesOf(alike.cluster, on.settings),
    rulesOf(on.cluster, on.settings),
    'ReplicaSets without templates do as well',
  );
});

t.test('what cannot be is refused with its place', async (t) => {
  const at = (place: string) => `/changes/0/rollout${place}`;
  const db = { kind: 'StatefulSet' as const, namespace: 'default', name: 'db' };
  const paused = sized(2);
  const stopped = paused.with({
    workloads: new Map([
      [
        'Deployment/default/nginx-deployment',
        { ...deployment(2), spec: { ...deployment(2).spec, paused: true } } as Workload,
      ],
    ]),
  });
  const cases: readonly (readonly [string, Cluster, ReturnType<typeof to>, string, RegExp])[] = [
    ['no such workload', article(), to({}, { ...NGINX, name: 'nginx' }), at(''), /nginx-deployment/],
    ['no such state', sized(2), to({ step: 99 }), at('/step'), /0 to 7/],
    ['two ways to say which', sized(2), to({ step: 1, state: 'COMPLETE' }), at('/state'), /one of them/],
    ['a share beyond 1', sized(2), to({ progress: '3/2' }), at('/progress'), /from 0 to 1/],
    [
      'the same template',
      sized(2),
      to({ template: { metadata: { labels: { app: 'nginx' } } } }),
      at('/template'),
      /so already/,
    ],
    [
      'labels that the selector misses',
      sized(2),
      to({ template: { metadata: { labels: { app: 'x' } } } }),
      at('/template/metadata/labels'),
      /does not match/,
    ],
    [
      'a broken template',
      sized(2),
      to({ template: { spec: { containers: [{ name: 'nginx', ports: [{ containerPort: 0 }] }] } } }),
      at('/template/spec/containers'),
      /65535/,
    ],
    ['no container', sized(2), to({ template: { spec: null } }), at('/template'), /no container/],
    ['a partition', sized(2), to({ partition: 1 }), at('/partition'), /no partition/],
    [
      'a surge of a StatefulSet',
      named('StatefulSet', 2).made,
      to({ maxSurge: 1 }, db),
      at('/maxSurge'),
      /leave maxSurge out/,
    ],
    ['a surge with Recreate', sized(2), to({ strategy: 'Recreate', maxSurge: 1 }), at('/maxSurge'), /Recreate/],
    ['a paused Deployment', stopped, to(), at('/name'), /paused/],
    ['too many rounds', sized(400), to({ maxSurge: 1, maxUnavailable: 0 }), at(''), /larger maxSurge/],
  ];
  for (const [name, before, change, pointer, detail] of cases) {
    t.match(
      refusal(() => changed(before, change)),
      { pointer, detail },
      name,
    );
  }
});
