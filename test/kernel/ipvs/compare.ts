/** Runs scenarios in a kernel with ip_vs and compares what connections show with what the walk tells. */
import type { Test } from 'tap';
import { ALL } from '../parameters.js';
import type { PlantOptions } from '../plant/layout.js';
import { tell } from '../tally.js';
import { type Planned, PODS } from './matrix.js';
import { setupOf } from './plan.js';
import { lacksIpvs, type Ran, runPlan } from './uml.js';

/** Seconds after which a kernel begins no further scenario: a busy machine comes less far, and says how far. */
const SECONDS = ALL ? 3500 : 150;

const lacking = lacksIpvs();
/** Why ip_vs is not tried on this machine, or false. */
export const skip = lacking === undefined ? false : `ip_vs is not tried: this machine has ${lacking}`;

/** How long a test file may take, in milliseconds. */
export const PATIENCE = (SECONDS + 80) * 1000;

export const LAB: PlantOptions = { name: 'k', nodes: 3, pods: PODS, podNetwork: 'BRIDGE' };

/** Runs scenarios, as many as there is time for, and says how many those are. */
export async function run(
  t: Test,
  options: PlantOptions,
  plans: readonly { readonly scenario: unknown }[],
): Promise<Ran[]> {
  const scenarios = plans.map(({ scenario }) => scenario);
  const ran = await runPlan({ setup: setupOf(options), scenarios }, SECONDS);
  if (ran.length < plans.length) t.comment(`${ran.length} of ${plans.length} were tried in ${SECONDS} s`);
  return ran;
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
  return `${flow.name}: seen ${[...new Set(seen)].join('; ')}; expected ${outcomes.map(({ reported }) => reported).join('; ')}`;
}

export async function compare(t: Test, test: string, options: PlantOptions, plans: readonly Planned[]): Promise<void> {
  let flows = 0;
  let pairs = 0;
  const wrong: string[] = [];
  const ran = await run(t, options, plans);
  for (const { index, error, flows: seen = [] } of ran) {
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
  t.comment(tell({ test, cases: ran.length, pairs, flows, disagreements: wrong.length }));
}
