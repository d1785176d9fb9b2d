/** Names of the contract's types, as far as the page uses them. All come from openapi/kube-whatif.yaml. */
import type * as Contract from './gen/types.js';

export type {
  Balancer,
  ChainsResult,
  ChainsWhatIf,
  Change,
  Clients,
  Family,
  Header,
  HeldSnapshot,
  Hop,
  InspectedService,
  ListedObjects,
  NamedSnapshots,
  Probability,
  ProbabilityQuestion,
  ProbabilityWhatIf,
  Problem,
  Rule,
  ServiceDestination,
  ServiceDifference,
  ServiceProbability,
  Settings,
  Severity,
  Source,
  Step,
  SweepPoint,
  SweepResult,
  Trace,
  Verdict,
  Via,
  WorkloadRef,
} from './gen/types.js';

export type Finding = Contract.Findings[number];
export type Assumption = Contract.Assumptions[number];
export type AppliedChange = Contract.AppliedChanges[number];
export type ListedService = Contract.ListedObjects['services'][number];
export type ListedNode = Contract.ListedObjects['nodes'][number];
export type Remedy = NonNullable<Contract.PathResult['remedies']>[number];

/** The questions that the page asks, by the last part of their path. */
interface Results {
  readonly chains: Contract.ChainsResult;
  readonly path: Contract.PathResult;
  readonly probability: Contract.ProbabilityResult;
  readonly 'what-if': Contract.WhatIfResult;
  readonly sweep: Contract.SweepResult;
  readonly inspect: Contract.InspectResult;
  readonly batch: Contract.BatchResult;
}

export type Kind = keyof Results;

/** What surrounds every result. */
export type Answer<K extends Kind = Kind> = Omit<Contract.PathAnswer, 'result'> & { readonly result: Results[K] };

/** What a request says beside its snapshot. */
export type Body = Readonly<Record<string, unknown>>;
