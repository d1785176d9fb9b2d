/**
 * Measures loads against their targets, each as a ratio: below 1 is fast enough.
 *
 *   node dist/bench/capacity.js [SIZE]
 *
 * All percentiles and means of 10,000 connections over 300 unequal pods within 100 ms; a thousand points of a sweep
 * with traffic on a cluster of 10,000 Services within 10 s, under each traffic policy.
 */
import { thrownLoads } from '../src/capacity/loads.js';
import { readSnapshot } from '../src/cluster/read-snapshot.js';
import { ask } from '../src/questions/ask.js';
import { generateSnapshot, SIZES } from './generate.js';
import { workload } from './sweep.js';

const [LOADS_MS, SWEEP_S] = [100, 10];
const POINTS = 1000;

function report(what: string, seconds: number, target: number): void {
  const ratio = seconds / target;
  console.log(`${what.padEnd(58)} ${seconds.toFixed(3).padStart(8)} s  ratio ${ratio.toFixed(2)}`);
}

function seconds(work: () => unknown): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

function loads(): void {
  const weights = Array.from({ length: 300 }, (_, index) => 1 + index / 300);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const alike = weights.map((weight) => ({ count: 1, share: weight / total, capacity: 70 }));
  const own = alike.map((group, index) => ({ ...group, capacity: 60 + (index % 20) }));
  for (const [what, groups] of [
    ['one capacity', alike],
    ['capacities of their own', own],
  ] as const) {
    thrownLoads(10_000, groups);
    const best = Math.min(...[0, 1, 2].map(() => seconds(() => thrownLoads(10_000, groups))));
    report(`10000 connections over 300 unequal pods, ${what}`, best, LOADS_MS / 1000);
  }
}

function sweeps(name: string): void {
  const size = SIZES[name];
  if (size === undefined) throw new Error(`there is no size ${name}: ${Object.keys(SIZES).join(', ')}`);
  const list = generateSnapshot(size);
  const scale = { kind: 'Deployment', namespace: 'default', name: 'app' } as const;
  const traffic = { requestsPerSecond: 50_000, connections: 5000, maxRequestsPerSecond: 300 };
  const cases: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>])[] = [
    ['Cluster', {}, {}],
    ['internalTrafficPolicy Local', { internalTrafficPolicy: 'Local' }, {}],
    ['PreferClose', { trafficDistribution: 'PreferClose' }, {}],
  ];
  for (const [policy, spec, question] of cases) {
    const bytes = Buffer.from(JSON.stringify({ ...list, items: [...list.items, ...workload(size.nodes, spec)] }));
    const snapshot = readSnapshot({ bytes });
    const sweep = { scale, from: 1, to: POINTS, probability: { traffic, ...question } };
    ask('probability', { probability: { services: [{ namespace: 'default', name: 'app' }] } }, snapshot);
    report(
      `${name}, ${POINTS} points with traffic, ${policy}`,
      seconds(() => ask('sweep', { sweep }, snapshot)),
      SWEEP_S,
    );
  }
}

loads();
sweeps(process.argv[2] ?? 's10000-e10');
