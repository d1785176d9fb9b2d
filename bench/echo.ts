/**
 * What bench/doors.ts compares with: Fastify and grpc-js that answer every request with the same message. WHAT is
 * `messages`: requests are parsed and answers serialised, as any service of these libraries does it; or `bytes`:
 * neither is.
 */
import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import Fastify from 'fastify';
import { PathRequest, PathResponse } from '../src/messages/gen/kube_whatif/v1/path.js';
import { ProbabilityRequest, ProbabilityResponse } from '../src/messages/gen/kube_whatif/v1/probability.js';

const { KIND = 'path', WHAT = 'messages', JSON_ANSWER = '', PROTOBUF_ANSWER = '' } = process.env;
const json = Buffer.from(JSON_ANSWER, 'base64');
const protobuf = Buffer.from(PROTOBUF_ANSWER, 'base64');
const parsed = WHAT === 'messages';

const app = Fastify();
if (!parsed) {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}
const answer: unknown = JSON.parse(json.toString('utf8'));
app.post('/echo', async (_request, reply) => (parsed ? answer : reply.type('application/json').send(json)));
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
const server = new Server();
server.addService(
  {
    Echo: {
      path: '/echo.Echo/Echo',
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: parsed ? read : asIs,
      responseSerialize: parsed ? write : () => protobuf,
      responseDeserialize: asIs,
    },
  },
  { Echo: (_call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) => done(null, {}) },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`echoes at 127.0.0.1:${(app.server.address() as AddressInfo).port}, gRPC at 127.0.0.1:${port}`);
});
process.on('SIGTERM', () => process.exit(0));
