/** Headers of safety on every response, whoever writes it; keys that are twice in a request. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import t from 'tap';
import { FAKE_WORKER, QUICK, send, start } from './support.js';

const lanes = { small: QUICK, large: QUICK, held: QUICK };

/** What the server says to bytes that are no request. */
async function saidTo(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.on('data', (chunk) => {
    said += String(chunk);
  });
  socket.write(text);
  await once(socket, 'close');
  return said;
}

t.test('nosniff on every response', async (tt) => {
  const running = await start({ ...lanes, tokens: ['a-token-of-16-or-more'], workerFile: FAKE_WORKER });
  tt.teardown(() => running.app.close());
  const cases: readonly (readonly [string, string])[] = [
    ['GET', '/healthz'],
    ['GET', '/readyz'],
    ['GET', '/openapi.json'],
    ['GET', '/docs'],
    ['GET', '/docs/'],
    ['GET', '/docs/static/index.html'],
    ['GET', '/docs/static/nothing'],
    ['GET', '/metrics'],
    ['GET', '/nothing'],
    ['GET', '/v1/path'],
    ['POST', '/v1/path'],
    ['GET', '/%'],
    ['HEAD', '/v1/snapshots/x'],
    ['OPTIONS', '/v1/path'],
    ['GET', `/${'x'.repeat(5000)}`],
  ];
  for (const [method, path] of cases) {
    const { headers, status } = await send(running, method, path);
    tt.equal(headers['x-content-type-options'], 'nosniff', `${method} ${path.slice(0, 40)} ${status}`);
    tt.equal(headers['strict-transport-security'], undefined, 'no HSTS without TLS');
  }
  for (const text of ['rubbish\r\n\r\n', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`]) {
    tt.match(await saidTo(running.port, text), /^HTTP\/1\.1 4\d\d[\s\S]*\r\nX-Content-Type-Options: nosniff\r\n/i);
  }
});

t.test('HSTS under TLS', async (tt) => {
  const [cert, key] = ['server.pem', 'server-key.pem'].map((name) => readFileSync(`test/serve/tls/${name}`));
  const tls = { cert, key, minVersion: 'TLSv1.2', validTo: new Date() } as never;
  const running = await start({ ...lanes, workerFile: FAKE_WORKER, tls });
  tt.teardown(() => running.app.close());
  for (const path of ['/healthz', '/nothing']) {
    const request = httpsRequest({
      host: '127.0.0.1',
      port: running.port,
      path,
      rejectUnauthorized: false,
      agent: false,
    });
    request.end();
    const [response] = await once(request, 'response');
    response.resume();
    tt.match(response.headers['strict-transport-security'], /^max-age=\d{8}/, path);
    tt.equal(response.headers['x-content-type-options'], 'nosniff', path);
  }
});

t.test('keys that are twice in a request are refused with their place', async (tt) => {
  const running = await start(lanes);
  tt.teardown(() => running.app.close());
  const inline = '{"kind":"List","items":[{"kind":"Node","metadata":{"name":"a"}}]}';
  const cases: readonly (readonly [string, string])[] = [
    [`{"snapshot":{"inline":${inline}},"chains":{},"chains":{}}`, '/chains'],
    [`{"snapshot":{"inline":${inline}},"chains":{"nodes":["a"],\n"nodes":["a"]}}`, '/chains/nodes'],
    [
      `{"snapshot":{"inline":${inline.replace('"name":"a"', '"name":"a","n\\u0061me":"b"')}}}`,
      '/snapshot/inline/items/0/metadata/name',
    ],
    [
      `{"snapshot":{"inline":${inline}},"settings":{"kubeProxy":{"featureGates":{"a/b":true,"a/b":false}}}}`,
      '/settings/kubeProxy/featureGates/a~1b',
    ],
  ];
  for (const [body, pointer] of cases) {
    const reply = await send(running, 'POST', '/v1/chains', { 'content-type': 'application/json' }, body);
    tt.same([reply.status, reply.json().code], [400, 'INVALID_REQUEST'], reply.text);
    tt.match(reply.json().errors, [
      { pointer, in: 'request', detail: /twice in one object: at line 1, column \d+ and at line \d+, column \d+/ },
    ]);
  }
  const good = `{"snapshot":{"inline":${inline}},"chains":{"nodes":["a"]}}`;
  tt.equal((await send(running, 'POST', '/v1/chains', { 'content-type': 'application/json' }, good)).status, 200);
});
