/** Names over gRPC: the same snapshots, answers and refusals as over REST. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { writeRequest } from '../../src/messages/codec.js';
import {
  DeleteSnapshotNameRequest,
  DeleteSnapshotNameResponse,
  ListSnapshotsResponse,
  UploadNamedSnapshotRequest,
  UploadNamedSnapshotResponse,
} from '../../src/messages/gen/kube_whatif/v1/names.js';
import { PathResponse } from '../../src/messages/gen/kube_whatif/v1/path.js';
import { QUICK, send } from '../rest/support.js';
import { detailsOf, type Failure } from './client.js';
import { startDoors } from './support.js';

const article = readFileSync('examples/article.json');
const digest = `sha256:${createHash('sha256').update(article).digest('hex')}`;

type Part = Parameters<typeof UploadNamedSnapshotRequest.fromPartial>[0];
const encode = (part: Part) => UploadNamedSnapshotRequest.encode(UploadNamedSnapshotRequest.fromPartial(part)).finish();

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (error) {
    return error as Failure;
  }
  throw new Error('it did not fail');
}

t.test('names over gRPC', async (tt) => {
  const doors = await startDoors({ small: QUICK, large: QUICK, held: QUICK });
  tt.teardown(() => doors.close());
  const { client } = doors;
  const unary = async (name: string, request: Uint8Array) => Buffer.concat(await client.bytes(name, request));
  const upload = async (...parts: readonly Part[]) =>
    UploadNamedSnapshotResponse.decode(await client.upload('UploadNamedSnapshot', parts.map(encode)));
  const half = article.length >> 1;
  const sent = await upload(
    { name: 'prod', sender: 'me', chunk: article.subarray(0, half) },
    { chunk: article.subarray(half) },
  );
  tt.match(sent, { name: 'prod', digest, sequence: 1, bytes: article.length, shared: false });
  const rest = (await send(doors, 'GET', '/v1/snapshots')).json() as unknown as { names: unknown };
  const list = ListSnapshotsResponse.decode(await unary('ListSnapshots', new Uint8Array()));
  tt.same(JSON.parse(JSON.stringify(list)).names, rest.names, 'both doors list the same');
  tt.equal(list.names[0]?.versions[0]?.sender, 'me');
  const question = {
    path: {
      source: { node: 'node-1' },
      destination: { service: { namespace: 'default', name: 'nginx-svc', port: 80 } },
    },
  };
  const ask = (snapshot: object) => unary('Path', writeRequest('path', { snapshot, ...question }));
  const [byName, byDigest] = [await ask({ name: 'prod' }), await ask({ digest })];
  tt.ok(byName.equals(byDigest), 'the answer is that of the digest');
  tt.equal(PathResponse.decode(byName).snapshot?.digest, digest);

  const cases: readonly (readonly [string, readonly Part[], string])[] = [
    ['no name', [{ chunk: article }], 'INVALID_REQUEST'],
    ['an odd name', [{ name: 'a b', chunk: article }], 'INVALID_REQUEST'],
    [
      'two names',
      [
        { name: 'a', chunk: article },
        { name: 'b', chunk: article },
      ],
      'INVALID_REQUEST',
    ],
    ['nothing', [{ name: 'a' }], 'MALFORMED'],
    ['no message', [], 'INVALID_REQUEST'],
    ['an odd sender', [{ name: 'a', sender: 'x\n', chunk: article }], 'INVALID_REQUEST'],
    ['an odd expectation', [{ name: 'a', expected: 'x', chunk: article }], 'INVALID_REQUEST'],
    ['another one expected', [{ name: 'prod', expected: `sha256:${'0'.repeat(64)}`, chunk: article }], 'NAME_CHANGED'],
    ['none expected', [{ name: 'prod', expected: 'none', chunk: article }], 'NAME_CHANGED'],
    [
      'shrunk',
      [{ name: 'prod', chunk: Buffer.from('{"kind":"List","items":[{"kind":"Node","metadata":{"name":"a"}}]}') }],
      'SNAPSHOT_SHRUNK',
    ],
    ['no JSON', [{ name: 'prod', chunk: Buffer.from('{') }], 'MALFORMED'],
  ];
  for (const [name, parts, reason] of cases) {
    const failure = await failureOf(client.upload('UploadNamedSnapshot', parts.map(encode)));
    tt.equal(detailsOf(failure).reason, reason, `${name}: ${failure.details}`);
  }
  for (const [name, reason] of [
    ['nobody', 'UNKNOWN_NAME'],
    ['prod@-5', 'UNKNOWN_NAME'],
    ['prod@', 'INVALID_REQUEST'],
    ['prod@2026-02-30T00:00:00Z', 'INVALID_REQUEST'],
  ] as const) {
    const failure = await failureOf(ask({ name }));
    tt.equal(detailsOf(failure).reason, reason, `${name}: ${failure.details}`);
    if (reason === 'INVALID_REQUEST') tt.equal(detailsOf(failure).violations[0]?.field, 'snapshot.name');
  }
  const named = (name: string) => DeleteSnapshotNameRequest.encode({ name }).finish();
  const gone = DeleteSnapshotNameResponse.decode(await unary('DeleteSnapshotName', named('prod')));
  tt.match(gone, { name: 'prod', versions: 1 });
  for (const [name, reason] of [
    ['prod', 'UNKNOWN_NAME'],
    ['a b', 'INVALID_REQUEST'],
    ['', 'INVALID_REQUEST'],
  ] as const) {
    tt.equal(detailsOf(await failureOf(unary('DeleteSnapshotName', named(name)))).reason, reason);
  }
});
