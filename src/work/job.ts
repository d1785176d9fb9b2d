/** What the event loop hands to a worker thread, and what comes back: plain data and bytes that change hands. */

import type { MessagePort } from 'node:worker_threads';
import type { QuestionKind } from '../questions/kinds.js';
import type { RenderOptions, ReportForm } from '../reports/render.js';
import type { HeldSnapshot } from '../snapshots/held-snapshot.js';
import type { ProblemInit } from './problem.js';

/** What the answer is written as. */
export type AnswerForm = 'json' | ReportForm;

/** How the bytes are to be read. */
export type BodyForm =
  | { readonly kind: 'json' | 'protobuf' }
  | { readonly kind: 'multipart'; readonly boundary: string };

/** Bytes of a request, see body.ts; transferred. */
interface Bytes {
  readonly segments: readonly ArrayBuffer[];
  readonly length: number;
}

/** A held snapshot; without its bytes where the thread is taken to have parsed them. */
export type SentSnapshot = Pick<HeldSnapshot, 'digest' | 'files'> & Partial<Pick<HeldSnapshot, 'bytes'>>;

/** A question to be answered. */
export interface QuestionJob extends Bytes {
  readonly task: 'answer';
  readonly kind: QuestionKind;
  readonly body: BodyForm;
  /** `measures`: an answer of inspect in numbers alone, as JSON. */
  readonly form: AnswerForm | 'protobuf' | 'measures';
  /** Protobuf: where messages go that are ready before the answer is whole (transferred). */
  readonly parts?: MessagePort;
  /** How text is laid out, and JSON indented. */
  readonly layout: RenderOptions;
  /** The snapshots that the request names by digest, as far as they have been looked for. */
  readonly held?: readonly SentSnapshot[];
  /** The digests that the names in the request mean, as far as they have been looked for. */
  readonly names?: ReadonlyMap<string, string>;
}

/** A snapshot to be held: the bytes of one file, or a form whose parts `snapshot` are its files. */
export interface HoldJob extends Bytes {
  readonly task: 'hold';
  /** What the bytes' digest is said to be; absent where nothing is said. */
  readonly digest?: string;
  readonly body: { readonly kind: 'file' } | { readonly kind: 'multipart'; readonly boundary: string };
}

export type Job = QuestionJob | HoldJob;

/** The snapshots, by digest, that a thread has parsed. */
interface Parsed {
  /** `SAME`: the same ones as it said last. Absent where the thread has ended. */
  readonly parsed?: readonly string[] | 'SAME';
}

/** The answer's bytes, ready to be sent (transferred). */
export interface AnswerBytes {
  readonly bytes: Uint8Array;
  /** Protobuf: where one message of a stream ends and the next begins. */
  readonly lengths?: readonly number[];
  /** The snapshot that the answer is about; rows and text do not say. */
  readonly digest?: string;
  /** The second snapshot, that it was compared with. */
  readonly afterDigest?: string;
}

export type QuestionOutcome = Parsed &
  (
    | AnswerBytes
    | { readonly problem: ProblemInit }
    /** The request names snapshots that did not come with the job, by digest or by name; its bytes go back. */
    | ({ readonly needs: readonly string[]; readonly names: readonly string[] } & Bytes)
  );

export type HoldOutcome = Parsed &
  (
    | { readonly held: HeldSnapshot; readonly counts: Readonly<Record<string, number>> }
    /** `isEmpty`: the snapshot has nothing that is used. */
    | { readonly problem: ProblemInit; readonly isEmpty?: boolean }
  );

export type Outcome = QuestionOutcome | HoldOutcome;

/** What comes back of a job of this type. */
export type OutcomeOf<J extends Job> = J extends QuestionJob ? QuestionOutcome : HoldOutcome;

/** What the threads of a lane get when they start. */
export interface WorkerData {
  /** The most bytes of snapshots that it keeps parsed; the latest is kept whatever its size. */
  readonly parsedLimit: number;
}

/** What one thread gets when it starts. */
export interface ThreadData extends WorkerData {
  /** Which jobs in its mailbox have been taken back (tickets.ts). */
  readonly tickets: SharedArrayBuffer;
}
