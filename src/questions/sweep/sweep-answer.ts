/** The answer to a sweep as it stands in openapi/kube-whatif.yaml. Plain data. */
import type { EndpointShare, Finding, Probability } from '../answer.js';
import type { ServiceHead } from '../probability.js';
import type { Change } from '../request.js';

/** A share without what the kernel makes of it: exact, and as the nearest double. */
export interface ExactShare {
  readonly fraction: string;
  readonly value: number;
}

/** The largest or smallest share that an endpoint has. */
export interface EndpointExtreme extends ExactShare {
  /** How many endpoints have it. */
  readonly endpoints: number;
  /** The first of them, `address:port`. */
  readonly endpoint: string;
}

/** How new connections to one Service port are spread at one point. */
export interface SweptShares {
  /** Endpoints that get connections. */
  readonly endpoints: number;
  /** Absent when nothing is delivered, as are `smallest`, `even` and `imbalance`. */
  readonly largest?: EndpointExtreme;
  readonly smallest?: EndpointExtreme;
  /** What each endpoint would get if all got the same. */
  readonly even?: ExactShare;
  /** `largest` over `even`. */
  readonly imbalance?: ExactShare;
  /** Nodes that have such endpoints, and the one that gets the most. */
  readonly nodes: { readonly count: number; readonly largest?: ExactShare & { readonly node: string } };
  /** By zone of the endpoint, as `probability` tells them. */
  readonly zones: readonly { readonly zone: string; readonly share: ExactShare }[];
  /** Shares that sum to exactly 1. */
  readonly delivered: ExactShare;
  readonly dropped: ExactShare;
  readonly rejected: ExactShare;
  readonly unreachable: ExactShare;
  readonly unknown: ExactShare;
  /** detail ENDPOINTS: every endpoint and node, as `probability` tells them. */
  readonly detail?: {
    readonly endpoints: readonly EndpointShare[];
    readonly nodes: readonly { readonly node: string; readonly share: Probability }[];
  };
}

export interface SweepPoint {
  readonly replicas: number;
  /** In the order of the result's `services`. */
  readonly services: readonly SweptShares[];
  /** Pods that do not run, where there are any: no node takes them, or has an address for them. */
  readonly unplaced?: {
    readonly pods: number;
    readonly reasons: readonly { readonly pods: number; readonly why: string }[];
  };
  readonly findings: readonly Finding[];
  /** Whether the bound holds; absent without one. */
  readonly satisfied?: boolean;
}

export interface SweepResult {
  readonly workload: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    /** As the snapshot has it. */
    readonly replicas: number;
  };
  readonly services: readonly ServiceHead[];
  /** In ascending order of replicas. */
  readonly points: readonly SweepPoint[];
  readonly bound?: SweepBoundResult;
  /** Those of the question, made at every point after the scaling. Absent without any. */
  readonly changesAfter?: readonly Change[];
}

export interface SweepBoundResult {
  /** The smallest number of replicas, among those asked, that satisfies the bound. Absent: none does. */
  readonly smallest?: number;
  /** The smallest from which on every number that was asked satisfies it. */
  readonly lasting?: number;
  readonly explanation: string;
}
