/** `--server`: the same output, errors and exit codes as without, and snapshots that travel once. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { readTls } from '../../src/operations/tls.js';
import { QUICK, type Running, start } from '../rest/support.js';
import { run } from './run.js';

const THREADS = { small: QUICK, large: QUICK, held: QUICK };
const ARTICLE = ['-s', 'examples/article.json'];
const TO = ['--to', 'svc/default/nginx-svc:80'];
const urlOf = ({ port }: Running) => `http://127.0.0.1:${port}`;

async function uploads({ backend }: Running): Promise<number> {
  const lines = (await backend.metrics.text()).matchAll(/:digest",method="PUT",status="\d+"\} (\d+)/g);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

t.test('it answers as here', async (tt) => {
  const running = await start(THREADS);
  tt.teardown(() => running.app.close());
  const folder = tt.testdir({
    'broken.json':
      '{"kind":"List","items":[{"kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":"x"}]}}]}',
    'cut.json': '{"kind":"Li',
    'unknown.save': '*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m unheard-of -j ACCEPT\nCOMMIT\n',
  });
  const file = (name: string) => join(folder, name);
  const table: readonly (readonly string[])[] = [
    ['chains', ...ARTICLE, '--node', 'node-1', '--family', '4'],
    ['path', ...ARTICLE, '--from', 'node/node-1', ...TO],
    ['path', ...ARTICLE, '--from', 'node/node-1', ...TO, '--json'],
    ['probability', ...ARTICLE, ...TO, '--scale', 'default/nginx-deployment=4', '-o', 'markdown'],
    ['what-if', 'probability', ...ARTICLE, ...TO, '--scale', 'default/nginx-deployment=5'],
    ['what-if', 'chains', ...ARTICLE, '--node', 'node-1', '--after', 'examples/article-nodeport.json', '--json'],
    ['batch', ...ARTICLE, '--request', 'examples/requests/batch.json'],
    ['path', ...ARTICLE, '--from', 'node/node-9', ...TO],
    ['path', ...ARTICLE, '--from', 'node/node-9', ...TO, '--json'],
    [
      'path',
      ...ARTICLE,
      '--from',
      'external@node-1',
      '--to',
      '10.0.0.9:80',
      '--iptables-save',
      `node-1=${file('unknown.save')}`,
    ],
    ['chains', ...ARTICLE, '--settings', '{"kubernetesVersion":"soon"}'],
    ['chains', '-s', file('broken.json')],
    ['chains', '-s', 'examples/article.json', '-s', file('broken.json')],
    ['chains', '-s', file('cut.json')],
    ['what-if', 'chains', ...ARTICLE, '--after', file('broken.json')],
    ['chains', '-s', '/nowhere.json'],
  ];
  const codes = new Set<number | null>();
  for (const args of table) {
    const here = await run(args);
    tt.same(await run([...args, '--server', urlOf(running)]), here, args.join(' '));
    codes.add(here.code);
  }
  tt.same([...codes].sort(), [0, 2, 4], 'whatever the exit code');
});

t.test('a snapshot is sent once, by whichever way it is given', async (tt) => {
  const running = await start(THREADS);
  tt.teardown(() => running.app.close());
  const env = { KUBE_WHATIF_SERVER: urlOf(running) };
  const ask = (...args: readonly string[]) => run(['probability', ...args, ...TO], { env });
  const first = await ask(...ARTICLE);
  tt.same([first.code, first.stderr], [0, '']);
  tt.equal(await uploads(running), 1);
  tt.same(await ask(...ARTICLE), first);
  tt.equal(await uploads(running), 1, 'the second question sends none');
  await ask('-s', 'examples/article.json', '-s', 'examples/article-nodeport.json');
  tt.equal(await uploads(running), 2, 'several files are another');
});

t.test('a server that holds nothing, or replicas that share nothing, are asked all the same', async (tt) => {
  const here = await run(['probability', ...ARTICLE, ...TO]);
  const after = ['what-if', 'probability', ...ARTICLE, ...TO, '--after', 'examples/article-nodeport.json'];
  const none = await start({ ...THREADS, snapshotMemory: 0 });
  tt.teardown(() => none.app.close());
  tt.same(await run(['probability', ...ARTICLE, ...TO, '--server', urlOf(none)]), here);
  tt.same(await run([...after, '--server', urlOf(none)]), await run(after));
  const small = await start({ ...THREADS, snapshotMemory: 1000 });
  tt.teardown(() => small.app.close());
  tt.same(await run(['probability', ...ARTICLE, ...TO, '--server', urlOf(small)]), here);

  const other = await start(THREADS);
  tt.teardown(() => other.app.close());
  // A balancer that takes turns: what one replica is sent, the other is asked about.
  const replicas = [await start(THREADS), other];
  tt.teardown(() => replicas[0]?.app.close());
  let turn = 0;
  const balancer = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const target = `${urlOf(replicas[turn++ % 2] as Running)}${request.url}`;
    const headers = { ...request.headers } as Record<string, string>;
    for (const name of ['connection', 'content-length', 'host']) delete headers[name];
    const method = request.method ?? 'GET';
    const init = chunks.length === 0 ? { method, headers } : { method, headers, body: Buffer.concat(chunks) };
    const reply = await fetch(target, init);
    response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? 'text/plain' });
    response.end(Buffer.from(await reply.arrayBuffer()));
  }).listen(0, '127.0.0.1');
  tt.teardown(() => balancer.close());
  await new Promise((resolve) => balancer.once('listening', resolve));
  const { port } = balancer.address() as AddressInfo;
  for (let i = 0; i < 3; i++) {
    tt.same(await run(['probability', ...ARTICLE, ...TO, '--server', `http://127.0.0.1:${port}/`]), here);
  }
});

t.test('who asks shows a token, over TLS', async (tt) => {
  const folder = 'test/serve/tls';
  const pem = (name: string) => `${folder}/${name}.pem`;
  const token = 'a-token-of-thirty-two-characters';
  const tls = readTls({ cert: pem('server'), key: pem('server-key'), clientCa: pem('ca'), minVersion: '1.3' });
  const running = await start({ ...THREADS, tokens: [token], tls });
  tt.teardown(() => running.app.close());
  const server = ['--server', `https://localhost:${running.port}`];
  const trust = ['--ca', pem('ca')];
  const mine = ['--cert', pem('client'), '--key', pem('client-key')];
  const question = ['probability', ...ARTICLE, ...TO];
  const file = join(tt.testdir({ token: `${token}\n` }), 'token');
  const here = await run(question);
  tt.same(await run([...question, ...server, ...trust, ...mine, '--token', token]), here);
  tt.same(await run([...question, ...server, ...trust, ...mine, '--token-file', file]), here);
  const env = { KUBE_WHATIF_TOKEN: token };
  tt.same(await run([...question, ...server, ...trust, ...mine], { env }), here);
  for (const [args, code, message] of [
    [[...server, ...trust, ...mine], 3, /^The server says: A token is needed/],
    [
      [...server, ...trust, ...mine, '--token', `${token}x`],
      3,
      /^The server says: The token is not one that is accepted\.\n$/,
    ],
    [[...server, ...mine], 3, /certificate is of no known authority: give that with --ca/],
    [[...server, ...trust], 3, /^The server https:\/\/localhost:\d+ cannot be asked: /],
    [
      ['--server', 'http://127.0.0.1:1'],
      3,
      /^The server http:\/\/127\.0\.0\.1:1 cannot be asked: nothing listens there\.\n$/,
    ],
    [['--server', `http://127.0.0.1:${running.port}`], 3, /cannot be asked/],
    [['--server', 'localhost:8080'], 2, /^--server must be a URL/],
    [['--server', 'ftp://x'], 2, /^--server must be a URL/],
    [['--token', token], 2, /^--token is for a server: give --server URL too\.\n$/],
    [[...server, '--cert', pem('client')], 2, /^--cert and --key must be given together/],
    [[...server, '--token', 'a\nb'], 2, /^The token has characters/],
  ] as const) {
    const reported = await run([...question, ...args]);
    tt.equal(reported.code, code, args.join(' '));
    tt.match(reported.stderr, message);
    tt.equal(reported.stdout, '');
  }
  const json = await run([...question, '--server', 'http://127.0.0.1:1', '--json']);
  tt.match(JSON.parse(json.stderr), { code: 'NOT_READY', detail: /cannot be asked/ });
});

t.test('another server is not taken for kube-whatif', async (tt) => {
  const page = createServer((_, response) => response.writeHead(502).end('<h1>Bad gateway</h1>')).listen(
    0,
    '127.0.0.1',
  );
  tt.teardown(() => page.close());
  await new Promise((resolve) => page.once('listening', resolve));
  const { port } = page.address() as AddressInfo;
  const reported = await run(['probability', ...ARTICLE, ...TO, '--server', `http://127.0.0.1:${port}`]);
  tt.same([reported.code, reported.stderr], [3, 'The server answered with status 502, and not as kube-whatif does.\n']);
});
