/** Verdicts as signs and words. */
import type { Verdict } from '../api/types.js';

/** Signs beside colours: what a verdict looks like without them. */
export const VERDICT_SIGNS: Readonly<Record<Verdict, string>> = {
  DELIVERED: '✓',
  REJECTED: '✕',
  DROPPED: '▼',
  UNREACHABLE: '∅',
  UNKNOWN: '?',
};

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  DELIVERED: 'Delivered',
  REJECTED: 'Refused',
  DROPPED: 'Dropped',
  UNREACHABLE: 'Unreachable',
  UNKNOWN: 'Not known',
};
