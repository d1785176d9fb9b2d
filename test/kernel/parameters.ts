/** What the environment asks of the kernel tests. */

/** KERNEL_ALL=1: everything there is instead of a sample that is quickly done. */
export const ALL = process.env.KERNEL_ALL === '1';

/** KERNEL_SEED: which random clusters. Always the same ones unless asked for others, so that a run can be repeated. */
export const SEED = Number(process.env.KERNEL_SEED ?? 1);

const USUAL_PAIRS = 180;

/** KERNEL_PAIRS: how many sources and destinations to compare in random clusters. */
export const PAIRS = Number(process.env.KERNEL_PAIRS ?? USUAL_PAIRS);

/** Milliseconds a test may take. */
export const TIMEOUT = ALL || PAIRS > USUAL_PAIRS ? 3_600_000 : 580_000;
