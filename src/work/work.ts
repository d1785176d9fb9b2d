/** The work of one question, on a worker thread: bytes in, bytes out. Only snapshots that are held outlive it. */
import { constants } from 'node:buffer';
import { parentPort, type Transferable, workerData } from 'node:worker_threads';
import { QuestionError } from '../base/errors.js';
import { NothingUsed } from '../cluster/read-snapshot.js';
import type { Answer, InspectResult } from '../contract/answers.js';
import type { QuestionRequest } from '../contract/requests.js';
import { readRequest, writeMessages } from '../messages/codec.js';
import { concatenated } from '../messages/wire.js';
import { type ByDigest, digestsOf, namesIn } from '../questions/held.js';
import { measuresOf } from '../questions/inspect/measures.js';
import type { QuestionKind } from '../questions/kinds.js';
import { readJson } from '../questions/read-json.js';
import { validateRequest } from '../questions/validate-request.js';
import type { RenderOptions, ReportForm } from '../reports/render.js';
import { readReference } from '../snapshots/name.js';
import { heldOf } from './hold.js';
import type { AnswerBytes, HoldJob, Outcome, QuestionJob, ThreadData } from './job.js';
import { withManifests } from './manifests.js';
import { type Form, type Part, readForm } from './multipart.js';
import { DamagedSnapshot, ParsedSnapshots } from './parsed-snapshots.js';
import { INTERNAL, type ProblemInit, problemOf } from './problem.js';
import { type SentJob, Unpacker } from './sent-job.js';
import { LOADED } from './thread.js';
import { begin } from './tickets.js';
import { Utf8 } from './utf8.js';

const utf8 = new Utf8();

/** Where a request's snapshots are, if not inside it. */
interface SnapshotSource {
  /** The snapshot in files of its own; none: the request has it, or names it by digest. */
  readonly files: readonly Part[];
  /** The second snapshot of what-if in files of its own; none: the request has it, or there is no second one. */
  readonly after: readonly Part[];
  /** The snapshot that the request names by a digest. */
  readonly byDigest: ByDigest;
}

/** What the transport asks of the questions. */
export interface Engine {
  /** Throws QuestionError for wrong input. */
  answer(kind: QuestionKind, request: QuestionRequest, snapshot: SnapshotSource): Answer;
  /**
   * The same with parts of it given as soon as they are worked out; returns the rest. Undefined for a question that has
   * no parts.
   */
  answerInParts?(
    kind: QuestionKind,
    request: QuestionRequest,
    snapshot: SnapshotSource,
    give: (part: object) => void,
  ): Answer | undefined;
  render(kind: QuestionKind, answer: Answer, form: ReportForm, options?: RenderOptions): string;
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

/** Thrown where a request names snapshots that did not come with its job. */
class Needs extends Error {
  readonly digests: readonly string[];
  readonly names: readonly string[];

  constructor(digests: readonly string[], names: readonly string[] = []) {
    super('snapshots are needed');
    this.digests = digests;
    this.names = names;
  }
}

/**
 * Puts digests in the place of names. Returns the names that did not come with the job. Throws QuestionError
 * INVALID_REQUEST with the place of a name that cannot be one, as of a time that there is not.
 */
function replaceNames(job: QuestionJob, request: QuestionRequest): readonly string[] {
  const missing = new Set<string>();
  for (const { name, pointer, holder } of namesIn(request)) {
    const digest = job.names?.get(name);
    if (digest !== undefined) holder.snapshot = { digest };
    else {
      missing.add(name);
      try {
        readReference(name);
      } catch (error) {
        const detail = (error as QuestionError).message;
        throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: `${pointer}/name`, in: 'request', detail }]);
      }
    }
  }
  return [...missing];
}

/** The snapshots that came with a job, parsed when they are asked for. Throws Needs if the request names others too. */
function lookup(job: QuestionJob, request: QuestionRequest, parsed: ParsedSnapshots): ByDigest {
  const held = new Map((job.held ?? []).map((snapshot) => [snapshot.digest, snapshot]));
  const names = replaceNames(job, request);
  const missing = digestsOf(request).filter((digest) => !held.has(digest));
  if (missing.length > 0 || names.length > 0) throw new Needs(missing, names);
  return (digest) => {
    const sent = held.get(digest);
    const snapshot = sent === undefined ? undefined : parsed.read(sent);
    if (snapshot === undefined) throw new Needs([digest]);
    return snapshot;
  };
}

/**
 * Checks that a form has its snapshot in one place: as files, or in its part "request", which may name a snapshot that
 * is held. Throws QuestionError INVALID_REQUEST.
 */
function checkSnapshotPlace(request: unknown, files: number): void {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return;
  const inside = 'snapshot' in request;
  if (inside === (files === 0)) return;
  const detail = inside
    ? 'The form has the snapshot twice: as part "snapshot", and as `snapshot` of its part "request". Leave ' +
      'one of them out.'
    : 'The form has no snapshot: add a part "snapshot" (`-F snapshot=@cluster.json`), or name one that the ' +
      'service holds in part "request" (`"snapshot": {"digest": "sha256:…"}` or `{"name": "prod"}`).';
  throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: inside ? '/snapshot' : '', in: 'request', detail }]);
}

/**
 * The request of a form, checked against the contract with what comes in parts of its own: a second snapshot in files
 * counts as `after`. Throws QuestionError INVALID_REQUEST.
 */
function validateForm(kind: QuestionKind, value: unknown, { files, after }: Form): QuestionRequest {
  if (files.length > 0) return validateRequest(kind, value, 'apart');
  const complete =
    after.length === 0 || typeof value !== 'object' ? value : { after: { snapshot: { inline: {} } }, ...value };
  validateRequest(kind, complete, 'inside');
  return value as QuestionRequest;
}

function answer(engine: Engine, job: QuestionJob, bytes: Buffer, parsed: ParsedSnapshots): Answer {
  if (job.body.kind !== 'multipart') {
    const value = job.body.kind === 'json' ? readJson(bytes, 'The body') : readRequest(job.kind, bytes);
    const request = validateRequest(job.kind, value, 'inside');
    const source: SnapshotSource = { files: [], after: [], byDigest: lookup(job, request, parsed) };
    const { parts } = job;
    const rest =
      parts === undefined
        ? undefined
        : engine.answerInParts?.(job.kind, request, source, (part) => {
            for (const bytes of writeMessages(job.kind, part)) parts.postMessage(bytes);
          });
    return rest ?? engine.answer(job.kind, request, source);
  }
  const form = readForm(bytes, job.body.boundary, job.kind === 'what-if' || job.kind === 'check');
  const value = form.request === undefined ? {} : readJson(form.request, 'The part "request"');
  const { files, after } = form;
  checkSnapshotPlace(value, files.length);
  const request = validateForm(job.kind, withManifests(value, form.manifests), form);
  return engine.answer(job.kind, request, { files, after, byDigest: lookup(job, request, parsed) });
}

function encode(engine: Engine, job: QuestionJob, given: Answer): AnswerBytes {
  if (job.form === 'protobuf') {
    const messages = writeMessages(job.kind, given);
    return { bytes: concatenated(messages), lengths: messages.map(({ length }) => length) };
  }
  if (job.form === 'measures') {
    const measures = measuresOf(given as Answer<InspectResult>);
    return { bytes: new TextEncoder().encode(JSON.stringify(measures)) };
  }
  if (job.form === 'json') return { bytes: utf8.line(JSON.stringify(given, undefined, job.layout.indent)) };
  return { bytes: utf8.text(engine.render(job.kind, given, job.form, job.layout)) };
}

/** The digests of the snapshots that an answer is about. */
function digestsIn({ snapshot, result }: Answer): Pick<AnswerBytes, 'digest' | 'afterDigest'> {
  const { afterSnapshot } = Object(result) as { readonly afterSnapshot?: { readonly digest: string } };
  return {
    ...(snapshot === undefined ? {} : { digest: snapshot.digest }),
    ...(afterSnapshot === undefined ? {} : { afterDigest: afterSnapshot.digest }),
  };
}

/** What the engine of JavaScript throws for a string that is longer than it can hold: it has no code. */
const TOO_LONG: Error = (() => {
  try {
    'x'.repeat(constants.MAX_STRING_LENGTH + 1);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return new RangeError();
})();

/** Whether a string would have been longer than strings can be, by the engine or by Node.js. */
function isTooLong(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error) return error.code === 'ERR_STRING_TOO_LONG';
  return error.name === TOO_LONG.name && error.message === TOO_LONG.message;
}

function failure(error: unknown): { readonly problem: ProblemInit } {
  const problem = problemOf(error);
  if (problem !== undefined) return { problem };
  if (isTooLong(error)) {
    const detail =
      `The answer is longer than ${constants.MAX_STRING_LENGTH} ` + 'characters. Ask about fewer nodes or Services.';
    return { problem: { code: 'ANSWER_TOO_LARGE', detail } };
  }
  // The message of a fault may quote a snapshot: the log gets the place, nobody gets the message.
  const stack = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  const fault = `${error instanceof Error ? error.name : typeof error}\n${stack.join('\n')}`;
  return { problem: { ...INTERNAL, fault } };
}

/** The outcome of a job, and what of it is transferred to the other thread instead of being copied. */
type Transferred = readonly [outcome: Outcome, transfer: readonly Transferable[]];

function answered(engine: Engine, job: QuestionJob, parsed: ParsedSnapshots): Transferred {
  const whole = join(job.segments, job.length);
  try {
    const given = answer(engine, job, whole, parsed);
    const encoded = { ...encode(engine, job, given), ...digestsIn(given) };
    return [{ ...encoded, parsed: parsed.digests }, [encoded.bytes.buffer as ArrayBuffer]];
  } catch (error) {
    if (error instanceof Needs) {
      // Small requests are one segment, which goes back as it came; large ones name snapshots next to never.
      const back = whole.buffer as ArrayBuffer;
      const { digests: needs, names } = error;
      return [{ needs, names, segments: [back], length: whole.length, parsed: parsed.digests }, [back]];
    }
    if (error instanceof DamagedSnapshot) {
      const detail = 'What the store holds of the snapshot is damaged. Send it again: PUT /v1/snapshots/{digest}.';
      return [{ problem: { code: 'UNKNOWN_DIGEST', detail }, parsed: parsed.digests }, []];
    }
    return [{ ...failure(error), parsed: parsed.digests }, []];
  }
}

function held(job: HoldJob, parsed: ParsedSnapshots): Transferred {
  try {
    const snapshot = heldOf(job, join(job.segments, job.length));
    const read = parsed.read(snapshot, true);
    if (read === undefined) throw new Error('a snapshot that is held has its bytes');
    return [{ held: snapshot, counts: read.counts, parsed: parsed.digests }, []];
  } catch (error) {
    return [{ ...failure(error), isEmpty: error instanceof NothingUsed, parsed: parsed.digests }, []];
  }
}

/**
 * Makes the thread that runs this a worker: it does the jobs that come, one after the other. Does not throw for any of
 * them.
 */
export function worker(engine: Engine): void {
  const { parsedLimit, tickets } = workerData as ThreadData;
  const cells = new Int32Array(tickets);
  const unpacker = new Unpacker();
  const parsed = new ParsedSnapshots(parsedLimit);
  parentPort?.on('message', (jobs: readonly SentJob[]) => {
    for (const sent of jobs) {
      const [cell, number] = sent;
      if (!begin(cells, cell, number)) continue;
      const job = unpacker.job(sent);
      const [outcome, transfer] = job.task === 'hold' ? held(job, parsed) : answered(engine, job, parsed);
      parentPort?.postMessage(outcome, transfer);
    }
  });
  parentPort?.postMessage(LOADED);
}
