/** RFC 9457 problem documents: what every answer that is not 200 looks like. */
import { ERROR_CODES, type ErrorCode, type Problem, QuestionError } from '../base/errors.js';

/** What goes wrong between client and question, beside the {@link ERROR_CODES} that any transport knows. */
const TRANSPORT_CODES = {
  /** No such path. */
  UNKNOWN_ROUTE: { status: 404, title: 'There is nothing at this path' },
  /** The path exists, the method does not; `Allow` names those that do. */
  METHOD_NOT_ALLOWED: { status: 405, title: 'The path does not have this method' },
  /** The body stopped arriving. */
  REQUEST_TIMEOUT: { status: 408, title: 'The body stopped arriving' },
  /** Waiting and computing together took longer than the limit. */
  TIME_LIMIT: { status: 503, title: 'The question takes longer than the limit' },
  /** The worker ran out of memory over this question. */
  MEMORY_LIMIT: { status: 422, title: 'The question needs more memory than the limit' },
  /** Workers are not warm yet, or the service is shutting down. */
  NOT_READY: { status: 503, title: 'The service is not ready' },
  /** What arrived is not HTTP as Node.js reads it. */
  BAD_HTTP: { status: 400, title: 'The message is not valid HTTP' },
  /** A fault of the service. */
  INTERNAL: { status: 500, title: 'The service failed' },
} as const;

/** Every code that a problem document of this service can have. */
export const PROBLEM_CODES = { ...ERROR_CODES, ...TRANSPORT_CODES } as const;

export type ProblemCode = ErrorCode | keyof typeof TRANSPORT_CODES;

/** A problem as threads pass it on and as handlers throw it: plain data, and headers that go with it. */
export interface ProblemInit {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly Problem[];
  readonly headers?: Readonly<Record<string, string>>;
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

/** What is told of faults: nothing of their insides, which go to the log. */
export const INTERNAL: ProblemInit = {
  code: 'INTERNAL',
  detail: 'This is a fault of the service, not of the request. Its log tells more.',
};

/** The problem that an error stands for; undefined when the error is none of the input's. */
export function problemOf(error: unknown): ProblemInit | undefined {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof QuestionError) return { code: error.code, detail: error.message, errors: error.problems };
  return undefined;
}

/** The document as it is sent. Fields in the order in which they are read. */
export function problemDocument(problem: ProblemInit): Record<string, unknown> & { readonly status: number } {
  const { status, title } = PROBLEM_CODES[problem.code];
  return {
    type: `urn:kube-whatif:problem:${problem.code}`,
    title,
    status,
    detail: problem.detail,
    code: problem.code,
    errors: (problem.errors ?? []).map(({ pointer, in: document = 'request', detail }) => ({
      pointer,
      in: document,
      detail,
    })),
  };
}
