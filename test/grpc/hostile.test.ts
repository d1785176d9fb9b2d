/** Clients that send what no client should, stop in the middle, or never come to the point. The service goes on. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { SERVICE } from '../../src/grpc/service-name.js';
import { RPCS, writeRequest } from '../../src/messages/codec.js';
import { UploadSnapshotRequest } from '../../src/messages/gen/kube_whatif/v1/upload.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { FAKE_WORKER } from '../rest/support.js';
import { detailsOf, type Failure, failureOf } from './client.js';
import { type Doors, startDoors } from './support.js';

const KINDS = Object.keys(RPCS) as QuestionKind[];
const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } };
const REFUSALS = ['INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION', 'UNIMPLEMENTED', 'RESOURCE_EXHAUSTED'].map(
  (name) => status[name as keyof typeof status],
);

const faults: unknown[] = [];
process.on('unhandledRejection', (reason) => faults.push(reason));

async function lives(t: Test, { client, backend }: Doors, what: string): Promise<void> {
  const answer = await client.bytes('Chains', writeRequest('chains', { snapshot: { inline: node } }));
  t.equal(answer.length, 1, `after ${what} it answers`);
  for (const end = Date.now() + 120_000; backend.workers.budget.used > 0 && Date.now() < end; ) await pause(20);
  t.equal(backend.workers.budget.used, 0, `after ${what} no memory is kept`);
  t.same(faults, [], `after ${what} no rejection was left alone`);
}

/** A frame of gRPC: one message, perhaps called compressed. */
function frame(message: Uint8Array, { compressed = 0, length = message.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

const HEADERS = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };

/**
 * Sends bytes as the body of a call over plain HTTP/2, and tells its grpc-status; undefined when the stream just ended.
 */
async function rawCall(
  session: ClientHttp2Session,
  method: string,
  body: Buffer,
  more: object = {},
  end = true,
): Promise<string | undefined> {
  const stream = session.request({ ...HEADERS, ':path': `/${SERVICE}/${method}`, ...more });
  let code: string | undefined;
  stream.on('response', (headers) => {
    code = headers['grpc-status'] as string | undefined;
  });
  stream.on('trailers', (headers) => {
    code = headers['grpc-status'] as string | undefined;
  });
  stream.on('error', () => {});
  stream.resume();
  stream.write(body);
  if (end) stream.end();
  const closed = new Promise((resolve) => stream.once('close', resolve));
  await Promise.race([closed, pause(5000)]);
  stream.close();
  return code;
}

t.test('hostile clients', async (t) => {
  const doors = await startDoors({ bodyTimeout: 700, bodyLimit: 2 * 1024 * 1024, snapshotMemory: 4 * 1024 * 1024 });
  t.teardown(() => doors.close());
  const { client, backend } = doors;

  await t.test('random bytes and bent requests are refused, to every RPC', async (t) => {
    const statuses = new Set<number>();
    const valid = writeRequest('path', {
      snapshot: { inline: { kind: 'List', items: [node] } },
      path: { source: { node: 'node-1' }, destination: { address: '10.0.0.1', port: 80 } },
      changes: [{ service: { namespace: 'a', name: 'b', ports: [{ port: 80, targetPort: 'http' }] } }],
    });
    const bent = fc.tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length)).map(([at, value, end]) => {
      const copy = Uint8Array.from(valid);
      copy[at] = value;
      return copy.subarray(0, Math.max(end, 1));
    });
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), bent);
    const samples = fc.sample(fc.tuple(fc.constantFrom(...KINDS), bytes), { numRuns: 300, seed: 7 });
    await Promise.all(
      samples.map(async ([kind, message]) => {
        const outcome = await client.bytes(RPCS[kind].name, message).catch((error: Failure) => error.code);
        if (typeof outcome === 'number') statuses.add(outcome);
      }),
    );
    t.ok(statuses.size > 0 && [...statuses].every((code) => REFUSALS.includes(code)), [...statuses].join());
    await lives(t, doors, 'random bytes');
  });

  await t.test('a request of impossible depth or width', async (t) => {
    const LENGTH = WireType.LengthDelimited;
    let deep: Uint8Array = new Uint8Array();
    for (let depth = 0; depth < 2000; depth++) deep = new BinaryWriter().tag(5, LENGTH).bytes(deep).finish();
    const groups = new Uint8Array(100_000).fill((7 << 3) | WireType.StartGroup);
    const names = new BinaryWriter();
    for (let index = 0; index < 600_000; index++) names.tag(1, LENGTH).string('');
    const wide = new BinaryWriter().tag(5, LENGTH).bytes(names.finish()).finish();
    const inline = (text: string) =>
      new BinaryWriter()
        .tag(1, LENGTH)
        .bytes(new BinaryWriter().tag(1, LENGTH).bytes(Buffer.from(text)).finish())
        .finish();
    const rows: readonly (readonly [string, Uint8Array, string])[] = [
      ['deep', deep, 'INVALID_REQUEST'],
      ['groups in groups', groups, 'MALFORMED'],
      ['wide', wide, 'INVALID_REQUEST'],
      ['an empty message', new Uint8Array(), 'INVALID_REQUEST'],
      ['deep JSON', inline('['.repeat(100_000) + ']'.repeat(100_000)), 'INVALID_REQUEST'],
      ['no JSON', inline('{"kind": List}'), 'MALFORMED'],
      ['half a character', inline('{"kind":"\ud83d"}').map((byte) => (byte === 0xef ? 0xed : byte)), 'MALFORMED'],
      ['a poisoned prototype', inline('{"__proto__":{"polluted":1},"kind":"List","items":[]}'), 'INVALID_SNAPSHOT'],
    ];
    for (const [name, message, reason] of rows) {
      const failure = await failureOf(client.bytes('Chains', message));
      t.equal(detailsOf(failure).reason, reason, `${name}: ${failure.details.slice(0, 120)}`);
    }
    t.notOk('polluted' in {});
    const half = await failureOf(
      client.bytes(
        'Chains',
        writeRequest('chains', { snapshot: { inline: { kind: 'Node', metadata: { name: '\ud83d'.repeat(3000) } } } }),
      ),
    );
    t.ok(REFUSALS.includes(half.code), 'a sentence that quotes half characters leaves nevertheless');
    await lives(t, doors, 'such requests');
  });

  await t.test('messages beyond the limit, compressed or not, and frames that lie', async (t) => {
    const session = connectHttp2(`http://127.0.0.1:${doors.grpcPort}`);
    session.on('error', () => {});
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const rows: readonly (readonly [string, Buffer, object, readonly (string | undefined)[]])[] = [
      ['too large', frame(Buffer.alloc(3 * 1024 * 1024)), {}, ['8']],
      ['a bomb', frame(bomb, { compressed: 1 }), { 'grpc-encoding': 'gzip' }, ['8']],
      ['no gzip', frame(Buffer.from('plain'), { compressed: 1 }), { 'grpc-encoding': 'gzip' }, ['13']],
      ['an encoding nobody has', frame(Buffer.from('x'), { compressed: 1 }), { 'grpc-encoding': 'lz4' }, ['12']],
      [
        'an announced length that does not come',
        frame(Buffer.from('x'), { length: 1000 }),
        {},
        ['13', '12', undefined],
      ],
      ['a length beyond all limits', frame(Buffer.from('x'), { length: 0xffffffff }), {}, ['8']],
      [
        'two messages where one belongs',
        Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(0))]),
        {},
        ['3', '12', '13'],
      ],
      ['no message', Buffer.alloc(0), {}, ['12', '13', undefined]],
      ['a timeout that is none', frame(Buffer.alloc(0)), { 'grpc-timeout': 'soon' }, ['13']],
      ['a timeout of nothing', frame(Buffer.alloc(0)), { 'grpc-timeout': '0n' }, ['4', '3', undefined]],
      ['another content type', frame(Buffer.alloc(0)), { 'content-type': 'text/plain' }, [undefined]],
    ];
    for (const [name, body, headers, codes] of rows) {
      const code = await rawCall(session, 'Path', body, headers);
      t.ok(codes.includes(code), `${name}: ${code}`);
    }
    session.destroy();
    await lives(t, doors, 'such frames');
  });

  await t.test('uploads that go wrong', async (t) => {
    const content = Buffer.from(JSON.stringify(node));
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const encode = (fields: object) => UploadSnapshotRequest.encode(UploadSnapshotRequest.fromPartial(fields)).finish();
    const large = Buffer.alloc(700 * 1024, ' ');
    const rows: readonly (readonly [string, Uint8Array[], string])[] = [
      ['no digest', [encode({ chunk: content })], 'INVALID_REQUEST'],
      ['a digest that is none', [encode({ digest: 'latest', chunk: content })], 'INVALID_REQUEST'],
      [
        'two digests',
        [encode({ digest, chunk: content }), encode({ digest: digest.replace(/.$/, 'x') })],
        'INVALID_REQUEST',
      ],
      ['other bytes', [encode({ digest, chunk: content }), encode({ chunk: Buffer.from(' ') })], 'DIGEST_MISMATCH'],
      ['nothing', [], 'INVALID_REQUEST'],
      ['no bytes', [encode({ digest })], 'MALFORMED'],
      ['no message', [Buffer.from([0xff])], 'MALFORMED'],
      [
        'too many bytes',
        [encode({ digest, chunk: large }), encode({ chunk: large }), encode({ chunk: large })],
        'TOO_LARGE',
      ],
    ];
    for (const [name, messages, reason] of rows) {
      t.equal(detailsOf(await failureOf(client.upload('UploadSnapshot', messages))).reason, reason, name);
    }
    const silent = client.channel.makeClientStreamRequest(
      `/${SERVICE}/UploadSnapshot`,
      (b: Buffer) => b,
      (b: Buffer) => b,
      () => {},
    );
    silent.write(Buffer.from(encode({ digest, chunk: content })));
    const [failure] = (await once(silent, 'status')) as [Failure];
    t.equal(detailsOf(failure).reason, 'REQUEST_TIMEOUT', 'a client that goes silent');
    for (let count = 0; count < 20; count++) {
      const stream = client.channel.makeClientStreamRequest(
        `/${SERVICE}/UploadSnapshot`,
        (b: Buffer) => b,
        (b: Buffer) => b,
        () => {},
      );
      stream.write(Buffer.from(encode({ digest, chunk: large })));
      setTimeout(() => stream.cancel(), count * 3);
    }
    await pause(150);
    t.ok((await client.upload('UploadSnapshot', [encode({ digest, chunk: content })])).length > 0);
    await lives(t, doors, 'such uploads');
  });

  await t.test('connections that are no HTTP/2, say nothing, or break off', async (t) => {
    const sockets = Array.from({ length: 300 }, () => connect(doors.grpcPort, '127.0.0.1').on('error', () => {}));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const [index, socket] of sockets.entries()) {
      if (index % 3 === 1) socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      if (index % 3 === 2)
        socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(100, index)]));
    }
    await lives(t, doors, 'silent connections, while they are open');
    for (const socket of sockets) socket.destroy();
    const session = connectHttp2(`http://127.0.0.1:${doors.grpcPort}`);
    session.on('error', () => {});
    const halves = Array.from({ length: 50 }, () => {
      const stream = session.request({ ...HEADERS, ':path': `/${SERVICE}/Path` });
      stream.on('error', () => {});
      stream.write(frame(Buffer.alloc(10), { length: 100_000 }));
      return stream;
    });
    await pause(100);
    for (const stream of halves.slice(0, 25)) stream.close(8);
    session.destroy();
    await lives(t, doors, 'half-closed streams');
    t.equal(
      backend.workers.loads.reduce((sum, { busy, waiting }) => sum + busy + waiting, 0),
      0,
    );
  });
});

t.test('a client that does not read its answer holds nobody up', async (t) => {
  const doors = await startDoors({ workerFile: FAKE_WORKER, small: { threads: 1, queueLimit: 4, memory: 256 } });
  t.teardown(() => doors.close());
  const long = writeRequest('chains', {
    snapshot: { inline: { kind: 'List', items: [] } },
    settings: { clusterDomain: 'long-8000000' },
  });
  const session = connectHttp2(`http://127.0.0.1:${doors.grpcPort}`);
  session.on('error', () => {});
  const streams = Array.from({ length: 4 }, () => {
    const stream = session.request({ ...HEADERS, ':path': `/${SERVICE}/Chains` });
    stream.on('error', () => {});
    stream.pause();
    stream.end(frame(long));
    return stream;
  });
  await pause(1000);
  t.equal(
    (await doors.client.bytes('Chains', writeRequest('chains', { snapshot: { inline: { kind: 'List', items: [] } } })))
      .length,
    1,
  );
  for (const stream of streams) stream.close();
  session.destroy();
  t.same(faults, []);
});
