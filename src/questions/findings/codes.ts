/** Every finding there is: answers, the contract in openapi/ and docs/findings.md have no others. */
import type { FindingCode, Severity } from '../../contract/gen/types.js';
import type { CodeEntry } from './code-entry.js';
import { CHANGE_CODES } from './codes-of-changes.js';
import { LOAD_CODES } from './codes-of-load.js';
import { MODE_CODES } from './codes-of-modes.js';
import { POLICY_CODES } from './codes-of-policies.js';
import { STATE_CODES } from './codes-of-states.js';

export type { FindingCode, Severity };

/**
 * Codes are stable: one that was given is never renamed, nor given another meaning. A finding of a change (STATE) that
 * was there before it too is reported as INFO, with `before: true` in its evidence.
 */
export const FINDING_CODES = {
  ...STATE_CODES,
  ...CHANGE_CODES,
  ...MODE_CODES,
  ...POLICY_CODES,
  ...LOAD_CODES,
} as const satisfies Readonly<Record<FindingCode, CodeEntry>>;
