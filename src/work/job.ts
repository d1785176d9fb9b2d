/** What the event loop hands to a worker thread, and what comes back: plain data and bytes that change hands. */
import type { QuestionKind } from '../questions/request.js';
import type { ProblemInit } from './problem.js';

/** What the answer is written as. */
export type AnswerForm = 'json' | 'text' | 'markdown';

/** How the bytes are to be read. */
export type BodyForm = { readonly kind: 'json' } | { readonly kind: 'multipart'; readonly boundary: string };

export interface Job {
  readonly kind: QuestionKind;
  /** The body's bytes, see body.ts; transferred. */
  readonly segments: readonly ArrayBuffer[];
  readonly length: number;
  readonly body: BodyForm;
  readonly form: AnswerForm;
  readonly pretty: boolean;
}

/** The answer's bytes, ready to be sent (transferred), or the problem. */
export type Outcome = { readonly bytes: Uint8Array } | { readonly problem: ProblemInit };
