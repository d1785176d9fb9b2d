/**
 * Endpoints that a walk leaves out: of very many that nothing but their addresses tells apart, a few are followed. What
 * the rules of the others take is counted exactly as if each had been walked.
 */

/** Endpoints in a row, by their places among those that rules choose from. */
export interface LeftOut {
  /** Place of the first, from 0. */
  readonly first: number;
  readonly count: number;
  /** Of so many endpoints. */
  readonly total: number;
}

/** What endpoints that were left out get. */
export interface LeftOutShare extends LeftOut {
  /**
   * The share of each as the kernel's thresholds make it, in units of 1/`unit`, in the order of their places; absent:
   * each gets the same.
   */
  readonly parts?: readonly bigint[];
  readonly unit: bigint;
}
