/** RFC 9457 problem documents: what every answer that is not 200 looks like. */
import {
  ERROR_CODES,
  type ErrorCode,
  type Problem,
  QuestionError,
  SERVICE_CODES,
  type ServiceCode,
} from '../base/errors.js';
import { documentOf, type ProblemDocument } from '../base/problem-document.js';

/** Every code that a problem document of this service can have. */
export const PROBLEM_CODES = { ...ERROR_CODES, ...SERVICE_CODES } as const;

export type ProblemCode = ErrorCode | ServiceCode;

/** A problem as threads pass it on and as handlers throw it: plain data, and headers that go with it. */
export interface ProblemInit {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly Problem[];
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log alone: where a fault of ours is. Nothing of a snapshot is in it. */
  readonly fault?: string;
}

/** A problem that a handler throws. */
export class ProblemError extends Error {
  readonly problem: ProblemInit;

  constructor(problem: ProblemInit) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** What is reported of faults: nothing of their insides, which go to the log. */
export const INTERNAL: ProblemInit = {
  code: 'INTERNAL',
  detail: 'This is a fault of the service, not of the request. Its log tells more.',
};

/** The problem that an error stands for; undefined when the error is not about the input. */
export function problemOf(error: unknown): ProblemInit | undefined {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof QuestionError) return { code: error.code, detail: error.message, errors: error.problems };
  return undefined;
}

/** The document as it is sent. */
export function problemDocument({ code, detail, errors }: ProblemInit): ProblemDocument {
  return documentOf(code, PROBLEM_CODES[code], detail, errors);
}
