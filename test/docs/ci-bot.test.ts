/**
 * docs/ci-bot.md: the workflow is YAML that GitHub takes, and its steps do what the page says, run as GitHub runs them.
 */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { filled } from '../ci/expressions.js';
import { readAction, runAction, type Step, standIn } from '../ci/runner.js';

interface Workflow {
  readonly on: { readonly pull_request: unknown };
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: { readonly check: { readonly steps: readonly Step[] } };
}

const page = readFileSync('docs/ci-bot.md', 'utf8');
const workflow = parse(/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '') as Workflow;
const action = readAction('action.yml');

t.test('the workflow may do what the action does', async (t) => {
  t.ok('pull_request' in workflow.on);
  t.same(workflow.permissions, { contents: 'read', 'pull-requests': 'write', 'security-events': 'write' });
});

t.test('the page lists the inputs and outputs of the action, and no others', async (t) => {
  const rows = [...page.matchAll(/^\| ((?:`[\w-]+`(?:, )?)+) \| /gm)].flatMap(([, names = '']) => [
    ...names.matchAll(/[\w-]+/g),
  ]);
  t.same(rows.map(([name]) => name).sort(), Object.keys(action.inputs).sort());
  for (const name of Object.keys(action.outputs)) t.ok(page.includes(`\`${name}\``), name);
});

t.test('the steps of the workflow: the pull request gets a comment and fails', async (t) => {
  const dir = t.testdir();
  const work = join(dir, 'work');
  mkdirSync(work);
  const github = { token: 'token-of-the-job', repository: 'example/shop', event: { pull_request: { number: 17 } } };
  const secrets = { KUBECONFIG: 'apiVersion: v1\nkind: Config\n' };
  const bin = join(dir, 'bin');
  standIn(
    bin,
    'gh',
    `for word; do case "$word" in body=@*) cat "\${word#body=@}" > '${join(dir, 'comment.md')}' ;; esac; done`,
  );
  const nodes = resolve('examples/article-nodeport.json');
  standIn(
    bin,
    'kubectl',
    `grep -q 'kind: Config' "$KUBECONFIG" || exit 9\n` +
      `case "$*" in config*) exit 0 ;; *"get nodes"*) cat '${nodes}' ;; *) echo '{"kind":"List","items":[]}' ;; esac\n`,
  );
  for (const { uses = '', with: given = {} } of workflow.jobs.check.steps) {
    if (uses.startsWith('actions/checkout@')) {
      cpSync('examples/pull-request', join(work, 'manifests'), { recursive: true });
      continue;
    }
    t.match(uses, /^example\/kube-whatif@v\d/);
    const inputs = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, filled(String(value), { secrets, github })]),
    );
    const { ended, outputs } = runAction(action, { path: resolve('.'), work, dir, inputs, github });
    t.same(
      ended.map(({ status }) => status),
      [0, 0, 0, 1],
      JSON.stringify(ended),
    );
    t.equal(outputs.status, '1');
  }
  t.match(readFileSync(join(dir, 'comment.md'), 'utf8'), /`LOCAL_POLICY_WITHOUT_ENDPOINTS`/);
});
