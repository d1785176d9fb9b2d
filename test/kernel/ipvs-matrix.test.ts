/** The path matrix through a real ip_vs. */
import t from 'tap';
import { compare, LAB, PATIENCE, skip } from './ipvs/compare.js';
import { matrixPlans } from './ipvs/matrix.js';

t.setTimeout(PATIENCE);

t.test('the path matrix', { skip }, async (t) => {
  await compare(t, 'ipvs matrix', LAB, matrixPlans(LAB));
});
