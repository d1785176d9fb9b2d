/** UploadSnapshot: chunks of a snapshot to be held, gathered within the budget and read by the thread that will answer about it. */
import type { DescMethod } from '@bufbuild/protobuf';
import type { ServerReadableStream, sendUnaryData } from '@grpc/grpc-js';
import { UploadSnapshotRequest, UploadSnapshotResponse } from '../messages/gen/kube_whatif/v1/upload.js';
import type { Backend } from '../operations/backend.js';
import { readDigest } from '../questions/held.js';
import { ClientGone, Segments, tooLarge } from '../work/body.js';
import { ProblemError } from '../work/problem.js';
import type { Workers } from '../work/workers.js';
import { outOfRoom } from './bytes.js';
import { type Asked, headersOf, runCall } from './call.js';

type Call = ServerReadableStream<Buffer, Uint8Array>;

function wrong(pointer: string, detail: string): ProblemError {
  return new ProblemError({ code: 'INVALID_REQUEST', detail, errors: [{ pointer, in: 'request', detail }] });
}

function read(message: Buffer): UploadSnapshotRequest {
  try {
    return UploadSnapshotRequest.decode(message);
  } catch {
    throw new ProblemError({ code: 'MALFORMED', detail: 'The message cannot be read as an UploadSnapshotRequest.' });
  }
}

/** The chunks of a call, and the digest that they are said to have. */
async function gather(
  call: Call,
  workers: Workers,
  gathered: Segments,
  idle: number,
  { gone }: Asked,
): Promise<string> {
  const { bodyLimit } = workers.options;
  let digest: string | undefined;
  const timer = setTimeout(() => {
    const detail = `No chunk of the snapshot arrived for ${idle / 1000} seconds.`;
    call.destroy(new ProblemError({ code: 'REQUEST_TIMEOUT', detail }));
  }, idle);
  const onGone = () => call.destroy(new ClientGone('the client went away before the end of its snapshot'));
  gone.addEventListener('abort', onGone);
  try {
    for await (const message of call) {
      timer.refresh();
      const { digest: named, chunk } = read(message as Buffer);
      if (digest === undefined) {
        if (named === undefined)
          throw wrong('/digest', 'The first message must name the `digest` of all bytes, `sha256:…`.');
        digest = readDigest(named);
      } else if (named !== undefined && named !== digest) {
        throw wrong(
          '/digest',
          `One upload is one snapshot: the first message named ${digest}, this one ${named.slice(0, 80)}.`,
        );
      }
      if (gathered.length + chunk.length > bodyLimit) throw tooLarge(bodyLimit);
      workers.refuseHolding(gathered.length + chunk.length);
      if (!gathered.add(chunk)) throw outOfRoom(workers.budget);
    }
  } finally {
    clearTimeout(timer);
    gone.removeEventListener('abort', onGone);
  }
  if (digest === undefined) throw wrong('', 'The upload has no message: the first one names the digest.');
  if (gathered.length === 0)
    throw new ProblemError({ code: 'MALFORMED', detail: 'The upload is empty. It must be the snapshot.' });
  return digest;
}

/** The handler. `idle`: how long the client may send nothing, milliseconds. */
export function upload(backend: Backend, idle: number, { input: message }: DescMethod) {
  const { workers, metrics } = backend;
  return (call: Call, done: sendUnaryData<Uint8Array>): Promise<void> => {
    const gathered = new Segments(workers.budget);
    return runCall(
      backend,
      call,
      { message },
      async (asked) => {
        const digest = await gather(call, workers, gathered, idle, asked);
        metrics.snapshot('held', gathered.length);
        const job = { task: 'hold', digest, body: { kind: 'file' }, ...gathered.body() } as const;
        const held = await workers.hold(job, asked.owner, asked.gone);
        if ('problem' in held) throw new ProblemError(held.problem);
        const { created: _, ...answer } = held;
        call.sendMetadata(headersOf(asked));
        done(null, UploadSnapshotResponse.encode(UploadSnapshotResponse.fromPartial(answer)).finish());
      },
      done,
    ).finally(() => gathered.release());
  };
}
