/**
 * When a snapshot holds so much less than its predecessor that it is more likely a fault of whoever made it than the
 * cluster's own state.
 */

/** Kinds of which a cluster in use always has some. */
const VITAL = ['Node', 'Pod', 'Service', 'EndpointSlice'] as const;

/** Below this many objects, a fall of the sum says nothing. */
const ENOUGH = 20;

/** A fall below one part in so many is suspicious. */
const PART = 10;

type Counts = Readonly<Record<string, number>>;

const sumOf = (counts: Counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);

/**
 * Why a snapshot with these counts of objects is taken for a mistake; undefined where it is not. The rule: no Node,
 * Pod, Service or EndpointSlice is left where there were some, or fewer than a tenth of the objects are left where
 * there were at least 20.
 */
export function whyShrunk(before: Counts, after: Counts): string | undefined {
  const gone = VITAL.filter((kind) => (before[kind] ?? 0) > 0 && (after[kind] ?? 0) === 0);
  if (gone.length > 0) {
    const counted = gone.map((kind) => `${before[kind]} ${kind}${before[kind] === 1 ? '' : 's'}`);
    return `the version before it has ${counted.join(', ')}, this one none`;
  }
  const [had, has] = [sumOf(before), sumOf(after)];
  if (had < ENOUGH || has * PART >= had) return undefined;
  return `the version before it has ${had} objects, this one ${has}: fewer than a tenth`;
}
