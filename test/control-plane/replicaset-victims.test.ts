import t from 'tap';
import { workloadKey } from '../../src/cluster/cluster.js';
import type { Pod, Workload } from '../../src/cluster/objects.js';
import { ageBucket, deletionCost } from '../../src/control-plane/deletion-order.js';
import { chooseVictims } from '../../src/control-plane/replicaset-victims.js';
import { clusterOf, goldenCases, type ObjectList } from './golden.js';

interface VictimsCase {
  readonly input: { readonly now: string; readonly replicaSet: string; readonly list: ObjectList };
  readonly output: {
    readonly activePods: number;
    readonly delete: number;
    readonly victims: readonly string[];
    readonly ranks?: Readonly<Record<string, number>>;
    readonly deterministic: boolean;
    readonly victimSetDeterministic: boolean;
    readonly alwaysVictims: readonly string[];
    readonly possibleVictims: readonly string[];
    readonly distinctSets: number;
    readonly victimSets: readonly { readonly victims: readonly string[] }[];
    readonly allDeleted?: boolean;
  };
}

for (const [name, { input, output }] of goldenCases<VictimsCase>('replicaset-victims')) {
  t.test(`recorded: ${name}`, async (t) => {
    const cluster = clusterOf(input.list);
    const replicaSet = cluster.workloads.get(`ReplicaSet/${input.replicaSet}`) as Workload;
    const pods = chooseVictims(cluster, replicaSet, 0, 0).activePods;
    t.equal(pods.length, output.activePods, 'active pods');
    const excess = Math.max(0, pods.length - (replicaSet.spec?.replicas ?? 1));
    t.equal(excess, output.delete, 'pods to delete');
    const chosen = chooseVictims(cluster, replicaSet, excess, Date.parse(input.now));
    const victims = chosen.victims.map((pod) => pod.metadata.name);
    if (output.deterministic && !output.allDeleted) t.same(victims, output.victims, 'victims in order');
    if (output.victimSetDeterministic) {
      t.ok(chosen.deterministic, 'no alternatives reported');
      t.same([...victims].sort(), [...output.victims].sort(), 'victims');
    } else {
      t.notOk(chosen.deterministic, 'alternatives reported');
      const sets = output.victimSets.map((set) => [...set.victims].sort().join());
      if (output.distinctSets === sets.length) t.ok(sets.includes([...victims].sort().join()), 'one of the sets seen');
    }
    t.same(chosen.alwaysVictims, [...output.alwaysVictims].sort(), 'always removed');
    t.same(chosen.possibleVictims, [...output.possibleVictims].sort(), 'possibly removed');
    if (excess > 0 && output.ranks !== undefined) {
      t.same(Object.fromEntries(chosen.ranks), output.ranks, 'ranks');
    }
  });
}

t.test('deletion cost is read as the controller reads it', async (t) => {
  const cases: [string | undefined, number][] = [
    [undefined, 0],
    ['10', 10],
    ['-7', -7],
    ['-007', -7],
    ['0', 0],
    ['-0', 0],
    ['+5', 0],
    ['007', 0],
    ['abc', 0],
    ['', 0],
    [' 4', 0],
    ['1.5', 0],
    ['2147483647', 2147483647],
    ['2147483648', 0],
    ['-2147483648', -2147483648],
    ['-2147483649', 0],
  ];
  for (const [text, cost] of cases) {
    const pod: Pod = {
      kind: 'Pod',
      metadata: {
        name: 'web',
        ...(text === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': text } }),
      },
    };
    t.equal(deletionCost(pod), cost, JSON.stringify(text));
  }
});

t.test('ages fall into powers of two of nanoseconds', async (t) => {
  for (const [age, bucket] of [
    [0, -1],
    [-5, -1],
    [1, 19],
    [1000, 29],
    [1099511, 39],
    [1099512, 40],
  ] as const) {
    t.equal(ageBucket(0, age), bucket, `${age} ms`);
  }
});

t.test('before 1.22 neither deletion cost nor logarithmic ages count', async (t) => {
  const [, { input }] = goldenCases<VictimsCase>('replicaset-victims').find(([name]) => name === 'cost-negative') as [
    string,
    VictimsCase,
  ];
  const cluster = clusterOf(input.list);
  const replicaSet = cluster.workloads.get(
    workloadKey('ReplicaSet', ...(input.replicaSet.split('/') as [string, string])),
  );
  const at = Date.parse(input.now);
  const names = (minor: number) =>
    chooseVictims(cluster, replicaSet as Workload, 1, at, { major: 1, minor, patch: 0 }).victims.map(
      (pod) => pod.metadata.name,
    );
  t.notSame(names(21), names(22));
});
