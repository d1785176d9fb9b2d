/** IPVS on a real kernel: the state of nodes is loaded whole, and connections are compared with the walk. */
import t from 'tap';
import { matrixPlans, type Planned, PODS } from './ipvs/matrix.js';
import { setupOf } from './ipvs/plan.js';
import { lacksIpvs, runPlan } from './ipvs/uml.js';
import type { PlantOptions } from './plant/layout.js';
import { tell } from './tally.js';

t.setTimeout(900_000);

const lacking = lacksIpvs();
const skip = lacking === undefined ? false : `ip_vs is not tried: this machine has ${lacking}`;
if (lacking !== undefined) t.comment(skip);

/** What the connections of a flow showed that is not expected, or did not show that is. */
export function differs(planned: Planned, index: number, seen: readonly string[]): string | undefined {
  const flow = planned.flows[index];
  if (flow === undefined) return undefined;
  const { outcomes } = flow.expected;
  const allowed = new Set<string>(outcomes.flatMap(({ observable }) => observable));
  const surprises = seen.filter((one) => !allowed.has(one));
  const missing = flow.kept ? [] : outcomes.filter(({ observable }) => !observable.some((one) => seen.includes(one)));
  if (surprises.length + missing.length === 0) return undefined;
  return `${flow.name}: seen ${[...new Set(seen)].join('; ')}; expected ${outcomes.map(({ told }) => told).join('; ')}`;
}

t.test('the path matrix', { skip }, async (t) => {
  const options: PlantOptions = { name: 'k', nodes: 3, pods: PODS, podNetwork: 'BRIDGE' };
  const plans = matrixPlans(options);
  const ran = await runPlan(
    { setup: setupOf(options), scenarios: plans.map(({ scenario }) => scenario) } as never,
    800,
  );
  let flows = 0;
  let pairs = 0;
  const wrong: string[] = [];
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
  t.comment(tell({ test: 'ipvs matrix', cases: plans.length, pairs, flows, disagreements: wrong.length }));
});
