/** Everything that clients get wrong: status, code and place of every refusal, each a valid problem document. */
import { connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { ERROR_CODES } from '../../src/base/errors.js';
import { DOCUMENT } from '../../src/contract/gen/document.js';
import { validator } from '../../src/contract/validator.js';
import { PROBLEM_CODES } from '../../src/work/problem.js';
import { MAX_BODY_LIMIT, resolveWorkOptions } from '../../src/work/work-options.js';
import { command, FAKE_WORKER, post, type Reply, send, start } from './support.js';

const LIMIT = 300_000;
const running = await start({ bodyLimit: LIMIT, bodyTimeout: 1000, workerFile: FAKE_WORKER });
t.teardown(() => running.app.close());

const JSON_TYPE = { 'content-type': 'application/json' };
const GOOD = JSON.stringify(command(''));
const isProblem = validator('Problem');

interface Case {
  readonly name: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly status: number;
  readonly code: string;
  readonly pointer?: string;
  readonly detail?: RegExp;
}

const form = (...parts: string[]) => `${parts.map((part) => `--B\r\n${part}\r\n`).join('')}--B--\r\n`;
const part = (name: string, content: string) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${content}`;
const FORM = { 'content-type': 'multipart/form-data; boundary=B' };
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

const CASES: readonly Case[] = [
  { name: 'empty body', body: '', status: 400, code: 'MALFORMED', detail: /empty/ },
  { name: 'blanks', body: ' \n', status: 400, code: 'MALFORMED', pointer: '', detail: /empty/ },
  {
    name: 'cut off',
    body: '{"snapshot":',
    status: 400,
    code: 'MALFORMED',
    pointer: '',
    detail: /Line 1, column 13 \(offset 12\): expected a value, found the end/,
  },
  {
    name: 'trailing comma',
    body: '{\n "at": 1,\n}',
    status: 400,
    code: 'MALFORMED',
    detail: /Line 3, column 1 \(offset 12\)/,
  },
  { name: 'not UTF-8', body: Buffer.from([0x22, 0xff, 0x22]), status: 400, code: 'MALFORMED', detail: /UTF-8/ },
  { name: 'an array', body: '[]', status: 400, code: 'INVALID_REQUEST', pointer: '', detail: /an object/ },
  { name: 'nested 10,000 deep', body: nested(10_000), status: 400, code: 'INVALID_REQUEST', pointer: '' },
  {
    name: 'nested 10,000 deep in a setting',
    body: `{"snapshot":{"inline":{}},"settings":{"kubelet":${nested(10_000)}}}`,
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/settings/kubelet',
  },
  {
    name: 'the key __proto__',
    body: '{"snapshot":{"inline":{}},"__proto__":{"at":1}}',
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/__proto__',
  },
  {
    name: 'the key __proto__ among gates',
    body: '{"snapshot":{"inline":{}},"settings":{"kubeProxy":{"featureGates":{"__proto__":true}}}}',
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/settings/kubeProxy/featureGates/__proto__',
  },
  {
    name: 'the key __proto__ among nodes',
    path: '/v1/path',
    body: '{"snapshot":{"inline":{}},"path":{"source":{"node":"n"},"destination":{"address":"10.0.0.1","port":1},"iptablesSave":{"__proto__":""}}}',
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/path/iptablesSave/__proto__',
  },
  {
    name: 'no snapshot',
    body: '{}',
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '',
    detail: /"snapshot" is missing/,
  },
  {
    name: 'a typo',
    body: '{"snapshot":{"inline":{}},"chian":{}}',
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/chian',
    detail: /Did you mean "chains"\?/,
  },
  {
    name: 'another question',
    body: '{"snapshot":{"inline":{}},"path":{}}',
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/path',
  },
  {
    name: 'two snapshots',
    body: '{"snapshot":{"inline":{},"parts":[{}]}}',
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/snapshot',
    detail: /Exactly one/,
  },
  {
    name: 'too many replicas',
    body: '{"snapshot":{"inline":{}},"changes":[{"scale":{"kind":"Deployment","namespace":"d","name":"n","replicas":5001}}]}',
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/changes/0/scale/replicas',
    detail: /at most 5000/,
  },
  {
    name: 'a double as weight',
    path: '/v1/probability',
    body: '{"snapshot":{"inline":{}},"probability":{"clients":{"weights":[{"source":{"node":"n"},"weight":0.5}]}}}',
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/probability/clients/weights/0/weight',
  },
  {
    name: 'no question',
    path: '/v1/path',
    body: '{"snapshot":{"inline":{}}}',
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '',
    detail: /"path" is missing/,
  },
  {
    name: 'a port too many',
    path: '/v1/path',
    body: '{"snapshot":{"inline":{}},"path":{"source":{"node":"n"},"destination":{"address":"10.0.0.1","port":65536}}}',
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/path/destination/port',
  },
  {
    name: 'a flood of wrong values',
    body: `{"snapshot":{"inline":{}},"chains":{"nodes":[${'1,'.repeat(140_000)}1]}}`,
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/chains/nodes',
    detail: /140003 places|at most 5000 items/,
  },
  { name: 'no media type', headers: {}, body: GOOD, status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
  {
    name: "curl's default media type",
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: GOOD,
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'YAML',
    headers: { 'content-type': 'application/yaml' },
    body: 'a: 1',
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'a media type that is none',
    headers: { 'content-type': 'json' },
    body: GOOD,
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'another charset',
    headers: { 'content-type': 'application/json; charset=latin1' },
    body: GOOD,
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'another coding',
    headers: { ...JSON_TYPE, 'content-encoding': 'zstd' },
    body: GOOD,
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    detail: /gzip, deflate and br/,
  },
  {
    name: 'a coding named like a property',
    headers: { ...JSON_TYPE, 'content-encoding': 'constructor' },
    body: GOOD,
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'two codings',
    headers: { ...JSON_TYPE, 'content-encoding': 'gzip, gzip' },
    body: GOOD,
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'truncated gzip',
    headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
    body: gzipSync(GOOD).subarray(0, -9),
    status: 400,
    code: 'MALFORMED',
    detail: /gzip/,
  },
  {
    name: 'no gzip at all',
    headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
    body: GOOD,
    status: 400,
    code: 'MALFORMED',
    detail: /gzip/,
  },
  {
    name: 'truncated brotli',
    headers: { ...JSON_TYPE, 'content-encoding': 'br' },
    body: brotliCompressSync(GOOD).subarray(0, -3),
    status: 400,
    code: 'MALFORMED',
    detail: /br/,
  },
  {
    name: 'truncated deflate',
    headers: { ...JSON_TYPE, 'content-encoding': 'deflate' },
    body: deflateSync(GOOD).subarray(0, -6),
    status: 400,
    code: 'MALFORMED',
    detail: /deflate/,
  },
  {
    name: 'empty gzip',
    headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
    body: gzipSync(''),
    status: 400,
    code: 'MALFORMED',
    detail: /empty/,
  },
  {
    name: 'gzip bomb',
    headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
    body: gzipSync(Buffer.alloc(200_000_000, ' '), { level: 1 }).subarray(0, LIMIT - 1),
    status: 413,
    code: 'TOO_LARGE',
    detail: /300000 bytes, counted after inflating/,
  },
  {
    name: 'brotli bomb',
    headers: { ...JSON_TYPE, 'content-encoding': 'br' },
    body: brotliCompressSync(Buffer.alloc(50_000_000, ' '), { params: { 1: 1 } }),
    status: 413,
    code: 'TOO_LARGE',
  },
  { name: 'over the limit', body: ' '.repeat(LIMIT + 1), status: 413, code: 'TOO_LARGE', detail: /300000 bytes/ },
  {
    name: 'over the limit in chunks',
    headers: { ...JSON_TYPE, 'transfer-encoding': 'chunked' },
    body: ' '.repeat(LIMIT + 1),
    status: 413,
    code: 'TOO_LARGE',
  },
  {
    name: 'an image wanted',
    headers: { ...JSON_TYPE, accept: 'image/png' },
    body: GOOD,
    status: 406,
    code: 'NOT_ACCEPTABLE',
  },
  { name: 'pretty, but how', path: '/v1/chains?pretty=4', body: GOOD, status: 400, code: 'INVALID_REQUEST' },
  { name: 'an unknown route', method: 'GET', path: '/v1/chain', status: 404, code: 'UNKNOWN_ROUTE' },
  { name: 'an unknown route with a body', path: '/v2/chains', body: GOOD, status: 404, code: 'UNKNOWN_ROUTE' },
  { name: 'a route that is no URL', method: 'GET', path: '/%zz', status: 400, code: 'BAD_HTTP' },
  { name: 'a wrong method', method: 'GET', path: '/v1/chains', status: 405, code: 'METHOD_NOT_ALLOWED' },
  {
    name: 'a wrong method with a body',
    method: 'PUT',
    path: '/v1/chains?pretty',
    body: GOOD,
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
  },
  { name: 'a wrong method for health', path: '/healthz', body: GOOD, status: 405, code: 'METHOD_NOT_ALLOWED' },
  {
    name: 'form without boundary',
    headers: { 'content-type': 'multipart/form-data' },
    body: form(part('snapshot', '{}')),
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    name: 'form with another boundary',
    headers: { 'content-type': 'multipart/form-data; boundary=C' },
    body: form(part('snapshot', '{}')),
    status: 400,
    code: 'MALFORMED',
  },
  {
    name: 'form cut off',
    headers: FORM,
    body: form(part('snapshot', '{}')).slice(0, -8),
    status: 400,
    code: 'MALFORMED',
    detail: /closing boundary/,
  },
  {
    name: 'form without snapshot',
    headers: FORM,
    body: form(part('request', '{}')),
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /"snapshot"/,
  },
  { name: 'form without any part', headers: FORM, body: form(), status: 400, code: 'INVALID_REQUEST' },
  {
    name: 'form with two requests',
    headers: FORM,
    body: form(part('snapshot', '{}'), part('request', '{}'), part('request', '{}')),
    status: 400,
    code: 'INVALID_REQUEST',
  },
  {
    name: 'form with an unknown part',
    headers: FORM,
    body: form(part('snapshot', '{}'), part('question', '{}')),
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /"question"/,
  },
  { name: 'form with a part without name', headers: FORM, body: form('X: y\r\n\r\n1'), status: 400, code: 'MALFORMED' },
  {
    name: 'form whose request has a snapshot too',
    headers: FORM,
    body: form(part('snapshot', '{}'), part('request', '{"snapshot":{"inline":{}}}')),
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/snapshot',
  },
  {
    name: 'form whose request is no JSON',
    headers: FORM,
    body: form(part('snapshot', '{}'), part('request', '{')),
    status: 400,
    code: 'MALFORMED',
    detail: /The part "request" .*offset 1/,
  },
  {
    name: 'what the question refuses',
    body: JSON.stringify(command('refuse')),
    status: 422,
    code: 'NOT_FOUND',
    pointer: '/path',
    detail: /no such thing/,
  },
  { name: 'a fault', body: JSON.stringify(command('throw')), status: 500, code: 'INTERNAL' },
];

function check(tt: Test, reply: Reply, expected: Pick<Case, 'status' | 'code' | 'pointer' | 'detail'>): void {
  tt.equal(reply.status, expected.status);
  tt.equal(reply.headers['content-type'], 'application/problem+json');
  const problem = reply.json();
  tt.ok(isProblem(problem), JSON.stringify(isProblem.errors));
  tt.equal(problem.code, expected.code);
  tt.equal(problem.status, expected.status);
  if (expected.pointer !== undefined) tt.equal(problem.errors[0]?.pointer, expected.pointer);
  if (expected.detail !== undefined) tt.match(`${problem.detail} ${problem.errors[0]?.detail ?? ''}`, expected.detail);
  tt.notMatch(reply.text, /secret|\.js:|node_modules/);
}

t.test('every refusal says what is wrong and where', async (tt) => {
  for (const { name, method = 'POST', path = '/v1/chains', headers = JSON_TYPE, body, ...expected } of CASES) {
    await tt.test(name, async (ttt) => {
      const reply = await send(running, method, path, method === 'GET' ? {} : headers, body);
      check(ttt, reply, expected);
      if (expected.status === 405) {
        // By GET, a question is in the query: without one there is only POST.
        const ofQuestion = method === 'GET' ? 'POST' : 'GET, HEAD, POST';
        ttt.equal(reply.headers.allow, path.startsWith('/v1') ? ofQuestion : 'GET, HEAD');
      }
    });
  }
});

t.test('a length beyond the limit is refused before anything is read', async (tt) => {
  const reply = await raw(
    'POST /v1/chains HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 300001\r\n\r\n',
  );
  tt.match(reply, /^HTTP\/1.1 413 /);
  tt.match(reply, /300000 bytes/);
  const asked = await raw(
    'POST /v1/chains HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 300001\r\nExpect: 100-continue\r\n\r\n',
  );
  tt.match(asked, /^HTTP\/1.1 413 /, 'without "100 Continue"');
});

t.test('a body that stops arriving is given up', async (tt) => {
  const reply = await raw(
    'POST /v1/chains HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"',
  );
  tt.match(reply, /^HTTP\/1.1 408 /);
  tt.match(reply, /"code":"REQUEST_TIMEOUT"/);
  tt.match(reply, /connection: close/i);
});

t.test('bytes that are not HTTP are refused as such', async (tt) => {
  const reply = await raw('GET\r\n\r\n');
  tt.match(reply, /^HTTP\/1.1 400 /);
  tt.match(reply, /"code":"BAD_HTTP"/);
});

t.test('a client that goes away in the middle harms nobody', async (tt) => {
  for (let i = 0; i < 20; i++) {
    const socket = connect(running.port, '127.0.0.1');
    socket.on('error', () => {});
    const encoding = i % 2 === 0 ? 'Content-Encoding: gzip\r\n' : '';
    socket.write(
      `POST /v1/chains HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${encoding}Content-Length: 1000\r\n\r\n`,
    );
    socket.write(gzipSync(GOOD).subarray(0, 20));
    await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
  }
  tt.equal((await post(running, '/v1/chains', command(''))).status, 200);
});

t.test('the contract names every code there is, and no other', async (tt) => {
  const schemas = (DOCUMENT as { components: { schemas: { Problem: { properties: { code: { enum: string[] } } } } } })
    .components.schemas;
  tt.same([...schemas.Problem.properties.code.enum].sort(), Object.keys(PROBLEM_CODES).sort());
  tt.ok(Object.keys(ERROR_CODES).every((code) => code in PROBLEM_CODES));
});

t.test('an impossible limit is refused when the server is made', async (tt) => {
  tt.throws(() => resolveWorkOptions({ bodyLimit: MAX_BODY_LIMIT + 1 }), /536870888 \(the longest string/);
  tt.throws(() => resolveWorkOptions({ bodyLimit: Number('256MB') }), /not NaN/);
  tt.throws(() => resolveWorkOptions({ bodyLimit: 0 }), /from 1/);
  tt.equal(resolveWorkOptions({ bodyLimit: MAX_BODY_LIMIT }).bodyLimit, MAX_BODY_LIMIT);
});

/** Sends text as it is and gives what comes back until the server has said a whole message or closes. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(running.port, '127.0.0.1', () => socket.write(text));
    let said = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      said += chunk;
      if (/\}\s*$/.test(said)) socket.destroy();
    });
    socket.on('close', () => resolve(said)).on('error', reject);
  });
}
