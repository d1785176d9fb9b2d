/** Random clusters through a real ip_vs. */
import t from 'tap';
import { compare, PATIENCE, skip } from './ipvs/compare.js';
import { RANDOM_OPTIONS, randomPlans } from './ipvs/random.js';
import { PAIRS, SEED } from './parameters.js';

t.setTimeout(PATIENCE);

/** Questions about each random cluster. */
const QUESTIONS = 12;

t.test('random clusters', { skip }, async (t) => {
  const clusters = Math.max(2, Math.round(PAIRS / 4 / QUESTIONS));
  await compare(t, 'ipvs random', RANDOM_OPTIONS, randomPlans(SEED, clusters, QUESTIONS));
});
