/**
 * docs/ci-recipes.md: each recipe does what the page says, as a command and as a step of a workflow, with a stand-in
 * for what renders the manifests.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { readAction, runAction, type Step, standIn } from '../ci/runner.js';

const page = readFileSync('docs/ci-recipes.md', 'utf8');
const SECTIONS = page.split(/^## /m).slice(1);
const MANIFEST = readFileSync('examples/pull-request/web.yaml', 'utf8');
const MAIN = resolve('dist/src/main.js');
const ACTION = readAction('action.yml');

/** The code of a section in this language. */
function codeOf(title: string, language: string): string {
  const section = SECTIONS.find((one) => one.startsWith(`${title}\n`)) ?? '';
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section)?.[1] ?? '';
}

/** A folder with a snapshot, and programs before everything else in PATH. */
function workspace(dir: string, programs: Readonly<Record<string, string>>) {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  cpSync('examples/article-nodeport.json', join(dir, 'cluster.json'));
  writeFileSync(join(dir, 'rendered.yaml'), MANIFEST);
  standIn(bin, 'kube-whatif', `exec node '${MAIN}' "$@"\n`);
  for (const [name, script] of Object.entries(programs)) standIn(bin, name, script);
  const run = (script: string, env: Readonly<Record<string, string>> = {}) =>
    spawnSync('bash', ['-e', '-c', script], {
      cwd: dir,
      env: { PATH: `${bin}:${process.env.PATH}`, COMMIT: 'abc123', ...env },
      encoding: 'utf8',
    });
  return { run };
}

/**
 * Recipe, the program that renders, what it has to be called with, what it prints before the manifest, where SARIF
 * finds it.
 */
const RECIPES: readonly (readonly [string, string, RegExp, string, string | undefined])[] = [
  [
    'Helm',
    'helm',
    /^template shop charts\/shop --namespace shop/,
    '---\n# Source: shop/templates/web.yaml\n',
    'charts/shop/templates/web.yaml',
  ],
  ['Kustomize', 'kubectl', /^kustomize overlays\/prod$/, '', 'overlays/prod/kustomization.yaml'],
  ['Argo CD', 'argocd', /^app manifests shop --revision abc123 --source git$/, '---\n', undefined],
  ['Flux', 'flux', /^build kustomization shop /, '---\n', undefined],
];

for (const [title, program, words, before, uri] of RECIPES) {
  t.test(`${title}: what it renders is checked`, async (t) => {
    const dir = t.testdir({ before });
    const { run } = workspace(dir, { [program]: `echo "$*" > called\ncat before rendered.yaml\n` });
    // The manifest of the example is of namespace default.
    const { status, stdout, stderr } = run(codeOf(title, 'sh').replace(' -n shop ', ' -n default '));
    t.equal(status, 1, stderr);
    t.match(readFileSync(join(dir, 'called'), 'utf8').trim(), words);
    if (uri === undefined) {
      t.match(stdout, /^Failed: 1 error, 1 warning\./);
      return;
    }
    const { runs } = JSON.parse(readFileSync(join(dir, 'check.sarif'), 'utf8'));
    t.equal(runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri, uri);
  });

  t.test(`${title}: the same as a step of a workflow`, async (t) => {
    const [step] = parse(codeOf(title, 'yaml')) as readonly Step[];
    const dir = t.testdir({ before });
    workspace(dir, { [program]: `echo "$*" > called\ncat before rendered.yaml\n` });
    const inputs = Object.fromEntries(Object.entries(step?.with ?? {}).map(([name, value]) => [name, String(value)]));
    // The example has no other Service that could go.
    const given = { ...inputs, ...(inputs.namespace === undefined ? {} : { namespace: 'default' }), arguments: '' };
    const github = { token: 't', repository: 'example/shop', event: {} };
    const { ended, outputs } = runAction(ACTION, { path: resolve('.'), work: dir, dir, inputs: given, github });
    t.equal(outputs.status, '1', JSON.stringify(ended));
    t.match(readFileSync(join(dir, 'called'), 'utf8').trim().replace('--revision ', '--revision abc123'), words);
    if (uri === undefined) t.ok(inputs['rendered-from']);
    const { runs } = JSON.parse(readFileSync(outputs.sarif ?? '', 'utf8'));
    const at = runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri;
    t.equal(at, uri ?? inputs['rendered-from']);
  });

  t.test(`${title}: a renderer that fails is no change without effect`, async (t) => {
    const { run } = workspace(t.testdir(), { [program]: 'echo "no such chart" >&2\nexit 3\n' });
    t.not(run(codeOf(title, 'sh')).status, 0);
  });
}

/** The job of deploy/ci/gitlab.yml. */
interface Job {
  readonly rules: readonly { readonly if: string }[];
  readonly script: readonly string[];
  readonly artifacts: {
    readonly when: string;
    readonly paths: readonly string[];
    readonly reports: { readonly junit: string };
  };
}

interface Template {
  readonly variables: Readonly<Record<string, string>>;
  readonly 'service-networking': Job;
}

/** What GitLab's API would say, and a log of what it was asked. */
const CURL = `echo "curl $*" >> calls
case "$*" in *"header"*) exit 9 ;; esac
while [ $# -gt 0 ]; do
  case "$1" in
    --config) grep -q 'PRIVATE-TOKEN: a-project-token' "$2" || exit 22 ;;
    body@*) cp "\${1#body@}" note.md ;;
  esac
  case "$1" in *per_page=100\\&page=*) cat "notes-\${1##*&page=}" 2>/dev/null || cat "notes-$(echo "$1" | sed 's/.*&page=\\([0-9]*\\).*/\\1/')" ;; esac
  shift
done
`;

t.test('GitLab: the job takes a snapshot, reports, comments, and fails where the check does', async (t) => {
  const { variables, 'service-networking': job } = parse(readFileSync('deploy/ci/gitlab.yml', 'utf8')) as Template;
  t.equal(job.rules[0]?.if, '$CI_PIPELINE_SOURCE == "merge_request_event"');
  const programs = {
    git: `echo "git $*" >> calls\nln -s '${resolve('.')}' .kube-whatif\n`,
    npm: 'exit 0\n',
    curl: CURL,
    // Everything is among the nodes; there is nothing else.
    kubectl: `case "$*" in config*) exit 0 ;; *"get nodes"*) cat cluster.json.before ;; *) echo '{"kind":"List","items":[]}' ;; esac\n`,
  };
  // What the include of the page sets, for a merge request.
  const included = parse(codeOf('GitLab', 'yaml')) as { readonly variables: Readonly<Record<string, string>> };
  const gitlab = {
    CI_SERVER_URL: 'https://gitlab.example.com',
    CI_API_V4_URL: 'https://gitlab.example.com/api/v4',
    CI_PROJECT_ID: '42',
    CI_MERGE_REQUEST_IID: '7',
    GITLAB_TOKEN: 'a-project-token',
  };
  const other = Array.from({ length: 100 }, (_, index) => ({ id: index, body: 'hello' }));
  const earlier = { id: 4711, body: '<!-- kube-whatif: service networking -->\nold' };
  for (const [manifest, wanted, notes, given] of [
    [MANIFEST, 1, [[]], { FAIL_ON: included.variables.FAIL_ON ?? '' }],
    ['apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n', 0, [other, [earlier]], {}],
    [MANIFEST, 1, [[]], { RENDER: 'cat rendered.yaml', FAIL_ON: 'warning' }],
    [MANIFEST, 1, [[]], { SNAPSHOT: 'cluster.json', GITLAB_TOKEN: '' }],
  ] as const) {
    const dir = t.testdir({
      'cluster.json.before': readFileSync('examples/article-nodeport.json', 'utf8'),
      manifests: { 'web.yaml': manifest },
      ...Object.fromEntries(notes.map((page, index) => [`notes-${index + 1}`, JSON.stringify(page)])),
    });
    const { run } = workspace(dir, programs);
    const env: Record<string, string> = { ...gitlab, ...variables, ...given };
    for (const [name, value] of Object.entries(env)) env[name] = value.replace('$CI_SERVER_URL', gitlab.CI_SERVER_URL);
    // Lines of one shell, which ends at the first that fails.
    const { status, stdout, stderr } = run(job.script.join('\n'), env);
    t.equal(status, wanted, stdout + stderr);
    t.match(readFileSync(join(dir, job.artifacts.reports.junit), 'utf8'), /^<\?xml/);
    t.ok(job.artifacts.paths.every((path) => existsSync(join(dir, path))));
    const calls = readFileSync(join(dir, 'calls'), 'utf8');
    t.match(
      calls,
      'git clone --quiet --depth 1 --branch v0.2.0 https://gitlab.example.com/platform/kube-whatif.git .kube-whatif',
    );
    t.notMatch(calls, /a-project-token/, 'the token is in a file');
    if (given && 'GITLAB_TOKEN' in given) {
      t.match(stdout, /No note: it needs GITLAB_TOKEN/);
      continue;
    }
    t.match(readFileSync(join(dir, 'note.md'), 'utf8'), /^<!-- kube-whatif: service networking -->\n/);
    const url = 'https://gitlab.example.com/api/v4/projects/42/merge_requests/7/notes';
    t.match(calls, notes.length === 1 ? `--request POST ${url} ` : `--request PUT ${url}/4711 `);
  }
});

t.test('pre-commit: the hook runs as pre-commit runs it', async (t) => {
  const [hook] = parse(readFileSync('.pre-commit-hooks.yaml', 'utf8')) as readonly Readonly<Record<string, unknown>>[];
  const { repos } = parse(codeOf('pre-commit', 'yaml')) as {
    readonly repos: readonly [{ readonly hooks: readonly [{ readonly id: string; readonly args: readonly string[] }] }];
  };
  const [{ id, args }] = repos[0].hooks;
  t.match(hook, { id, language: 'node', pass_filenames: false });
  const quoted = (word: string) => `'${word}'`;
  for (const [manifest, wanted] of [
    [MANIFEST, 1],
    ['apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n', 0],
  ] as const) {
    const { run } = workspace(t.testdir({ manifests: { 'web.yaml': manifest } }), {});
    const { status, stderr } = run(`${hook?.entry} ${args.map(quoted).join(' ')}`);
    t.equal(status, wanted, stderr);
  }
});

t.test('every section that has a recipe has a test', async (t) => {
  t.same(
    SECTIONS.map((one) => one.split('\n')[0]),
    [...RECIPES.map(([title]) => title), 'GitLab', 'Other runners', 'pre-commit'],
  );
});
