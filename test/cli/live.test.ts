/** The cluster of kubectl's context, read through a stand-in for kubectl. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run } from './run.js';

const SNAPSHOT = JSON.parse(readFileSync('examples/article.json', 'utf8')) as {
  readonly items: readonly { readonly kind: string; readonly metadata: { readonly name: string } }[];
};

/**
 * A folder with a program `kubectl` that prints the example's objects of the kind asked for. `says`: what it does
 * instead for some kinds; it writes down every call.
 */
function standIn(
  t: { testdir(): string },
  says: Readonly<Record<string, { readonly error: string }>> = {},
  namespace = '',
) {
  const folder = t.testdir();
  const kinds: Record<string, { kind: string; apiVersion: string; items: unknown[] }> = {};
  for (const item of SNAPSHOT.items) {
    const kind = `${item.kind.toLowerCase()}s`.replace(/ys$/, 'ies');
    kinds[kind] ??= { kind: 'List', apiVersion: 'v1', items: [] };
    kinds[kind]?.items.push(item);
  }
  const configMap = SNAPSHOT.items.find(({ kind }) => kind === 'ConfigMap');
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  for (const [kind, list] of Object.entries(kinds)) write(`list-${kind}`, JSON.stringify(list));
  for (const [kind, { error }] of Object.entries(says)) {
    write(`error-${kind === '*' ? 'all' : kind.replace('/', '-')}`, `${error}\n`);
  }
  if (configMap !== undefined) write(`configmap-${configMap.metadata.name}`, JSON.stringify(configMap));
  write('namespace', namespace);
  // A shell, since many of them are started.
  const file = join(folder, 'kubectl');
  writeFileSync(
    file,
    `#!/bin/sh
cd '${folder}'
echo "$*" >> calls
kind= name= verb=
for word; do
  case $word in
    --*) ;;
    *)
      if test -z "$verb"; then verb=$word
      elif test -z "$kind"; then kind=$word
      elif test -z "$name"; then name=$word
      fi ;;
  esac
done
if test "$verb" = config; then exec /bin/cat namespace; fi
what=$kind
if test "$kind" = configmap; then what=configmap-$name; fi
for error in "error-$what" error-all; do
  if test -e "$error"; then /bin/cat "$error" >&2; exit 1; fi
done
if test "$kind" = configmap; then
  if test -e "$what"; then exec /bin/cat "$what"; fi
  echo "Error from server (NotFound): configmaps "$name" not found" >&2
  exit 1
fi
if test -e "list-$kind"; then exec /bin/cat "list-$kind"; fi
echo '{"kind":"List","apiVersion":"v1","items":[]}'
`,
  );
  chmodSync(file, 0o755);
  writeFileSync(join(folder, 'calls'), '');
  return {
    folder,
    env: { PATH: folder },
    calls: () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n'),
  };
}

t.test('without a snapshot the cluster of the context is asked about', async (t) => {
  const { env, calls } = standIn(t, {}, 'default');
  const args = ['path', '--from', 'client', '--to', 'nginx-svc', '--context', 'prod', '--request-timeout', '5s'];
  const live = await run(args, { env });
  const named = [
    'path',
    '--from',
    'pod/default/client',
    '--to',
    'svc/default/nginx-svc',
    '-s',
    'examples/article.json',
  ];
  const reported = await run(named);
  t.same([live.code, live.stderr], [0, '']);
  t.equal(live.stdout.split('\n').slice(0, 12).join('\n'), reported.stdout.split('\n').slice(0, 12).join('\n'));
  const made = calls();
  t.ok(made.every((call) => call.startsWith('--context=prod --request-timeout=5s ')));
  t.notOk(
    made.some((call) => /secret/i.test(call)),
    'Secrets are never asked for',
  );
  t.ok(
    made.every((call) => / (get|config view) /.test(call)),
    'nothing is written',
  );
  t.same((await run(args, { env, stdin: '' })).code, 0, 'standard input that is empty is no snapshot');
});

t.test('names follow the namespace of the context, or -n', async (t) => {
  const { env } = standIn(t, {}, 'shop');
  const lost = await run(['path', '--from', 'default/client', '--to', 'nginx-svc'], { env });
  t.match(lost, { code: 2, stderr: /shop\/nginx-svc/ });
  t.equal((await run(['path', '-n', 'default', '--from', 'client', '--to', 'nginx-svc'], { env })).code, 0);
});

t.test('kinds that are forbidden or not there are named, with what that costs', async (t) => {
  const forbidden = (kind: string) => ({
    error: `Error from server (Forbidden): ${kind} is forbidden: User "u" cannot list resource "${kind}"`,
  });
  const { env } = standIn(t, {
    networkpolicies: forbidden('networkpolicies.networking.k8s.io'),
    statefulsets: { error: 'error: the server doesn\'t have a resource type "statefulsets"' },
    'configmap/kube-proxy': forbidden('configmaps'),
  });
  const { code, stderr, stdout } = await run(['probability', '--to', 'nginx-svc'], { env });
  t.equal(code, 0);
  t.match(stdout, /^Even: each of 3 pods/);
  t.match(
    stderr,
    /^statefulsets are not there: .*\nnetworkpolicies are forbidden: .*\nConfigMap kube-system\/kube-proxy is forbidden/,
  );
  const without = standIn(t, { nodes: forbidden('nodes') });
  t.match(await run(['inspect'], { env: without.env }), { code: 2, stderr: /^kubectl cannot get nodes: .*Forbidden/ });
  const away = standIn(t, { '*': { error: 'Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout' } });
  const refused = await run(['inspect'], { env: away.env });
  t.match(refused, { code: 2, stderr: /^kubectl cannot get nodes: Unable to connect/ });
  t.equal(away.calls().length, 1, 'a cluster that is away is asked once');
  t.match(await run(['inspect'], { env: { PATH: '/nowhere' } }), { code: 2, stderr: /there is no kubectl/ });
});

t.test('snapshot keeps one file, and the answers from it are the same', async (t) => {
  const { env, folder } = standIn(t);
  const file = join(folder, 'cluster.json.gz');
  const kept = await run(['snapshot', '-o', file], { env });
  t.same([kept.code, kept.stderr], [0, `${file} is written. Ask with -s ${file}.\n`]);
  const ask = async (name: string) => await run(['probability', '--to', 'nginx-svc', '--json', '-s', name]);
  const answer = JSON.parse((await ask(file)).stdout);
  t.same(answer.result, JSON.parse((await ask('examples/article.json')).stdout).result);
});

t.test('completion completes commands, options, words and names', async (t) => {
  const { env } = standIn(t);
  const complete = async (...words: readonly string[]) => {
    const { stdout } = await run(['__complete', ...words], { env });
    return stdout.split('\n').filter((line) => line !== '');
  };
  t.ok((await complete('')).includes('inspect'));
  t.same(await complete('prob'), ['probability']);
  t.ok((await complete('path', '--fr')).includes('--from'));
  t.same(await complete('path', '--via', 'no'), ['node-port']);
  t.same(await complete('path', '-s', 'examples/article.json', '--to', 'default/n'), ['default/nginx-svc']);
  t.same(await complete('path', '--to', 'default/n'), ['default/nginx-svc'], 'from the cluster');
  t.same(await complete('path', '-s', 'no-such-file', '--to', ''), []);
  for (const shell of ['bash', 'zsh', 'fish']) t.match((await run(['completion', shell])).stdout, /__complete/);
  t.match(await run(['completion', 'tcsh']), { code: 2, stderr: /bash, zsh, fish/ });
});

t.test('policies of administrators and plugins are read where they are there', async (t) => {
  const none = { error: 'error: the server doesn\'t have a resource type "x"' };
  const kinds = [
    'adminnetworkpolicies.policy.networking.k8s.io',
    'baselineadminnetworkpolicies.policy.networking.k8s.io',
    'clusternetworkpolicies.policy.networking.k8s.io',
    'ciliumnetworkpolicies.cilium.io',
    'ciliumclusterwidenetworkpolicies.cilium.io',
    'networkpolicies.crd.projectcalico.org',
    'globalnetworkpolicies.crd.projectcalico.org',
    'applicationnetworkpolicies.networking.k8s.aws',
    'fqdnnetworkpolicies.networking.gke.io',
    'egressfirewalls.k8s.ovn.org',
    'clusternetworkpolicies.crd.antrea.io',
  ];
  const { env, calls } = standIn(t, Object.fromEntries(kinds.slice(1).map((kind) => [kind, none])));
  const live = await run(['inspect'], { env });
  t.equal(live.stderr, '', 'what is not there costs nothing');
  for (const kind of kinds)
    t.ok(
      calls().some((call) => call.startsWith(`get ${kind} `)),
      kind,
    );
  const forbidden = standIn(t, { [kinds[0] as string]: { error: 'Error from server (Forbidden): x is forbidden' } });
  t.match(await run(['inspect'], { env: forbidden.env }), {
    stderr: /^adminnetworkpolicies\.policy\.networking\.k8s\.io are forbidden: these policies are taken to be absent\./,
  });
});
