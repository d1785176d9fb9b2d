/** A long sweep comes in messages while it is worked out, which merged are the answer. */
import { readFileSync } from 'node:fs';
import { create, mergeFromBinary, toJson } from '@bufbuild/protobuf';
import t from 'tap';
import { readAnswer, writeRequest } from '../../src/messages/codec.js';
import { send } from '../rest/support.js';
import { failureOf } from './client.js';
import { startDoors } from './support.js';

const scale = { kind: 'Deployment', namespace: 'default', name: 'nginx' };
const inline = JSON.parse(readFileSync('examples/article.json', 'utf8'));

interface Points {
  readonly result?: { readonly points?: readonly { readonly replicas: number }[]; readonly workload?: unknown };
}

t.test('points come in parts', async (t) => {
  const doors = await startDoors();
  t.teardown(() => doors.close());
  const workload = inline.items.find((item: { kind: string }) => item.kind === 'Deployment')?.metadata ?? {};
  const sweep = { scale: { ...scale, name: workload.name, namespace: workload.namespace }, from: 1, to: 200 };
  const reply = await send(
    doors,
    'POST',
    '/v1/sweep',
    { 'content-type': 'application/json' },
    JSON.stringify({ snapshot: { inline }, sweep }),
  );
  t.equal(reply.status, 200, reply.text.slice(0, 300));
  const digest = await send(
    doors,
    'PUT',
    '/v1/snapshots/names/parts',
    { 'content-type': 'application/json' },
    JSON.stringify(inline),
  );
  t.equal(digest.status, 201);
  for (const [name, snapshot] of [
    ['inline', { inline }],
    ['held', { name: 'parts' }],
  ] as const) {
    const pieces = await doors.client.bytes('Sweep', writeRequest('sweep', { snapshot, sweep }));
    const counts = pieces.map((piece) => (readAnswer('sweep', piece) as Points).result?.points?.length ?? 0);
    t.same(counts, [64, 64, 64, 8], `${name}: the points of each message`);
    const [first] = pieces.map((piece) => readAnswer('sweep', piece) as Points);
    t.equal(first?.result?.workload, undefined, 'the first message came before the answer was whole');
    const { output } = doors.client.method('Sweep');
    const merged = create(output);
    for (const piece of pieces) mergeFromBinary(output, merged, piece);
    const whole = toJson(output, merged) as unknown as Points & { readonly summary: string };
    const wanted = reply.json() as unknown as {
      readonly summary: string;
      readonly result: { readonly points: readonly { readonly replicas: number }[] };
    };
    t.same(
      whole.result?.points?.map(({ replicas }) => replicas),
      wanted.result.points.map(({ replicas }) => replicas),
      name,
    );
    t.equal(whole.summary, wanted.summary);
  }
  const few = await doors.client.bytes(
    'Sweep',
    writeRequest('sweep', { snapshot: { inline }, sweep: { ...sweep, to: 20 } }),
  );
  t.equal(few.length, 1, 'a short one is one message');
  const wrong = { ...sweep, scale: { ...sweep.scale, name: 'nobody' } };
  const failure = await failureOf(
    doors.client.bytes('Sweep', writeRequest('sweep', { snapshot: { inline }, sweep: wrong })),
  );
  t.match(failure.details, /nobody/);
});
