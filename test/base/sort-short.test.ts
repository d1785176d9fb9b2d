import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { sortShort } from '../../src/base/sort-short.js';
import { runs } from '../support/runs.js';

t.test('lists of any length are sorted as Array.sort does', async () => {
  const one = fc.record({ key: fc.nat(8), id: fc.nat() });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 60 }), (list) => {
      const compare = (a: { key: number }, b: { key: number }) => a.key - b.key;
      const own = [...list];
      assert.equal(sortShort(own, compare), own);
      assert.deepEqual(own, [...list].sort(compare));
    }),
    { numRuns: runs(200) },
  );
});
