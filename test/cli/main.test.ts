/** The program as a process: bytes in, bytes out, exit codes. */
import { spawn } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { MAIN, run, runMain } from './run.js';

const SNAPSHOT = 'examples/article.json';
const BYTES = readFileSync(SNAPSHOT);
const CHAINS = ['chains', '--node', 'node-1', '--family', '4'];
const TO = ['--to', 'svc/default/nginx-svc:80'];
const PATH = ['path', '--from', 'pod/default/client', ...TO];

t.test('exit codes', async (t) => {
  const folder = t.testdir({
    'unknown.save': '*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m wibble --wobble -j ACCEPT\nCOMMIT\n',
    'not.json': '{ "kind": "List", "items": [ }',
    'empty-list.json': '{ "apiVersion": "v1", "kind": "List", "items": [] }',
  });
  const unknown = ['--iptables-save', `node-1=${join(folder, 'unknown.save')}`];
  const cases: readonly (readonly [number, readonly string[], RegExp])[] = [
    [0, ['--version'], /^$/],
    [0, [...CHAINS, '-s', SNAPSHOT], /^$/],
    [0, [...PATH, '-s', SNAPSHOT], /^$/],
    [0, ['probability', ...TO, '-s', SNAPSHOT], /^$/],
    [2, ['wibble'], /^There is no command wibble/],
    [2, ['chains', '--node', 'node-9', '-s', SNAPSHOT], /node-9/],
    [
      2,
      ['path', '--from', 'pod/default/nobody', ...TO, '-s', SNAPSHOT],
      /default\/nobody.*\n {2}at \/path\/source\/pod\n/s,
    ],
    [
      2,
      ['chains', '-s', join(folder, 'not.json')],
      /^The snapshot is not valid JSON\. Line 1, column 30.*\n {2}at the snapshot as a whole\n/s,
    ],
    [2, ['chains', '-s', join(folder, 'empty-list.json')], /no Node, Pod, Service/],
    [2, ['chains', '--scale', 'default/nobody=4', '-s', SNAPSHOT], /nobody.*\n {2}at \/changes\/0\/scale/s],
    [4, [...PATH, ...unknown, '-s', SNAPSHOT], /^$/],
    [0, ['what-if', 'chains', '-s', SNAPSHOT, '--scale', 'default/nginx-deployment=4'], /^$/],
    [0, ['what-if', 'probability', ...TO, '-s', SNAPSHOT, '--after', 'examples/article-nodeport.json'], /^$/],
    [4, ['what-if', ...PATH, ...unknown, '-s', SNAPSHOT, '--scale', 'default/nginx-deployment=4'], /^$/],
    [
      0,
      ['batch', '-s', SNAPSHOT, '--request', 'examples/requests/batch.json', '--scale', 'default/nginx-deployment=4'],
      /^$/,
    ],
    [
      2,
      ['batch', '-s', SNAPSHOT, '--request', 'examples/requests/batch.json', '--scale', 'default/nobody=4'],
      /nobody/,
    ],
    [2, ['batch', '-s', SNAPSHOT, '--request', 'examples/requests/path.json'], /"batch" is missing/],
    [2, ['what-if', ...PATH, '-s', SNAPSHOT, '--scale', 'default/nobody=4'], /nobody.*\n {2}at \/changes\/0\/scale/s],
  ];
  for (const [code, args, stderr] of cases) {
    const done = await run(args, { stdin: '' });
    t.equal(done.code, code, args.join(' '));
    t.match(done.stderr, stderr, args.join(' '));
    t.equal(done.stdout === '', code === 2, `${args.join(' ')}: an answer, or an error`);
  }
  t.match((await run([...PATH, ...unknown, '-s', SNAPSHOT])).stdout, /UNKNOWN_MATCH/);
});

t.test('rules are printed byte for byte and alone', async (t) => {
  const done = await runMain([...CHAINS, '-s', SNAPSHOT]);
  t.same([done.code, done.stderr], [0, '']);
  t.match(done.stdout, /^\*filter\n[^#]*\nCOMMIT\n$/);
  const { result } = JSON.parse((await run([...CHAINS, '-s', SNAPSHOT, '--json'])).stdout);
  t.equal(result.parts.length, 1);
  t.equal(done.stdout, result.parts[0].text);
  for (const format of ['save', 'list']) {
    const json = await run([...CHAINS, '-s', SNAPSHOT, '--json', '--format', format]);
    const text = await run([...CHAINS, '-s', SNAPSHOT, '--format', format], { stdoutIsTerminal: true });
    t.equal(text.stdout, JSON.parse(json.stdout).result.parts[0].text, format);
  }
  const nodes = ['--node', 'node-1', '--node', 'node-2'];
  const family = await run(['chains', '-s', SNAPSHOT, ...nodes, '--format', 'rules']);
  t.match(
    family.stdout,
    /^# The rules that .*\n# node-1, node-2 \(shared\) IPv4, kube-proxy 1\.30\.5 iptables\ntable filter\n/,
  );
});

t.test('the same snapshot by any way gives the same answer', async (t) => {
  const list = JSON.parse(BYTES.toString());
  const half = list.items.length >> 1;
  const part = (items: unknown[]) => JSON.stringify({ ...list, items });
  const folder = t.testdir({
    'a.json': part(list.items.slice(0, half)),
    'b.json': part(list.items.slice(half)),
    'request.json': JSON.stringify({ chains: { nodes: ['node-1'], families: ['IPv4'] } }),
    'with-snapshot.json': JSON.stringify({ snapshot: { inline: list }, chains: { nodes: ['node-1'] } }),
  });
  writeFileSync(join(folder, 'c.json.gz'), gzipSync(BYTES));
  const at = (name: string) => join(folder, name);
  const { stdout } = await run([...CHAINS, '-s', SNAPSHOT]);
  const ways: readonly (readonly [readonly string[], (string | Buffer)?])[] = [
    [[...CHAINS, '-s', '-'], BYTES],
    [CHAINS, BYTES],
    [CHAINS, gzipSync(BYTES)],
    [[...CHAINS, '-s', at('c.json.gz')]],
    [[...CHAINS, '-s', at('a.json'), '--snapshot', at('b.json')]],
    [[...CHAINS, '-s', at('a.json'), '--snapshot', '-'], part(list.items.slice(half))],
    [['chains', '--request', at('request.json'), '-s', SNAPSHOT]],
    [['chains', '--request', '-', '-s', SNAPSHOT], readFileSync(at('request.json'))],
    [['chains', '--request', at('with-snapshot.json')]],
    [['chains', '--request', '-'], readFileSync(at('with-snapshot.json'))],
  ];
  for (const [args, stdin] of ways) {
    const done = await run(args, stdin === undefined ? {} : { stdin });
    t.same([done.code, done.stderr, done.stdout], [0, '', stdout], args.join(' '));
  }
  const piped = await runMain(CHAINS, gzipSync(BYTES));
  t.same([piped.code, piped.stdout], [0, stdout], 'as a process');
  const twice = await run(['chains', '--request', at('with-snapshot.json'), '-s', SNAPSHOT]);
  t.match(twice, { code: 2, stderr: /^The request holds a snapshot, and --snapshot gives another/ });
});

t.test('what cannot be inflated is reported', async (t) => {
  const cut = await run([...CHAINS], { stdin: gzipSync(BYTES).subarray(0, 1000) });
  t.match(cut, { code: 2, stderr: /^Standard input cannot be inflated as gzip: unexpected end of file\./ });
});

t.test('forms of an answer', async (t) => {
  const args = ['probability', ...TO, '-s', SNAPSHOT];
  const text = await run([...args, '--values']);
  t.match(text.stdout, /192\.168\.2\.5:80 +default\/nginx-deployment-\S+ +node-3 +1\/3 +0\.333333/);
  const markdown = await run([...args, '-o', 'markdown']);
  t.match(markdown.stdout, /^\*\*Even: .*\*\*\n\n/);
  const json = await run([...args, '-o', 'json']);
  t.match(JSON.parse(json.stdout), {
    engine: { name: 'kube-whatif' },
    result: { services: [{ delivered: { fraction: '1' } }] },
  });
  const colour = '\u001b[';
  const terminal = { stdoutIsTerminal: true };
  t.ok((await run(args, terminal)).stdout.includes(colour), 'colours on a terminal');
  t.notOk(text.stdout.includes(colour), 'none in a pipe');
  t.notOk((await run(args, { ...terminal, env: { NO_COLOR: '1' } })).stdout.includes(colour), 'none with NO_COLOR');
  t.ok((await run(args, { ...terminal, env: { NO_COLOR: '' } })).stdout.includes(colour), 'an empty NO_COLOR is none');
  t.notOk((await run(args, { ...terminal, env: { TERM: 'dumb' } })).stdout.includes(colour), 'none on a dumb terminal');
});

t.test('changes are made before the question', async (t) => {
  const { stdout } = await run(['probability', ...TO, '-s', SNAPSHOT, '--scale', 'default/nginx-deployment=4']);
  t.equal(stdout.match(/ 1\/4 +25\.00 %/g)?.length, 4, 'four endpoints');
  t.match(stdout, /^Even: each of 4 pods .*\n.*\n\nAfter: scale Deployment default\/nginx-deployment to 4/);
});

t.test('a reader that goes away is no error', async (t) => {
  const child = spawn(process.execPath, [MAIN, 'chains', '-s', SNAPSHOT, '--format', 'rules', '--json']);
  let stderr = '';
  child.stderr.on('data', (bytes) => {
    stderr += bytes;
  });
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.on('close', resolve));
  t.same([code, stderr], [0, '']);
});

t.test('the program can be started as it is', async (t) => {
  t.match(readFileSync(MAIN, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  t.ok(statSync(MAIN).isFile());
  const version = await runMain(['--version']);
  const { version: expected } = JSON.parse(readFileSync('package.json', 'utf8'));
  t.same(version, { code: 0, stdout: `kube-whatif ${expected}\n`, stderr: '' });
});

t.test('serve says where it listens, answers, and ends on a signal', async (t) => {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--grpc-port', '0']);
  const text = { stdout: '', stderr: '' };
  const closed = new Promise((resolve) => child.on('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (bytes) => {
      text.stderr += bytes;
    });
    child.stdout.on('data', (bytes) => {
      text.stdout += bytes;
      const found = /listens at (http:\/\/127\.0\.0\.1:\d+), gRPC at 127\.0\.0\.1:\d+\n/.exec(text.stdout)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('close', () => reject(new Error(text.stderr)));
  });
  t.equal((await fetch(`${url}/healthz`)).status, 200);
  child.kill('SIGTERM');
  t.equal(await closed, 0);
});

t.test('serve says why it cannot listen', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  t.teardown(() => taken.close());
  const { port } = taken.address() as import('node:net').AddressInfo;
  const done = await runMain(['serve', '--port', String(port)]);
  t.same(done, {
    code: 2,
    stdout: '',
    stderr: `Cannot listen at 127.0.0.1 port ${port}: something else listens there.\n`,
  });
});

t.test('manifests are applied before the question, from files, folders and standard input', async (t) => {
  const service = (name: string, more = '') =>
    `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { selector: { app: nginx }, ports: [{ port: 80${more} }] }\n`;
  const folder = t.testdir({
    'one.yaml': service('one'),
    'many.yml': `${service('a')}---\n${service('b')}`,
    'bad.yaml': `${service('a')}---\n${service('b', ', nodePort: 30000')}`,
    all: {
      '1.yaml': service('one'),
      '2.json': '{"kind":"Ingress","metadata":{"name":"i"}}',
      'README.md': '#',
      inner: { 'x.yaml': '{' },
    },
    empty: {},
  });
  writeFileSync(join(folder, 'all', '3.yaml.gz'), gzipSync(service('three')));
  const at = (name: string) => join(folder, name);
  const probability = (...args: readonly string[]) => ['probability', '--all', '-s', SNAPSHOT, ...args];
  const to = (name: string) => ['--to', `svc/${name}`];
  for (const [args, stdin] of [
    [probability(...to('default/one'), '-f', at('one.yaml'))],
    [probability(...to('default/b'), '-f', at('one.yaml'), '--filename', at('many.yml'))],
    [probability(...to('default/three'), '-f', at('all'))],
    [probability(...to('default/one'), '-f', '-'), service('one')],
    [probability(...to('default/one'), '-f', '-'), gzipSync(service('one'))],
    [probability(...to('shop/one'), '-n', 'shop', '-f', at('one.yaml'))],
  ] as readonly (readonly [readonly string[], (string | Buffer)?])[]) {
    const done = await run(args, stdin === undefined ? {} : { stdin });
    t.same([done.code, done.stderr], [0, ''], args.join(' '));
    t.match(done.stdout, /created\s+\(/, args.join(' '));
  }
  for (const [args, stderr] of [
    [
      ['-f', at('bad.yaml')],
      /bad\.yaml, document 2 \(Service b\), \/spec\/ports\/0\/nodePort: A Service of type ClusterIP/,
    ],
    [['-f', at('none.yaml')], /no such file/],
    [['-f', at('empty')], /holds no manifest/],
    [['-f', '-', '-f', '-'], /standard input/],
    [['--after', SNAPSHOT, '-f', at('one.yaml')], /--after/],
  ] as readonly (readonly [readonly string[], RegExp])[]) {
    const done = await run(['what-if', ...probability(...to('default/one'), ...args)], { stdin: service('one') });
    t.equal(done.code, 2, args.join(' '));
    t.match(done.stderr, stderr, args.join(' '));
  }
});

t.test('the exit code of a check says whether a finding reaches --fail-on', async (t) => {
  const check = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await run(['check', '-s', 'examples/article-nodeport.json', ...args]);
    return { code, first: stdout.split(':')[0], stderr };
  };
  const hurts = ['-f', 'examples/pull-request'];
  const warns = ['--scale', 'default/nginx-deployment=2'];
  for (const [args, code, first] of [
    [hurts, 1, 'Failed'],
    [[...hurts, '--fail-on', 'never'], 0, 'Reported only'],
    [warns, 0, 'Passed'],
    [[...warns, '--fail-on', 'warning'], 1, 'Failed'],
    [[...warns, '--fail-on', 'warning', '--ignore', 'CONNECTIONS_LOST'], 0, 'Passed'],
    [[...warns, '--fail-on', 'warning', '--ignore', 'connections-lost@default/nginx-svc'], 0, 'Passed'],
    [[...warns, '--fail-on', 'warning', '--threshold', 'lostConnections=1/3'], 0, 'Passed'],
    [['--after', 'examples/article.json'], 1, 'Failed'],
    [['--scale', 'default/nginx-deployment=3', '--fail-on', 'info'], 1, 'Failed'],
  ] as readonly (readonly [readonly string[], number, string])[]) {
    t.same(await check(...args), { code, first, stderr: '' }, args.join(' '));
  }
  for (const [args, stderr] of [
    [[], /^Give "changes", at least one, or a second snapshot/],
    [[...warns, '--fail-on', 'loud'], /^--fail-on is info, warning, error, never, not loud\./],
    [[...warns, '--threshold', 'imbalance=much'], /^--threshold is a number, p\/q or a percentage/],
    [[...warns, '--ignore', 'nothing'], /\/findings\/ignore\/0/],
    [[...warns, '--max-services', '0'], /\/check\/maxServices/],
    [[...warns, '--output', 'sari'], /^--output is text, .*junit, sarif, not sari/],
    [[...warns, '--after', 'examples/article.json'], /--after and --scale/],
  ] as readonly (readonly [readonly string[], RegExp])[]) {
    const done = await check(...args);
    t.equal(done.code, 2, args.join(' '));
    t.match(done.stderr, stderr, args.join(' '));
  }
});
