import { appendFileSync } from 'node:fs';

/** What one test compared, a line of the table that `npm run test:kernel` prints. */
export interface Tally {
  readonly test: string;
  /** Rows of the matrix by version, recordings, clusters, distributions: whatever the test goes through. */
  readonly cases: number;
  /** Sources and destinations whose outcomes were compared. */
  readonly pairs?: number;
  /** Whole outputs of iptables-save and iptables -L that were compared. */
  readonly texts?: number;
  /** Questions asked once more with what iptables-save shows. */
  readonly saves?: number;
  /** Flows that the kernel traced. */
  readonly traces?: number;
  /** Rules that the kernel reported, each compared with a step of the walk. */
  readonly rules?: number;
  /** Connections that were opened. */
  readonly flows?: number;
  readonly disagreements: number;
}

/** Names the file that tallies go to, one JSON line each. */
export const REPORT = 'KERNEL_REPORT';

/** One line for people; also kept for the table where there is to be one. */
export function tell(tally: Tally): string {
  const file = process.env[REPORT];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(tally)}\n`);
  const { test, ...counts } = tally;
  const reported = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  return `${test}: ${reported.join(', ')}`;
}
