/**
 * UploadSnapshot and UploadNamedSnapshot: chunks of a snapshot, gathered within the budget and read by a thread that
 * answers about it.
 */
import type { DescMethod } from '@bufbuild/protobuf';
import type { ServerReadableStream, sendUnaryData } from '@grpc/grpc-js';
import { UploadNamedSnapshotRequest, UploadNamedSnapshotResponse } from '../messages/gen/kube_whatif/v1/names.js';
import { UploadSnapshotRequest, UploadSnapshotResponse } from '../messages/gen/kube_whatif/v1/upload.js';
import type { Backend } from '../operations/backend.js';
import { isDigest, readDigest } from '../questions/held.js';
import { readName } from '../snapshots/name.js';
import type { Sending } from '../snapshots/named.js';
import { acceptedOf, isSender } from '../snapshots/named-forms.js';
import { ClientGone, Segments, tooLarge } from '../work/body.js';
import { ProblemError } from '../work/problem.js';
import type { Workers } from '../work/workers.js';
import { outOfRoom } from './bytes.js';
import { type AnyCall, type Asked, addressOf, headersOf, runCall } from './call.js';
import { namedOf } from './names.js';

type Call = ServerReadableStream<Buffer, Uint8Array>;

function wrong(pointer: string, detail: string): ProblemError {
  return new ProblemError({ code: 'INVALID_REQUEST', detail, errors: [{ pointer, in: 'request', detail }] });
}

/** What the messages of an upload say, one after the other. */
interface Reading<T> {
  /** Reads a message: its chunk. Throws ProblemError for what is wrong with it. */
  take(message: Buffer): Uint8Array;
  /** What the upload is, once all messages are read. Throws ProblemError where that was not said. */
  end(): T;
}

/** Reads the messages of UploadSnapshot: the digest that the chunks are said to have. */
function readingDigest(): Reading<string> {
  let digest: string | undefined;
  return {
    take(message) {
      const { digest: named, chunk } = decoded(UploadSnapshotRequest, 'an UploadSnapshotRequest', message);
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
      return chunk;
    },
    end() {
      if (digest === undefined) throw wrong('', 'The upload has no message: the first one names the digest.');
      return digest;
    },
  };
}

/** The first message of UploadNamedSnapshot. Throws ProblemError INVALID_REQUEST with the place. */
function sendingOf({ name, force = false, sender, expected }: UploadNamedSnapshotRequest, address: string): Sending {
  if (name === undefined) throw wrong('/name', 'The first message must have the `name`.');
  if (sender !== undefined && !isSender(sender)) throw wrong('/sender', 'The sender has 1 to 128 ASCII characters.');
  if (expected !== undefined && expected !== 'none' && !isDigest(expected)) {
    throw wrong('/expected', 'What is expected is a digest, `sha256:…`, or `none`.');
  }
  return {
    name: readName(name),
    force,
    sender: sender ?? address,
    ...(expected === undefined ? {} : { expected: expected === 'none' ? 'NONE' : [expected] }),
  };
}

/** Reads the messages of UploadNamedSnapshot. `address`: the sender's, for one that does not say what it is called. */
function readingName(address: string): Reading<Sending> {
  let sending: Sending | undefined;
  return {
    take(message) {
      const first = decoded(UploadNamedSnapshotRequest, 'an UploadNamedSnapshotRequest', message);
      if (sending === undefined) sending = sendingOf(first, address);
      else if (first.name !== undefined && first.name !== sending.name) {
        throw wrong('/name', `One upload is one snapshot: the first message had the name ${sending.name}.`);
      }
      return first.chunk;
    },
    end() {
      if (sending === undefined) throw wrong('', 'The upload has no message: the first one has the name.');
      return sending;
    },
  };
}

function decoded<T>(codec: { decode(bytes: Uint8Array): T }, what: string, message: Buffer): T {
  try {
    return codec.decode(message);
  } catch {
    throw new ProblemError({ code: 'MALFORMED', detail: `The message cannot be read as ${what}.` });
  }
}

/** Gathers the chunks of a call, and returns what the upload is. */
async function gather<T>(
  call: Call,
  workers: Workers,
  gathered: Segments,
  idle: number,
  { client }: Asked,
  reading: Reading<T>,
): Promise<T> {
  const { bodyLimit } = workers.options;
  const timer = setTimeout(() => {
    const detail = `No chunk of the snapshot arrived for ${idle / 1000} seconds.`;
    call.destroy(new ProblemError({ code: 'REQUEST_TIMEOUT', detail }));
  }, idle);
  const onGone = () => call.destroy(new ClientGone('the client went away before the end of its snapshot'));
  client.onGone(onGone);
  try {
    for await (const message of call) {
      timer.refresh();
      const chunk = reading.take(message as Buffer);
      if (gathered.length + chunk.length > bodyLimit) throw tooLarge(bodyLimit);
      workers.refuseHolding(gathered.length + chunk.length);
      if (!gathered.add(chunk)) throw outOfRoom(workers.budget);
    }
  } finally {
    clearTimeout(timer);
    client.offGone(onGone);
  }
  const what = reading.end();
  if (gathered.length === 0)
    throw new ProblemError({ code: 'MALFORMED', detail: 'The upload is empty. It must be the snapshot.' });
  return what;
}

/** A handler that gathers chunks and has `keep` do something with them; its answer is sent. */
function uploading(
  backend: Backend,
  { input: message }: DescMethod,
  keep: (call: Call, gathered: Segments, asked: Asked) => Promise<Uint8Array>,
) {
  return (call: Call, done: sendUnaryData<Uint8Array>): Promise<void> => {
    const gathered = new Segments(backend.workers.budget);
    return runCall(
      backend,
      call,
      { message },
      async (asked) => {
        const answer = await keep(call, gathered, asked);
        call.sendMetadata(headersOf(asked));
        done(null, answer);
      },
      done,
    ).finally(() => gathered.release());
  };
}

/** The handler of UploadSnapshot. `idle`: how long the client may send nothing, milliseconds. */
export function upload(backend: Backend, idle: number, method: DescMethod) {
  const { workers, metrics } = backend;
  return uploading(backend, method, async (call, gathered, asked) => {
    const digest = await gather(call, workers, gathered, idle, asked, readingDigest());
    metrics.snapshot('held', gathered.length);
    const job = { task: 'hold', digest, body: { kind: 'file' }, ...gathered.body() } as const;
    const held = await workers.hold(job, asked.owner, asked.client);
    if ('problem' in held) throw new ProblemError(held.problem);
    const { created: _, ...response } = held;
    return UploadSnapshotResponse.encode(UploadSnapshotResponse.fromPartial(response)).finish();
  });
}

/** The handler of UploadNamedSnapshot. */
export function uploadNamed(backend: Backend, idle: number, method: DescMethod) {
  const { workers, metrics } = backend;
  return uploading(backend, method, async (call, gathered, asked) => {
    namedOf(backend);
    const reading = readingName(addressOf((call as unknown as AnyCall).getPeer()));
    const sending = await gather(call, workers, gathered, idle, asked, reading);
    metrics.snapshot('held', gathered.length);
    const job = { task: 'hold', body: { kind: 'file' }, ...gathered.body() } as const;
    const kept = await workers.holdNamed(job, asked.owner, sending, asked.client);
    if ('problem' in kept) throw new ProblemError(kept.problem);
    const { fromPartial } = UploadNamedSnapshotResponse;
    return UploadNamedSnapshotResponse.encode(fromPartial(acceptedOf(kept))).finish();
  });
}
