/** The result that the answer to each kind of question has. */
import type {
  ApplyResult,
  BatchResult,
  ChainsResult,
  CheckResult,
  InspectResult,
  PathResult,
  ProbabilityResult,
  ReachResult,
  SolveResult,
  SweepResult,
  TimelineResult,
  WhatIfResult,
} from '../contract/answers.js';

export interface PlainResult {
  readonly chains: ChainsResult;
  readonly path: PathResult;
  readonly probability: ProbabilityResult;
}

export interface ResultOf extends PlainResult {
  readonly 'what-if': WhatIfResult;
  readonly sweep: SweepResult;
  readonly batch: BatchResult;
  readonly check: CheckResult;
  readonly inspect: InspectResult;
  readonly apply: ApplyResult;
  readonly reach: ReachResult;
  readonly solve: SolveResult;
  readonly timeline: TimelineResult;
}
