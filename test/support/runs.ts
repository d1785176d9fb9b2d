/**
 * How often a property is tried: `usual` times, or as many times more as PROPERTY_RUNS says, for example
 * `PROPERTY_RUNS=20 node dist/test/questions/laws.test.js`.
 */
export function runs(usual: number): number {
  const factor = Number(process.env.PROPERTY_RUNS ?? 1);
  if (!Number.isFinite(factor) || factor <= 0)
    throw new Error(`PROPERTY_RUNS=${process.env.PROPERTY_RUNS} is not a factor.`);
  return Math.ceil(usual * factor);
}
