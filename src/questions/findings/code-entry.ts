/** What is said of every finding of a code, and the fields of evidence that many have. */
import type { Severity } from '../../contract/gen/types.js';

export interface CodeEntry {
  readonly severity: Severity;
  /** STATE: of one state of the cluster; DIFFERENCE: of what a change does; ANSWER: of the answer itself. */
  readonly about: 'STATE' | 'DIFFERENCE' | 'ANSWER';
  /** One sentence. */
  readonly meaning: string;
  /** The fields that `evidence` may have. */
  readonly evidence: readonly string[];
}

/** Which Service port, and how it was reached by whom. */
export const PORT = ['service', 'port', 'portName', 'protocol', 'family'] as const;
export const DOOR = [...PORT, 'via', 'destination', 'clients'] as const;
/** Who meets it, and the rule that decides. */
export const WHO = ['from', 'fromCount', 'cause', 'explanation', 'rule'] as const;

export const entry = (
  about: CodeEntry['about'],
  severity: Severity,
  meaning: string,
  evidence: readonly string[],
): CodeEntry => ({ severity, about, meaning, evidence });
