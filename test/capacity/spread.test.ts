/** Each law's exact answer beside a seeded simulation of the same, or beside a second method. */
import fc from 'fast-check';
import t from 'tap';
import { thrownLoads } from '../../src/capacity/loads.js';
import { binomialPmf, meanOf } from '../../src/capacity/numbers.js';
import { anyOver, chanceWithin, leastLoaded, mostLoaded } from '../../src/capacity/occupancy/occupancy.js';
import {
  arriving,
  atRandom,
  byClients,
  type Entry,
  inTurn,
  inTurnOfOwn,
  overBounds,
  type SpreadLoads,
  simulated,
} from '../../src/capacity/spread.js';

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);
const alike = (count: number) => new Array<number>(count).fill(1 / count);

/** Whether what was simulated agrees with what is exact, within a little more than its own errors. */
function agrees(exact: SpreadLoads, drawn: SpreadLoads): boolean {
  const errors = drawn.simulated?.errors;
  if (errors === undefined) return false;
  const near = (a: number, b: number, error: number) => Math.abs(a - b) <= error * 1.25 + 1e-9;
  return (
    near(exact.most.mean, drawn.most.mean, errors.mean) &&
    near(exact.anyIdle, drawn.anyIdle, errors.anyIdle) &&
    (exact.anyOver === undefined || near(exact.anyOver, drawn.anyOver ?? Number.NaN, errors.anyOver ?? 0))
  );
}

const random = (pods: readonly number[], shares: readonly number[], weight = 1): Entry => ({
  weight,
  choice: 'RANDOM',
  pods,
  shares,
});

t.test('connections at random over unequal pods', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
      (connections, weights) => {
        const total = weights.reduce((sum, one) => sum + one, 0);
        const capacity = Math.ceil((connections / weights.length) * 1.5);
        const exact = atRandom(
          connections,
          weights.map((weight) => ({ count: 1, share: weight / total, capacity })),
        );
        const entries = [random(numbers(0, weights.length), weights)];
        const drawn = simulated({
          connections,
          clientsKeepEntry: false,
          entries,
          pods: weights.length,
          capacities: weights.map(() => capacity),
        });
        return agrees(exact, drawn);
      },
    ),
    { numRuns: 15, seed: 7 },
  );
  t.pass();
});

t.test('whole clients: each brings its connections to one pod', async (t) => {
  const exact = byClients(20, 5, [{ count: 8, share: 1 / 8, capacity: 20 }]);
  const entries: Entry[] = [{ weight: 1, choice: 'KEPT', pods: numbers(0, 8), shares: alike(8) }];
  const drawn = simulated({
    connections: 100,
    clients: 20,
    clientsKeepEntry: true,
    entries,
    pods: 8,
    capacities: new Array(8).fill(20),
  });
  t.ok(agrees(exact, drawn));
  const [few, many] = [
    byClients(10, 40, [{ count: 4, share: 1 / 4 }]),
    byClients(40, 10, [{ count: 4, share: 1 / 4 }]),
  ];
  t.ok(few.most.mean > many.most.mean, 'equal means, larger clients are less even');
  t.equal(
    byClients(1, 500, [{ count: 50, share: 1 / 50, capacity: 400 }]).anyOver,
    1,
    'no number of pods splits a client',
  );
});

t.test('nodes at random, each in turn over its own pods', async (t) => {
  const nodes = [
    { weight: 0.5, pods: 2, capacity: 12 },
    { weight: 0.3, pods: 1, capacity: 12 },
    { weight: 0.2, pods: 3, capacity: 12 },
  ];
  const exact = inTurnOfOwn(30, nodes);
  let from = 0;
  const entries = nodes.map(({ weight, pods }): Entry => {
    const own = numbers(from, pods);
    from += pods;
    return { weight, choice: 'IN_TURN', pods: own, shares: alike(pods) };
  });
  const drawn = simulated({
    connections: 30,
    clientsKeepEntry: false,
    entries,
    pods: 6,
    capacities: new Array(6).fill(12),
  });
  t.ok(agrees(exact, drawn));
  t.ok(Math.abs(exact.expectedIdle - drawn.expectedIdle) < 0.02);
});

t.test('counters of several nodes over the same pods are less even than one counter', async (t) => {
  const one = inTurn(26, 5, 6);
  t.match(one, { most: { mean: 6 }, least: { mean: 5 }, anyOver: 0 });
  const entries = numbers(0, 8).map(
    (): Entry => ({ weight: 1, choice: 'IN_TURN', pods: numbers(0, 5), shares: alike(5) }),
  );
  const drawn = simulated({ connections: 26, clientsKeepEntry: false, entries, pods: 5 });
  t.ok(drawn.most.mean > 6);
  t.ok(drawn.most.mean < atRandom(26, [{ count: 5, share: 1 / 5 }]).most.mean, 'more even than at random');
});

t.test('arrivals: independent pods, as if the number of connections were drawn first', async (t) => {
  const exact = arriving(30, [{ count: 5, share: 1 / 5, capacity: 10 }]);
  let mean = 0;
  let over = 0;
  let weight = Math.exp(-30);
  for (let n = 0; n < 120; n++) {
    if (n > 0) {
      weight *= 30 / n;
      const loads = thrownLoads(n, [{ count: 5, share: 1 / 5, capacity: 10 }]);
      mean += weight * meanOf(loads.most);
      over += weight * (loads.anyOver ?? 0);
    }
  }
  t.ok(Math.abs(exact.most.mean - mean) < 1e-9);
  t.ok(Math.abs((exact.anyOver ?? 0) - over) < 1e-9);
});

t.test('laws of many connections by the Fourier sum are those of the sums of positive terms', async (t) => {
  const shares = numbers(1, 30).map((weight) => weight + 40);
  const total = shares.reduce((sum, one) => sum + one, 0);
  const groups = shares.map((share) => ({ count: 1, share: share / total }));
  // A second method: pod after pod, by conditional binomials.
  const byBinomials = (n: number, limit: number): number => {
    let left = new Float64Array(n + 1);
    left[n] = 1;
    let rest = 1;
    for (const [index, { share }] of groups.entries()) {
      const chance = index === groups.length - 1 ? 1 : share / rest;
      const next = new Float64Array(n + 1);
      for (let have = 0; have <= n; have++) {
        for (let take = 0; take <= Math.min(have, limit); take++) {
          next[have - take] = (next[have - take] ?? 0) + (left[have] ?? 0) * binomialPmf(have, chance, take);
        }
      }
      left = next;
      rest -= share;
    }
    return left[0] ?? 0;
  };
  const most = mostLoaded(600, groups);
  const at = (c: number) => most.chances.slice(0, c - most.first + 1).reduce((sum, one) => sum + one, 0);
  for (const c of [28, 31, 35]) t.ok(Math.abs(at(c) - byBinomials(600, c)) < 1e-11, `at most ${c}`);
  const boxes = groups.map((group) => ({ ...group, low: 0, high: 31 }));
  t.ok(Math.abs(chanceWithin(600, boxes) - byBinomials(600, 31)) < 1e-11);
});

t.test('bounds that hold whatever the numbers', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 40 }),
      (connections, weights, slack) => {
        const total = weights.reduce((sum, one) => sum + one, 0);
        const capacity = Math.ceil(connections / weights.length) + slack;
        const groups = weights.map((weight) => ({ count: 1, share: weight / total, capacity }));
        const {
          most,
          least,
          anyOver: over = 0,
          expectedOver = 0,
          anyIdle,
          expectedIdle,
        } = thrownLoads(connections, groups);
        const sum = (chances: readonly number[]) => chances.reduce((all, one) => all + one, 0);
        return (
          Math.abs(sum(most.chances) - 1) < 1e-9 &&
          Math.abs(sum(least.chances) - 1) < 1e-9 &&
          meanOf(most) >= connections / weights.length - 1e-9 &&
          meanOf(least) <= connections / weights.length + 1e-9 &&
          over <= expectedOver + 1e-9 &&
          Math.abs(over - anyOver(connections, groups)) < 1e-9 &&
          anyIdle <= expectedIdle + 1e-9 &&
          (connections >= weights.length || leastLoaded(connections, groups).first === 0)
        );
      },
    ),
    { numRuns: 60, seed: 3 },
  );
  t.pass();
});

t.test('bounds of many connections hold the exact chance', async (t) => {
  for (const capacity of [230, 250, 270]) {
    const groups = [
      { count: 20, share: 1 / 25, capacity },
      { count: 10, share: 1 / 50, capacity },
    ];
    const exact = anyOver(5000, groups);
    const bounds = overBounds(5000, groups);
    t.ok((bounds?.anyOverAtLeast ?? 1) <= exact + 2e-2 && (bounds?.anyOverAtMost ?? 0) >= exact - 2e-2, `${capacity}`);
  }
});
