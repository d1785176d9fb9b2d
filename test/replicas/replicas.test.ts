/**
 * Two replicas behind the proxy, with the store that they share: what docker-compose.yml starts, without containers. A
 * replica is killed under load, another one drained, the store stopped; lost and wrong answers are counted.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { SERVICE } from '../../src/grpc/service-name.js';
import { writeRequest } from '../../src/messages/codec.js';
import { ReflectedClient } from '../grpc/client.js';
import { wholeOf } from '../grpc/whole.js';
import { freePorts, missingTools, type Running, startProxy, startReplica, startStore, until, urlOf } from './plant.js';

const article = readFileSync('examples/article.json');
const digest = `sha256:${createHash('sha256').update(article).digest('hex')}`;
const inline: unknown = JSON.parse(article.toString('utf8'));
const NAMES = ['nginx-svc', 'kubernetes'] as const;
const CLIENTS = 8;
/** Milliseconds between a client's questions: they are there at every moment, and leave the machine to the replicas. */
const PAUSE = 50;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A question by digest or with its snapshot inside, about one of the Services from one of the nodes. */
function question(number: number, byDigest: boolean) {
  const service = { namespace: 'default', name: NAMES[number % NAMES.length] };
  const path = { source: { node: `node-${1 + (number % 3)}` }, destination: { service }, maxTraces: 1 + (number % 7) };
  return { snapshot: byDigest ? { digest } : { inline }, path };
}

interface Reply {
  readonly status: number;
  readonly code?: string;
  readonly result?: unknown;
}

async function ask(port: number, body: unknown): Promise<Reply> {
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(urlOf(port, '/v1/path'), { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: reply.status, ...((await reply.json()) as object) };
}

async function upload(port: number, text: Buffer | string = article) {
  const name = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  const reply = await fetch(urlOf(port, `/v1/snapshots/${name}`), {
    method: 'PUT',
    body: text,
    headers: { 'content-type': 'application/json' },
  });
  return { status: reply.status, ...((await reply.json()) as { readonly shared?: boolean }) };
}

const ready = (port: number) => async () => (await fetch(urlOf(port, '/readyz'))).status === 200;

async function metric(port: number, pattern: RegExp): Promise<number> {
  const text = await (await fetch(urlOf(port, '/metrics'))).text();
  return Number(pattern.exec(text)?.[1] ?? 0);
}

/** What became of questions under load. */
interface Count {
  answered: number;
  /** Not what the same question gave in peace. */
  wrong: number;
  /** No answer, or a refusal. */
  lost: number;
}

/** Asks through the proxy from several clients at once while `during` runs. */
async function underLoad(port: number, expected: readonly unknown[], during: () => Promise<unknown>): Promise<Count> {
  const count: Count = { answered: 0, wrong: 0, lost: 0 };
  let stop = false;
  const client = async (first: number) => {
    for (let number = first; !stop; number += CLIENTS) {
      try {
        const { status, result } = await ask(port, question(number, number % 3 !== 0));
        if (status !== 200) count.lost++;
        else if (JSON.stringify(result) === expected[number % expected.length]) count.answered++;
        else count.wrong++;
      } catch {
        count.lost++;
      }
      await pause(PAUSE);
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, index) => client(index));
  await pause(1000);
  await during();
  await pause(1500);
  stop = true;
  await Promise.all(clients);
  return count;
}

const missing = missingTools();

t.test('replicas', { skip: missing.length > 0 && `not installed: ${missing.join(', ')}` }, async (tt) => {
  const folder = tt.testdir();
  const [http1 = 0, http2 = 0, grpc1 = 0, grpc2 = 0, proxyPort = 0, grpcProxy = 0, storePort = 0] = await freePorts(7);
  const running = new Set<Running>();
  const begin = (process: Running) => {
    running.add(process);
    return process;
  };
  const end = async (process: Running, signal: NodeJS.Signals) => {
    running.delete(process);
    return await process.end(signal);
  };
  let store = begin(startStore(storePort));
  let one = begin(startReplica(http1, grpc1, storePort));
  const two = begin(startReplica(http2, grpc2, storePort));
  const addresses = { replicas: [http1, http2], grpc: [grpc1, grpc2], http: proxyPort, grpcProxy } as const;
  const proxy = begin(startProxy(addresses, `${folder}/nginx`));
  tt.teardown(async () => {
    // The proxy's master takes its workers along only if it is asked.
    await Promise.all([...running].map((process) => process.end(process === proxy ? 'SIGTERM' : 'SIGKILL')));
  });
  for (const port of [http1, http2]) {
    await until(
      `replica at ${port}`,
      async () => {
        const reply = await fetch(urlOf(port, '/readyz'));
        return reply.status === 200 && ((await reply.json()) as { store?: string }).store === 'up';
      },
      one,
      two,
    );
  }
  await until('proxy', ready(proxyPort), proxy);

  tt.match(await upload(http1), { status: 201, shared: true });
  tt.match(await upload(http2), { status: 200, shared: true }, 'for the other replica it is held already');
  const expected: string[] = [];
  for (let number = 0; number < 42; number++) {
    const [here, there] = [await ask(http1, question(number, true)), await ask(http2, question(number, false))];
    tt.equal(here.status, 200, JSON.stringify(here).slice(0, 500));
    expected.push(JSON.stringify(here.result));
    tt.equal(JSON.stringify(there.result), expected[number], 'whoever is asked');
  }

  const rpc = writeRequest('path', question(1, true));
  /** What gRPC answers through the proxy, as JSON. */
  const askGrpc = async (client: ReflectedClient) =>
    JSON.stringify(wholeOf(client.method('Path').output, await client.bytes('Path', rpc)));

  await tt.test('gRPC through the proxy', async (ttt) => {
    const client = new ReflectedClient(grpcProxy, SERVICE);
    ttt.teardown(() => client.close());
    ttt.ok((await client.describe()).includes(SERVICE), 'reflection');
    const here = await askGrpc(client);
    ttt.ok(here.length > 100);
    const others = await Promise.all(Array.from({ length: 10 }, () => askGrpc(client)));
    ttt.ok(
      others.every((other) => other === here),
      'whichever replica is asked',
    );
  });

  await tt.test('a name that one replica was sent, another one knows', async (ttt) => {
    const address = (port: number, path = '') => urlOf(port, `/v1/snapshots/names/prod${path}`);
    const put = (port: number, number: number, headers = {}) =>
      fetch(address(port), {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ ...(inline as object), metadata: { number } }),
      });
    const sent = await Promise.all([put(http1, 1), put(http2, 2), put(proxyPort, 3), put(http1, 4)]);
    ttt.same(
      sent.map(({ status }) => status),
      [201, 201, 201, 201],
    );
    const list = (await (await fetch(urlOf(http2, '/v1/snapshots'))).json()) as {
      names: { versions: { sequence: number; digest: string }[] }[];
    };
    ttt.same(
      list.names[0]?.versions.map(({ sequence }) => sequence),
      [4, 3, 2, 1],
      'of writers at once none is lost',
    );
    const { path } = question(5, true);
    const named = { snapshot: { name: 'prod@-3' }, path };
    const [here, there, between] = await Promise.all([ask(http1, named), ask(http2, named), ask(proxyPort, named)]);
    ttt.same(here.result, JSON.parse(expected[5] as string));
    ttt.same([there, between], [here, here], 'all say the same');
    const expected4 = list.names[0]?.versions[0]?.digest;
    ttt.equal((await put(http2, 5, { 'if-match': '"sha256:0"' })).status, 400);
    ttt.equal((await put(http2, 5, { 'if-match': `"${expected4}"` })).status, 201);
    ttt.equal((await put(http1, 6, { 'if-match': `"${expected4}"` })).status, 412);
    ttt.equal((await fetch(address(http1), { method: 'DELETE' })).status, 200);
    ttt.equal((await fetch(address(http2))).status, 404);
  });

  await tt.test('a replica is killed', async (ttt) => {
    const client = new ReflectedClient(grpcProxy, SERVICE);
    ttt.teardown(() => client.close());
    await client.describe();
    const grpc = { answered: 0, lost: 0 };
    let over = false;
    const overGrpc = (async () => {
      while (!over) {
        await askGrpc(client).then(
          () => grpc.answered++,
          () => grpc.lost++,
        );
        await pause(PAUSE);
      }
    })();
    const count = await underLoad(proxyPort, expected, () => end(one, 'SIGKILL'));
    over = true;
    await overGrpc;
    ttt.comment(JSON.stringify({ ...count, grpc }));
    ttt.ok(grpc.answered > 0 && grpc.lost <= 1, `${grpc.lost} lost over gRPC`);
    ttt.equal(count.wrong, 0);
    ttt.ok(count.lost <= CLIENTS, `${count.lost} lost, at most those that it was answering`);
    ttt.ok(count.answered > 50, `${count.answered} answered`);
  });

  await tt.test('another one takes its place, and has the snapshot from the store', async (ttt) => {
    one = begin(startReplica(http1, grpc1, storePort));
    await until('it is ready', ready(http1));
    await until('it has its store', async () => (await metric(http1, /^kube_whatif_store_up (\d)$/m)) === 1);
    const reply = await ask(http1, question(5, true));
    ttt.equal(JSON.stringify(reply.result), expected[5]);
    ttt.equal(await metric(http1, /^kube_whatif_snapshot_lookups_total\{result="STORE"\} (\d+)$/m), 1);
  });

  await tt.test('a replica is drained', async (ttt) => {
    let code: number | null = -1;
    const count = await underLoad(proxyPort, expected, async () => {
      code = await end(one, 'SIGTERM');
    });
    ttt.comment(JSON.stringify(count));
    ttt.same([count.wrong, count.lost, code], [0, 0, 0], 'nothing is lost');
    one = begin(startReplica(http1, grpc1, storePort));
    await until('it is ready again', ready(http1));
    await until('it has its store', async () => (await metric(http1, /^kube_whatif_store_up (\d)$/m)) === 1);
  });

  await tt.test('the store is stopped', async (ttt) => {
    const count = await underLoad(http2, expected, () => end(store, 'SIGKILL'));
    ttt.comment(JSON.stringify(count));
    ttt.same([count.wrong, count.lost], [0, 0], 'inline, and from memory, all is answered');
    await until('it is noticed', async () => (await metric(http2, /^kube_whatif_store_up (\d)$/m)) === 0);
    const readiness = await fetch(urlOf(http2, '/readyz'));
    ttt.same([readiness.status, await readiness.json()], [200, { status: 'ready', store: 'down' }]);
    ttt.equal((await ask(http1, question(1, false))).status, 200);
    const elsewhere = await ask(http1, question(1, true));
    ttt.same(
      [elsewhere.status, elsewhere.code],
      [503, 'STORE_UNAVAILABLE'],
      'a replica that does not have it says why',
    );
    const head = await fetch(urlOf(http1, `/v1/snapshots/${digest}`), { method: 'HEAD' });
    ttt.equal(head.status, 503);
    ttt.match(await upload(http1), { status: 201, shared: false }, 'it can be sent again');
    ttt.equal(JSON.stringify((await ask(http1, question(1, true))).result), expected[1]);
    store = begin(startStore(storePort));
    await until('it is there again', async () => (await metric(http1, /^kube_whatif_store_up (\d)$/m)) === 1);
    ttt.match(await upload(http1), { status: 200, shared: true });
  });

  await tt.test('the store lost a part, or has another in its place', async (ttt) => {
    const text = JSON.stringify({ kind: 'List', items: (inline as { items: readonly unknown[] }).items });
    const name = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    ttt.match(await upload(http1, text), { shared: true });
    const { createClient } = await import('@redis/client');
    const client = await createClient({ url: `redis://127.0.0.1:${storePort}` }).connect();
    const [first = ''] = await client.keys(`kube-whatif:snapshot:*:${name}:0`);
    const key = first.slice(0, -1);
    ttt.ok((await client.pTTL(`${key}0`)) > 3_000_000, 'it expires by itself');
    const damaged = { snapshot: { digest: name }, path: question(1, true).path };
    await client.set(`${key}0`, 'not gzip');
    ttt.equal((await ask(http2, damaged)).code, 'UNKNOWN_DIGEST');
    const { gzipSync } = await import('node:zlib');
    const other = text.replace('nginx', 'nginy');
    await client.set(`${key}0`, gzipSync(other));
    const reply = await ask(http2, damaged);
    ttt.same([reply.status, reply.code], [404, 'UNKNOWN_DIGEST'], 'the digest is checked');
    await client.del(`${key}0`);
    ttt.equal((await fetch(urlOf(http2, `/v1/snapshots/${name}`), { method: 'HEAD' })).status, 404);
    await client.close();
  });

  tt.equal(await end(one, 'SIGTERM'), 0);
  tt.equal(await end(two, 'SIGTERM'), 0);
  const nobody = await ask(proxyPort, question(1, true));
  tt.same([nobody.status, nobody.code], [503, 'NOT_READY'], 'without replicas the proxy says so as they would');
});
