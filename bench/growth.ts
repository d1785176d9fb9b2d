/**
 * How cost grows with size: processor time over three sizes in Services, endpoints and nodes, and the exponent that
 * fits them (1: twice the size, twice the cost).
 *
 *   node dist/bench/growth.js [DIMENSION] …
 *
 * Each figure is the smallest of several runs in a process of its own, so that one size does not warm up another.
 */
import { execFileSync } from 'node:child_process';
import { readSnapshot } from '../src/cluster/read-snapshot.js';
import { ask } from '../src/questions/ask.js';
import { generateSnapshot, type Size } from './generate.js';

const RUNS = 3;

const DIMENSIONS: Readonly<Record<string, readonly (Size & { readonly at: number })[]>> = {
  Services: [1000, 2000, 4000].map((services) => ({ services, endpointsPerService: 10, nodes: 100, at: services })),
  endpoints: [10, 20, 40].map((endpointsPerService) => ({
    ...{ services: 1000, endpointsPerService, nodes: 100 },
    at: 1000 * endpointsPerService,
  })),
  nodes: [100, 200, 400].map((nodes) => ({ services: 1000, endpointsPerService: 10, nodes, at: nodes })),
};

const [first] = generateSnapshot({ services: 1, endpointsPerService: 1, nodes: 1 }).items.filter(
  ({ kind }) => kind === 'Service',
);
const NAMED = { namespace: first?.metadata.namespace ?? 'default', name: first?.metadata.name ?? '' };
type Asked = Parameters<typeof ask>;
type Snapshot = Asked[2];

/** What is measured: a question of a snapshot that has been read, but for the first. */
const COSTS: Readonly<Record<string, (snapshot: Snapshot, bytes: Buffer) => unknown>> = {
  'reading the snapshot': (_, bytes) => readSnapshot({ bytes }),
  'all rules of a node': (snapshot) =>
    ask('chains', { chains: { nodes: ['node-1'], forms: ['RESTORE'] } } as never, snapshot),
  'shares of all Services': (snapshot) => ask('probability', { probability: {} }, snapshot),
  inspect: (snapshot) => ask('inspect', { inspect: {} } as never, snapshot),
  'check of one patch': (snapshot) =>
    ask(
      'check',
      {
        changes: [{ patch: { kind: 'Service', ...NAMED, patch: { spec: { sessionAffinity: 'ClientIP' } } } }],
      } as never,
      snapshot,
    ),
};

function cpu(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The slope of a straight line through logarithms. */
function exponent(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  const mean = (index: 0 | 1) => logs.reduce((sum, pair) => sum + pair[index], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const over = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return over / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

/** One size, in a process of its own: milliseconds of each cost. */
function measure(size: Size): Record<string, number> {
  const bytes = Buffer.from(JSON.stringify(generateSnapshot(size)));
  return Object.fromEntries(
    Object.entries(COSTS).map(([name, work]) => {
      // Each time a snapshot of its own: what is kept of one is not what a question costs.
      const runs = Array.from({ length: RUNS }, () => {
        const snapshot = readSnapshot({ bytes });
        return cpu(() => work(snapshot, bytes));
      });
      return [name, Math.min(...runs)];
    }),
  );
}

const [only] = process.argv.slice(2);
if (only?.startsWith('{')) {
  console.log(JSON.stringify(measure(JSON.parse(only) as Size)));
} else {
  const wanted = process.argv.slice(2);
  for (const [dimension, sizes] of Object.entries(DIMENSIONS)) {
    if (wanted.length > 0 && !wanted.includes(dimension)) continue;
    const measured = sizes.map((size) => {
      const args = ['--max-old-space-size=4096', process.argv[1] as string, JSON.stringify(size)];
      return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Record<string, number>;
    });
    const heads = sizes.map(({ at }) => `${at}`.padStart(10)).join('');
    console.log(`${`CPU in ms by ${dimension}`.padEnd(28)}${heads}  exponent`);
    for (const name of Object.keys(COSTS)) {
      const costs = measured.map((one) => one[name] ?? 0);
      const fitted = exponent(sizes.map(({ at }, index) => [at, costs[index] ?? 0]));
      const shown = costs.map((cost) => cost.toFixed(0).padStart(10)).join('');
      console.log(`${`  ${name}`.padEnd(28)}${shown}  ${fitted.toFixed(2)}${fitted > 1.1 ? ' !' : ''}`);
    }
  }
}
