/** What the process reports to its caller. */
export const EXIT = {
  /** The question was answered. */
  FINE: 0,
  /** A check found something that reaches --fail-on. */
  FAILED: 1,
  /** The arguments, the request or the snapshot are wrong. */
  BAD_INPUT: 2,
  /** A fault of kube-whatif itself, or its server cannot be asked. */
  FAULT: 3,
  /** The answer is on standard output, and some of it is UNKNOWN. */
  UNKNOWN: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
