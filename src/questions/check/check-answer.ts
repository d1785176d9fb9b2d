/** The answer to check as it stands in openapi/kube-whatif.yaml. Plain data. */
import type { IPFamily } from '../../base/address.js';
import type { EndpointRef, Probability, ServiceRef } from '../answer.js';
import type { EstablishedShares, Factor, ShiftedShare, ShiftedVerdict } from '../what-if-answer.js';

/** From which severity on a check fails. */
export type FailOn = 'INFO' | 'WARNING' | 'ERROR' | 'NEVER';

/** A pod on every node, a process of every host, clients outside. */
export type CheckClients = 'PODS' | 'HOSTS' | 'OUTSIDE';

/** What a request may say under `check`. */
export interface CheckQuestion {
  /** Default ERROR. */
  readonly failOn?: FailOn;
  /** `namespace/name`: only these, of those that are touched. */
  readonly services?: readonly string[];
  /** Default all. */
  readonly clients?: readonly CheckClients[];
  readonly vias?: readonly ('CLUSTER_IP' | 'NODE_PORT' | 'LOAD_BALANCER' | 'EXTERNAL_IP' | 'DNS')[];
  readonly families?: readonly IPFamily[];
  /** Of more touched Services the rest is left out, and told. Default 200. */
  readonly maxServices?: number;
}

/** Something on both sides; absent where that side does not have it. */
export interface Both<T> {
  readonly before?: T;
  readonly after?: T;
}

/** One way to a Service port, with those who take it, before and after. */
export interface CheckedDoor {
  readonly service: ServiceRef;
  readonly via: string;
  readonly family: IPFamily;
  readonly clients: CheckClients;
  /** UNKNOWN: nothing is seen to change, and of some connections it is not known what becomes of them. */
  readonly change: 'ADDED' | 'REMOVED' | 'CHANGED' | 'SAME' | 'UNKNOWN';
  readonly destination: Both<string>;
  /** Shares of new connections; one for each verdict and cause. */
  readonly verdicts: readonly ShiftedVerdict[];
  /** What shifts most comes first. */
  readonly endpoints: readonly (EndpointRef & ShiftedShare)[];
  /** How many more endpoints there are. */
  readonly omittedEndpoints?: number;
  /** The part of the delivered connections in which the endpoint sees the client's own address. */
  readonly sourceAddressKept?: Both<string>;
  readonly crossZone?: Both<Probability>;
  readonly imbalance?: Both<Factor>;
  readonly established: EstablishedShares;
}

export interface CheckedService {
  /** `namespace/name` */
  readonly service: string;
  readonly change: 'ADDED' | 'REMOVED' | 'CHANGED';
  readonly doors: readonly CheckedDoor[];
  /** Doors that are not told of, and why. */
  readonly notAsked: readonly { readonly clients: CheckClients; readonly via: string; readonly why: string }[];
}

export interface CheckResult {
  readonly failOn: FailOn;
  /** Whether a finding reaches `failOn`. */
  readonly failed: boolean;
  /** Present where it is not known what some of the change does: the check has neither passed nor failed for that. */
  readonly unknown?: {
    /** Touched Services of which it is not known on some side what becomes of connections to them. */
    readonly services: readonly string[];
    /** The first reason, in a sentence. */
    readonly why: string;
  };
  /** Findings by severity, those beyond what an answer tells included. */
  readonly severities: { readonly error: number; readonly warning: number; readonly info: number };
  readonly counts: {
    /** Services that are there on either side. */
    readonly services: number;
    /** Of them: those that the change touches. */
    readonly touched: number;
    /** Of those: asked about. The others were not wanted, or are beyond `maxServices`. */
    readonly asked: number;
    /** Not asked about, since the change does not touch them. */
    readonly skipped: number;
    /** Touched, and left out beyond `maxServices`. */
    readonly omitted: number;
  };
  readonly nodes: { readonly added: readonly string[]; readonly removed: readonly string[] };
  readonly services: readonly CheckedService[];
  /** The second snapshot, where one was given instead of changes. */
  readonly afterSnapshot?: { readonly digest: string; readonly counts: Readonly<Record<string, number>> };
}
