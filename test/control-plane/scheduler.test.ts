import t from 'tap';
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
