import { QuestionError } from '../base/errors.js';
import type { ProblemDocument } from '../base/problem-document.js';
import { printable } from '../reports/safe-text.js';
import { UsageError } from '../words/usage-error.js';
import { INTERNAL, problemDocument } from '../work/problem.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { ServerError } from './server-error.js';

/** How an error leaves the program. */
export interface Failure {
  readonly exit: ExitCode;
  /** Lines for a person. */
  readonly text: string;
  /** The same as an RFC 9457 problem document, as the REST service gives it. */
  readonly document: ProblemDocument;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${printable(text)}\n`).join('');
}

function questionFailure({ code, message, problems }: QuestionError): Failure {
  const places = problems.map(({ pointer, in: document = 'request', detail }) => {
    const whole = `the ${document} as a whole`;
    const place = `  at ${pointer === '' ? whole : `${pointer}${document === 'snapshot' ? ' of the snapshot' : ''}`}`;
    // Often the one problem is the message itself.
    return message.endsWith(detail) ? place : `${place}: ${detail}`;
  });
  return {
    exit: EXIT.BAD_INPUT,
    text: lines([message, ...places]),
    document: problemDocument({ code, detail: message, errors: problems }),
  };
}

/** What to tell of anything that was thrown: wrong input, wrong arguments, or a fault of ours with its stack. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ServerError) {
    const { message, code = 'NOT_READY' } = error;
    return { exit: EXIT.FAULT, text: lines([message]), document: problemDocument({ code, detail: message }) };
  }
  if (error instanceof QuestionError) return questionFailure(error);
  if (error instanceof UsageError) {
    const { message } = error;
    return {
      exit: EXIT.BAD_INPUT,
      // Some messages show commands on lines of their own.
      text: lines(message.split('\n')),
      document: problemDocument({ code: 'INVALID_REQUEST', detail: message }),
    };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    exit: EXIT.FAULT,
    text: lines(["kube-whatif failed; this is its own fault, not the input's.", ...stack.split('\n')]),
    document: problemDocument(INTERNAL),
  };
}
