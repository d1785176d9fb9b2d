/** The answers as they stand in openapi/kube-whatif.yaml. Plain data: what JSON.stringify gives is the answer. */
import type { IPFamily } from '../base/address.js';
import type { Choice, Consequence } from '../changes/change.js';
import type { Assumption } from '../cluster/settings.js';
import type { Phase } from '../load-balancers/balancer.js';
import type { Hook } from '../netfilter/ruleset.js';
import type { StepAction } from '../netfilter/walk/types.js';
import type { HostStep } from '../path/trail.js';
import type { Cause, PathVerdict } from '../path/verdict.js';
import type { BatchResult } from './batch-answer.js';
import type { CheckResult } from './check/check-answer.js';
import type { FindingCode, Severity } from './findings/codes.js';
import type { SweepResult } from './sweep/sweep-answer.js';
import type { WhatIfResult } from './what-if-answer.js';

export type { Cause, PathVerdict } from '../path/verdict.js';

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly message: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface AppliedChange {
  readonly change: unknown;
  readonly choices: readonly Choice[];
  readonly consequences: readonly Consequence[];
}

export type AnyResult =
  | ChainsResult
  | PathResult
  | ProbabilityResult
  | WhatIfResult
  | SweepResult
  | BatchResult
  | CheckResult;

export interface Answer<R = AnyResult> {
  readonly engine: { readonly name: 'kube-whatif'; readonly version: string };
  readonly snapshot: { readonly digest: string; readonly counts: Readonly<Record<string, number>> };
  readonly settings: Readonly<Record<string, unknown>>;
  readonly changes: readonly AppliedChange[];
  readonly assumptions: readonly Assumption[];
  readonly findings: readonly Finding[];
  readonly result: R;
}

/** A chance: exact, as the nearest double, and what the kernel's programmed thresholds make of it. */
export interface Probability {
  /** `"1/3"` */
  readonly fraction: string;
  readonly value: number;
  /** Decimal with 12 places, e.g. `"0.333333333489"`. */
  readonly programmed: string;
}

// ── chains ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ChainsResult {
  readonly format: 'RESTORE' | 'SAVE' | 'LIST' | 'RULES';
  /** One per node and family; where several nodes are asked about, first what they share, then what each has alone. */
  readonly parts: readonly ChainsPart[];
}

export interface ChainsPart {
  readonly family: IPFamily;
  readonly mode: 'iptables' | 'nftables' | 'ipvs';
  /** Kubernetes version whose rules these are, `1.30.5`. */
  readonly version: string;
  readonly nodes: readonly string[];
  /** True: these chains are the same on all of `nodes`, and each node's own chains stand in parts of their own. */
  readonly shared: boolean;
  /** RESTORE, SAVE, LIST. */
  readonly text?: string;
  /** RULES. */
  readonly tables?: readonly TableData[];
}

export interface TableData {
  readonly name: string;
  readonly chains: readonly ChainData[];
}

export interface ChainData {
  readonly name: string;
  readonly hook?: Hook;
  readonly priority?: number;
  readonly policy?: string;
  readonly rules: readonly RuleData[];
}

export interface RuleData {
  /** As `iptables-save` shows it. */
  readonly text: string;
  /** As kube-proxy writes it. */
  readonly written: string;
  readonly position?: number;
  readonly statements: readonly unknown[];
  readonly service?: ServiceRef;
  readonly endpoint?: string;
  readonly chance?: StepChance;
}

export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
  readonly portName?: string;
  readonly port?: number;
  readonly protocol?: string;
}

/** A random rule's chance: nominal 1/m, and the kernel's threshold q of 2^31. */
export interface StepChance {
  readonly nominal: string;
  readonly threshold: string;
  readonly value: number;
  readonly roundRobin?: boolean;
}

// ── path ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface PathHeader {
  readonly source: string;
  readonly sourcePort?: number;
  readonly destination: string;
  readonly destinationPort?: number;
  /** Hexadecimal, `0x4000`. */
  readonly mark: string;
}

export interface PathStep {
  /** A rule's step has hook, table and chain; ROUTE, CONNTRACK, LISTEN … are the host's own. */
  readonly action: StepAction | HostStep['action'];
  readonly hook?: Hook;
  readonly table?: string;
  readonly chain?: string;
  /** Verbatim, as `iptables-save` shows it on the node. */
  readonly rule?: string;
  readonly position?: number;
  /** What happened, in a few words. */
  readonly detail: string;
  readonly chance?: StepChance;
  readonly passedOver?: number;
  readonly service?: ServiceRef;
  readonly endpoint?: string;
  readonly before?: PathHeader;
  readonly after?: PathHeader;
}

export interface PathHop {
  readonly kind: 'CLIENT' | 'LOAD_BALANCER' | 'NODE' | 'POD' | 'OUTSIDE';
  readonly name: string;
  readonly steps: readonly PathStep[];
}

export interface EndpointRef {
  readonly address: string;
  readonly port: number;
  /** `namespace/name` */
  readonly pod?: string;
  readonly node?: string;
  readonly zone?: string;
}

export interface PathTrace {
  readonly probability: Probability;
  readonly verdict: PathVerdict;
  readonly cause?: Cause;
  /** Why, in one sentence; quotes the deciding rule's chain. */
  readonly explanation: string;
  /** What the client's connect() sees: a connection, refused, a timeout … */
  readonly clientSees: string;
  /** Who sent it: the pod, node or outside address of this trace. */
  readonly client: string;
  readonly endpoint?: EndpointRef;
  /** The source address that the endpoint sees. */
  readonly seenClient?: string;
  /** Whether that is the client's own address. Absent when nothing is delivered. */
  readonly clientAddressKept?: boolean;
  /** For a probe of a load balancer's health check: what it finds. */
  readonly healthCheck?: {
    readonly healthy: boolean;
    /** HTTP status. */
    readonly status?: number;
    readonly detail: string;
    /** X-Load-Balancing-Endpoint-Weight. */
    readonly weight?: number;
  };
  readonly hops: readonly PathHop[];
  /** The reply's way back, when the packet reached an endpoint. */
  readonly reply?: { readonly returns: boolean; readonly explanation: string; readonly hops: readonly PathHop[] };
  /** groupBy: how many traces this one stands for. */
  readonly count?: number;
}

export interface VerdictShare {
  readonly verdict: PathVerdict;
  readonly cause?: Cause;
  readonly share: Probability;
}

export interface PathResult {
  /** What was asked, resolved: addresses, ports, family. */
  readonly question: {
    readonly source: string;
    readonly destination: string;
    readonly protocol: TransportName;
    readonly family: IPFamily;
    readonly addresses: readonly string[];
    readonly port?: number;
  };
  /** Most likely first; DELIVERED before others at equal chance, then by endpoint. */
  readonly traces: readonly PathTrace[];
  readonly verdicts: readonly VerdictShare[];
  /** Traces beyond maxTraces. */
  readonly omitted?: { readonly traces: number; readonly share: Probability };
}

export type TransportName = 'TCP' | 'UDP' | 'SCTP';

// ── probability ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface EndpointShare extends EndpointRef {
  readonly share: Probability;
}

export interface ServiceProbability {
  readonly service: ServiceRef;
  readonly via: string;
  readonly family: IPFamily;
  /** Where the connections go: cluster IP and port, node port … */
  readonly destination: string;
  /** The clients as understood, in words. */
  readonly clients: string;
  /** For clients that come through a load balancer: what it is and does. */
  readonly loadBalancer?: BalancerAnswer;
  readonly endpoints: readonly EndpointShare[];
  /** By node of the endpoint; an endpoint whose node is not known counts under the empty name. */
  readonly nodes: readonly { readonly node: string; readonly share: Probability }[];
  readonly zones: readonly { readonly zone: string; readonly share: Probability }[];
  /** Shares that sum to exactly 1. */
  readonly delivered: Probability;
  readonly dropped: Probability;
  readonly rejected: Probability;
  readonly unreachable: Probability;
  readonly unknown: Probability;
  readonly verdicts: readonly VerdictShare[];
  /** For outside clients: delivered connections whose endpoint is on another node than the one they came in at. */
  readonly secondHop?: Probability;
  /** Delivered connections that change the zone, where all zones are known: from the client's (outside: the entered) node to the endpoint's. */
  readonly crossZone?: Probability;
  /** Largest endpoint share over the even share; absent when nothing is delivered. */
  readonly imbalance?: { readonly fraction: string; readonly value: number };
  readonly affinity?: {
    readonly type: 'ClientIP';
    readonly timeoutSeconds: number;
    /** A client without an entry: the shares above. A client with one: where it goes, per endpoint it has been to. */
    readonly returning: readonly { readonly endpoint: string; readonly share: Probability; readonly goesTo: string }[];
    readonly explanation: string;
  };
}

/** One backend of a load balancer. */
export interface BackendAnswer {
  readonly node: string;
  readonly pod?: string;
  readonly zone?: string;
  readonly healthy: boolean;
  /** What its health check finds, in words. */
  readonly health: string;
  /** Its share of new connections. */
  readonly share: Probability;
}

export interface HealthCheckAnswer {
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'NONE';
  readonly port: number;
  readonly path?: string;
  readonly intervalSeconds: number;
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
  readonly sources: readonly string[];
}

/** A load balancer as answers tell of it. */
export interface BalancerAnswer {
  readonly implementation: string;
  readonly title: string;
  /** What the backends are to the provider. */
  readonly group: string;
  readonly phase: Phase;
  /** Seconds until health checks have found a change. */
  readonly secondsToConverge: number;
  readonly healthCheck: HealthCheckAnswer;
  readonly affinity: string;
  readonly reply: 'DIRECT' | 'THROUGH';
  readonly drain: { readonly seconds?: number; readonly detail: string };
  readonly firewall: readonly string[];
  readonly sourceRanges?: readonly string[];
  readonly backends: readonly BackendAnswer[];
  /** Backends beyond those told. */
  readonly omittedBackends?: number;
  readonly excluded: readonly { readonly name: string; readonly why: string }[];
  /** The share of new connections that nobody answers. */
  readonly lost: Probability;
}

export interface ProbabilityResult {
  readonly services: readonly ServiceProbability[];
}
