/** The work of one question, on a worker thread: bytes in, bytes out. Nothing of it outlives the question. */
import { isUtf8 } from 'node:buffer';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { QuestionError } from '../base/errors.js';
import { findJsonError, lineAndColumn } from '../cluster/json-error.js';
import type { Answer } from '../questions/answer.js';
import type { QuestionKind, QuestionRequest } from '../questions/request.js';
import { validateRequest } from '../questions/validate-request.js';
import type { Job, Outcome } from './job.js';
import { type Part, readForm } from './multipart.js';
import { INTERNAL, problemOf } from './problem.js';

/** Where a request's snapshot is: inside it, or in files of their own, as may be the second one of what-if. */
export type SnapshotSource =
  | { readonly request: QuestionRequest }
  | { readonly files: readonly Part[]; readonly after: readonly Part[] };

/** What the transport asks of the questions. */
export interface Engine {
  /** Throws QuestionError for wrong input. */
  answer(kind: QuestionKind, request: QuestionRequest, snapshot: SnapshotSource): Answer;
  render(kind: QuestionKind, answer: Answer, form: 'text' | 'markdown'): string;
}

function malformed(detail: string): QuestionError {
  return new QuestionError('MALFORMED', detail, [{ pointer: '', in: 'request', detail }]);
}

/** JSON as UTF-8, with or without a byte order mark. Throws QuestionError MALFORMED that says where and what. */
export function readJson(bytes: Buffer, what: string): unknown {
  if (!isUtf8(bytes)) throw malformed(`${what} is not UTF-8 text.`);
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const text = (marked ? bytes.subarray(3) : bytes).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (text.trim() === '') throw malformed(`${what} is empty.`);
    const fault = findJsonError(text);
    const offset = fault?.offset ?? 0;
    const { line, column } = lineAndColumn(text, offset);
    throw malformed(
      `${what} is not valid JSON. Line ${line}, column ${column} (offset ${offset}): ` +
        `expected ${fault?.expected ?? 'JSON'}, found ${fault?.found ?? 'something else'}.`,
    );
  }
}

function join(segments: readonly ArrayBuffer[], length: number): Buffer {
  const [only] = segments;
  if (segments.length === 1 && only !== undefined) return Buffer.from(only, 0, length);
  const whole = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const segment of segments) {
    const size = Math.min(segment.byteLength, length - at);
    whole.set(new Uint8Array(segment, 0, size), at);
    at += size;
  }
  return whole;
}

function answer(engine: Engine, job: Job): Answer {
  const bytes = join(job.segments, job.length);
  if (job.body.kind === 'json') {
    const request = validateRequest(job.kind, readJson(bytes, 'The body'), 'inside');
    return engine.answer(job.kind, request, { request });
  }
  const form = readForm(bytes, job.body.boundary, job.kind === 'what-if');
  const value = form.request === undefined ? {} : readJson(form.request, 'The part "request"');
  const request = validateRequest(job.kind, value, 'apart');
  return engine.answer(job.kind, request, { files: form.files, after: form.after });
}

function encode(engine: Engine, job: Job, given: Answer): Uint8Array {
  const text =
    job.form === 'json'
      ? `${JSON.stringify(given, undefined, job.pretty ? 2 : undefined)}\n`
      : engine.render(job.kind, given, job.form);
  return new TextEncoder().encode(text);
}

/** V8's own words where a string would be longer than it can hold. */
const STRING_TOO_LONG = /^(Invalid string length|Cannot create a string longer)/;

function failure(error: unknown): Outcome {
  const problem = problemOf(error);
  if (problem !== undefined) return { problem };
  if (error instanceof Error && STRING_TOO_LONG.test(error.message)) {
    const detail = 'The answer is longer than 536870888 characters. Ask about fewer nodes or Services.';
    return { problem: { code: 'ANSWER_TOO_LARGE', detail } };
  }
  // The message of a fault may quote a snapshot: the log gets the place, nobody gets the message.
  const stack = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  console.error(`fault: ${error instanceof Error ? error.name : typeof error}\n${stack.join('\n')}`);
  return { problem: INTERNAL };
}

/** A worker's function: never throws, and hands its bytes over instead of copying them. No job: it is only loaded. */
export function worker(engine: Engine): (job: Job | undefined) => Outcome {
  return (job) => {
    if (job === undefined) return { bytes: new Uint8Array(0) };
    try {
      const bytes = encode(engine, job, answer(engine, job));
      return transferring({ bytes }, bytes.buffer as ArrayBuffer);
    } catch (error) {
      return failure(error);
    }
  };
}

/** Marks a result so that piscina transfers the buffer with it; the parent gets the value alone. */
function transferring(value: Outcome, buffer: ArrayBuffer): Outcome {
  return move({ [transferableSymbol]: buffer, [valueSymbol]: value } as unknown as ArrayBuffer) as unknown as Outcome;
}
