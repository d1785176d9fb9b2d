/**
 * The requests as they stand in openapi/kube-whatif.yaml. Transports validate against that document before a value of
 * these types exists, so questions need not check shapes, only names and values.
 */
import type { IPFamily } from '../base/address.js';
import type { ApplyChange } from '../changes/apply.js';
import type { LoadBalancerChange } from '../changes/load-balancer.js';
import type { NodeChange } from '../changes/node.js';
import type { PatchChange } from '../changes/patch.js';
import type { PodsChange } from '../changes/pods.js';
import type { ProxyChange } from '../changes/proxy.js';
import type { RolloutChange } from '../changes/rollout.js';
import type { ScaleChange } from '../changes/scale.js';
import type { ServiceChange } from '../changes/service.js';
import type { SettingsOverride } from '../cluster/settings-override.js';
import type { Phase } from '../load-balancers/balancer.js';
import type { DestinationSpec } from '../path/destinations.js';
import type { ServiceSpec, Via } from '../path/service-target.js';
import type { SourceSpec } from '../path/sources.js';
import type { ClientsSpec } from '../probability/client-groups.js';
import type { CheckQuestion } from './check/check-answer.js';
import type { FindingsSpec } from './findings/options.js';

// The floors that resolve these own their shapes.
export type Source = SourceSpec;
export type Destination = DestinationSpec;
export type ServiceDestination = ServiceSpec;
export type Clients = ClientsSpec;
export type WeightedSource = NonNullable<ClientsSpec['weights']>[number];
export type WorkloadRef = NonNullable<SourceSpec['workload']>;
export type { Via };

export interface ChainsQuestion {
  readonly nodes?: readonly string[];
  readonly families?: readonly IPFamily[];
  /** `namespace/name` */
  readonly services?: readonly string[];
  /** Default RESTORE. */
  readonly format?: 'RESTORE' | 'SAVE' | 'LIST' | 'RULES';
  /** For SAVE: whose `iptables-save`. Default NFT. */
  readonly flavour?: 'NFT' | 'LEGACY';
  /** Only these chains (LIST, SAVE, RULES), with their table's other chains left out. */
  readonly chains?: readonly string[];
  /** The largest answer wanted, in bytes. Default 64 MiB. */
  readonly maxBytes?: number;
}

export type TransportProtocol = 'TCP' | 'UDP' | 'SCTP';

/** What a node really carries, as its own commands print it. */
export interface NodeRules {
  /** `iptables-save` (or `ip6tables-save`): walked instead of the rules that kube-proxy would write. */
  readonly iptablesSave?: string;
  /** `ipset save`: decides the matches of sets. */
  readonly ipset?: string;
}

export interface PathQuestion {
  readonly source: Source;
  /** May be left out for a health check, which goes to the backends. */
  readonly destination?: Destination;
  /** Default: the Service port's own protocol, else TCP. */
  readonly protocol?: TransportProtocol;
  /** Default: the family of the address, or IPv4 where source and destination have both. */
  readonly family?: IPFamily;
  /** Where the health checks of load balancers stand: BEFORE they have found the changes, or (default) AFTER. */
  readonly phase?: Phase;
  /** A returning client: the session-affinity entry it has, as the endpoint it talked to before (`address:port`). */
  readonly returningTo?: string;
  /** How many traces are told in full, 1 to 1000. Default 100. */
  readonly maxTraces?: number;
  /** Traces with the same endpoint, node of the endpoint, or verdict told as one. Default NONE. */
  readonly groupBy?: 'NONE' | 'ENDPOINT' | 'NODE' | 'VERDICT';
  /** A node's real `iptables-save` by node name: walked instead of the rules kube-proxy would write. */
  readonly iptablesSave?: Readonly<Record<string, string>>;
  /** What a node really carries, by node name. */
  readonly nodeRules?: Readonly<Record<string, NodeRules>>;
}

export interface ProbabilityQuestion {
  /** Absent: every port of every Service. */
  readonly services?: readonly ServiceDestination[];
  readonly clients?: Clients;
  readonly protocol?: TransportProtocol;
  readonly families?: readonly IPFamily[];
  /** As in a path question. */
  readonly phase?: Phase;
}

export type {
  ApplyChange,
  LoadBalancerChange,
  NodeChange,
  PatchChange,
  PodsChange,
  ProxyChange,
  RolloutChange,
  ScaleChange,
  ServiceChange,
};

/** Exactly one key is set. */
export interface Change {
  readonly scale?: ScaleChange;
  readonly service?: ServiceChange;
  readonly patch?: PatchChange;
  readonly apply?: ApplyChange;
  readonly rollout?: RolloutChange;
  readonly pods?: PodsChange;
  readonly node?: NodeChange;
  readonly proxy?: ProxyChange;
  readonly loadBalancer?: LoadBalancerChange;
}

/** A snapshot inside a request: exactly one key is set. */
export interface GivenSnapshot {
  readonly inline?: unknown;
  readonly parts?: readonly unknown[];
  /** One that the service holds. Whoever calls the question has looked it up. */
  readonly digest?: string;
}

/** What is asked in what-if, without its envelope: one question, and `changes` or `after`. */
export interface WhatIfQuestion {
  readonly changes?: readonly Change[];
  readonly after?: { readonly snapshot: GivenSnapshot };
  readonly chains?: ChainsQuestion;
  readonly path?: PathQuestion;
  readonly probability?: ProbabilityQuestion;
}

/** What shares may be at most, each an integer or a fraction `"p/q"`; `delivered`: at least. */
export interface SweepBound {
  readonly largestShare?: number | string;
  readonly largestNodeShare?: number | string;
  readonly largestZoneShare?: number | string;
  readonly imbalance?: number | string;
  readonly delivered?: number | string;
}

/** `from` and `to`, or `replicas`. */
export interface SweepQuestion {
  readonly scale: Omit<ScaleChange, 'replicas' | 'placement' | 'remove'>;
  readonly from?: number;
  readonly to?: number;
  /** Default 1. */
  readonly step?: number;
  readonly replicas?: readonly number[];
  /** Without `services`: those that select the workload's pods. */
  readonly probability?: ProbabilityQuestion;
  readonly bound?: SweepBound;
  /** Default SUMMARY. */
  readonly detail?: 'SUMMARY' | 'ENDPOINTS';
}

/** One question of a batch under its own name, and what holds for it beside what the batch says. */
export interface BatchEntry {
  /** Default: the batch's. */
  readonly at?: string;
  /** Laid over the batch's. */
  readonly settings?: SettingsOverride;
  /** Instead of the batch's. */
  readonly findings?: FindingsSpec;
  /** Made after the batch's; with `check` they are what is checked. */
  readonly changes?: readonly Change[];
  readonly chains?: ChainsQuestion;
  readonly path?: PathQuestion;
  readonly probability?: ProbabilityQuestion;
  readonly whatIf?: WhatIfQuestion;
  readonly sweep?: SweepQuestion;
  readonly check?: CheckQuestion;
}

export interface BatchQuestion {
  /** Each is held against the contract when its turn comes, so that a wrong one does not spoil the others. */
  readonly questions: readonly unknown[];
}

export interface QuestionRequest {
  readonly snapshot?: GivenSnapshot;
  readonly at?: string;
  readonly settings?: SettingsOverride;
  readonly changes?: readonly Change[];
  /** what-if: the other side, instead of `changes`. */
  readonly after?: { readonly snapshot: GivenSnapshot };
  readonly findings?: FindingsSpec;
  readonly chains?: ChainsQuestion;
  readonly path?: PathQuestion;
  readonly probability?: ProbabilityQuestion;
  readonly sweep?: SweepQuestion;
  readonly batch?: BatchQuestion;
  readonly check?: CheckQuestion;
}

/** The questions about one cluster. */
export type PlainKind = 'chains' | 'path' | 'probability';

/** what-if asks one of the plain ones twice, sweep asks for probabilities many times, check asks what is usual of whatever a change touches. */
export type SingleKind = PlainKind | 'what-if' | 'sweep' | 'check';

/** batch asks several of the others. */
export type QuestionKind = SingleKind | 'batch';

/** Every question, in the order in which they are told of. */
export const QUESTION_KINDS: readonly QuestionKind[] = [
  'chains',
  'path',
  'probability',
  'what-if',
  'sweep',
  'check',
  'batch',
];

/** The name under which a question stands in an entry of a batch. */
export type BatchQuestionName = Exclude<keyof BatchEntry, 'at' | 'settings' | 'findings' | 'changes'>;

/** The question that stands under each of these names. */
export const BATCH_QUESTIONS: Readonly<Record<BatchQuestionName, SingleKind>> = {
  chains: 'chains',
  path: 'path',
  probability: 'probability',
  whatIf: 'what-if',
  sweep: 'sweep',
  check: 'check',
};

/** The objects of a request that hold a snapshot: itself, and the after-sides of what-if. The request need not be valid. */
export function snapshotHolders(request: unknown): ReadonlySet<unknown> {
  const { after, batch } = Object(request) as { readonly after?: unknown; readonly batch?: unknown };
  const { questions } = Object(batch) as { readonly questions?: unknown };
  const afters = (Array.isArray(questions) ? questions : []).map(
    (entry) => (Object((Object(entry) as { readonly whatIf?: unknown }).whatIf) as { readonly after?: unknown }).after,
  );
  return new Set([request, after, ...afters]);
}
