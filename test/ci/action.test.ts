/**
 * action.yml: its steps do what its inputs say, run as GitHub runs them, with stand-ins for gh, kubectl and what
 * renders manifests.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { start } from '../rest/support.js';
import { evaluate } from './expressions.js';
import { readAction, runAction, standIn } from './runner.js';

const ACTION = readAction('action.yml');
const SNAPSHOT = 'cluster.json';
const GITHUB = { token: 'token-of-the-job', repository: 'example/shop', event: { pull_request: { number: 17 } } };

/** A checkout with a snapshot and manifests, and programs that write down how they were called. */
function workspace(dir: string) {
  const [bin, work, log] = ['bin', 'work', 'log'].map((name) => join(dir, name)) as [string, string, string];
  mkdirSync(work);
  writeFileSync(log, '');
  cpSync('examples/pull-request', join(work, 'manifests'), { recursive: true });
  cpSync('examples/article-nodeport.json', join(work, SNAPSHOT));
  standIn(
    bin,
    'gh',
    `echo "gh $*" >> '${log}'\ntest "$GH_TOKEN" = token-of-the-job || exit 1\n` +
      // The list of comments: ids of those that begin with the marker.
      `case "$*" in *--paginate*) cat '${join(dir, 'ids')}' 2>/dev/null; exit 0 ;; esac\n` +
      `for word; do case "$word" in body=@*) cat "\${word#body=@}" > '${join(dir, 'comment.md')}' ;; esac; done`,
  );
  const run = (inputs: Readonly<Record<string, string>>, github: object = GITHUB, path = resolve('.')) => {
    const done = runAction(ACTION, { path, work, dir, inputs, github: { ...GITHUB, ...github } });
    return { ...done, statuses: done.ended.map(({ name, status }) => [name, status] as const) };
  };
  return { run, work, bin, dir, log: () => readFileSync(log, 'utf8') };
}

const STEPS = { build: 'Build kube-whatif', check: 'Check', comment: 'Comment on the pull request', result: 'Result' };
const FINE = [STEPS.build, STEPS.check, STEPS.comment, STEPS.result].map((name) => [name, 0] as const);
const MANIFESTS = { snapshot: SNAPSHOT, manifests: 'manifests' };

t.test('the action is complete, and nothing that a user gives becomes part of a script', async (t) => {
  t.equal(ACTION.runs.using, 'composite');
  for (const { uses, run, shell } of ACTION.runs.steps) {
    t.not(run === undefined, uses === undefined, 'each step runs or uses');
    if (uses !== undefined) t.match(uses, /^[\w-]+\/[\w/-]+@v\d+$/);
    if (run === undefined) continue;
    t.equal(shell, 'bash');
    t.notMatch(run, /\$\{\{/, 'inputs come by the environment');
  }
  for (const [name, { description }] of Object.entries(ACTION.inputs)) t.match(description, /\.$/, name);
  const text = readFileSync('action.yml', 'utf8');
  for (const name of Object.keys(ACTION.inputs)) t.ok(text.includes(`inputs.${name}`), `${name} is used`);
});

t.test('expressions', async (t) => {
  const contexts = { inputs: { a: 'true', b: '' }, github: { event: {} } };
  for (const [text, wanted] of [
    ["inputs.a == 'true'", true],
    ["inputs.a != 'true' || inputs.b == ''", true],
    ["inputs.a == 'true' && github.event.pull_request.number", undefined],
    ["!(inputs.b == '') && inputs.a", false],
  ] as const) {
    t.equal(evaluate(text, contexts), wanted, text);
  }
  t.throws(() => evaluate('inputs.c', contexts), /inputs\.c is not there/);
});

t.test('a change that hurts: comment, summary, SARIF, and the job fails at the end', async (t) => {
  const space = workspace(t.testdir());
  const { statuses, used, outputs, summary, ended } = space.run({ ...MANIFESTS, 'fail-on': 'warning' });
  t.same(statuses, [...FINE.slice(0, 3), [STEPS.result, 1]], JSON.stringify(ended));
  t.match(ended.at(-1)?.stdout, /^::error::A finding reaches warning/);
  t.equal(outputs.status, '1');
  const comment = readFileSync(join(space.dir, 'comment.md'), 'utf8');
  t.match(comment, /^<!-- kube-whatif: service networking -->\n\*\*❌ Failed: 1 error/);
  t.equal(summary, comment.slice(comment.indexOf('\n') + 1));
  t.match(space.log(), /gh api --method POST repos\/example\/shop\/issues\/17\/comments -F body=@/);
  t.same(
    used.map(({ uses }) => uses),
    ['actions/setup-node@v4', 'github/codeql-action/upload-sarif@v3'],
  );
  const sarif = JSON.parse(readFileSync(used[1]?.with.sarif_file ?? '', 'utf8'));
  t.match(sarif, { version: '2.1.0' });
  t.equal(sarif.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri, 'manifests/web.yaml');
  t.match(readFileSync(outputs.junit ?? '', 'utf8'), /^<\?xml/);
});

t.test('a change that hurts nobody, and a comment of an earlier run', async (t) => {
  const space = workspace(t.testdir({ ids: '4711\n4712\n' }));
  const { statuses } = space.run({ ...MANIFESTS, 'fail-on': 'never', 'comment-id': 'prod' });
  t.same(statuses, FINE);
  t.match(space.log(), /startswith\("<!-- kube-whatif: prod -->"\)/);
  t.match(space.log(), /gh api --method PATCH repos\/example\/shop\/issues\/comments\/4711 -F body=@/);
  t.notMatch(space.log(), /--method POST/);
});

t.test('no comment: where it is off, on a push, or where the token may not', async (t) => {
  for (const [inputs, github] of [
    [{ comment: 'false' }, {}],
    [{}, { event: {} }],
  ] as const) {
    const space = workspace(t.testdir());
    const { statuses } = space.run({ ...MANIFESTS, 'fail-on': 'never', sarif: 'false', ...inputs }, github);
    t.same(statuses, [FINE[0], FINE[1], FINE[3]]);
    t.equal(space.log(), '');
  }
  const space = workspace(t.testdir());
  const { statuses, ended } = space.run({ ...MANIFESTS, 'fail-on': 'never', 'github-token': 'of-a-fork' });
  t.same(statuses, FINE, 'the check counts');
  t.match(ended[2]?.stdout, /^::warning::kube-whatif could not read the comments/);
});

t.test('a long text is cut where GitHub would refuse it', async (t) => {
  const space = workspace(t.testdir());
  standIn(space.bin, 'talks', 'printf "%070000d\\n" 0\n');
  space.run({ ...MANIFESTS, command: 'talks' });
  const comment = readFileSync(join(space.dir, 'comment.md'), 'utf8');
  t.ok(comment.length < 65_536, String(comment.length));
  t.match(comment, /The rest is too long for a comment/);
});

t.test('what is not known is a warning, or fails where it is to', async (t) => {
  for (const [inputs, wanted] of [
    [{}, 0],
    [{ 'fail-on-unknown': 'true' }, 1],
  ] as const) {
    const space = workspace(t.testdir());
    standIn(space.bin, 'unsure', 'echo something\nexit 4\n');
    const { statuses, outputs, ended } = space.run({ ...MANIFESTS, command: 'unsure', ...inputs });
    t.same(statuses, [...FINE.slice(1, 3), [STEPS.result, wanted]]);
    t.equal(outputs.status, '4');
    t.match(ended.at(-1)?.stdout, /^::warning::/);
  }
});

t.test('no answer: the job stops there, and says why', async (t) => {
  for (const [inputs, said] of [
    [{ snapshot: 'none.json', manifests: 'manifests' }, /none\.json/],
    [{ ...MANIFESTS, render: 'cat manifests/web.yaml' }, /MANIFESTS and RENDER both say what is checked/],
    [{ snapshot: SNAPSHOT }, /Neither MANIFESTS nor RENDER/],
    [{ snapshot: SNAPSHOT, render: 'cat manifests/web.yaml; exit 3' }, /renders manifests failed with exit code 3/],
    [{ snapshot: SNAPSHOT, render: 'false | cat' }, /renders manifests failed/],
    [{ ...MANIFESTS, arguments: '--no-such-option' }, /no-such-option/],
    [{ ...MANIFESTS, name: 'prod', server: 'https://kube-whatif.example.com' }, /SNAPSHOT and NAME both say/],
    [{ manifests: 'manifests', name: 'prod' }, /KUBE_WHATIF_SERVER says which server/],
  ] as const) {
    const space = workspace(t.testdir());
    const { statuses, ended } = space.run(inputs);
    t.same(statuses, [FINE[0], [STEPS.check, 2]], JSON.stringify(inputs));
    t.match(ended[1]?.stderr, said);
    t.equal(space.log(), '', 'nobody gets a half answer');
  }
});

t.test('manifests that a command renders', async (t) => {
  const space = workspace(t.testdir());
  const { outputs } = space.run({
    snapshot: SNAPSHOT,
    render: 'echo "# Source: charts/shop/web.yaml"\ncat manifests/web.yaml',
    namespace: 'default',
    arguments: '--ignore\nCONNECTIONS_LOST\n',
  });
  const sarif = readFileSync(outputs.sarif ?? '', 'utf8');
  t.match(sarif, /"charts\/shop\/web\.yaml"/);
  t.notMatch(sarif, /"CONNECTIONS_LOST"/);
  const named = space.run({ snapshot: SNAPSHOT, render: 'cat manifests/web.yaml', 'rendered-from': 'apps/web.yaml' });
  t.match(readFileSync(named.outputs.sarif ?? '', 'utf8'), /"apps\/web\.yaml"/);
});

t.test('the cluster of a kubeconfig is read once, and the kubeconfig is gone afterwards', async (t) => {
  const space = workspace(t.testdir());
  // Everything is among the nodes; there is nothing else.
  standIn(
    space.bin,
    'kubectl',
    `echo "kubectl $*" >> '${join(space.dir, 'log')}'\ngrep -q 'kind: Config' "$KUBECONFIG" || exit 9\necho ` +
      `"$KUBECONFIG" > '${join(space.dir, 'kubeconfig')}'\n` +
      `case "$*" in config*) exit 0 ;; *"get nodes"*) cat '${join(space.work, SNAPSHOT)}' ;; *) echo ` +
      `'{"kind":"List","items":[]}' ;; esac\n`,
  );
  const { outputs, ended } = space.run({ manifests: 'manifests', kubeconfig: 'apiVersion: v1\nkind: Config\n' });
  t.equal(outputs.status, '1', JSON.stringify(ended));
  t.equal(space.log().match(/get nodes/g)?.length, 1);
  t.notOk(existsSync(readFileSync(join(space.dir, 'kubeconfig'), 'utf8').trim()));
});

t.test('a server answers', async (t) => {
  const space = workspace(t.testdir());
  const token = 'a-token-of-enough-length';
  const log = join(space.dir, 'served');
  standIn(space.bin, 'remote', `echo "$KUBE_WHATIF_SERVER $KUBE_WHATIF_TOKEN $*" >> '${log}'\necho fine\n`);
  const inputs = { name: 'prod', manifests: 'manifests', server: 'https://kube-whatif.example.com', token };
  const { statuses } = space.run({ ...inputs, command: 'remote' });
  t.same(statuses, FINE.slice(1));
  const asked = `https://kube-whatif.example.com ${token} check -s @prod -f manifests --fail-on error --output`;
  t.equal(readFileSync(log, 'utf8'), ['markdown', 'sarif', 'junit'].map((form) => `${asked} ${form}\n`).join(''));
  // A runner takes steps one after the other in this process, so a server would not be heard: it has one of its own.
  const running = await start({ tokens: [token], small: { threads: 1 }, large: { threads: 1 }, held: { threads: 1 } });
  t.teardown(() => running.app.close());
  const url = `http://127.0.0.1:${running.port}`;
  const bytes = readFileSync('examples/article-nodeport.json');
  // Two versions: the second differs in a blank.
  for (const body of [bytes, Buffer.concat([bytes, Buffer.from(' ')])]) {
    const headers = { authorization: `Bearer ${token}` };
    const sent = await fetch(`${url}/v1/snapshots/names/prod`, { method: 'PUT', headers, body });
    t.match(String(sent.status), /^20[01]$/);
  }
  for (const snapshot of [{ SNAPSHOT }, { NAME: 'prod' }, { SNAPSHOT: '@prod@-1' }]) {
    const [of = ''] = Object.values(snapshot);
    const out = join(space.dir, `out-${of}`);
    const env = { PATH: process.env.PATH ?? '', ...snapshot, MANIFESTS: 'manifests', OUT: out };
    const child = spawn('bash', [resolve('deploy/ci/check.sh')], {
      cwd: space.work,
      env: { ...env, KUBE_WHATIF_SERVER: url, KUBE_WHATIF_TOKEN: token },
    });
    t.equal(await new Promise((done) => child.on('close', done)), 0);
    t.equal(readFileSync(join(out, 'status'), 'utf8'), '1\n', `the snapshot ${of}`);
  }
});

t.test('it is built where it was not', async (t) => {
  const space = workspace(t.testdir());
  const path = join(space.dir, 'a path/of the action');
  mkdirSync(path, { recursive: true });
  symlinkSync(resolve('deploy'), join(path, 'deploy'));
  const log = join(space.dir, 'built');
  standIn(
    space.bin,
    'npm',
    `echo "$PWD npm $*" >> '${log}'\ncase "$*" in *build) ln -s '${resolve('dist')}' dist ;; esac\n`,
  );
  const { statuses } = space.run({ ...MANIFESTS, 'fail-on': 'never' }, {}, path);
  t.same(statuses, FINE);
  t.match(
    readFileSync(log, 'utf8'),
    `${path} npm ci --ignore-scripts --no-audit --no-fund\n${path} npm run -s build\n`,
  );
});
