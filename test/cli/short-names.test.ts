import t from 'tap';
import { readFraction } from '../../src/words/read-values.js';
import { wholeDestination, wholeSource, wholeWorkload } from '../../src/words/short-names.js';
import { run } from './run.js';

const S = ['-s', 'examples/article.json'];

t.test('names are made whole', async (t) => {
  for (const [text, whole] of [
    ['web', 'svc/n/web'],
    ['shop/web', 'svc/shop/web'],
    ['shop/web:http', 'svc/shop/web:http'],
    ['svc/web:80', 'svc/n/web:80'],
    ['svc/shop/web', 'svc/shop/web'],
    ['pod/a:80', 'pod/n/a:80'],
    ['web:80', 'web:80'],
    ['10.0.0.1:80', '10.0.0.1:80'],
    ['[fd00::1]:80', '[fd00::1]:80'],
    ['scv/web', 'scv/web'],
  ] as const)
    t.equal(wholeDestination(text, 'n'), whole, text);
  for (const [text, whole] of [
    ['client', 'pod/n/client'],
    ['shop/client', 'pod/shop/client'],
    ['pod/client', 'pod/n/client'],
    ['deploy/web', 'deploy/n/web'],
    ['node/node-1', 'node/node-1'],
    ['nod/node-1', 'nod/node-1'],
    ['external', 'external'],
    ['external@node-1', 'external@node-1'],
    ['hosts', 'hosts'],
    ['pod/shop/client', 'pod/shop/client'],
  ] as const)
    t.equal(wholeSource(text, 'n'), whole, text);
  for (const [text, whole] of [
    ['web', 'n/web'],
    ['sts/db', 'sts/n/db'],
    ['shop/web', 'shop/web'],
    ['deployment/shop/web', 'deployment/shop/web'],
  ] as const)
    t.equal(wholeWorkload(text, 'n'), whole, text);
});

t.test('fractions are numbers, p/q or percentages', async (t) => {
  for (const [text, exact] of [
    ['1/20', '1/20'],
    ['5%', '1/20'],
    ['0.05', '1/20'],
    ['.5', '1/2'],
    ['12.5 %', '1/8'],
    ['3', '3'],
    ['1.5', '3/2'],
  ] as const)
    t.equal(readFraction('--x', text), exact, text);
  for (const text of ['', '%', '-1', 'a', '1/2/3', '1.2.3', '1e3'])
    t.throws(() => readFraction('--x', text), /5%/, text);
});

t.test('short words make the changes that they name', async (t) => {
  const changes = async (...args: readonly string[]) => {
    const { stdout, stderr } = await run(['probability', ...S, '--to', 'nginx-svc', '--json', ...args]);
    return stdout === ''
      ? stderr
      : JSON.parse(stdout).changes.map(({ change }: { readonly change: unknown }) => change);
  };
  t.same(await changes('--drain', 'node-2', '--scale', 'nginx-deployment=4'), [
    { node: { name: 'node-2', action: 'DRAIN' } },
    { scale: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas: 4 } },
  ]);
  t.same(await changes('--fail', 'node-2'), [{ node: { name: 'node-2', action: 'FAIL' } }]);
  t.same(await changes('--type', 'NodePort', '--local'), [
    { service: { namespace: 'default', name: 'nginx-svc', type: 'NodePort' } },
    { service: { namespace: 'default', name: 'nginx-svc', externalTrafficPolicy: 'Local' } },
  ]);
  t.same(await changes('--delete', 'pod/client'), [{ delete: { kind: 'Pod', namespace: 'default', name: 'client' } }]);
  t.match(await run(['probability', ...S, '--local']), { code: 2, stderr: /^--local changes the Service of --to/ });
  t.match(await run(['path', ...S, '--source', 'x']), { code: 2, stderr: /Here it is --from SOURCE/ });
});

t.test('a path to a Service of several ports asks about each', async (t) => {
  const ports =
    '{"patch":{"kind":"Service","namespace":"default","name":"nginx-svc","patch":{"spec":{"ports":[{"name":"a","port":80,"targetPort":80},{"name":"b","port":81,"targetPort":80}]}}}}';
  const { stdout, code } = await run(['path', ...S, '--from', 'client', '--to', 'kubernetes', '--change', ports]);
  t.equal(code, 0);
  t.match(stdout, /^Delivered: default\/client reaches default\/kubernetes/);
});

t.test('-n narrows questions about everything to a namespace', async (t) => {
  const shop = ['-s', 'examples/shop.json'];
  for (const command of ['reach', 'inspect']) {
    const narrowed = await run([command, ...shop, '-n', 'shop', '-o', 'json']);
    const whole = await run([command, ...shop, '--in-namespace', 'shop', '-o', 'json']);
    t.equal(narrowed.stdout, whole.stdout, command);
    t.match(await run([command, ...shop, '-n', 'nowhere']), { code: 2, stderr: /namespace "nowhere"/ });
  }
});
