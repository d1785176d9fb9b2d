/** docs/ci-bot.md: the workflow is YAML that GitHub takes, and its commands do what the page says, run as GitHub runs them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly 'working-directory'?: string;
}

interface Workflow {
  readonly on: { readonly pull_request: unknown };
  readonly permissions: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: { readonly check: { readonly steps: readonly Step[] } };
}

const page = readFileSync('docs/ci-bot.md', 'utf8');
const workflow = parse(/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '') as Workflow;
const { steps } = workflow.jobs.check;

/** What GitHub fills in. */
function filled(text: string, outputs: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{ ([^}]+) \}\}/g, (whole, expression: string) => {
    const known: Readonly<Record<string, string>> = {
      'github.repository_owner': 'example',
      'github.token': 'token-of-the-job',
      'github.event.pull_request.number': '17',
      'env.KUBE_WHATIF_REPOSITORY': 'example/kube-whatif',
      'secrets.KUBECONFIG': 'apiVersion: v1\nkind: Config\n',
      'steps.check.outputs.status': outputs.status ?? '',
    };
    const value = known[expression];
    if (value === undefined) throw new Error(`${whole} is not filled in`);
    return value;
  });
}

function stub(folder: string, name: string, script: string): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/usr/bin/env bash\n${script}`);
  chmodSync(file, 0o755);
}

/** A checkout with manifests, the steps' stubs before everything else in PATH, and what GitHub gives each step. */
function workspace(dir: string, snapshot: string) {
  const [bin, temp, work] = ['bin', 'temp', 'work'].map((name) => join(dir, name)) as [string, string, string];
  for (const folder of [bin, temp, work]) mkdirSync(folder);
  cpSync('examples/pull-request', join(work, 'manifests'), { recursive: true });
  symlinkSync(resolve('.'), join(work, '.kube-whatif'));
  const log = join(dir, 'log');
  // The build is there already; npm, kubectl and gh only write down how they were called.
  stub(bin, 'npm', `echo "npm $*" >> '${log}'`);
  stub(
    bin,
    'kubectl',
    `echo "kubectl $*" >> '${log}'\ntest "$(cat "$KUBECONFIG" | head -n 1)" = "apiVersion: v1" || exit 9\n` +
      `case "$*" in *configmaps*) echo '{"kind":"List","apiVersion":"v1","items":[]}' ;; *) cat '${resolve(snapshot)}' ;; esac`,
  );
  stub(
    bin,
    'gh',
    `echo "gh $*" >> '${log}'\ntest "$GH_TOKEN" = token-of-the-job || exit 9\n` +
      // The list of comments: ids of those that begin with the marker.
      `case "$*" in *--paginate*) cat '${join(dir, 'ids')}' 2>/dev/null; exit 0 ;; esac\n` +
      `for word; do case "$word" in body=@*) cat "\${word#body=@}" > '${join(dir, 'comment.md')}' ;; esac; done`,
  );
  return { bin, temp, work, log };
}

/** Runs the steps with commands until one fails; gives what each ended with. */
function runSteps(dir: string, snapshot: string, env: Readonly<Record<string, string>> = {}) {
  const { bin, temp, work, log } = workspace(dir, snapshot);
  const [output, summary] = [join(dir, 'output'), join(dir, 'summary.md')];
  writeFileSync(output, '');
  writeFileSync(summary, '');
  const outputs: Record<string, string> = {};
  const ended: { readonly name: string; readonly status: number | null; readonly stderr: string }[] = [];
  for (const step of steps) {
    if (step.run === undefined) continue;
    const fill = (values: Readonly<Record<string, string>> = {}) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, filled(value, outputs)]));
    // As GitHub's `shell: bash` default on Linux: bash -e {0}.
    const { status, stderr } = spawnSync('bash', ['-e', '-c', filled(step.run, outputs)], {
      cwd: join(work, step['working-directory'] ?? '.'),
      env: {
        PATH: `${bin}:${process.env.PATH}`,
        RUNNER_TEMP: temp,
        GITHUB_OUTPUT: output,
        GITHUB_STEP_SUMMARY: summary,
        GITHUB_REPOSITORY: 'example/shop',
        ...fill(workflow.env),
        ...env,
        ...fill(step.env),
      },
      encoding: 'utf8',
    });
    ended.push({ name: step.name ?? '', status, stderr });
    for (const line of readFileSync(output, 'utf8').split('\n')) {
      const [name = '', value] = line.split('=');
      if (value !== undefined) outputs[name] = value;
    }
    if (status !== 0) break;
  }
  return { ended, outputs, work, temp, summary, log: readFileSync(log, 'utf8') };
}

t.test('the workflow is complete', async (t) => {
  t.ok('pull_request' in workflow.on);
  t.match(workflow.permissions, { 'pull-requests': 'write', 'security-events': 'write' });
  for (const step of steps) {
    t.not(step.run === undefined, step.uses === undefined, 'each step runs or uses');
    if (step.uses !== undefined) t.match(step.uses, /^[\w-]+\/[\w/-]+@v\d+$/);
  }
  const uses = (name: string) => steps.find((step) => step.uses?.startsWith(name));
  t.equal(uses('github/codeql-action/upload-sarif')?.with?.sarif_file, 'check.sarif');
  t.equal(uses('mikepenz/action-junit-report')?.with?.report_paths, 'check.xml');
});

t.test('a change that hurts: the steps comment, report, and fail at the end', async (t) => {
  const dir = t.testdir();
  const { ended, outputs, work, temp, summary, log } = runSteps(dir, 'examples/article-nodeport.json');
  t.same(
    ended.map(({ status }) => status),
    [0, 0, 0, 0, 1],
    JSON.stringify(ended.map(({ name, stderr }) => [name, stderr])),
  );
  t.equal(outputs.status, '1');
  const comment = readFileSync(join(dir, 'comment.md'), 'utf8');
  t.match(comment, /^<!-- kube-whatif: service networking -->\n\*\*❌ Failed: 1 error/);
  t.match(comment, /`LOCAL_POLICY_WITHOUT_ENDPOINTS`/);
  t.equal(readFileSync(summary, 'utf8'), comment.slice(comment.indexOf('\n') + 1));
  t.match(
    log,
    /gh api --paginate repos\/example\/shop\/issues\/17\/comments --jq .*startswith\("<!-- kube-whatif: service networking -->"\)/,
  );
  t.match(log, /gh api --method POST repos\/example\/shop\/issues\/17\/comments -F body=@comment\.md/);
  t.match(JSON.parse(readFileSync(join(work, 'check.sarif'), 'utf8')), { version: '2.1.0' });
  t.match(readFileSync(join(work, 'check.xml'), 'utf8'), /^<\?xml/);
  t.notOk(existsSync(join(temp, 'kubeconfig')), 'the credentials are gone');
});

t.test('a change that hurts nobody: every step is fine', async (t) => {
  const { ended, outputs } = runSteps(t.testdir(), 'examples/article-nodeport.json', { FAIL_ON: 'never' });
  t.same(
    ended.map(({ status }) => status),
    [0, 0, 0, 0, 0],
  );
  t.equal(outputs.status, '0');
});

t.test('the comment of an earlier run is updated', async (t) => {
  const dir = t.testdir({ ids: '4711\n4712\n' });
  const { log } = runSteps(dir, 'examples/article-nodeport.json', { FAIL_ON: 'never' });
  t.match(log, /gh api --method PATCH repos\/example\/shop\/issues\/comments\/4711 -F body=@comment\.md/);
  t.notMatch(log, /--method POST/);
});

t.test('a check without an answer stops there', async (t) => {
  const dir = t.testdir({ 'broken.json': '{"kind":"List","items":[' });
  const { ended } = runSteps(dir, join(dir, 'broken.json'));
  t.same(ended.map(({ name, status }) => [name, status]).at(-1), ['Check', 2]);
});

t.test('the commands are ones that a shell understands', async () => {
  for (const { run } of steps)
    if (run !== undefined) execFileSync('bash', ['-n', '-c', run.replace(/\$\{\{[^}]*\}\}/g, 'x')]);
});
