/** The service as a whole: starting, being ready, stopping, its log, who may ask, and how often. */

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { readSettings, shownSettings } from '../../src/operations/service-settings.js';
import { serve } from '../../src/serve/serve.js';
import { command, FAKE_WORKER, load, post, send, start, until } from '../rest/support.js';
import { hold } from '../work/held-file.js';

const THREADS = { SMALL_THREADS: '1', LARGE_THREADS: '1', HELD_THREADS: '1', LOG_LEVEL: 'silent' };
const LOCAL = { workerFile: FAKE_WORKER, small: { threads: 1 }, large: { threads: 1 }, held: { threads: 1 } };

/** Serves with these variables on a free port. */
async function serving(variables: Readonly<Record<string, string>> = {}, lines: string[] = []) {
  const env = { PORT: '0', GRPC_PORT: '0', ...THREADS, ...variables };
  const logStream = { write: (line: string) => void lines.push(line) };
  const running = await serve(readSettings(env), shownSettings(env), {
    workerFile: FAKE_WORKER,
    logStream,
    threadsOnDemand: true,
  });
  return { ...running, port: Number(new URL(running.url).port) };
}

/** Whether a question is being answered. */
const isBusy = async (to: { readonly port: number }) =>
  /^kube_whatif_lane_busy\{lane="small"\} 1$/m.test((await send(to, 'GET', '/metrics')).text);

const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

t.test('it listens where it is configured to, ready at once, and stops on SIGTERM', async (tt) => {
  const before = process.listenerCount('SIGINT');
  const running = await serving();
  const { port } = running;
  tt.same((await send(running, 'GET', '/readyz')).json(), { status: 'ready' });
  await tt.rejects(serving({ PORT: String(port) }), { code: 'EADDRINUSE' });
  tt.same((await send(running, 'GET', '/healthz')).json(), { status: 'ok' }, 'that did not disturb it');
  process.emit('SIGTERM');
  await running.close();
  await tt.rejects(send(running, 'GET', '/healthz'), { code: 'ECONNREFUSED' });
  tt.equal(process.listenerCount('SIGINT'), before);
});

t.test('SIGTERM: first not ready, then no new connections, and what is under way finishes', async (tt) => {
  const lines: string[] = [];
  const running = await serving({ DRAIN_DELAY: '2', LOG_LEVEL: 'info' }, lines);
  const held = hold();
  const slow = post(running, '/v1/chains', command(held.text));
  await until('the thread is busy', () => isBusy(running));
  process.emit('SIGTERM', 'SIGTERM');
  const stopped = running.close();
  const red = await send(running, 'GET', '/readyz');
  tt.same([red.status, red.json().code, red.headers['retry-after']], [503, 'NOT_READY', '1']);
  const late = post(running, '/v1/chains', command('refuse'), { 'x-request-id': 'late' });
  await until('it listens no more', () =>
    send(running, 'GET', '/healthz').then(
      () => false,
      ({ code }: NodeJS.ErrnoException) => code === 'ECONNREFUSED',
    ),
  );
  held.release();
  tt.equal((await slow).status, 200, 'not lost');
  tt.equal((await late).status, 422, 'nor is one that came meanwhile');
  await stopped;
  tt.same(
    parsed(lines)
      .filter(({ route }) => route !== '/metrics' && route !== '/healthz')
      .map(({ msg }) => String(msg).split(' ')[0]),
    ['listening', 'listening', 'configuration', 'stopping', 'request', 'request', 'request', 'stopped'],
  );
});

t.test('what does not finish by the deadline is cut off', async (tt) => {
  const lines: string[] = [];
  const running = await serving({ DRAIN_TIMEOUT: '1', LOG_LEVEL: 'warn' }, lines);
  const endless = post(running, '/v1/chains', command('sleep-60000'));
  const lost = tt.rejects(endless, { code: 'ECONNRESET' });
  await until('the thread is busy', () => isBusy(running));
  // The question takes a minute: closing ends before the answer is there, so that the answer is lost.
  await running.close();
  await lost;
  tt.match(parsed(lines), [{ level: 'warn', seconds: 1 }]);
});

t.test('the environment sets the limit', async (tt) => {
  const running = await serving({ BODY_LIMIT: '1000' });
  tt.teardown(() => running.close());
  const reply = await post(running, '/v1/chains', { snapshot: { inline: { filler: 'x'.repeat(1000) } } });
  tt.equal(reply.status, 413);
  tt.match(reply.json().detail, /1000 bytes/);
});

t.test('it is not ready while it starts, nor while it stops', async (tt) => {
  const running = await start(LOCAL);
  const held = hold();
  const slow = post(running, '/v1/chains', command(held.text));
  await until('the thread is busy', () => load(running).busy === 1);
  // A connection that was open before still asks.
  let text = '';
  const socket = connect(running.port, '127.0.0.1', () =>
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x'),
  );
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const said = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  await until('the first is answered', () => text.includes('200 OK'));
  const closed = running.app.close();
  setTimeout(() => socket.write('\r\n\r\n'), 50);
  tt.match(await said, /200 OK[\s\S]*HTTP\/1.1 503 [\s\S]*"code":"NOT_READY"/);
  held.release();
  tt.equal((await slow).status, 200);
  await closed;
});

t.test('a worker that cannot start keeps the service from starting', async (tt) => {
  const env = { PORT: '0', GRPC_PORT: '0', ...THREADS };
  await tt.rejects(serve(readSettings(env), {}, { workerFile: 'file:///nowhere/worker.js' }), /nowhere/);
});

t.test('the log has the configuration once, then one line a request, and nothing of a snapshot', async (tt) => {
  const lines: string[] = [];
  const token = 'a-token-of-thirty-two-characters';
  const running = await serving({ LOG_LEVEL: 'debug', TOKENS: token }, lines);
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const authorization = `Bearer ${token}`;
  const secret = { snapshot: { inline: { secret: 'content' } } };
  const ask = (path: string, body: unknown, headers: Readonly<Record<string, string>>) =>
    post(running, path, body, { authorization, ...headers });
  const named = await ask('/v1/chains?pretty', secret, { 'x-request-id': 'build-7/step@2' });
  tt.equal(named.headers['x-request-id'], 'build-7/step@2', 'echoed');
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
  const traced = await ask('/v1/chains', secret, { traceparent });
  tt.same([traced.headers['x-request-id'], traced.headers.traceparent], [trace, traceparent]);
  const odd = await ask('/v1/chains', secret, { 'x-request-id': 'a"b{}', traceparent: `00-${'0'.repeat(32)}-1-01` });
  tt.match(odd.headers['x-request-id'], /^[0-9a-f]{8}-[0-9a-f-]{27}$/, 'what is not valid counts as not given');
  tt.equal(odd.headers.traceparent, undefined);
  await send(running, 'GET', '/secret-path', { authorization });
  const fault = await ask('/v1/chains', command('throw'), {});
  tt.equal(fault.status, 500);
  tt.equal((await post(running, '/v1/chains', secret)).status, 401);
  await running.close();
  const log = parsed(lines);
  const first = log.find(({ msg }) => msg === 'configuration');
  const settings = first?.settings as Readonly<Record<string, string>>;
  tt.match(first, { msg: 'configuration', settings: { TOKENS: '(hidden)', BODY_LIMIT: '268435456' } });
  tt.equal(settings.SNAPSHOT_STORE, '');
  const requests = log.filter(({ msg }) => msg === 'request');
  tt.match(requests, [
    { level: 'info', requestId: 'build-7/step@2', method: 'POST', route: '/v1/chains', status: 200, ms: Number },
    { requestId: trace, traceId: trace, status: 200 },
    { requestId: odd.headers['x-request-id'], status: 200 },
    { method: 'GET', route: null, status: 404, code: 'UNKNOWN_ROUTE' },
    { status: 500, code: 'INTERNAL' },
    { status: 401, code: 'UNAUTHENTICATED' },
  ]);
  const [reported] = log.filter(({ msg }) => msg === 'a fault of the service');
  tt.match(reported, { level: 'error', requestId: requests[4]?.requestId, fault: /TypeError\n\s+at / });
  tt.notMatch(lines.join(''), /secret|content|a-token/);
});

t.test('with tokens, only who shows one is answered, and each has snapshots of its own', async (tt) => {
  const [one, two, three] = [
    'token-number-one-xxxxxxx',
    'token-number-two-xxxxxxx',
    'token-from-the-file-xxxx=',
  ] as const;
  const file = tt.testdir({ tokens: `# of the team\n\n${three}\n` });
  const env = { TOKENS: `${one}, ${two}`, TOKENS_FILE: `${file}/tokens` };
  const running = await serve(
    readSettings({ PORT: '0', GRPC_PORT: '0', ...THREADS, ...env }),
    {},
    { threadsOnDemand: true },
  );
  tt.teardown(() => running.close());
  const port = Number(new URL(running.url).port);
  const to = { port };
  for (const [header, error] of [
    [undefined, ''],
    ['Basic dXNlcjpwYXNz', ''],
    ['Bearer', ''],
    [`Bearer ${one}x`, ', error="invalid_token"'],
    [`Bearer ${one.slice(1)}`, ', error="invalid_token"'],
  ] as const) {
    const headers: Record<string, string> = header === undefined ? {} : { authorization: header };
    for (const path of ['/v1/path', '/nowhere', '/metrics']) {
      const reply = await send(to, path === '/v1/path' ? 'POST' : 'GET', path, headers);
      tt.same([reply.status, reply.json().code], [401, 'UNAUTHENTICATED'], `${header} ${path}`);
      tt.equal(reply.headers['www-authenticate'], `Bearer realm="kube-whatif"${error}`);
    }
  }
  for (const path of ['/healthz', '/readyz', '/openapi.json']) {
    tt.equal((await send(to, 'GET', path)).status, 200, `${path} is open`);
  }
  const bearer = (token: string) => ({ authorization: `bearer ${token}` });
  const bytes = readFileSync('examples/article.json');
  const path = `/v1/snapshots/sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const put = (token: string) => send(to, 'PUT', path, bearer(token), bytes);
  tt.equal((await put(one)).status, 201);
  tt.equal((await send(to, 'HEAD', path, bearer(one))).status, 200);
  for (const other of [two, three]) tt.equal((await send(to, 'HEAD', path, bearer(other))).status, 404);
  const question = { snapshot: { digest: path.slice(14) }, probability: {} };
  tt.equal((await post(to, '/v1/probability', question, bearer(two))).json().code, 'UNKNOWN_DIGEST');
  tt.equal((await post(to, '/v1/probability', question, bearer(one))).status, 200);
  tt.equal((await put(two)).status, 201, 'for another it is new');
  const metrics = await send(to, 'GET', '/metrics', bearer(three));
  tt.equal(metrics.status, 200);
  tt.match(metrics.headers['content-type'], /^text\/plain/);
  for (const line of [
    /^kube_whatif_requests_total\{door="http",route="\/v1\/snapshots\/:digest",method="PUT",status="201"\} 2$/m,
    /^kube_whatif_questions_total\{kind="probability",code="OK"\} 1$/m,
    /^kube_whatif_questions_total\{kind="probability",code="UNKNOWN_DIGEST"\} 1$/m,
    /^kube_whatif_held_snapshots 2$/m,
    /^kube_whatif_snapshot_lookups_total\{result="MISSING"\} 1$/m,
    /^kube_whatif_held_questions_total\{parsed="true"\} 1$/m,
    /^kube_whatif_lane_waiting\{lane="held"\} 0$/m,
    /^nodejs_eventloop_lag_p99_seconds /m,
  ]) {
    tt.match(metrics.text, line);
  }
  tt.notMatch(metrics.text, /sha256:|nginx|token-/, 'nothing that a client names');
});

t.test('too many requests are turned away, each client by itself', async (tt) => {
  const [one, two] = ['token-number-one-xxxxxxx', 'token-number-two-xxxxxxx'] as const;
  const running = await serving({
    TOKENS: `${one} ${two}`,
    // One at once, the next after half a minute: longer than all of this takes on a busy machine.
    RATE_LIMIT: '2',
    METRICS: 'open',
    TRUST_PROXY: '127.0.0.1',
  });
  tt.teardown(() => running.close());
  const ask = (token: string, address = '192.0.2.1') =>
    post(running, '/v1/chains', command(''), { authorization: `Bearer ${token}`, 'x-forwarded-for': address });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await ask(one)).status);
  tt.same(statuses, [200, 429, 429, 429]);
  const refused = await ask(one);
  tt.equal(refused.json().code, 'RATE_LIMITED');
  tt.match(refused.headers['retry-after'], /^([12]?\d|30)$/);
  tt.equal((await ask(two)).status, 200, 'another is not touched');
  tt.equal((await send(running, 'GET', '/healthz')).status, 200, 'nor are probes');
  const guesses = [];
  for (let i = 0; i < 4; i++) guesses.push((await ask(`a-guess-at-a-token-${i}`, '192.0.2.7')).status);
  tt.same(guesses, [401, 429, 429, 429], 'guesses count by address');
  tt.equal((await ask('a-guess-at-a-token', '192.0.2.8')).status, 401, 'which the proxy tells');
  tt.equal((await send(running, 'GET', '/metrics', { 'x-forwarded-for': '192.0.2.9' })).status, 200, 'open');
});

t.test('TLS, and mutual TLS', async (tt) => {
  const folder = 'test/serve/tls';
  const pem = (name: string) => readFileSync(`${folder}/${name}.pem`);
  const server = { TLS_CERT_FILE: `${folder}/server.pem`, TLS_KEY_FILE: `${folder}/server-key.pem` };
  const get = (port: number, options: object, method = 'GET', path = '/healthz', body?: Buffer) =>
    new Promise<number>((resolve, reject) => {
      const all = { host: '127.0.0.1', port, method, path, ca: pem('ca'), agent: false, ...options };
      const request = httpsRequest(all, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      request.on('error', reject).end(body);
    });
  await tt.test('TLS alone', async (ttt) => {
    const running = await serving({ ...server, TLS_MIN_VERSION: '1.3' });
    ttt.teardown(() => running.close());
    ttt.match(running.url, /^https:/);
    ttt.equal(await get(running.port, {}), 200);
    await ttt.rejects(get(running.port, { maxVersion: 'TLSv1.2' }), 'too old');
    await ttt.rejects(get(running.port, { ca: pem('stranger') }), 'not whom the client trusts');
    await ttt.rejects(send(running, 'GET', '/healthz'), 'nothing is said in the clear');
  });
  await tt.test('mutual TLS', async (ttt) => {
    const running = await serve(
      readSettings({ PORT: '0', GRPC_PORT: '0', ...THREADS, ...server, TLS_CLIENT_CA_FILE: `${folder}/ca.pem` }),
      {},
      { threadsOnDemand: true },
    );
    ttt.teardown(() => running.close());
    const port = Number(new URL(running.url).port);
    const client = { cert: pem('client'), key: pem('client-key') };
    const other = { cert: pem('server'), key: pem('server-key') };
    ttt.equal(await get(port, client), 200);
    await ttt.rejects(get(port, {}), 'without a certificate');
    await ttt.rejects(get(port, { cert: pem('stranger'), key: pem('stranger-key') }), "another authority's");
    const bytes = readFileSync('examples/article.json');
    const path = `/v1/snapshots/sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    ttt.equal(await get(port, client, 'PUT', path, bytes), 201);
    ttt.equal(await get(port, client, 'HEAD', path), 200);
    ttt.equal(await get(port, other, 'HEAD', path), 404, 'a certificate is a credential');
    const socket = connectTls({ port, host: '127.0.0.1', ca: pem('ca') });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.on('close', resolve));
    ttt.equal(await get(port, client), 200, 'a failed handshake disturbs nobody');
  });
  const broken = tt.testdir();
  writeFileSync(`${broken}/none.pem`, 'not PEM');
  for (const [variables, message] of [
    [{ ...server, TLS_CERT_FILE: '/nowhere.pem' }, /TLS_CERT_FILE \/nowhere\.pem cannot be read \(ENOENT\)/],
    [{ ...server, TLS_CERT_FILE: `${broken}/none.pem` }, /holds no certificate in PEM form/],
    [{ ...server, TLS_KEY_FILE: `${broken}/none.pem` }, /holds no private key in PEM form/],
    [{ ...server, TLS_KEY_FILE: `${folder}/client-key.pem` }, /is not the key of the certificate/],
    [{ ...server, TLS_CLIENT_CA_FILE: `${broken}/none.pem` }, /TLS_CLIENT_CA_FILE .* holds no certificate/],
    [{ TOKENS_FILE: '/nowhere' }, /TOKENS_FILE \/nowhere cannot be read \(ENOENT\)/],
    [{ TOKENS_FILE: `${broken}/none.pem` }, /TOKENS_FILE .*, line 1: a token must be/],
  ] as const) {
    await tt.rejects(serving(variables), message);
  }
});
