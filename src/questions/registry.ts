/**
 * Every question, one entry each: what doors, reports and the command line ask of a question is here or keyed by its
 * kind.
 */
import type { Snapshot } from '../cluster/read-snapshot.js';
import type { Answer } from '../contract/answers.js';
import type { QuestionRequest } from '../contract/requests.js';
import { answerPlain } from './answer-plain.js';
import { answerApply } from './apply/answer-apply.js';
import { answerBatch } from './batch/answer-batch.js';
import { answerCheck } from './check/answer-check.js';
import type { ByDigest } from './held.js';
import { answerInspect } from './inspect/answer-inspect.js';
import type { PlainKind, QuestionKind } from './kinds.js';
import { answerPathWithRemedies } from './path/remedies.js';
import { prepare } from './prepare.js';
import { answerReach } from './reach/answer-reach.js';
import type { PlainResult, ResultOf } from './results.js';
import { answerSolve } from './solve/answer-solve.js';
import { answerSweep, sweepInParts } from './sweep/answer-sweep.js';
import { answerTimeline } from './timeline/answer-timeline.js';
import { answerWhatIf } from './what-if/answer-what-if.js';

/** Snapshots that a question may need beside the one that it is asked of. */
interface Beside {
  /** The second snapshot of what-if and check, where it came in a file of its own. */
  readonly after: Snapshot | undefined;
  /** Finds the second snapshots that the request names by digest. */
  readonly byDigest: ByDigest;
}

export interface Question<R> {
  /** The RPC's name in proto/, with which the names of its messages and schemas begin. */
  readonly rpc: string;
  /** The RPC gives its answer in pieces. */
  readonly streamed: boolean;
  /** Forms of the answer beside those that every question has. */
  readonly forms: readonly ('junit' | 'sarif')[];
  /** Throws QuestionError for everything that is wrong with the input. */
  answer(request: QuestionRequest, snapshot: Snapshot, beside: Beside): Answer<R>;
  /**
   * The same answer in parts, each as soon as it is worked out; the last one, which is returned, lacks what was given
   * before. Merged in order as protobuf merges messages they are the answer.
   */
  inParts?(request: QuestionRequest, snapshot: Snapshot): Generator<{ readonly result: Partial<R> }, Answer<R>>;
}

function plain<K extends PlainKind>(kind: K, rpc: string, streamed: boolean): Question<PlainResult[K]> {
  return {
    rpc,
    streamed,
    forms: [],
    answer: (request, snapshot) => answerPlain(kind, prepare(request, snapshot), request, request.findings),
  };
}

export const QUESTIONS: { readonly [K in QuestionKind]: Question<ResultOf[K]> } = {
  chains: plain('chains', 'Chains', true),
  path: {
    ...plain('path', 'Path', false),
    answer: (request, snapshot) => answerPathWithRemedies(prepare(request, snapshot), request, snapshot),
  },
  probability: plain('probability', 'Probability', false),
  'what-if': {
    rpc: 'WhatIf',
    streamed: true,
    forms: [],
    answer: (request, snapshot, { after, byDigest }) => answerWhatIf(request, snapshot, { file: after, byDigest }),
  },
  sweep: {
    rpc: 'Sweep',
    streamed: true,
    forms: [],
    answer: (request, snapshot) => answerSweep(prepare(request, snapshot), request, snapshot),
    inParts: (request, snapshot) => sweepInParts(prepare(request, snapshot), request, snapshot),
  },
  check: {
    rpc: 'Check',
    streamed: false,
    forms: ['junit', 'sarif'],
    answer: (request, snapshot, { after, byDigest }) => answerCheck(request, snapshot, { file: after, byDigest }),
  },
  inspect: {
    rpc: 'Inspect',
    streamed: false,
    forms: [],
    answer: (request, snapshot) => answerInspect(prepare(request, snapshot), request, snapshot),
  },
  apply: {
    rpc: 'Apply',
    streamed: false,
    forms: [],
    answer: (request, snapshot) => answerApply(request, snapshot),
  },
  reach: {
    rpc: 'Reach',
    streamed: false,
    forms: [],
    answer: (request, snapshot) => answerReach(prepare(request, snapshot), request),
  },
  solve: {
    rpc: 'Solve',
    streamed: false,
    forms: [],
    answer: (request, snapshot) => answerSolve(prepare(request, snapshot), request, snapshot),
  },
  timeline: {
    rpc: 'Timeline',
    streamed: true,
    forms: [],
    answer: (request, snapshot) => answerTimeline(prepare(request, snapshot), request, snapshot),
  },
  batch: {
    rpc: 'Batch',
    streamed: false,
    forms: [],
    answer: (request, snapshot, { byDigest }) => answerBatch(request, snapshot, byDigest),
  },
};

/** Every kind of question, in the order in which pages list them. */
export const QUESTION_KINDS = Object.keys(QUESTIONS) as readonly QuestionKind[];
