/** IPVS on a real kernel: the state of nodes is loaded whole, and connections are compared with the walk. */
import t, { type Test } from 'tap';
import { matrixPlans, type Planned, PODS } from './ipvs/matrix.js';
import { setupOf } from './ipvs/plan.js';
import { RANDOM_OPTIONS, randomPlans } from './ipvs/random.js';
import { canonicalRules, recordings } from './ipvs/recordings.js';
import { schedulerCases } from './ipvs/schedulers.js';
import { lacksIpvs, type Ran, runPlan } from './ipvs/uml.js';
import { ALL, PAIRS, SEED } from './parameters.js';
import type { PlantOptions } from './plant/layout.js';
import { tell } from './tally.js';

/** Seconds for each of the kernels that run here; on a machine that has nothing else to do they take a quarter of it. */
const SECONDS = ALL ? 3600 : 600;
t.setTimeout(5 * SECONDS * 1000);

const lacking = lacksIpvs();
const skip = lacking === undefined ? false : `ip_vs is not tried: this machine has ${lacking}`;

const LAB: PlantOptions = { name: 'k', nodes: 3, pods: PODS, podNetwork: 'BRIDGE' };
/** Questions about each random cluster. */
const QUESTIONS = 12;

function run(options: PlantOptions, plans: readonly { readonly scenario: unknown }[]): Promise<Ran[]> {
  return runPlan({ setup: setupOf(options), scenarios: plans.map(({ scenario }) => scenario) }, SECONDS);
}

/** What the connections of a flow showed that is not expected, or did not show that is. */
function differs(planned: Planned, index: number, seen: readonly string[]): string | undefined {
  const flow = planned.flows[index];
  if (flow === undefined) return undefined;
  const { outcomes } = flow.expected;
  const allowed = new Set<string>(outcomes.flatMap(({ observable }) => observable));
  const surprises = seen.filter((one) => !allowed.has(one));
  const missing = flow.kept ? [] : outcomes.filter(({ observable }) => !observable.some((one) => seen.includes(one)));
  if (surprises.length + missing.length === 0) return undefined;
  return `${flow.name}: seen ${[...new Set(seen)].join('; ')}; expected ${outcomes.map(({ told }) => told).join('; ')}`;
}

async function compare(t: Test, test: string, options: PlantOptions, plans: readonly Planned[]): Promise<void> {
  let flows = 0;
  let pairs = 0;
  const wrong: string[] = [];
  for (const { index, error, flows: seen = [] } of await run(options, plans)) {
    const planned = plans[index] as Planned;
    if (error !== undefined) wrong.push(`${planned.flows[0]?.name}: ${error}`);
    for (const [at, observed] of seen.entries()) {
      pairs++;
      flows += observed.length;
      const difference = differs(planned, at, observed);
      if (difference !== undefined) wrong.push(difference);
    }
  }
  t.same(wrong, []);
  t.ok(pairs > 0, `${pairs} compared`);
  t.comment(tell({ test, cases: plans.length, pairs, flows, disagreements: wrong.length }));
}

t.test('the path matrix', { skip }, async (t) => {
  await compare(t, 'ipvs matrix', LAB, matrixPlans(LAB));
});

t.test('random clusters', { skip }, async (t) => {
  const clusters = Math.max(2, Math.round(PAIRS / 4 / QUESTIONS));
  await compare(t, 'ipvs random', RANDOM_OPTIONS, randomPlans(SEED, clusters, QUESTIONS));
});

t.test('schedulers, persistence and weights', { skip }, async (t) => {
  const cases = schedulerCases(LAB);
  const wrong: string[] = [];
  let flows = 0;
  let pairs = 0;
  for (const { index, error, flows: seen = [] } of await run(LAB, cases)) {
    const { name, rows } = cases[index] as (typeof cases)[number];
    if (error !== undefined) wrong.push(`${name}: ${error}`);
    for (const [at, row] of rows.entries()) {
      if (row === undefined) continue;
      pairs++;
      flows += seen[at]?.length ?? 0;
      const why = row.wrong(seen[at] ?? []);
      if (why !== undefined) wrong.push(`${row.name}: ${why}`);
    }
  }
  t.same(wrong, []);
  t.comment(tell({ test: 'ipvs schedulers', cases: cases.length, pairs, flows, disagreements: wrong.length }));
});

t.test('recorded states load whole, and tools print them as chains does', { skip }, async (t) => {
  const all = recordings(LAB);
  const wrong: string[] = [];
  let texts = 0;
  for (const { index, error, flows: printed = [] } of await run(LAB, all)) {
    const { name, expected } = all[index] as (typeof all)[number];
    if (error !== undefined) wrong.push(`${name}: ${error}`);
    for (const [at, [text = '']] of printed.entries()) {
      texts++;
      const own = at < 2 ? canonicalRules(text) : text;
      if (own === expected[at]) continue;
      if (wrong.length === 0) t.equal(own, expected[at], name);
      wrong.push(`${name}: text ${at + 1}`);
    }
  }
  t.same(wrong, []);
  t.comment(tell({ test: 'ipvs recordings', cases: all.length, texts, disagreements: wrong.length }));
});
