import { appendFileSync } from 'node:fs';

/** What one test compared, a line of the table that `npm run test:kernel` prints. */
export interface Tally {
  readonly test: string;
  /** Rules × versions, recordings, clusters: whatever the test goes through. */
  readonly cases: number;
  readonly pairs: number;
  readonly flows: number;
  readonly disagreements: number;
}

/** Names the file that tallies go to, one JSON line each. */
export const REPORT = 'KERNEL_REPORT';

/** One line for people; also kept for the table where there is to be one. */
export function tell(tally: Tally): string {
  const file = process.env[REPORT];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(tally)}\n`);
  const { test, cases, pairs, flows, disagreements } = tally;
  return `${test}: ${cases} cases, ${pairs} pairs, ${flows} flows, ${disagreements} disagreements`;
}
