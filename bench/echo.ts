/**
 * What bench/doors.ts compares with: Fastify and grpc-js that answer every request with the same message. Requests are
 * read and answers written in THREADS worker threads, with one message to a thread and one back; with 0 threads on the
 * event loop, as every service that uses these libraries does.
 */
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import Fastify from 'fastify';
import { PathRequest, PathResponse } from '../src/messages/gen/kube_whatif/v1/path.js';
import { ProbabilityRequest, ProbabilityResponse } from '../src/messages/gen/kube_whatif/v1/probability.js';

const { KIND = 'path', THREADS = '0', JSON_ANSWER = '', PROTOBUF_ANSWER = '' } = process.env;
const json = Buffer.from(JSON_ANSWER, 'base64');
const protobuf = Buffer.from(PROTOBUF_ANSWER, 'base64');

const waiting = new Map<number, (bytes: Uint8Array) => void>();
const threads = Array.from({ length: Number(THREADS) }, () => {
  const thread = new Worker(new URL('./echo-worker.js', import.meta.url));
  thread.on('message', ({ id, bytes }: { id: number; bytes: Uint8Array }) => {
    waiting.get(id)?.(bytes);
    waiting.delete(id);
  });
  return thread;
});
let asked = 0;

/** Has the next thread answer. */
function inThread(door: 'json' | 'protobuf', request: Buffer): Promise<Buffer> {
  const id = asked++;
  const bytes = new ArrayBuffer(request.length);
  new Uint8Array(bytes).set(request);
  threads[id % threads.length]?.postMessage({ id, door, bytes }, [bytes]);
  return new Promise((resolve) => {
    waiting.set(id, (answer) => resolve(Buffer.from(answer.buffer, answer.byteOffset, answer.length)));
  });
}

const app = Fastify();
if (threads.length > 0) {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/echo', async ({ body }, reply) =>
    reply.type('application/json').send(await inThread('json', body as Buffer)),
  );
} else {
  const answer: unknown = JSON.parse(json.toString('utf8'));
  app.post('/echo', async () => answer);
}
await app.listen({ host: '127.0.0.1', port: 0 });

/** Reads requests and writes the answer, as a service of this RPC does. */
function echoes<A>(
  request: { decode(bytes: Uint8Array): unknown },
  response: { decode(bytes: Uint8Array): A; encode(message: A): { finish(): Uint8Array } },
) {
  const message = response.decode(protobuf);
  return {
    read: (bytes: Buffer): unknown => request.decode(bytes),
    write: () => Buffer.from(response.encode(message).finish()),
  };
}
const { read, write } =
  KIND === 'path' ? echoes(PathRequest, PathResponse) : echoes(ProbabilityRequest, ProbabilityResponse);
const asIs = (bytes: Buffer) => bytes;
const threaded = threads.length > 0;
const server = new Server();
server.addService(
  {
    Echo: {
      path: '/echo.Echo/Echo',
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: threaded ? asIs : read,
      responseSerialize: threaded ? asIs : write,
      responseDeserialize: asIs,
    },
  },
  {
    Echo: ({ request }: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) => {
      if (threaded) void inThread('protobuf', request as Buffer).then((bytes) => done(null, bytes));
      else done(null, {});
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`echoes at 127.0.0.1:${(app.server.address() as AddressInfo).port}, gRPC at 127.0.0.1:${port}`);
});
process.on('SIGTERM', () => process.exit(0));
