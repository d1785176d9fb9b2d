/** What clients see of each scheduler of a real ip_vs. */
import t from 'tap';
import { LAB, PATIENCE, run, skip } from './ipvs/compare.js';
import { schedulerCases } from './ipvs/schedulers.js';
import { tell } from './tally.js';

t.setTimeout(PATIENCE);

t.test('schedulers, persistence and weights', { skip }, async (t) => {
  const cases = schedulerCases(LAB);
  const wrong: string[] = [];
  let flows = 0;
  let pairs = 0;
  for (const { index, error, flows: seen = [] } of await run(t, LAB, cases)) {
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
