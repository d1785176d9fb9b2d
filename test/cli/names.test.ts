/** Names on a server, from the command line: sent, listed, asked about, compared, deleted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { QUICK, start } from '../rest/support.js';
import { run } from './run.js';

t.test('a snapshot is sent under a name and asked about', async (tt) => {
  const running = await start({ small: QUICK, large: QUICK, held: QUICK });
  tt.teardown(() => running.app.close());
  const env = { KUBE_WHATIF_SERVER: `http://127.0.0.1:${running.port}` };
  const on = (...args: readonly string[]) => run(args, { env });
  const { items } = JSON.parse(readFileSync('examples/article.json', 'utf8')) as { items: { kind: string }[] };
  const folder = tt.testdir({
    'q.json': '{"snapshot":{"name":"prod@-1"},"chains":{"nodes":["node-1"]}}',
    'fewer.json': JSON.stringify({ kind: 'List', items: items.filter(({ kind }) => kind !== 'Pod') }),
  });
  const TO = ['--to', 'svc/default/nginx-svc:80'];

  tt.match(await on('snapshot', '--list'), { code: 0, stdout: 'There are no names.\n' });
  const sent = await on('snapshot', '-s', 'examples/article.json', '--send', 'prod', '--sender', 'test');
  tt.same([sent.code, sent.stderr], [0, '']);
  tt.match(sent.stdout, /^sha256:[0-9a-f]{64} is version 1 of prod\. Ask with -s @prod\.\n$/);
  tt.match(
    (await on('snapshot', '-s', 'examples/article.json', '--send', 'prod')).stdout,
    /is the newest version already/,
  );
  const here = await run(['probability', '-s', 'examples/article.json', ...TO]);
  tt.same(await on('probability', '-s', '@prod', ...TO), here, 'the answer is the one of the file');
  tt.equal((await on('snapshot', '-s', 'examples/article-nodeport.json', '--send', 'prod')).code, 0);
  tt.same(await on('probability', '-s', '@prod@-1', ...TO), here);

  const files = ['examples/article.json', 'examples/article-nodeport.json'];
  const compared = await run(['check', '-s', files[0] as string, '--after', files[1] as string]);
  tt.ok([0, 1].includes(compared.code ?? -1), compared.stderr);
  const ways: readonly (readonly string[])[] = [
    ['check', '-s', '@prod@-1', '--after', '@prod'],
    ['check', '-s', files[0] as string, '--after', '@prod'],
    ['check', '-s', '@prod@-1', '--after', files[1] as string],
    ['diff', 'prod@-1', 'prod'],
    ['diff', '@prod@-1', '@prod'],
    ['diff', ...files],
    ['diff', files[0] as string, 'prod'],
  ];
  for (const args of ways) tt.same(await on(...args), compared, args.join(' '));
  tt.same(await run(['diff', ...files]), compared, 'files need no server');
  const whatIf = ['what-if', 'probability', '-s', '@prod@-1', '--after', '@prod', ...TO];
  tt.equal((await on(...whatIf)).code, 0);
  const question = join(folder, 'q.json');
  tt.equal((await on('chains', '--request', question)).code, 0);

  const list = await on('snapshot', '--list');
  tt.match(
    list.stdout,
    /^prod\n {2}@-0 {3}\d{4}-.*sha256:.*14 objects, from 127\.0\.0\.1.*\n {2}@-1 .*from 127\.0\.0\.1, sent again/m,
  );
  tt.equal(JSON.parse((await on('snapshot', '--list', '--json')).stdout).names[0].versions.length, 2);
  const fewer = join(folder, 'fewer.json');
  const shrunk = await on('snapshot', '-s', fewer, '--send', 'prod');
  tt.same([shrunk.code, /4 Pods, this one none/.test(shrunk.stderr)], [2, true], shrunk.stderr);
  tt.match((await on('snapshot', '--list')).stdout, /refused 1 times since/);
  tt.equal((await on('snapshot', '-s', fewer, '--send', 'prod', '--expect', 'none')).code, 2);
  tt.equal((await on('snapshot', '-s', fewer, '--send', 'prod', '--force')).code, 0);
  tt.match(await on('snapshot', '--delete', 'prod'), { code: 0, stdout: 'prod is gone, with 3 versions.\n' });

  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [['probability', '-s', '@prod', ...TO], /^No snapshot is held under the name "prod"/],
    [['probability', '-s', '@a b', ...TO], /is not a name for snapshots/],
    [['probability', '-s', '@prod@yesterday', ...TO], /does not name a version/],
    [['probability', '-s', '@prod', '-s', 'examples/article.json', ...TO], /either files or one name/],
    [['snapshot', '--delete', 'prod'], /^No snapshot is held/],
    [['snapshot', '--delete', 'a/b'], /is not a name/],
    [['snapshot', '--list', '--delete', 'prod'], /do one of them/],
    [['snapshot', '--list', '--force'], /belongs to --send/],
    [['snapshot', '-s', fewer, '--send', 'prod', '--expect', 'abc'], /--expect is a digest/],
    [['diff', 'prod'], /^Say what is compared/],
    [['diff', 'prod', '--json'], /Say what is compared/],
    [['diff', 'prod@-1', 'prod', '--scale', 'default/web=1'], /There is no option --scale/],
    [['check', '-s', '@prod@-1', '--after', '@prod', '--scale', 'default/web=1'], /both say what is compared with/],
    [['chains', '-s', '@prod', '--request', question], /holds "snapshot"/],
  ];
  for (const [args, message] of refused) {
    const { code, stderr } = await on(...args);
    tt.same([code, message.test(stderr)], [2, true], `${args.join(' ')}: ${stderr}`);
  }
  for (const args of [
    ['chains', '-s', '@prod'],
    ['diff', 'prod@-1', 'prod'],
    ['snapshot', '--list'],
    ['snapshot', '-s', fewer, '--send', 'a'],
  ]) {
    const { code, stderr } = await run(args);
    tt.same([code, /give --server URL/.test(stderr)], [2, true], `${args.join(' ')}: ${stderr}`);
  }
  const local = await run(['chains', '--request', question]);
  tt.same([local.code, /No snapshots are held here under names/.test(local.stderr)], [2, true], local.stderr);
});
