/** What a request says of findings: from where on they count, and which are not wanted. */

import { pointer, QuestionError } from '../../base/errors.js';
import { type Fraction, fraction, parseFraction, ZERO } from '../../base/fraction.js';
import type { Finding } from '../../contract/answers.js';
import type { FindingsWanted } from '../../contract/gen/types.js';

export type FindingsSpec = FindingsWanted;

/**
 * What is more than these is reported. Shares are of all new connections, but for `lostConnections`: of the
 * established.
 */
export interface Thresholds {
  /** Largest share over even share. */
  readonly imbalance: Fraction;
  /** Of the connections that are delivered between places whose zones are known. */
  readonly crossZoneShare: Fraction;
  readonly droppedShare: Fraction;
  readonly rejectedShare: Fraction;
  readonly unreachableShare: Fraction;
  readonly unknownShare: Fraction;
  readonly lostConnections: Fraction;
}

const DEFAULT_THRESHOLDS: Thresholds = {
  imbalance: fraction(2),
  crossZoneShare: fraction(1, 2),
  droppedShare: ZERO,
  rejectedShare: ZERO,
  unreachableShare: ZERO,
  unknownShare: ZERO,
  lostConnections: ZERO,
};

/** A threshold of a request as a fraction. Throws QuestionError INVALID_REQUEST. */
function thresholdOf(name: string, value: number | string): Fraction {
  const whole = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? fraction(value) : undefined;
  const parsed = typeof value === 'string' ? parseFraction(value) : whole;
  if (parsed !== undefined) return parsed;
  throw new QuestionError('INVALID_REQUEST', `${value} is no threshold.`, [
    {
      pointer: pointer('findings', 'thresholds', name),
      detail: `${name} is an integer from 0, or a fraction "p/q" with q above 0, such as "3/2".`,
    },
  ]);
}

/** The thresholds of a request, the defaults where it says nothing. Throws QuestionError INVALID_REQUEST. */
export function thresholdsOf(spec: FindingsSpec | undefined): Thresholds {
  const given = Object.entries(spec?.thresholds ?? {}).map(([name, value]) => [name, thresholdOf(name, value)]);
  return { ...DEFAULT_THRESHOLDS, ...Object.fromEntries(given) };
}

/** Whether the request does not want to hear of this finding. */
function isIgnored({ code, evidence }: Finding, spec: FindingsSpec): boolean {
  return (spec.ignore ?? []).some((entry) => {
    if (typeof entry === 'string') return entry === code;
    if (entry.code !== code) return false;
    const { services } = evidence;
    const about = Array.isArray(services) ? services : [evidence.service];
    return entry.service === undefined || about.includes(entry.service);
  });
}

/** The findings that a request wants to hear of, with the severities that it gives them. */
export function wantedFindings(findings: readonly Finding[], spec: FindingsSpec | undefined): readonly Finding[] {
  if (spec === undefined) return findings;
  return findings
    .filter((finding) => !isIgnored(finding, spec))
    .map((finding) => {
      const severity = spec.severities?.[finding.code];
      // What a change is not to blame for stays INFO.
      return severity === undefined || finding.evidence.before === true ? finding : { ...finding, severity };
    });
}
