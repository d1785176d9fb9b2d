/** Snapshots under names: which version is meant, who sees them, what is refused, and what is let go of. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import type { HeldSnapshot } from '../../src/snapshots/held-snapshot.js';
import { MemoryNames } from '../../src/snapshots/memory-names.js';
import { readName, readReference } from '../../src/snapshots/name.js';
import { type NameRecord, readRecord, versionOf, withVersion } from '../../src/snapshots/name-record.js';
import { NamedSnapshots } from '../../src/snapshots/named.js';
import { RedisNames } from '../../src/snapshots/redis-names.js';
import { RedisStore } from '../../src/snapshots/redis-store.js';
import { whyShrunk } from '../../src/snapshots/shrunk.js';
import { post, QUICK, type Running, send, start } from '../rest/support.js';
import { storeWithProxy, until } from './plant.js';

// Servers take their time to start where many tests run at once.
t.setTimeout(600_000);

const article = JSON.parse(readFileSync('examples/article.json', 'utf8')) as { items: { kind: string }[] };
const json = JSON.stringify;
const digestOf = (text: string | Buffer) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
/** The article's cluster as other bytes. */
const variant = (number: number, items: readonly unknown[] = article.items) =>
  json({ kind: 'List', metadata: { number }, items });

interface Listed {
  readonly names: readonly {
    readonly name: string;
    readonly versions: readonly {
      readonly digest: string;
      readonly sequence: number;
      readonly time: string;
      readonly sender: string;
      readonly counts: Readonly<Record<string, number>>;
      readonly forced: boolean;
    }[];
    readonly refused?: { readonly code: string; readonly count: number };
  }[];
}

const put = (running: Running, name: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}) =>
  send(running, 'PUT', `/v1/snapshots/names/${name}`, { 'content-type': 'application/json', ...headers }, body);
const list = async (running: Running, headers: Readonly<Record<string, string>> = {}) =>
  (await send(running, 'GET', '/v1/snapshots', headers)).json() as unknown as Listed;
const drop = (running: Running, name: string) => send(running, 'DELETE', `/v1/snapshots/names/${name}`);

const question = {
  path: {
    source: { node: 'node-1' },
    destination: { service: { namespace: 'default', name: 'nginx-svc', port: 80 } },
  },
};
const ask = (running: Running, snapshot: object, headers: Readonly<Record<string, string>> = {}) =>
  post(running, '/v1/path', { snapshot, ...question }, headers);

t.test('names and versions of names', async (tt) => {
  for (const name of [
    'prod',
    'a',
    'eu-west-1.prod_2',
    'gke_project_europe-west1_prod',
    'X'.repeat(64),
    'constructor',
    'problem',
  ]) {
    tt.equal(readName(name), name);
  }
  for (const name of [
    '',
    ' ',
    '-a',
    'a-',
    '.',
    '..',
    'a b',
    'a/b',
    'a:b',
    'ä',
    'a\u0000',
    'a\n',
    '%41',
    'X'.repeat(65),
    '💥',
  ]) {
    tt.throws(() => readName(name), { code: 'INVALID_REQUEST' }, json(name));
  }
  tt.same(readReference('prod'), { name: 'prod' });
  tt.same(readReference('prod@-1'), { name: 'prod', back: 1 });
  tt.same(readReference('prod@-0'), { name: 'prod', back: 0 });
  tt.same(readReference('prod@2026-11-29T06:00:00Z'), { name: 'prod', at: Date.UTC(2026, 10, 29, 6) });
  tt.same(readReference('prod@2026-11-29t08:00:00.5+02:00'), { name: 'prod', at: Date.UTC(2026, 10, 29, 6) + 500 });
  for (const text of [
    'prod@',
    'prod@1',
    'prod@--1',
    'prod@-123456',
    'prod@yesterday',
    'prod@2026-02-30T00:00:00Z',
    'prod@2026-11-29T24:00:00Z',
    'prod@2026-11-29',
    'prod@-1@-1',
    '@-1',
  ]) {
    tt.throws(() => readReference(text), { code: 'INVALID_REQUEST' }, text);
  }
});

t.test('versions are in the order in which they came, whatever the clock says', async (tt) => {
  const keeping = { versions: 50, age: Number.MAX_SAFE_INTEGER };
  fc.assert(
    fc.property(
      fc.array(fc.record({ clock: fc.integer({ min: 0, max: 10_000 }), content: fc.integer({ min: 0, max: 3 }) }), {
        minLength: 1,
        maxLength: 60,
      }),
      (steps) => {
        let record: NameRecord | undefined;
        for (const { clock, content } of steps) {
          const sent = { digest: digestOf(String(content)), bytes: 1, counts: {}, sender: 's', forced: false };
          record = withVersion(record, 'prod', sent, clock, keeping);
        }
        const { versions } = record as NameRecord;
        const times = versions.map(({ time }) => Date.parse(time));
        if (versions.length > 50 || versions.at(-1)?.digest !== digestOf(String(steps.at(-1)?.content))) return false;
        if (!times.every((time, index) => index === 0 || time >= (times[index - 1] as number))) return false;
        if (!versions.every(({ digest }, index) => index === 0 || digest !== versions[index - 1]?.digest)) return false;
        // At the time of any version, the one that is meant is the last of that time.
        return versions.every(({ time, sequence }) => {
          const meant = versionOf(record as NameRecord, { name: 'prod', at: Date.parse(time) });
          return meant !== undefined && meant.sequence >= sequence && meant.time === time;
        });
      },
    ),
  );
  const one = withVersion(
    undefined,
    'a',
    { digest: digestOf('a'), bytes: 1, counts: {}, sender: 's', forced: false },
    5,
    keeping,
  );
  tt.same(readRecord(json(one)), one);
  for (const bad of [
    '',
    '{',
    'null',
    '[]',
    '{}',
    json({ ...one, versions: [] }),
    json({ ...one, next: -1 }),
    json({ ...one, name: 5 }),
  ]) {
    tt.equal(readRecord(bad), undefined, bad);
  }
});

t.test('when a snapshot has shrunk to nothing', async (tt) => {
  const counts = { Node: 3, Pod: 40, Service: 5, EndpointSlice: 5 };
  const cases: readonly (readonly [string, Record<string, number>, Record<string, number>, RegExp | undefined])[] = [
    ['the same', counts, counts, undefined],
    ['half', counts, { Node: 2, Pod: 20, Service: 3, EndpointSlice: 3 }, undefined],
    ['no nodes', counts, { ...counts, Node: 0 }, /3 Nodes/],
    ['no pods', counts, { Node: 3, Service: 5, EndpointSlice: 5 }, /40 Pods/],
    ['neither', counts, { Node: 1 }, /40 Pods, 5 Services, 5 EndpointSlices/],
    ['a tenth is enough', { Pod: 100 }, { Pod: 10 }, undefined],
    ['less than a tenth', { Pod: 100 }, { Pod: 9 }, /100 objects, this one 9/],
    ['few objects say nothing', { Pod: 19 }, { Pod: 1 }, undefined],
    ['more', { Pod: 1 }, { Pod: 1000 }, undefined],
    ['what was never there', { Pod: 30 }, { Pod: 30, Node: 0 }, undefined],
    ['Deployments may go', { Pod: 30, Deployment: 3 }, { Pod: 30 }, undefined],
  ];
  for (const [name, before, after, why] of cases) {
    const found = whyShrunk(before, after);
    if (why === undefined) tt.equal(found, undefined, name);
    else tt.match(found, why, name);
  }
});

t.test('a snapshot is sent under a name, and questions name it so', async (tt) => {
  let clock = Date.UTC(2026, 10, 29, 6);
  const running = await start({ small: QUICK, large: QUICK, held: QUICK, named: { versions: 3 }, clock: () => clock });
  tt.teardown(() => running.app.close());
  const before = await ask(running, { name: 'prod' });
  tt.same([before.status, before.json().code], [404, 'UNKNOWN_NAME']);
  tt.match(before.json().detail, /PUT \/v1\/snapshots\/names\/prod/);
  tt.same(await list(running), { names: [] });

  const [first, second] = [variant(1), variant(2)];
  const sent = await put(running, 'prod', first);
  tt.equal(sent.status, 201, sent.text);
  tt.match(sent.json(), {
    name: 'prod',
    digest: digestOf(first),
    sequence: 1,
    time: '2026-11-29T06:00:00.000Z',
    bytes: first.length,
  });
  tt.equal(sent.headers.etag, `"${digestOf(first)}"`);
  const again = await put(running, 'prod', gzipSync(first), { 'content-encoding': 'gzip' });
  tt.same([again.status, again.json()], [200, sent.json()], 'the same bytes make no new version');
  clock += 3_600_000;
  tt.equal((await put(running, 'prod?sender=collector-0', second)).status, 201);

  const byDigest = await ask(running, { digest: digestOf(second) });
  tt.equal(byDigest.status, 200, byDigest.text.slice(0, 300));
  for (const name of ['prod', 'prod@-0', 'prod@2026-11-29T07:00:00Z', 'prod@2030-01-01T00:00:00+02:00']) {
    const answer = await ask(running, { name });
    tt.ok(
      answer.bytes.equals(byDigest.bytes),
      `${name}: the answer is that of the digest, ${answer.text.slice(0, 200)}`,
    );
  }
  for (const name of ['prod@-1', 'prod@2026-11-29T06:59:59Z']) {
    const answer = await ask(running, { name });
    tt.equal(answer.json().snapshot?.digest, digestOf(first), name);
  }
  const old = await ask(running, { name: 'prod@2026-11-29T05:59:59Z' });
  tt.same([old.status, old.json().code], [404, 'UNKNOWN_NAME']);
  tt.match(old.json().detail, /2 versions, the oldest of 2026-11-29T06:00:00.000Z/);
  tt.equal((await ask(running, { name: 'prod@-2' })).json().code, 'UNKNOWN_NAME');

  await tt.test('in every kind of question, in forms, large requests and batches', async (ttt) => {
    const services = { probability: { services: [{ namespace: 'default', name: 'nginx-svc' }] } };
    const changes = [{ scale: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas: 4 } }];
    const workload = { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment' };
    const asked: Readonly<Record<string, object>> = {
      chains: { chains: { nodes: ['node-1'] } },
      path: question,
      probability: services,
      'what-if': { ...services, changes },
      check: { check: {}, changes },
      apply: { apply: {}, changes },
      sweep: { sweep: { workload, replicas: { from: 1, to: 2 } } },
      inspect: { inspect: {} },
      reach: { reach: {} },
      solve: {
        solve: { replicas: { workload, traffic: { requestsPerSecond: 10 }, capacity: { requestsPerSecond: 5 } } },
      },
      timeline: { timeline: {}, changes },
      batch: { batch: { questions: [question] } },
    };
    for (const [kind, body] of Object.entries(asked)) {
      const named = await post(running, `/v1/${kind}`, { snapshot: { name: 'prod' }, ...body });
      const digested = await post(running, `/v1/${kind}`, { snapshot: { digest: digestOf(second) }, ...body });
      ttt.equal(named.status, digested.status, `${kind}: ${named.text.slice(0, 200)}`);
      ttt.ok(named.bytes.equals(digested.bytes), kind);
      if (named.status === 200) ttt.equal(named.json().snapshot.digest, digestOf(second), kind);
      if (named.status === 200) {
        const text = await post(running, `/v1/${kind}?form=text`, { snapshot: { name: 'prod' }, ...body });
        ttt.equal(text.headers['x-snapshot-digest'], digestOf(second), `${kind} as text`);
      } else ttt.equal(named.status, 400, `${kind}: ${named.text.slice(0, 300)}`);
    }
    for (const kind of ['what-if', 'check']) {
      const between = { snapshot: { name: 'prod@-1' }, after: { snapshot: { name: 'prod' } } };
      const own = kind === 'check' ? { check: {} } : services;
      const answer = await post(running, `/v1/${kind}`, { ...between, ...own });
      ttt.equal(answer.status, 200, answer.text.slice(0, 300));
      ttt.equal(answer.json().snapshot.digest, digestOf(first));
      ttt.equal((answer.json().result.afterSnapshot as { digest: string }).digest, digestOf(second), kind);
      ttt.same(
        [answer.headers['x-snapshot-digest'], answer.headers['x-after-snapshot-digest']],
        [digestOf(first), digestOf(second)],
      );
    }
    const batch = await post(running, '/v1/batch', {
      snapshot: { name: 'prod@-1' },
      batch: { questions: [question, { whatIf: { after: { snapshot: { name: 'prod' } }, ...services } }] },
    });
    ttt.equal(batch.status, 200, batch.text.slice(0, 300));
    const form = `--b\r\nContent-Disposition: form-data; name="request"\r\n\r\n${json({ snapshot: { name: 'prod' }, ...question })}\r\n--b--\r\n`;
    const inForm = await send(running, 'POST', '/v1/path', { 'content-type': 'multipart/form-data; boundary=b' }, form);
    ttt.ok(inForm.bytes.equals(byDigest.bytes), inForm.text.slice(0, 300));
    const padded = json({ changes: [], ...question, snapshot: { name: 'prod' } }).replace(
      '[]',
      `[${' '.repeat(2 * 1024 * 1024)}]`,
    );
    const large = await send(running, 'POST', '/v1/path', { 'content-type': 'application/json' }, padded);
    ttt.same(large.json().result, byDigest.json().result);
    const escaped = json({ snapshot: { name: 'prod' }, ...question }).replace('"snapshot"', '"snap\\u0073hot"');
    const oblique = await send(running, 'POST', '/v1/path', { 'content-type': 'application/json' }, escaped);
    ttt.ok(oblique.bytes.equals(byDigest.bytes));
  });

  await tt.test('what is wrong with a name is reported, with its place', async (ttt) => {
    for (const name of [
      '',
      'a b',
      'prod@',
      'prod@x',
      'prod@2026-02-30T00:00:00Z',
      'prod@1',
      7,
      null,
      'x'.repeat(500),
    ]) {
      for (const where of ['snapshot', 'after'] as const) {
        const body =
          where === 'snapshot'
            ? { snapshot: { name }, changes: [] }
            : { snapshot: { name: 'prod' }, after: { snapshot: { name } } };
        const reply = await post(running, where === 'snapshot' ? '/v1/path' : '/v1/what-if', { ...body, ...question });
        const pointer = where === 'snapshot' ? '/snapshot/name' : '/after/snapshot/name';
        ttt.same(
          [reply.status, reply.json().code, reply.json().errors[0]?.pointer],
          [400, 'INVALID_REQUEST', pointer],
          `${where} ${name}`,
        );
      }
    }
    const two = await ask(running, { name: 'prod', digest: digestOf(second) });
    ttt.same([two.status, two.json().code], [400, 'INVALID_REQUEST']);
    for (const path of ['a%20b', '-a', 'a%2Fb', '%00', 'x'.repeat(80), 'x'.repeat(900), 'prod@-1']) {
      const reply = await put(running, path, first);
      ttt.same([reply.status, reply.json().code], [400, 'INVALID_REQUEST'], path);
      ttt.match(reply.json().detail, /is not a name for snapshots/);
    }
    for (const method of ['POST', 'PATCH']) {
      const reply = await send(running, method, '/v1/snapshots/names/prod');
      ttt.same([reply.status, reply.headers.allow], [405, 'DELETE, GET, HEAD, PUT'], method);
    }
    for (const query of ['force=maybe', 'sender=', `sender=${'x'.repeat(129)}`, 'sender=a%0Ab']) {
      ttt.equal((await put(running, `prod?${query}`, first)).json().code, 'INVALID_REQUEST', query);
    }
  });

  await tt.test('the list says what there is, and the last versions are kept', async (ttt) => {
    clock -= 86_400_000;
    for (const number of [3, 4]) ttt.equal((await put(running, 'prod', variant(number))).status, 201);
    ttt.equal((await put(running, 'alpha', first)).status, 201);
    const { names } = await list(running);
    ttt.same(
      names.map(({ name, versions }) => [name, versions.map(({ sequence }) => sequence)]),
      [
        ['alpha', [1]],
        ['prod', [4, 3, 2]],
      ],
    );
    const [, prod] = names;
    ttt.same(
      prod?.versions.map(({ time }) => time),
      Array(3).fill('2026-11-29T07:00:00.000Z'),
      'times do not go back',
    );
    ttt.same(
      prod?.versions.map(({ sender }) => sender),
      ['127.0.0.1', '127.0.0.1', 'collector-0'],
    );
    ttt.same(
      prod?.versions.map(({ digest }) => digest),
      [variant(4), variant(3), second].map(digestOf),
    );
    ttt.equal(prod?.versions[0]?.counts.Node, 3);
    const newest = (await send(running, 'GET', '/v1/snapshots?versions=1')).json() as unknown as Listed;
    ttt.same(
      newest.names.map(({ versions }) => versions.length),
      [1, 1],
    );
    ttt.same(newest.names[1]?.versions[0], names[1]?.versions[0]);
    for (const versions of ['0', '-1', 'x', '10001', '']) {
      ttt.equal((await send(running, 'GET', `/v1/snapshots?versions=${versions}`)).json().code, 'INVALID_REQUEST');
    }
    const one = await send(running, 'GET', '/v1/snapshots/names/prod');
    ttt.same(one.json(), prod);
    ttt.equal(one.headers.etag, `"${digestOf(variant(4))}"`);
    ttt.equal((await ask(running, { name: 'prod@-3' })).json().code, 'UNKNOWN_NAME', 'the first one is gone');
    ttt.equal((await ask(running, { name: 'alpha' })).status, 200, 'another name has the same snapshot');
  });

  await tt.test('a name that is deleted is unknown', async (ttt) => {
    const gone = await drop(running, 'prod');
    ttt.same([gone.status, gone.json()], [200, { name: 'prod', versions: 3 }]);
    ttt.equal((await drop(running, 'prod')).json().code, 'UNKNOWN_NAME');
    ttt.equal((await ask(running, { name: 'prod' })).json().code, 'UNKNOWN_NAME');
    ttt.equal((await send(running, 'GET', '/v1/snapshots/names/prod')).status, 404);
    ttt.equal(((await put(running, 'prod', first)).json() as unknown as { sequence: number }).sequence, 1);
  });
});

t.test('snapshots that shrink to nothing are refused unless forced', async (tt) => {
  const running = await start({ small: QUICK, held: QUICK });
  tt.teardown(() => running.app.close());
  await put(running, 'prod', variant(1));
  const fewer = variant(
    2,
    article.items.filter(({ kind }) => kind !== 'Pod'),
  );
  for (const count of [1, 2]) {
    const reply = await put(running, 'prod', fewer);
    tt.same([reply.status, reply.json().code], [409, 'SNAPSHOT_SHRUNK']);
    tt.match(reply.json().detail, /4 Pods, this one none/);
    tt.match((await list(running)).names[0]?.refused, { code: 'SNAPSHOT_SHRUNK', count });
  }
  const nothing = await put(running, 'prod', variant(3, []));
  tt.same([nothing.status, nothing.json().code], [409, 'SNAPSHOT_SHRUNK'], 'nothing at all is the worst case');
  tt.equal((await put(running, 'new', variant(3, []))).json().code, 'INVALID_SNAPSHOT');
  const empty = await put(running, 'prod?force', variant(3, []));
  tt.same([empty.status, empty.json().code], [422, 'INVALID_SNAPSHOT'], 'nothing at all answers no question');
  tt.match((await list(running)).names[0]?.refused, { code: 'INVALID_SNAPSHOT', count: 4 });
  tt.equal(
    (await ask(running, { name: 'prod' })).json().snapshot.digest,
    digestOf(variant(1)),
    'the name stays as it was',
  );
  const metrics = await send(running, 'GET', '/metrics');
  tt.match(metrics.text, /kube_whatif_named_snapshots_total\{result="SNAPSHOT_SHRUNK"\} 3/);
  tt.equal((await put(running, 'prod?force=true', fewer)).status, 201);
  const [{ versions, refused } = { versions: [] }] = (await list(running)).names;
  tt.same(
    versions.map(({ forced }) => forced),
    [true, false],
  );
  tt.equal(refused, undefined, 'what was accepted ends what was refused');
});

t.test('a sender may say what it expects', async (tt) => {
  const running = await start({ small: QUICK, held: QUICK });
  tt.teardown(() => running.app.close());
  const tag = (text: string) => `"${digestOf(text)}"`;
  const [a, b, c] = [variant(1), variant(2), variant(3)];
  const cases: readonly (readonly [string, string, Record<string, string>, number])[] = [
    ['there is none', a, { 'if-match': '*' }, 412],
    ['none with this digest', a, { 'if-match': tag(a) }, 412],
    ['the first', a, { 'if-none-match': '*' }, 201],
    ['no second first', b, { 'if-none-match': '*' }, 412],
    ['the one that is there', b, { 'if-match': tag(a) }, 201],
    ['another one by now', c, { 'if-match': tag(a) }, 412],
    ['one of two', c, { 'if-match': `${tag(a)}, W/${tag(b)}` }, 201],
    ['no digest', a, { 'if-match': 'abc' }, 400],
    ['both', a, { 'if-match': '*', 'if-none-match': '*' }, 400],
    ['some digest', a, { 'if-none-match': tag(a) }, 400],
    ['any', a, { 'if-match': '*' }, 201],
    ['the last one wins', b, {}, 201],
  ];
  for (const [name, body, headers, status] of cases) {
    const reply = await put(running, 'prod', body, headers);
    tt.equal(reply.status, status, `${name}: ${reply.text.slice(0, 200)}`);
    if (status === 412) tt.equal(reply.json().code, 'NAME_CHANGED', name);
  }
  const writers = await Promise.all(
    Array.from({ length: 8 }, (_, number) => put(running, 'prod', variant(10 + number), { 'if-match': tag(b) })),
  );
  tt.same(writers.map(({ status }) => status).sort(), [201, ...Array(7).fill(412)], 'of many at once, one');
  tt.equal((await list(running)).names[0]?.versions.length, 6);
});

t.test('credentials do not see each other’s names', async (tt) => {
  const [one, two] = ['a'.repeat(16), 'b'.repeat(16)];
  const running = await start({ small: QUICK, held: QUICK, tokens: [one, two] });
  tt.teardown(() => running.app.close());
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  tt.equal((await put(running, 'prod', variant(1))).status, 401);
  tt.equal((await send(running, 'GET', '/v1/snapshots')).status, 401);
  await put(running, 'prod', variant(1), as(one));
  tt.same((await list(running, as(two))).names, []);
  tt.equal((await ask(running, { name: 'prod' }, as(two))).json().code, 'UNKNOWN_NAME');
  tt.equal((await ask(running, { digest: digestOf(variant(1)) }, as(two))).json().code, 'UNKNOWN_DIGEST');
  tt.equal((await send(running, 'DELETE', '/v1/snapshots/names/prod', as(two))).json().code, 'UNKNOWN_NAME');
  await put(running, 'prod', variant(2), as(two));
  tt.equal((await ask(running, { name: 'prod' }, as(one))).json().snapshot.digest, digestOf(variant(1)));
  tt.equal((await ask(running, { name: 'prod' }, as(two))).json().snapshot.digest, digestOf(variant(2)));
});

t.test('names outlast the memory for held snapshots, within bounds of their own', async (tt) => {
  const size = variant(1).length;
  const running = await start({ small: QUICK, held: QUICK, snapshotMemory: size + 10, named: { names: 2 } });
  tt.teardown(() => running.app.close());
  for (const number of [1, 2, 3]) tt.equal((await put(running, 'prod', variant(number))).status, 201);
  for (const back of [0, 1, 2]) {
    tt.equal((await ask(running, { name: `prod@-${back}` })).json().snapshot?.digest, digestOf(variant(3 - back)));
  }
  await put(running, 'test', variant(4));
  const third = await put(running, 'third', variant(5));
  tt.same([third.status, third.json().code], [507, 'STORE_FULL']);
  tt.match(third.json().detail, /2 names.*SNAPSHOT_NAMES/);
  tt.equal((await put(running, 'prod', variant(6))).status, 201, 'names that are there take more');
  const none = await start({ small: QUICK, held: QUICK, snapshotMemory: 0 });
  tt.teardown(() => none.app.close());
  tt.same(
    [(await put(none, 'prod', variant(1))).json().code, (await ask(none, { name: 'prod' })).json().code],
    ['UNSUPPORTED', 'UNKNOWN_NAME'],
  );
});

const heldOf = (text: string): HeldSnapshot => {
  const bytes = new SharedArrayBuffer(Buffer.byteLength(text));
  Buffer.from(bytes).write(text);
  return { digest: digestOf(text), bytes, files: [{ length: bytes.byteLength }] };
};

t.test('room in memory: older versions make it, newest ones never', async (tt) => {
  const noise = (seed: number) => {
    let [text, state] = ['', seed + 1];
    while (text.length < 2000) {
      state = (state * 48271) % 2147483647;
      text += state.toString(36);
    }
    return text;
  };
  let evicted = 0;
  let clock = 0;
  let idle = 0;
  const store = new MemoryNames({
    limit: 8000,
    idleLimit: 100,
    now: () => idle,
    onEvicted: (count) => (evicted += count),
  });
  const named = new NamedSnapshots({ store, keeping: { versions: 10, age: 1000 }, names: 10, now: () => ++clock });
  const sending = (name: string) => ({ name, sender: 's', force: false });
  const keep = (owner: string, name: string, seed: number) =>
    named.put(owner, heldOf(noise(seed)), { Node: 1 }, sending(name));
  for (let seed = 0; seed < 8; seed++) tt.notOk('problem' in (await keep('a', 'prod', seed)), `${seed}`);
  tt.ok(evicted > 0 && store.bytes <= 8000);
  const versions = (await store.read('a', 'prod'))?.versions ?? [];
  tt.equal(versions.at(-1)?.digest, digestOf(noise(7)));
  for (const { digest } of versions) tt.equal((await store.load('a', digest))?.digest, digest);
  tt.equal(await store.load('a', digestOf(noise(0))), undefined);
  // Others fill the room with newest versions.
  let full = 0;
  for (let seed = 20; seed < 30; seed++) if ('problem' in (await keep('b', `n${seed}`, seed))) full++;
  tt.ok(full > 0, 'at some point it is full');
  const refused = await keep('a', 'other', 50);
  tt.match(refused, { problem: { code: 'STORE_FULL' } });
  tt.equal((await store.read('a', 'prod'))?.versions.at(-1)?.digest, digestOf(noise(7)), 'what was accepted is there');
  tt.ok(await store.has('a', digestOf(noise(7))));
  await named.delete('b', 'n20');
  tt.notOk('problem' in (await keep('a', 'prod', 50)));
  clock += 5000;
  tt.notOk('problem' in (await keep('a', 'prod', 51)));
  tt.equal((await store.read('a', 'prod'))?.versions.length, 1, 'older versions go with time');
  idle = 90;
  await store.read('a', 'prod');
  idle = 150;
  await keep('c', 'prod', 60);
  tt.same((await store.list('b')).length, 0, 'what nobody asks about goes');
  tt.equal((await store.list('a')).length, 1);
});

t.test('replicas share names in a store', async (tt) => {
  for (const key of [undefined, 'k'.repeat(32)]) {
    const { store, proxy, url, close } = await storeWithProxy();
    const shared = { url, timeout: 400, limit: 1e8, key, encrypt: key !== undefined };
    const options = { small: QUICK, large: QUICK, held: QUICK, store: shared, named: { versions: 2 } };
    const [one, two] = [await start(options), await start(options)];
    tt.teardown(async () => {
      await Promise.all([one.app.close(), two.app.close()]);
      close();
    });
    await until(() => one.backend.workers.shelf.store === 'UP' && two.backend.workers.shelf.store === 'UP');
    const sent = await put(one, 'prod', variant(1));
    tt.match([sent.status, sent.json()], [201, { shared: true }]);
    tt.equal((await ask(two, { name: 'prod' })).json().snapshot?.digest, digestOf(variant(1)));
    tt.equal(((await put(two, 'prod', variant(2))).json() as unknown as { sequence: number }).sequence, 2);
    tt.equal((await ask(one, { name: 'prod@-1' })).json().snapshot?.digest, digestOf(variant(1)));
    await put(one, 'prod', variant(3));
    tt.same(
      (await list(two)).names[0]?.versions.map(({ sequence }) => sequence),
      [3, 2],
    );
    const hashes = [...store.hashes].map(([key, fields]) => `${key} ${[...fields].join(' ')}`);
    const shown = [...store.data.keys(), ...hashes].join(' ');
    tt.equal(shown.includes('prod'), key === undefined, 'with a key, the store does not show names');

    const many = await Promise.all(
      Array.from({ length: 6 }, (_, number) => put(number % 2 ? one : two, 'race', variant(20 + number))),
    );
    tt.same(
      many.map(({ status }) => status),
      Array(6).fill(201),
    );
    const race = (await list(one)).names.find(({ name }) => name === 'race');
    tt.same(
      race?.versions.map(({ sequence }) => sequence),
      [6, 5],
      'writers at once lose nothing',
    );

    store.full = true;
    const full = await put(one, 'prod', variant(4));
    tt.same([full.status, full.json().code], [507, 'STORE_FULL']);
    tt.ok(Number(full.headers['retry-after']) > 0);
    tt.equal(
      (await ask(two, { name: 'prod' })).json().snapshot?.digest,
      digestOf(variant(3)),
      'what was accepted is there',
    );
    store.full = false;
    tt.equal((await put(one, 'prod', variant(4))).status, 201);

    // Its bytes are gone from the store, and no replica has them in memory.
    await put(one, 'lost', variant(90));
    const three = await start(options);
    tt.teardown(() => three.app.close());
    await until(() => three.backend.workers.shelf.store === 'UP');
    for (const key of [...store.data.keys()]) if (key.includes(digestOf(variant(90)))) store.data.delete(key);
    const expired = await ask(three, { name: 'lost' });
    tt.same([expired.status, expired.json().code], [404, 'UNKNOWN_NAME']);
    tt.match(expired.json().detail, /lost leads to has expired/);

    proxy.spoiling = 'REFUSING';
    proxy.cut();
    await until(() => one.backend.workers.shelf.store === 'DOWN');
    for (const reply of [
      await put(one, 'prod', variant(5)),
      await ask(one, { name: 'prod' }),
      await send(one, 'GET', '/v1/snapshots'),
      await drop(one, 'prod'),
    ]) {
      tt.same([reply.status, reply.json().code], [503, 'STORE_UNAVAILABLE'], reply.text);
    }
    tt.equal((await ask(one, { digest: digestOf(variant(4)) })).status, 200, 'by its digest, from memory');
    proxy.thaw();
    await until(() => one.backend.workers.shelf.store === 'UP');
    tt.equal((await ask(one, { name: 'prod' })).json().snapshot?.digest, digestOf(variant(4)), 'nothing was lost');
    for (const hash of store.hashes.values()) for (const field of hash.keys()) hash.set(field, Buffer.from('{damaged'));
    tt.equal((await ask(one, { name: 'prod' })).json().code, 'UNKNOWN_NAME', 'a damaged record is none');
    tt.equal((await put(one, 'prod', variant(6))).status, 201);
  }
});

const REDIS = ['/usr/bin/valkey-server', '/usr/bin/redis-server'].find(existsSync);

t.test('names in a real store', { skip: REDIS === undefined && 'no redis-server here' }, async (tt) => {
  const folder = tt.testdir({});
  const socket = createTcpServer().listen(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = spawn(REDIS as string, words, { stdio: 'ignore' });
  tt.teardown(() => child.kill());
  const url = `redis://127.0.0.1:${port}`;
  const options = { url, timeout: 2000, limit: 1e8, idleLimit: 60_000 };
  const snapshots = new RedisStore(options);
  await until(() => snapshots.up);
  const [one, two] = [1, 2].map(() => {
    const store = new RedisNames(options, snapshots.connection);
    return new NamedSnapshots({ store, keeping: { versions: 20, age: 60_000 }, names: 10 });
  }) as [NamedSnapshots, NamedSnapshots];
  tt.teardown(() => snapshots.close());
  const sent = await Promise.all(
    Array.from({ length: 12 }, (_, number) =>
      (number % 2 ? one : two).put(
        'owner',
        heldOf(`snapshot ${number}`),
        { Node: 1 },
        { name: 'prod', sender: 's', force: false },
      ),
    ),
  );
  tt.same(
    sent.filter((each) => 'problem' in each),
    [],
  );
  const record = (await two.store.read('owner', 'prod')) as NameRecord;
  tt.same(
    record.versions.map(({ sequence }) => sequence),
    Array.from({ length: 12 }, (_, index) => index + 1),
  );
  for (const { digest } of record.versions) tt.equal((await one.store.load('owner', digest))?.digest, digest);
  tt.same(
    await two.resolve('owner', ['prod', 'prod@-11']),
    new Map([
      ['prod', record.versions[11]?.digest],
      ['prod@-11', record.versions[0]?.digest],
    ]),
  );
  tt.same(await one.delete('owner', 'prod'), { name: 'prod', versions: 12 });
  tt.same(await two.list('owner'), []);
  tt.match(await two.resolve('owner', ['prod']), { problem: { code: 'UNKNOWN_NAME' } });
});
