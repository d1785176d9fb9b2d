/**
 * Answers as openapi/kube-whatif.yaml has them: plain data, of which JSON.stringify makes the answer. Shapes come from
 * the document; this file gives names to parts that have none there.
 */
import type * as Contract from './gen/types.js';

export type {
  AppliedObject,
  ApplyResult,
  BatchResult,
  Cause,
  ChainDifference,
  ChainsDifference,
  ChainsResult,
  ChainsWhatIf,
  CheckClients,
  CheckedDoor,
  CheckedService,
  CheckResult,
  EndpointExtreme,
  EndpointRef,
  Established,
  ExactShare,
  InspectedService,
  InspectResult,
  ListedObjects,
  PathDifference,
  PathResult,
  PathWhatIf,
  Probability,
  ProbabilityDifference,
  ProbabilityResult,
  ProbabilityWhatIf,
  ReachPair,
  ReachResult,
  ReachShares,
  RuleText,
  ServiceDifference,
  ServiceProbability,
  ServiceRef,
  Shift,
  SolvedPlacement,
  SolvedPolicy,
  SolvedReplicas,
  SolvedRollout,
  SolvedState,
  SolvedValue,
  SolveResult,
  SweepPoint,
  SweepResult,
  SweptShares,
  TimelinePhase,
  TimelineResult,
  TraceDifference,
  WhatIfResult,
} from './gen/types.js';
export type Finding = Contract.Findings[number];
export type AppliedChange = Contract.AppliedChanges[number];

export type AnyResult =
  | Contract.ChainsResult
  | Contract.PathResult
  | Contract.ProbabilityResult
  | Contract.WhatIfResult
  | Contract.SweepResult
  | Contract.BatchResult
  | Contract.InspectResult
  | Contract.ReachResult
  | Contract.SolveResult
  | Contract.TimelineResult
  | Contract.CheckResult
  | Contract.ApplyResult;

/** The envelope that all answers share, around a result. */
export type Answer<R = AnyResult> = Omit<Contract.PathAnswer, 'result'> & { readonly result: R };

// ── chains ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The rules of nodes in one family. */
export type ChainsPart = Contract.ChainsResult['parts'][number];
export type TableData = Contract.Table;
export type ChainData = Contract.Table['chains'][number];
export type VirtualServerData = Contract.VirtualServer;
export type RuleData = Contract.Rule;
export type StepChance = Contract.Chance;
export type ShareBasis = Contract.ShareBasis;

// ── path ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type PathVerdict = Contract.Verdict;
export type PathHeader = Contract.Header;
export type PathStep = Contract.Step;
export type PathPolicy = Contract.PolicyDecision;
export type PathHop = Contract.Hop;
export type PathTrace = Contract.Trace;
export type VerdictShare = Contract.VerdictShares[number];
// ── probability ─────────────────────────────────────────────────────────────────────────────────────────────────────

export type EndpointShare = Contract.ServiceProbability['endpoints'][number];
/** A load balancer as answers describe it. */
export type BalancerAnswer = Contract.Balancer;
export type BackendAnswer = Contract.Balancer['backends'][number];
export type HealthCheckAnswer = Contract.HealthCheck;

// ── what-if and check ───────────────────────────────────────────────────────────────────────────────────────────────

/** A share on both sides of a change. */
export type ShiftedShare = Pick<Contract.ShiftedVerdicts[number], 'before' | 'after' | 'shift'>;
export type ShiftedVerdict = Contract.ShiftedVerdicts[number];
export type EstablishedShares = Contract.ServiceDifference['established'];
export type FailOn = Contract.CheckResult['failOn'];

/** Something on both sides of a change, or on one alone. */
export interface Both<T> {
  readonly before?: T;
  readonly after?: T;
}

// ── sweep and batch ─────────────────────────────────────────────────────────────────────────────────────────────────

export type SweepBoundResult = NonNullable<Contract.SweepResult['bound']>;
export type BatchAnswer = Contract.BatchResult['answers'][number];
