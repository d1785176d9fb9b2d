/**
 * A snapshot store that is frozen, slow, full, gone or corrupt: every request gets its answer, and all is well once the
 * store is.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import t from 'tap';
import { post, QUICK, type Running, send, start } from '../rest/support.js';
import { type SpoilingProxy, storeWithProxy, type TinyRedis, until } from './plant.js';

const article = readFileSync('examples/article.json');
const digestOf = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
/** The snapshot of the test that runs: each has its own, since replicas remember what they have seen. */
let current = article;
let made = 0;
const fresh = () => {
  current = Buffer.from(JSON.stringify({ ...JSON.parse(article.toString()), metadata: { number: made++ } }));
};
const lanes = { small: QUICK, large: QUICK, held: QUICK };
t.setTimeout(600_000);

const KEY = 'an operator keeps this to himself 123';

const question = {
  path: { source: { node: 'node-1' }, destination: { service: { namespace: 'default', name: 'nginx-svc', port: 80 } } },
};

const put = (running: Running, bytes: Buffer | string = current, headers: Readonly<Record<string, string>> = {}) =>
  send(running, 'PUT', `/v1/snapshots/${digestOf(bytes)}`, { 'content-type': 'application/json', ...headers }, bytes);
const ask = (running: Running, headers: Readonly<Record<string, string>> = {}) =>
  post(running, '/v1/path', { ...question, snapshot: { digest: digestOf(current) } }, headers);
const storeSays = async (running: Running) =>
  ((await send(running, 'GET', '/readyz')).json() as unknown as { readonly store: string }).store;

interface Plant {
  readonly store: TinyRedis;
  readonly proxy: SpoilingProxy;
  /** Two replicas. */
  readonly first: Running;
  readonly second: Running;
}

async function newPlant(options: object = {}, timeout = 300): Promise<Plant> {
  const { store, proxy, url, close } = await storeWithProxy();
  const replica = () =>
    start({
      ...lanes,
      store: { url, timeout, limit: 64 * 1024 * 1024, ...options },
      tokens: ['a-token-of-16-or-more', 'another-token-of-16'],
    });
  const [first, second] = await Promise.all([replica(), replica()]);
  t.teardown(async () => {
    await Promise.all([first.app.close(), second.app.close()]);
    close();
  });
  for (const one of [first, second]) await until(async () => (await storeSays(one)) === 'up');
  return { store, proxy, first, second };
}

/** Plants by what is set: starting replicas takes longest. */
const plants = new Map<string, Promise<Plant>>();

/** A plant in which all is well, and a snapshot that it has not seen. */
async function plant(options: object = {}, timeout = 300): Promise<Plant> {
  const key = JSON.stringify([options, timeout]);
  const made = plants.get(key) ?? newPlant(options, timeout);
  plants.set(key, made);
  const one = await made;
  one.proxy.thaw();
  one.store.data.clear();
  fresh();
  for (const running of [one.first, one.second]) await until(async () => (await storeSays(running)) === 'up');
  return one;
}

const TOKEN = { authorization: 'Bearer a-token-of-16-or-more' };

t.test('what one replica is sent the other answers about', async (tt) => {
  const { store, first, second } = await plant();
  tt.match((await put(first, current, TOKEN)).json(), { shared: true });
  tt.equal((await ask(second, TOKEN)).status, 200);
  const other = { authorization: 'Bearer another-token-of-16' };
  tt.equal((await ask(second, other)).json().code, 'UNKNOWN_DIGEST', 'not for another credential');
  tt.ok([...store.data.keys()].every((key) => key.startsWith('kube-whatif:snapshot:2:')));
});

for (const spoiling of ['FROZEN', 'SLOW', 'REFUSING'] as const) {
  t.test(`a store that is ${spoiling.toLowerCase()}`, async (tt) => {
    const { proxy, first, second } = await plant();
    await put(first, current, TOKEN);
    proxy.spoiling = spoiling;
    if (spoiling === 'REFUSING') proxy.cut();
    const asked = await Promise.all(Array.from({ length: 8 }, () => ask(second, TOKEN)));
    for (const reply of asked) {
      tt.same([reply.status, reply.json().code], [503, 'STORE_UNAVAILABLE']);
      tt.ok(Number(reply.headers['retry-after']) > 0);
    }
    tt.equal(await storeSays(second), 'down', '/readyz says so');
    const head = await send(second, 'HEAD', `/v1/snapshots/${digestOf(current)}`, TOKEN);
    tt.equal(head.status, 503);
    const inline = { ...question, snapshot: { inline: JSON.parse(article.toString()) } };
    tt.equal((await post(second, '/v1/path', inline, TOKEN)).status, 200, 'inline questions are answered');
    tt.equal((await ask(first, TOKEN)).status, 200, 'and those about what is in memory');
    const own = await put(second, current, TOKEN);
    tt.same([own.status, (own.json() as unknown as { shared: boolean }).shared], [201, false], 'it holds for itself');
    tt.equal((await ask(second, TOKEN)).status, 200);
    await until(async () => (await storeSays(first)) === 'down');
    proxy.thaw();
    await until(async () => (await storeSays(first)) === 'up' && (await storeSays(second)) === 'up');
    tt.match((await put(second, current, TOKEN)).json(), { shared: true }, 'it recovers by itself');
  });
}

t.test('a store that froze is known before anybody asks', async (tt) => {
  const { proxy, first } = await plant();
  proxy.spoiling = 'FROZEN';
  await until(async () => (await storeSays(first)) === 'down');
  const reply = await ask(first, TOKEN);
  tt.equal(reply.json().code, 'STORE_UNAVAILABLE');
});

t.test('a store that is full', async (tt) => {
  const { store, first, second } = await plant();
  store.full = true;
  tt.match((await put(first, current, TOKEN)).json(), { shared: false });
  tt.equal((await ask(first, TOKEN)).status, 200);
  tt.equal((await ask(second, TOKEN)).json().code, 'UNKNOWN_DIGEST');
  tt.equal(await storeSays(first), 'up', 'what it has can be read');
  tt.equal(store.data.size, 0);
  store.full = false;
  tt.match((await put(first, current, TOKEN)).json(), { shared: true });
  tt.equal((await ask(second, TOKEN)).status, 200);
});

type Damage = (data: Map<string, Buffer>, key: string) => void;

/** Each is done to one key. */
const DAMAGES: readonly (readonly [string, 'meta' | 'piece', Damage])[] = [
  ['a piece with another byte', 'piece', (data, key) => void (data.get(key) as Buffer).set([0x55], 100)],
  ['a piece that is gone', 'piece', (data, key) => void data.delete(key)],
  ['a shorter piece', 'piece', (data, key) => void data.set(key, (data.get(key) as Buffer).subarray(0, 50))],
  [
    'a longer piece',
    'piece',
    (data, key) => void data.set(key, Buffer.concat([data.get(key) as Buffer, Buffer.alloc(5e6)])),
  ],
  ['no JSON', 'meta', (data, key) => void data.set(key, Buffer.from('{'))],
  ['null', 'meta', (data, key) => void data.set(key, Buffer.from('null'))],
  ['a long description', 'meta', (data, key) => void data.set(key, Buffer.alloc(5e6, 0x20))],
  ...(
    [
      { pieces: 1e9 },
      { pieces: 0 },
      { packed: 1e15 },
      { bytes: 1e15 },
      { bytes: -1 },
      { files: [] },
      { files: [{ length: { toString: 1 } }] },
      { files: [{ length: 1, name: {} }] },
      { files: Array(5000).fill({ length: 0 }) },
      { version: { toString: 1 } },
    ] as const
  ).map((fields): readonly [string, 'meta', Damage] => [
    JSON.stringify(fields).slice(0, 60),
    'meta',
    (data, key) => void data.set(key, Buffer.from(JSON.stringify({ ...JSON.parse(String(data.get(key))), ...fields }))),
  ]),
];

t.test('what is damaged is dropped, and repaired by the next PUT', async (tt) => {
  const { store, first, second } = await plant({}, 2000);
  for (const [index, [name, which, damage]] of DAMAGES.entries()) {
    // Another snapshot each time: replicas remember what they have seen.
    const bytes = Buffer.from(JSON.stringify({ ...JSON.parse(article.toString()), metadata: { name, index } }));
    const own = { ...question, snapshot: { digest: digestOf(bytes) } };
    tt.match((await put(first, bytes, TOKEN)).json(), { shared: true });
    const key = [...store.data.keys()].find(
      (one) => one.includes(digestOf(bytes)) && one.endsWith(which === 'meta' ? ':meta' : ':0'),
    );
    damage(store.data, key as string);
    tt.equal((await post(second, '/v1/path', own, TOKEN)).json().code, 'UNKNOWN_DIGEST', name);
    tt.notOk(
      [...store.data.keys()].some((one) => one.includes(digestOf(bytes)) && one.endsWith(':meta')),
      `${name}: dropped`,
    );
    tt.match((await put(first, bytes, TOKEN)).json(), { shared: true });
    tt.equal((await post(second, '/v1/path', own, TOKEN)).status, 200, `${name}: repaired`);
  }
});

t.test('a replica that has the snapshot in memory repairs the store too', async (tt) => {
  const { store, first, second } = await plant();
  await put(first, current, TOKEN);
  for (const [key, value] of store.data) if (key.endsWith(':0')) value.set([1, 2, 3], 50);
  await put(first, current, TOKEN);
  tt.equal((await ask(second, TOKEN)).status, 200);
});

t.test('bytes that change on the way are noticed', async (tt) => {
  const { proxy, first, second } = await plant({}, 2000);
  await put(first, current, TOKEN);
  proxy.spoiling = 'CORRUPT';
  const reply = await ask(second, TOKEN);
  tt.ok(['UNKNOWN_DIGEST', 'STORE_UNAVAILABLE'].includes(reply.json().code), reply.text);
  proxy.thaw();
  await until(async () => (await storeSays(first)) === 'up' && (await storeSays(second)) === 'up');
  await put(first, current, TOKEN);
  await until(async () => (await ask(second, TOKEN)).status === 200);
});

t.test("with the operator's key owners are hidden, and snapshots encrypted", async (tt) => {
  const { store, first, second } = await plant({ key: KEY, encrypt: true });
  tt.match((await put(first, current, TOKEN)).json(), { shared: true });
  const plain = createHash('sha256').update('token a-token-of-16-or-more').digest('hex').slice(0, 32);
  tt.notOk([...store.data.keys()].some((key) => key.includes(plain)));
  // gzip would begin with these bytes, the description with a brace.
  tt.notOk([...store.data.values()].some((value) => value.readUInt16BE(0) === 0x1f8b || value[0] === 0x7b));
  tt.equal((await ask(second, TOKEN)).status, 200);
  const [meta, piece] = [':meta', ':0'].map((end) => [...store.data.keys()].find((key) => key.endsWith(end)) as string);
  const other = { ...question, snapshot: { digest: digestOf('{}') } };
  // A piece under another name is not taken for it.
  store.data.set((meta as string).replace(digestOf(current), digestOf('{}')), store.data.get(meta as string) as Buffer);
  store.data.set(
    (piece as string).replace(digestOf(current), digestOf('{}')),
    store.data.get(piece as string) as Buffer,
  );
  tt.equal((await post(second, '/v1/path', other, TOKEN)).json().code, 'UNKNOWN_DIGEST');
});

t.test('a request whose client goes away while the store is frozen leaves nothing behind', async (tt) => {
  const { proxy, first } = await plant();
  proxy.spoiling = 'FROZEN';
  const body = JSON.stringify({ ...question, snapshot: { digest: digestOf(current) } });
  await new Promise<void>((resolve) => {
    const headers = { ...TOKEN, 'content-type': 'application/json', 'content-length': String(body.length) };
    const request = httpRequest({ host: '127.0.0.1', port: first.port, method: 'POST', path: '/v1/path', headers });
    request.on('error', () => resolve());
    request.end(body, () => setTimeout(() => request.destroy(), 50));
    request.on('close', () => resolve());
  });
  proxy.thaw();
  await until(async () => (await storeSays(first)) === 'up');
  tt.equal(first.backend.workers.budget.used, 0);
});
