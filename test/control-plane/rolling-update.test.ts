/** The numbers of a rolling update, as the Deployment controller works them out. */
import fc from 'fast-check';
import t from 'tap';
import { fenceposts, newSetSize, oldSetSizes, type SetState } from '../../src/control-plane/rolling-update.js';
import { runs } from '../support/runs.js';

t.test('bounds: surge is rounded up, unavailable down, and something can always be replaced', async (t) => {
  const cases: readonly (readonly [number | string, number | string, number, number, number])[] = [
    ['25%', '25%', 4, 1, 1],
    ['25%', '25%', 3, 1, 0],
    ['25%', '25%', 1, 1, 0],
    ['25%', '25%', 10, 3, 2],
    ['0%', '25%', 3, 0, 1],
    [0, 0, 5, 0, 1],
    [0, '100%', 5, 0, 5],
    [3, 9, 5, 3, 5],
    ['200%', 0, 2, 4, 0],
    ['25%', '25%', 0, 0, 0],
  ];
  for (const [surge, unavailable, desired, maxSurge, maxUnavailable] of cases) {
    t.same(
      fenceposts(surge, unavailable, desired),
      { maxSurge, maxUnavailable },
      `${surge} ${unavailable} of ${desired}`,
    );
  }
});

const healthy = (size: number): SetState => ({ size, available: size });

t.test('the example of the controller’s own comments: 10 replicas, 2 unavailable, 3 surge', async (t) => {
  const posts = fenceposts(3, 2, 10);
  t.equal(newSetSize(10, posts, healthy(0), [healthy(10)]), 3);
  t.same(oldSetSizes(10, posts, { size: 3, available: 0 }, [healthy(10)]), [8]);
  t.equal(newSetSize(10, posts, { size: 3, available: 0 }, [healthy(8)]), 5);
  const broken: SetState = { size: 5, available: 0 };
  t.same(oldSetSizes(10, posts, broken, [{ size: 8, available: 7 }]), [8], 'a pod that fails is no reason to go on');
  t.same(oldSetSizes(10, posts, { size: 8, available: 7 }, [broken]), [1], 'rolled back: four that never came up go');
  t.same(
    oldSetSizes(10, posts, healthy(0), [{ size: 8, available: 7 }, broken]),
    [7, 1],
    'unhealthy ones first, oldest set first',
  );
  t.equal(newSetSize(3, posts, healthy(5), []), 3, 'too large a set is cut');
});

t.test('never more than may be there, never fewer than must be', async (t) => {
  const share = fc.oneof(
    fc.nat({ max: 12 }),
    fc.nat({ max: 120 }).map((percent) => `${percent}%`),
  );
  const set = fc
    .tuple(fc.nat({ max: 12 }), fc.nat({ max: 12 }))
    .map(([size, down]): SetState => ({ size, available: Math.max(0, size - down) }));
  fc.assert(
    fc.property(
      share,
      share,
      fc.nat({ max: 12 }),
      set,
      fc.array(set, { maxLength: 3 }),
      (surge, unavailable, desired, own, old) => {
        const posts = fenceposts(surge, unavailable, desired);
        const total = old.reduce((sum, { size }) => sum + size, own.size);
        const size = newSetSize(desired, posts, own, old);
        if (size > own.size && total - own.size + size > desired + posts.maxSurge) return false;
        const sizes = oldSetSizes(desired, posts, own, old);
        // Pods that are not available go first, and do not count.
        const left = sizes.reduce((sum, one, index) => sum + Math.min(one, old[index]?.available ?? 0), own.available);
        const before = old.reduce((sum, { available }) => sum + available, own.available);
        return (
          sizes.every((one, index) => one >= 0 && one <= (old[index]?.size ?? 0)) &&
          left >= Math.min(before, desired - posts.maxUnavailable)
        );
      },
    ),
    { numRuns: runs(2000) },
  );
  t.pass('2000 situations');
});
