/** How headers choose the form of an answer and the reading of a body. */
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { acceptsGzip, answerForm, bodyForm } from '../../src/rest/negotiate.js';
import { readParts } from '../../src/work/multipart.js';
import { command, FAKE_WORKER, post, send, start } from './support.js';

t.test('Accept', async (tt) => {
  const table: readonly (readonly [string | undefined, string])[] = [
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/json', 'json'],
    ['application/*', 'json'],
    ['text/plain', 'text'],
    ['TEXT/PLAIN; charset=UTF-8', 'text'],
    ['text/*', 'text'],
    ['text/markdown', 'markdown'],
    ['text/markdown; variant=GFM', 'markdown'],
    ['text/plain, */*', 'text'],
    ['text/plain;q=0.5, application/json;q=0.4', 'text'],
    ['text/plain;q=0.4, application/json;q=0.5', 'json'],
    ['text/plain, text/markdown', 'text'],
    ['text/markdown, text/plain', 'markdown'],
    ['text/*, text/plain;q=0', 'markdown'],
    ['*/*, application/json;q=0', 'text'],
    ['application/json;q=0, text/*;q=0.1, */*;q=0.2', 'text'],
    ['application/json, text/plain, */*', 'json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'json'],
    ['text/plain;q=nonsense, text/markdown;q=0.001', 'markdown'],
    [' , text/plain ,', 'text'],
    ['application/vnd.kube-whatif.rows+json', 'rows'],
    ['text/csv', 'csv'],
    ['text/*;q=0.2, text/csv', 'csv'],
    ['text/csv;q=0.4, text/plain;q=0.5', 'text'],
    ['application/*', 'json'],
    ['application/*, application/json;q=0', 'NOT_ACCEPTABLE'],
    ['image/png', 'NOT_ACCEPTABLE'],
    ['application/json;q=0', 'NOT_ACCEPTABLE'],
    ['*/*;q=0', 'NOT_ACCEPTABLE'],
    ['application/problem+json', 'NOT_ACCEPTABLE'],
    ['text', 'NOT_ACCEPTABLE'],
  ];
  for (const [accept, expected] of table) {
    let form: string;
    try {
      ({ form } = answerForm(accept));
    } catch (error) {
      form = (error as { problem: { code: string } }).problem.code;
    }
    tt.equal(form, expected, accept ?? 'absent');
  }
});

t.test('Accept of a check, which has more forms', async (tt) => {
  for (const [accept, form, type] of [
    [undefined, 'json', 'application/json'],
    ['*/*', 'json', 'application/json'],
    ['application/*', 'json', 'application/json'],
    ['text/*', 'text', 'text/plain'],
    ['application/sarif+json', 'sarif', 'application/sarif+json'],
    ['application/xml', 'junit', 'application/xml'],
    ['application/junit+xml', 'junit', 'application/junit+xml'],
    ['text/xml', 'junit', 'text/xml'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'junit', 'application/xml'],
  ] as const) {
    tt.same(answerForm(accept, 'check'), { form, type }, accept ?? 'absent');
  }
  for (const kind of ['chains', 'path', 'probability', 'what-if', 'sweep', 'batch'] as const) {
    tt.throws(() => answerForm('application/sarif+json', kind), kind);
    tt.throws(() => answerForm('application/xml', kind), kind);
  }
});

t.test('Accept-Encoding', async (tt) => {
  const table: readonly (readonly [string | undefined, boolean])[] = [
    [undefined, false],
    ['', false],
    ['gzip', true],
    ['gzip, deflate, br', true],
    ['br', false],
    ['*', true],
    ['gzip;q=0', false],
    ['gzip;q=0, *', false],
    ['identity, GZIP;q=0.1', true],
    ['gzip;q=-1', false],
  ];
  for (const [header, expected] of table) tt.equal(acceptsGzip(header), expected, header ?? 'absent');
});

t.test('Content-Type', async (tt) => {
  const json = { kind: 'json' };
  tt.same(bodyForm('application/json'), json);
  tt.same(bodyForm('Application/JSON; charset="UTF-8"'), json);
  tt.same(bodyForm('application/json;charset=utf-8;x=y'), json);
  tt.same(bodyForm('multipart/form-data; boundary=----x'), { kind: 'multipart', boundary: '----x' });
  tt.same(bodyForm('multipart/form-data; charset=utf-8; Boundary="a b;c"'), { kind: 'multipart', boundary: 'a b;c' });
  tt.throws(() => bodyForm(`multipart/form-data; boundary=${'x'.repeat(71)}`), /1 to 70/);
  tt.throws(() => bodyForm('text/json'), /"text\/json" is not one/);
});

t.test('the parts of a form', async (tt) => {
  const read = (text: string) =>
    readParts(Buffer.from(text), 'B').map(({ name, fileName, bytes }) => [name, fileName, bytes.toString()]);
  const head = (rest: string) => `Content-Disposition: form-data; ${rest}\r\n\r\n`;
  tt.same(read(`--B\r\n${head('name="a"')}1\r\n--B--`), [['a', undefined, '1']]);
  tt.same(read(`preamble\r\n--B  \r\n${head('name="a"; filename="x;y \\"z\\".json"')}1\r\n2\r\n--B--\r\nepilogue`), [
    ['a', 'x;y "z".json', '1\r\n2'],
  ]);
  tt.same(read(`--B\r\n${head('name="a"')}\r\n--B\r\nX: 1\r\n${head('name="b"')}x--B-\r\n--\r\n--B--`), [
    ['a', undefined, ''],
    ['b', undefined, 'x--B-\r\n--'],
  ]);
  tt.same(read('--B--\r\n'), []);
  for (const broken of [
    '',
    '--B',
    '--B\r\n',
    '--C\r\n',
    `--B\r\n${head('name="a"')}1`,
    '--B\r\n\r\n\r\n--B--',
    '--Bx\r\n',
  ]) {
    tt.throws(() => read(broken), { code: 'MALFORMED' }, JSON.stringify(broken));
  }
});

t.test('over the wire', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER });
  tt.teardown(() => running.app.close());
  const good = command('long-3000');

  const plain = await post(
    running,
    '/v1/path',
    { ...(good as object), path: { source: { node: 'n' }, destination: { address: '10.0.0.1', port: 80 } } },
    { accept: 'text/markdown' },
  );
  tt.equal(plain.status, 200);
  tt.equal(plain.headers['content-type'], 'text/markdown; charset=utf-8');
  tt.equal(plain.text, 'path as markdown\n');
  tt.equal(plain.headers.vary, 'Accept, Accept-Encoding');

  const compact = await post(running, '/v1/chains', good);
  tt.equal(compact.headers['content-type'], 'application/json');
  tt.equal(compact.headers['content-encoding'], undefined);
  tt.equal(compact.text, `${JSON.stringify(compact.json())}\n`);
  const again = await post(running, '/v1/chains', good);
  tt.ok(again.bytes.equals(compact.bytes), 'the same bytes are answered with the same bytes');
  const pretty = await post(running, '/v1/chains?pretty', good);
  tt.equal(pretty.text, `${JSON.stringify(compact.json(), undefined, 2)}\n`);
  tt.equal((await post(running, '/v1/chains?pretty=false', good)).text, compact.text);

  const zipped = await post(running, '/v1/chains', good, { 'accept-encoding': 'gzip' });
  tt.equal(zipped.headers['content-encoding'], 'gzip');
  tt.equal(gunzipSync(zipped.bytes).toString(), compact.text);
  tt.equal(
    (await post(running, '/v1/chains', command(''), { 'accept-encoding': 'gzip' })).headers['content-encoding'],
    undefined,
  );

  const bytes = JSON.stringify(good);
  for (const [coding, body] of [
    ['gzip', gzipSync(bytes)],
    ['GZIP', Buffer.concat([gzipSync(bytes.slice(0, 9)), gzipSync(bytes.slice(9))])],
    ['deflate', deflateSync(bytes)],
    ['br', brotliCompressSync(bytes)],
    ['identity', Buffer.from(bytes)],
    ['identity', Buffer.from(`\ufeff${bytes}`)],
  ] as const) {
    const reply = await send(
      running,
      'POST',
      '/v1/chains',
      { 'content-type': 'application/json', 'content-encoding': coding },
      body,
    );
    tt.equal(reply.text, compact.text, coding);
  }

  const form = `--B\r\nContent-Disposition: form-data; name="snapshot"; filename="a"\r\n\r\n{}\r\n--B--\r\n`;
  tt.equal(
    (await send(running, 'POST', '/v1/chains', { 'content-type': 'multipart/form-data; boundary=B' }, form)).status,
    200,
  );

  for (const path of ['/healthz', '/readyz', '/openapi.json']) {
    const got = await send(running, 'GET', path);
    tt.equal(got.status, 200, path);
    const head = await send(running, 'HEAD', path);
    tt.equal(head.status, 200, path);
    tt.equal(head.bytes.length, 0);
    tt.equal(head.headers['content-length'], got.headers['content-length']);
    tt.match(got.headers['content-type'], /^application\/json/);
  }
});
