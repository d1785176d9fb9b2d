/** A worker thread of bench/echo.ts: reads a request, writes the answer, hands its bytes over. */
import { parentPort } from 'node:worker_threads';
import { PathRequest, PathResponse } from '../src/messages/gen/kube_whatif/v1/path.js';
import { ProbabilityRequest, ProbabilityResponse } from '../src/messages/gen/kube_whatif/v1/probability.js';

const { KIND = 'path', JSON_ANSWER = '', PROTOBUF_ANSWER = '' } = process.env;

/** Reads requests and writes the answer, as a service of this RPC does. */
function echoes<A>(
  request: { decode(bytes: Uint8Array): unknown },
  response: { decode(bytes: Uint8Array): A; encode(message: A): { finish(): Uint8Array } },
): (bytes: Uint8Array) => Uint8Array {
  const message = response.decode(Buffer.from(PROTOBUF_ANSWER, 'base64'));
  return (bytes) => {
    request.decode(bytes);
    return response.encode(message).finish();
  };
}

const answer: unknown = JSON.parse(Buffer.from(JSON_ANSWER, 'base64').toString('utf8'));
const echo = {
  json: (bytes: Uint8Array): Uint8Array => {
    JSON.parse(new TextDecoder().decode(bytes));
    return new TextEncoder().encode(JSON.stringify(answer));
  },
  protobuf: KIND === 'path' ? echoes(PathRequest, PathResponse) : echoes(ProbabilityRequest, ProbabilityResponse),
};

parentPort?.on('message', ({ id, door, bytes }: { id: number; door: keyof typeof echo; bytes: ArrayBuffer }) => {
  const written = echo[door](new Uint8Array(bytes));
  parentPort?.postMessage({ id, bytes: written }, [written.buffer as ArrayBuffer]);
});
