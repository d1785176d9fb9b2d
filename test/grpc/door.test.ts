/** What a client meets beside answers: reflection, health, refusals, deadlines, tokens, TLS, the end of the service. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { credentials, status } from '@grpc/grpc-js';
import t from 'tap';
import { generateSnapshot } from '../../bench/generate.js';
import { GrpcServer } from '../../src/grpc/server.js';
import { SERVICE } from '../../src/grpc/service-name.js';
import { RPCS, readAnswer, writeRequest } from '../../src/messages/codec.js';
import { descriptorSet } from '../../src/messages/registry.js';
import { createBackend } from '../../src/operations/backend.js';
import { readTls } from '../../src/operations/tls.js';
import { FAKE_WORKER, send, until } from '../rest/support.js';
import { hold } from '../work/held-file.js';
import { detailsOf, failureOf, ReflectedClient } from './client.js';
import { type Doors, portOf, startDoors } from './support.js';
import { wholeOf } from './whole.js';

const HEALTH = '/grpc.health.v1.Health/Check';
const inline = { kind: 'List', items: [] };
/** A request to the fake worker. */
const command = (text: string) => writeRequest('chains', { snapshot: { inline }, settings: { clusterDomain: text } });
const check = (service: string) => new BinaryWriter().tag(1, WireType.LengthDelimited).string(service).finish();
const serving = (answer: Uint8Array | undefined) => {
  const reader = new BinaryReader(answer ?? new Uint8Array());
  reader.tag();
  return ['UNKNOWN', 'SERVING', 'NOT_SERVING'][reader.int32()];
};

const busy = ({ backend }: Doors) => backend.workers.loads.reduce((sum, load) => sum + load.busy + load.waiting, 0);

t.test('reflection tells all there is, in both versions, and all of it is served', async (t) => {
  const doors = await startDoors({ workerFile: FAKE_WORKER });
  t.teardown(() => doors.close());
  const committed = fromBinary(FileDescriptorSetSchema, descriptorSet()).file.filter(({ name }) =>
    name.startsWith('kube_whatif/'),
  );
  for (const version of ['v1', 'v1alpha'] as const) {
    t.same([...(await doors.client.describe(version))].sort(), ['grpc.health.v1.Health', SERVICE].sort());
    const reported = [...doors.client.registry.files].map(({ proto }) => proto);
    for (const file of committed) {
      const same = reported.find(({ name }) => name === file.name);
      t.ok(
        same !== undefined && JSON.stringify(toJsonOf(same)) === JSON.stringify(toJsonOf(file)),
        `${file.name} over ${version}`,
      );
    }
  }
  const { client } = doors;
  const methods = client.registry.getService(SERVICE)?.methods ?? [];
  t.same(
    methods.map(({ name }) => name).sort(),
    [
      ...Object.values(RPCS).map(({ name }) => name),
      ...['UploadSnapshot', 'UploadNamedSnapshot', 'ListSnapshots', 'DeleteSnapshotName'],
    ].sort(),
  );
  for (const { name, methodKind } of methods) {
    // A list needs nothing.
    if (methodKind === 'client_streaming' || name === 'ListSnapshots') continue;
    t.match(detailsOf(await failureOf(client.ask(name, {}))), { reason: 'INVALID_REQUEST' }, name);
  }
  t.equal((await failureOf(client.bytes(`/${SERVICE}/Guess`, Buffer.alloc(0)))).code, status.UNIMPLEMENTED);
});

function toJsonOf(file: object): unknown {
  return JSON.parse(JSON.stringify(file, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
}

t.test('health, a full queue, ids, metrics and the log', async (t) => {
  const lines: string[] = [];
  const doors = await startDoors({
    workerFile: FAKE_WORKER,
    small: { threads: 1, queueLimit: 0, memory: 256 },
    logLevel: 'info',
    logStream: { write: (line) => lines.push(line) },
  });
  t.teardown(() => doors.close());
  const { client } = doors;
  const health = async (service: string) => serving((await client.bytes(HEALTH, check(service)))[0]);
  t.equal(await health(''), 'SERVING');
  t.equal(await health(SERVICE), 'SERVING');
  t.equal((await failureOf(client.bytes(HEALTH, check('nobody')))).code, status.NOT_FOUND);

  const held = hold();
  const first = client.bytes('Chains', command(held.text));
  await until('the thread is busy', () => busy(doors) === 1);
  const refused = await failureOf(client.bytes('Chains', command('hello'), { metadata: { 'x-request-id': 'mine-1' } }));
  t.equal(refused.code, status.RESOURCE_EXHAUSTED);
  t.match(detailsOf(refused), { reason: 'OVERLOADED', retryAfter: 1, requestId: 'mine-1', violations: [] });
  t.equal(await health(SERVICE), 'SERVING', 'health stays green');
  held.release();
  t.equal((await first).length, 1);
  const broken = await failureOf(client.bytes('Chains', command('throw-1')));
  t.equal(broken.code, status.INTERNAL);
  t.notMatch(JSON.stringify([broken, detailsOf(broken)]), /secret/);
  t.match(detailsOf(await failureOf(client.bytes('Path', command('refuse-1')))), { reason: 'INVALID_REQUEST' });
  const { reason, violations } = detailsOf(await failureOf(client.bytes('Chains', command('refuse-1'))));
  t.same([reason, violations], ['NOT_FOUND', [{ field: '', description: '/path: There is no such thing.' }]]);

  const metrics = (await send(doors, 'GET', '/metrics')).text;
  t.match(
    metrics,
    /kube_whatif_requests_total\{door="grpc",route="\/kube_whatif.v1.KubeWhatif\/Chains",method="POST",status="OK"\} 1/,
  );
  t.match(metrics, /kube_whatif_questions_total\{kind="chains",code="OVERLOADED"\} 1/);
  const logged = lines.map((line) => JSON.parse(line) as { requestId?: string; status?: string; code?: string });
  t.match(
    logged.find(({ requestId }) => requestId === 'mine-1'),
    { status: 'RESOURCE_EXHAUSTED', code: 'OVERLOADED' },
  );
  t.notMatch(lines.join(''), /clusterDomain|hold|secret/, 'nothing of a request is in the log');
});

t.test('deadlines and cancellation stop the work', async (t) => {
  const doors = await startDoors({ workerFile: FAKE_WORKER, small: { threads: 1, queueLimit: 4, memory: 256 } });
  t.teardown(() => doors.close());
  const { client } = doors;
  const cpu = async () => {
    const { user, system } = process.cpuUsage();
    await pause(500);
    const now = process.cpuUsage();
    return (now.user + now.system - user - system) / 500_000;
  };
  const late = await failureOf(client.bytes('Chains', command('spin-1'), { options: { deadline: Date.now() + 500 } }));
  t.equal(late.code, status.DEADLINE_EXCEEDED);
  t.ok((await cpu()) > 0.1, 'a thread that is nearly done is let finish');
  await until('the thread has been stopped', () => busy(doors) === 0);
  t.equal((await client.bytes('Chains', command('hello'))).length, 1, 'and a new one answers');
  t.ok((await cpu()) < 0.5, 'nothing is computed any more');

  const call = client.channel.makeServerStreamRequest(
    `/${SERVICE}/Chains`,
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => bytes,
    Buffer.from(command('spin-2')),
  );
  const ended = failureOf(
    (async () => {
      for await (const _ of call);
    })(),
  );
  await until('the thread is busy', () => busy(doors) === 1);
  const waiting = failureOf(client.bytes('Chains', command('sleep-1'), { options: { deadline: Date.now() + 300 } }));
  t.equal((await waiting).code, status.DEADLINE_EXCEEDED, 'one that waits leaves the queue');
  await until('only the first is left', () => busy(doors) === 1);
  call.cancel();
  t.equal((await ended).code, status.CANCELLED);
  await until('the thread has been stopped', () => busy(doors) === 0);
});

t.test('rules of a thousand Services come in pieces', async (t) => {
  const doors = await startDoors({ small: { threads: 1, queueLimit: 4, memory: 512 } });
  t.teardown(() => doors.close());
  const snapshot = { inline: generateSnapshot({ services: 1000, endpointsPerService: 10, nodes: 20 }) };
  const request = { snapshot, chains: { nodes: ['node-1'], families: ['IPv4'] } };
  const reply = await send(
    doors,
    'POST',
    '/v1/chains',
    { 'content-type': 'application/json' },
    JSON.stringify(request),
  );
  t.equal(reply.status, 200, reply.text.slice(0, 300));
  const pieces = await doors.client.bytes('Chains', writeRequest('chains', request as object));
  t.ok(pieces.length >= 3, `${pieces.length} pieces`);
  t.ok(pieces.every(({ length }) => length <= 1024 * 1024));
  const { output } = doors.client.method('Chains');
  const { result } = wholeOf(output, pieces) as { result: { parts: { text: string }[] } };
  const { parts } = reply.json().result as unknown as { parts: { text: string }[] };
  t.ok(result.parts.length === parts.length && result.parts.every(({ text }, index) => text === parts[index]?.text));
});

t.test('a token, where the service wants one', async (t) => {
  const token = 'correct-horse-battery-staple';
  const doors = await startDoors({ workerFile: FAKE_WORKER, tokens: [token], rateLimit: 40 });
  t.teardown(() => doors.close());
  const { client } = doors;
  t.equal(serving((await client.bytes(HEALTH, check('')))[0]), 'SERVING', 'health needs none');
  for (const metadata of [{}, { authorization: 'Bearer wrong-wrong-wrong-wrong' }, { authorization: token }]) {
    const refused = await failureOf(
      client.bytes('Chains', command('hello'), { metadata: metadata as Record<string, string> }),
    );
    t.equal(refused.code, status.UNAUTHENTICATED);
    t.equal(detailsOf(refused).reason, 'UNAUTHENTICATED');
  }
  const metadata = { authorization: `Bearer ${token}` };
  const answers = await Promise.allSettled(
    Array.from({ length: 6 }, () => client.bytes('Chains', command('hello'), { metadata })),
  );
  const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  t.equal(answers.length - failures.length, 4, 'a tenth of the minute at once');
  t.match(detailsOf(failures[0]), { reason: 'RATE_LIMITED' });
  t.ok((detailsOf(failures[0]).retryAfter ?? 0) >= 1);
});

t.test('the service ends: no new calls, those under way are answered', async (t) => {
  const doors = await startDoors({ workerFile: FAKE_WORKER });
  t.teardown(() => doors.close());
  const { client } = doors;
  const watch = client.channel.makeServerStreamRequest(
    '/grpc.health.v1.Health/Watch',
    (b: Buffer) => b,
    (b: Buffer) => b,
    Buffer.from(check(SERVICE)),
  );
  const seen: (string | undefined)[] = [];
  watch.on('data', (answer: Buffer) => seen.push(serving(answer)));
  watch.on('error', () => {});
  await until('watching', () => seen.length === 1);
  const held = hold();
  const under = client.bytes('Chains', command(held.text));
  await until('the thread is busy', () => busy(doors) === 1);
  // With all the time there is, closing ends only because nobody waits for the watcher.
  const closing = doors.grpc.close(2 ** 31 - 1);
  held.release();
  t.match(readAnswer('chains', Buffer.concat(await under)), { engine: { name: 'kube-whatif' } });
  await closing;
  t.pass('who only watches is not waited for');
  t.same(seen, ['SERVING', 'NOT_SERVING']);
  t.equal(
    (await failureOf(client.bytes('Chains', command('hello'), { options: { deadline: Date.now() + 60_000 } }))).code,
    status.UNAVAILABLE,
  );
});

t.test('TLS, and mutual TLS', async (t) => {
  const folder = 'test/serve/tls';
  const pem = (name: string) => readFileSync(`${folder}/${name}.pem`);
  const files = { cert: `${folder}/server.pem`, key: `${folder}/server-key.pem` };
  const [ca, key, cert] = [pem('ca'), pem('client-key'), pem('client')];
  const strange = [pem('stranger-key'), pem('stranger')] as const;
  const backend = createBackend({ workerFile: FAKE_WORKER });
  t.teardown(() => backend.close());
  const rows = [
    ['TLS', undefined, credentials.createSsl(ca), 'SERVING'],
    ['no TLS', undefined, credentials.createInsecure(), undefined],
    ['an authority that is not known', undefined, credentials.createSsl(), undefined],
    ['mutual TLS', `${folder}/ca.pem`, credentials.createSsl(ca, key, cert), 'SERVING'],
    ['no certificate', `${folder}/ca.pem`, credentials.createSsl(ca), undefined],
    ['a stranger', `${folder}/ca.pem`, credentials.createSsl(ca, ...strange), undefined],
  ] as const;
  for (const [name, clientCa, secure, expected] of rows) {
    const server = new GrpcServer({ ...backend, tls: readTls({ ...files, clientCa, minVersion: '1.3' }) });
    const port = portOf(await server.listen('127.0.0.1', 0));
    server.serving = true;
    const client = new ReflectedClient(port, SERVICE, {}, secure);
    const asked = client.bytes(HEALTH, check(''), {
      options: { deadline: Date.now() + (expected === undefined ? 1500 : 120_000) },
    });
    t.equal(
      await asked.then(
        ([answer]) => serving(answer),
        () => undefined,
      ),
      expected,
      name,
    );
    client.close();
    await server.close(0);
  }
});
