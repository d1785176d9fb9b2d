/** What the environment asks of the kernel tests. */

/** KERNEL_ALL=1: everything there is instead of a sample that is quickly done. */
export const ALL = process.env.KERNEL_ALL === '1';

/** Milliseconds a test may take. */
export const TIMEOUT = ALL ? 3_600_000 : 230_000;
