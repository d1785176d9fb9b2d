import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import type { Pod } from '../../src/cluster/objects.js';
import { Scheduler } from '../../src/control-plane/scheduler/scheduler.js';
import { clusterOf, goldenCases, type ObjectList } from './golden.js';

interface SchedulerCase {
  readonly input: ObjectList;
  readonly output: {
    readonly pod: string;
    readonly feasibleNodes: readonly string[];
    readonly infeasibleNodes: Readonly<Record<string, string>>;
    readonly scored: boolean;
    readonly topNodes?: readonly string[];
    readonly nodes?: Readonly<
      Record<string, { readonly total: number; readonly plugins: Readonly<Record<string, number>> }>
    >;
  };
}

interface SequenceCase {
  readonly input: ObjectList;
  readonly output: {
    readonly deterministic: boolean;
    readonly distributions: readonly { readonly podsAddedPerNode: Readonly<Record<string, number>> }[];
  };
}

const pendingPods = (list: ObjectList) =>
  (list.items as unknown as Pod[]).filter((item) => (item.kind as string) === 'Pod' && !item.spec?.nodeName);

for (const [name, { input, output }] of goldenCases<SchedulerCase>('scheduler')) {
  t.test(`recorded: ${name}`, async (t) => {
    const scheduler = new Scheduler(clusterOf(input));
    const pod = pendingPods(input)[0] as Pod;
    const explained = scheduler.explain(pod);
    t.same([...explained.feasibleNodes].sort(), [...output.feasibleNodes].sort(), 'feasible nodes');
    t.same(Object.fromEntries(explained.infeasibleNodes), output.infeasibleNodes, 'infeasible nodes');
    t.equal(explained.scores.size > 0, output.scored, 'scored');
    if (output.scored) {
      const recorded = Object.fromEntries(
        Object.entries(output.nodes ?? {}).map(([node, { total, plugins }]) => {
          // Dynamic resources are outside the model; their plugin scores 0 here.
          const { DynamicResources: _dynamic, ...modelled } = plugins;
          return [node, { total, plugins: modelled }];
        }),
      );
      t.same(Object.fromEntries(explained.scores), recorded, 'scores');
      t.same([...explained.topNodes].sort(), [...(output.topNodes ?? [])].sort(), 'top nodes');
    }
    t.equal(explained.node, [...explained.topNodes].sort()[0], 'the first by name is taken');
  });
}

for (const [name, { input, output }] of goldenCases<SequenceCase>('scheduler-sequence')) {
  t.test(`recorded sequence: ${name}`, async (t) => {
    const scheduler = new Scheduler(clusterOf(input));
    const added: Record<string, number> = {};
    for (const pod of pendingPods(input)) {
      const { node } = scheduler.decide(pod);
      if (node === undefined) continue;
      scheduler.assign({ ...pod, spec: { ...pod.spec, nodeName: node } }, node);
      added[node] = (added[node] ?? 0) + 1;
    }
    const key = (counts: Readonly<Record<string, number>>) =>
      JSON.stringify(
        Object.entries(counts)
          .filter(([, count]) => count > 0)
          .sort(),
      );
    t.ok(
      output.distributions.some(({ podsAddedPerNode }) => key(podsAddedPerNode) === key(added)),
      `${key(added)} was seen`,
    );
  });
}

t.test('scheduling fields of the wrong kind are refused, not stumbled over', async (t) => {
  const [, { input }] = goldenCases<SchedulerCase>('scheduler')[0] as [string, SchedulerCase];
  const pod = pendingPods(input)[0] as Pod;
  const wrong: Readonly<Record<string, unknown>>[] = [
    { affinity: 'spread' },
    { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{}] } } },
    { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [null] } } } },
    { topologySpreadConstraints: {} },
    { topologySpreadConstraints: [{ maxSkew: '1', topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] },
    { overhead: [] },
  ];
  for (const fields of wrong) {
    const made = { ...pod, spec: { ...pod.spec, ...fields } } as Pod;
    let code = 'none';
    try {
      new Scheduler(clusterOf(input)).decide(made);
    } catch (error) {
      code = error instanceof QuestionError ? error.code : String(error);
    }
    t.equal(code, 'INVALID_SNAPSHOT', JSON.stringify(fields));
  }
  const harmless: Readonly<Record<string, unknown>>[] = [
    { affinity: null },
    { affinity: {} },
    { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: null } } },
    { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: null } } },
    { topologySpreadConstraints: null },
    { topologySpreadConstraints: [] },
  ];
  const plain = new Scheduler(clusterOf(input)).decide(pod);
  for (const fields of harmless) {
    const made = { ...pod, spec: { ...pod.spec, ...fields } } as Pod;
    t.same(new Scheduler(clusterOf(input)).decide(made), plain, JSON.stringify(fields));
  }
});

interface Shaped {
  readonly affinity?: unknown;
  readonly topologySpreadConstraints?: unknown;
}

t.test('terms about nodes and pods that the recordings do not have', async (t) => {
  const zones = ['a', 'a', 'b'];
  const nodes = zones.map((zone, i) => ({
    kind: 'Node',
    metadata: {
      name: `node-${i + 1}`,
      labels: { zone, 'kubernetes.io/hostname': `node-${i + 1}`, cores: String(4 + i) },
    },
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } },
  }));
  const pod = (name: string, app: string, spec: Shaped, nodeName?: string) => ({
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app } },
    spec: { containers: [{ name: 'c', ports: [] }], ...(nodeName === undefined ? {} : { nodeName }), ...spec },
    status: { phase: 'Running' },
  });
  const term = (app: string, topologyKey: string) => ({ labelSelector: { matchLabels: { app } }, topologyKey });
  const required = (...terms: unknown[]) => ({ requiredDuringSchedulingIgnoredDuringExecution: terms });
  const db = pod('db', 'db', {}, 'node-3');
  const shy = pod('shy', 'shy', { affinity: { podAntiAffinity: required(term('web', 'zone')) } }, 'node-1');
  const at = (expression: object) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [expression] }] },
      },
    },
  });
  const preferring = (weight: number, zone: string) => ({
    weight,
    preference: { matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] },
  });
  const cases: [string, Shaped, readonly object[], readonly string[]][] = [
    ['near a pod', { affinity: { podAffinity: required(term('db', 'zone')) } }, [db], ['node-3']],
    [
      'near itself, the first of a series',
      { affinity: { podAffinity: required(term('web', 'zone')) } },
      [],
      ['node-1', 'node-2', 'node-3'],
    ],
    ['near nobody', { affinity: { podAffinity: required(term('gone', 'zone')) } }, [db], []],
    ['away from a pod', { affinity: { podAntiAffinity: required(term('db', 'zone')) } }, [db], ['node-1', 'node-2']],
    ['a pod that wants to be away from it', {}, [shy], ['node-3']],
    ['greater than', at({ key: 'cores', operator: 'Gt', values: ['4'] }), [], ['node-2', 'node-3']],
    ['less than', at({ key: 'cores', operator: 'Lt', values: ['5'] }), [], ['node-1']],
    ['not in', at({ key: 'zone', operator: 'NotIn', values: ['b'] }), [], ['node-1', 'node-2']],
    ['an operator that does not exist', at({ key: 'zone', operator: 'Like', values: ['b'] }), [], []],
    [
      'preferred nodes',
      {
        affinity: {
          nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferring(10, 'a'), preferring(20, 'b')] },
        },
      },
      [],
      ['node-3'],
    ],
    [
      'preferred neighbours',
      {
        affinity: {
          podAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 50, podAffinityTerm: term('db', 'zone') }],
          },
        },
      },
      [db],
      ['node-3'],
    ],
    [
      'too few domains',
      {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            minDomains: 3,
            topologyKey: 'zone',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app: 'web' } },
          },
        ],
      },
      [pod('web-0', 'web', {}, 'node-3')],
      ['node-1', 'node-2'],
    ],
    [
      'a label that no node has',
      {
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} },
        ],
      },
      [],
      [],
    ],
  ];
  for (const [what, spec, others, wanted] of cases) {
    const pending = pod('new', 'web', spec);
    const list = { items: [...nodes, ...others] as unknown as ObjectList['items'] };
    const { topNodes } = new Scheduler(clusterOf(list)).decide(pending as unknown as Pod);
    t.same(topNodes, wanted, what);
  }
});
