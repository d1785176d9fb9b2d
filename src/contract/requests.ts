/**
 * Requests as openapi/kube-whatif.yaml has them. Transports validate against that document before a value of these
 * types exists, so that questions check names and values, never shapes.
 */
import type * as Contract from './gen/types.js';

export type {
  BatchEntry,
  ChainsQuestion,
  Change,
  CheckQuestion,
  Clients,
  DeleteChange,
  Destination,
  InspectQuestion,
  LoadBalancerChange,
  NewNode,
  NodeChange,
  PatchChange,
  PathQuestion,
  Phase,
  PodsChange,
  ProbabilityQuestion,
  ProxyChange,
  ReachQuestion,
  RolloutChange,
  ScaleChange,
  ServiceChange,
  ServiceDestination,
  SolveQuestion,
  Source,
  SweepBound,
  SweepQuestion,
  TimelineQuestion,
  Via,
  WorkloadRef,
} from './gen/types.js';

export type TransportProtocol = Contract.Protocol;
export type WeightedSource = NonNullable<Contract.Clients['weights']>[number];

/** A snapshot inside a request: exactly one key is set. A snapshot by digest has been looked up by whoever asks. */
export type GivenSnapshot = Contract.Snapshot;

/** What any question may have in its envelope, and the questions themselves, each under its own name. */
export type QuestionRequest = Partial<
  Contract.ChainsRequest &
    Contract.PathRequest &
    Contract.ProbabilityRequest &
    Contract.WhatIfRequest &
    Contract.SweepRequest &
    Contract.CheckRequest &
    Contract.InspectRequest &
    Contract.ReachRequest &
    Contract.SolveRequest &
    Contract.TimelineRequest &
    Contract.ApplyRequest &
    Contract.BatchRequest
>;
