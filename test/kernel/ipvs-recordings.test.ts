/** Recorded states of nodes in ipvs mode, loaded into a kernel. */
import t from 'tap';
import { LAB, PATIENCE, run, skip } from './ipvs/compare.js';
import { canonicalRules, recordings } from './ipvs/recordings.js';
import { tell } from './tally.js';

t.setTimeout(PATIENCE);

t.test('recorded states load whole, and tools print them as chains does', { skip }, async (t) => {
  const all = recordings(LAB);
  const wrong: string[] = [];
  let texts = 0;
  for (const { index, error, flows: printed = [] } of await run(t, LAB, all)) {
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
