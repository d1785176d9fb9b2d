/** Reads a snapshot that is to be held: its digest is checked, and so is what it holds, once and for all questions. */
import { createHash } from 'node:crypto';
import { QuestionError } from '../base/errors.js';
import { filesOfHeld, type HeldSnapshot } from '../snapshots/held-snapshot.js';
import type { HoldJob } from './job.js';
import { type Part, readForm } from './multipart.js';

function filesOf(job: HoldJob, bytes: Buffer): readonly Omit<Part, 'name'>[] {
  if (job.body.kind === 'file') return [{ bytes }];
  const { files, manifests, request } = readForm(bytes, job.body.boundary);
  if (request === undefined && manifests.length === 0 && files.length > 0) return files;
  const part = request === undefined ? 'manifests' : 'request';
  const detail =
    request === undefined && manifests.length === 0
      ? 'The form has no part "snapshot": add one with `-F snapshot=@cluster.json`.'
      : `The form has a part "${part}"; a snapshot that is to be held has none.`;
  throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: '', in: 'request', detail }]);
}

/**
 * The snapshot of a job, in memory that threads share. Throws QuestionError MALFORMED or INVALID_REQUEST (the form),
 * DIGEST_MISMATCH.
 */
export function heldOf(job: HoldJob, body: Buffer): HeldSnapshot {
  const files = filesOf(job, body);
  const bytes = new SharedArrayBuffer(files.reduce((sum, file) => sum + file.bytes.length, 0));
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const file of files) {
    whole.set(file.bytes, at);
    at += file.bytes.length;
  }
  const held = {
    bytes,
    files: files.map(({ bytes: { length }, fileName }) =>
      fileName === undefined ? { length } : { name: fileName, length },
    ),
  };
  const hash = createHash('sha256');
  for (const file of filesOfHeld(held)) hash.update(file.bytes);
  const digest = `sha256:${hash.digest('hex')}`;
  if (job.digest === undefined || digest === job.digest) return { digest, ...held };
  const detail = `The digest of the ${bytes.byteLength} bytes that were sent is ${digest}, not ${job.digest}.`;
  throw new QuestionError('DIGEST_MISMATCH', detail, [{ pointer: '', in: 'request', detail }]);
}
