/**
 * The RPCs that answer questions: bytes to a worker, and what comes back to the client, in one message or in pieces.
 */
import type { DescMethod } from '@bufbuild/protobuf';
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import type { Backend } from '../operations/backend.js';
import type { QuestionKind } from '../questions/kinds.js';
import { ClientGone } from '../work/body.js';
import type { Client } from '../work/client.js';
import { ProblemError } from '../work/problem.js';
import { withBytes } from './bytes.js';
import { type Asked, headersOf, runCall } from './call.js';

/** The answer's pieces, in order, without those that `give` got before. Throws ProblemError; ClientGone. */
async function ask(
  { workers, metrics }: Backend,
  kind: QuestionKind,
  request: Buffer,
  { owner, client }: Asked,
  give?: (piece: Uint8Array) => void,
): Promise<readonly Uint8Array[]> {
  metrics.snapshot('question', request.length);
  workers.refuseEarly(request.length);
  const answered = await withBytes(request, workers.budget, (body) =>
    workers.answer(
      { task: 'answer', kind, form: 'protobuf', layout: {}, body: { kind: 'protobuf' }, ...body },
      owner,
      client,
      give,
    ),
  );
  if ('problem' in answered) throw new ProblemError(answered.problem);
  const { bytes, lengths = [bytes.length] } = answered;
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
}

/** Resolves when the library takes messages again. Rejects with ClientGone. */
function room(call: ServerWritableStream<Buffer, Uint8Array>, client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    const onGone = () => {
      call.off('drain', onDrain);
      reject(new ClientGone('the client went away before the end of the answer'));
    };
    const onDrain = () => {
      client.offGone(onGone);
      resolve();
    };
    call.once('drain', onDrain);
    client.onGone(onGone);
  });
}

/** The handler of an RPC that answers in one message. */
export function unary(backend: Backend, kind: QuestionKind, { input: message }: DescMethod) {
  return (call: ServerUnaryCall<Buffer, Uint8Array>, done: sendUnaryData<Uint8Array>): Promise<void> =>
    runCall(
      backend,
      call,
      { kind, message },
      async (asked) => {
        const [answer] = await ask(backend, kind, call.request, asked);
        call.sendMetadata(headersOf(asked));
        done(null, answer);
      },
      done,
    );
}

/**
 * The handler of an RPC that answers in pieces: as soon as they are worked out, and when the client has room for them.
 */
export function streamed(backend: Backend, kind: QuestionKind, { input: message }: DescMethod) {
  return (call: ServerWritableStream<Buffer, Uint8Array>): Promise<void> =>
    runCall(
      backend,
      call,
      { kind, message },
      async (asked) => {
        let begun = false;
        const begin = () => {
          if (!begun) call.sendMetadata(headersOf(asked));
          begun = true;
        };
        const rest = await ask(backend, kind, call.request, asked, (piece) => {
          begin();
          // The library keeps what the client has no room for yet.
          if (!asked.client.gone) call.write(piece);
        });
        begin();
        for (const piece of rest) {
          if (asked.client.gone) throw new ClientGone('the client went away before the end of the answer');
          if (!call.write(piece)) await room(call, asked.client);
        }
        call.end();
      },
      (refusal) => call.emit('error', refusal),
    );
}
