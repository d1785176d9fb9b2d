/**
 * The fields of a load that findings, sentences and reports look at. The contract leaves them open; docs/capacity.md
 * lists them.
 */
import type { ServiceProbability } from '../../contract/answers.js';

export interface LoadSummary {
  readonly mean: number;
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

interface LoadGroup extends Partial<LoadSummary> {
  readonly pods?: number;
  readonly share: number;
  readonly idle?: number;
  readonly over?: number;
}

/** The load of a node or a zone; percentiles where the law of its connections is known. */
export interface PlaceLoad extends Partial<Omit<LoadSummary, 'mean'>> {
  readonly requestsPerSecond?: number;
  readonly connections?: number;
}

export interface LoadFields {
  readonly law?: string;
  readonly why?: string;
  readonly explanation?: string;
  readonly assumed?: string;
  readonly connections?: number;
  readonly pods?: readonly {
    readonly pod: string;
    readonly node: string;
    readonly zone?: string;
    readonly share: number;
    readonly requestsPerSecond?: number;
    readonly connections?: number;
  }[];
  readonly requestsPerSecond?: {
    readonly offered: number;
    readonly delivered: number;
    readonly most: number;
    readonly least: number;
    readonly mean: number;
    readonly podsOverInTheMean?: number;
  };
  readonly nodes?: readonly ({ readonly node: string } & PlaceLoad)[];
  readonly zones?: readonly ({ readonly zone: string } & PlaceLoad)[];
  readonly capacity?: { readonly connections?: number; readonly requestsPerSecond?: number };
  readonly most?: LoadSummary;
  readonly least?: LoadSummary;
  readonly groups?: readonly LoadGroup[];
  readonly anyOver?: number;
  /** Where the chance itself takes too long. */
  readonly anyOverAtLeast?: number;
  readonly anyOverAtMost?: number;
  readonly expectedOver?: number;
  readonly anyIdle?: number;
  readonly expectedIdle?: number;
  readonly overCapacity?: number;
  readonly maxChance?: number;
  readonly crossZoneRequestsPerSecond?: number;
  readonly crossZoneBytesPerSecond?: number;
  readonly crossZonePricePerHour?: number;
  readonly crossNodeRequestsPerSecond?: number;
  readonly autoscalers?: readonly {
    readonly name: string;
    readonly replicas: number;
    readonly desired?: number;
    readonly desiredAtLeast?: number;
    readonly wanted?: number;
    readonly steps?: readonly { readonly afterSeconds: number; readonly replicas: number }[];
    readonly target?: number;
    readonly average?: number;
    readonly hottest?: number;
    readonly hidesHotPod?: boolean;
    readonly explanation: string;
  }[];
  readonly simulated?: {
    readonly seed: number;
    readonly draws: number;
    readonly errors: Readonly<Record<string, number>>;
  };
}

/** A load with its fields; undefined where there is none. */
export function fieldsOfLoad(load: ServiceProbability['load']): LoadFields | undefined {
  return load as LoadFields | undefined;
}

/** A number with at most `digits` significant digits: `2.5`, `5000`, `0.00012`. */
export function shortNumber(value: number, digits = 3): string {
  return Math.abs(value) >= 10 ** digits ? String(Math.round(value)) : String(Number(value.toPrecision(digits)));
}

/** A chance in percent, as `58.7 %`; one that is not 0 or 1 is never said to be. */
export function chanceText(chance: number): string {
  if (chance > 0 && chance < 0.0005) return '< 0.1 %';
  if (chance < 1 && chance > 0.9995) return '> 99.9 %';
  return `${Number((chance * 100).toFixed(1))} %`;
}
