/**
 * The engine itself, in a worker of the browser: the very code that a server runs, from bytes to the text of an answer.
 * Snapshots are held in this worker's memory alone.
 */
import { QuestionError } from '../../src/base/errors.js';
import { documentOf, documentOfError } from '../../src/base/problem-document.js';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import { ask } from '../../src/questions/ask.js';
import { readGiven } from '../../src/questions/held.js';
import { readJson } from '../../src/questions/read-json.js';
import { validateRequest } from '../../src/questions/validate-request.js';
import { render } from '../../src/reports/render.js';
import type { HeldSnapshot } from '../api/types.js';
import type { Call, Reply } from './messages.js';

const held = new Map<string, Snapshot>();

/** As many snapshots as are kept; the one opened first makes room. */
const MOST_HELD = 3;

function byDigest(digest: string): Snapshot {
  const snapshot = held.get(digest);
  if (snapshot !== undefined) return snapshot;
  throw new QuestionError('UNKNOWN_DIGEST', `${digest} is not held in this page.`);
}

type AskCall = Extract<Call, { does: 'ask' }>;
type HoldCall = Extract<Call, { does: 'hold' }>;

/** The text of an answer, as a server sends it. Throws QuestionError. */
function answer({ kind, body, form }: AskCall): string {
  const value = readJson(new TextEncoder().encode(JSON.stringify(body)), 'The body');
  const request = validateRequest(kind, value, 'inside');
  const given = ask(kind, request, readGiven(request.snapshot, byDigest), undefined, byDigest);
  return form === 'json' ? `${JSON.stringify(given)}\n` : render(kind, given, form);
}

/** Reads files as a snapshot and keeps it. Throws QuestionError. */
function hold({ digest, files }: HoldCall): HeldSnapshot {
  const snapshot = readSnapshot({ files });
  if (snapshot.digest !== digest) {
    throw new QuestionError('DIGEST_MISMATCH', `The digest of the files is ${snapshot.digest}, not ${digest}.`);
  }
  for (const oldest of held.keys()) {
    if (held.size < MOST_HELD) break;
    held.delete(oldest);
  }
  held.set(digest, snapshot);
  return {
    digest,
    bytes: files.reduce((sum, { bytes }) => sum + bytes.length, 0),
    counts: snapshot.counts,
    shared: false,
  };
}

const FAULT = {
  status: 500,
  title: 'A fault of the engine',
  detail: 'This is a fault of the engine in this page, not of the request.',
} as const;

function reply(call: Call): Reply {
  try {
    return call.does === 'ask' ? { id: call.id, text: answer(call) } : { id: call.id, held: hold(call) };
  } catch (error) {
    if (error instanceof QuestionError) return { id: call.id, problem: documentOfError(error) };
    console.error(error);
    return { id: call.id, problem: documentOf('INTERNAL', FAULT, FAULT.detail) };
  }
}

addEventListener('message', ({ data }: MessageEvent<Call>) => postMessage(reply(data)));
