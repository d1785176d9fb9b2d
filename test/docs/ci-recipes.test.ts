/** docs/ci-recipes.md: each recipe does what the page says, with a stand-in for what renders the manifests. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

const page = readFileSync('docs/ci-recipes.md', 'utf8');
const SECTIONS = page.split(/^## /m).slice(1);
const MANIFEST = readFileSync('examples/pull-request/web.yaml', 'utf8');
const MAIN = resolve('dist/src/main.js');

/** The code of a section in this language. */
function codeOf(title: string, language: string): string {
  const section = SECTIONS.find((one) => one.startsWith(`${title}\n`)) ?? '';
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section)?.[1] ?? '';
}

function stub(folder: string, name: string, script: string): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/usr/bin/env bash\n${script}`);
  chmodSync(file, 0o755);
}

/** A folder with a snapshot, and programs before everything else in PATH. */
function workspace(dir: string, programs: Readonly<Record<string, string>>) {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  cpSync('examples/article-nodeport.json', join(dir, 'cluster.json'));
  writeFileSync(join(dir, 'rendered.yaml'), MANIFEST);
  stub(bin, 'kube-whatif', `exec node '${MAIN}' "$@"\n`);
  for (const [name, script] of Object.entries(programs)) stub(bin, name, script);
  const run = (script: string) =>
    spawnSync('bash', ['-e', '-c', script], {
      cwd: dir,
      env: { PATH: `${bin}:${process.env.PATH}`, COMMIT: 'abc123', KUBE_WHATIF_REPOSITORY: 'https://example.com/it' },
      encoding: 'utf8',
    });
  return { run };
}

/** Recipe, the program that renders, what it has to be called with, what it prints before the manifest, where SARIF finds it. */
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

  t.test(`${title}: a renderer that fails is no change without effect`, async (t) => {
    const { run } = workspace(t.testdir(), { [program]: 'echo "no such chart" >&2\nexit 3\n' });
    t.not(run(codeOf(title, 'sh')).status, 0);
  });
}

t.test('GitLab: the job takes a snapshot, reports, and fails where the check does', async (t) => {
  const { 'service-networking': job } = parse(codeOf('GitLab', 'yaml')) as Record<
    string,
    { script: readonly string[]; artifacts: { reports: { junit: string } } }
  >;
  t.equal(job?.artifacts.reports.junit, 'check.xml');
  const programs = {
    git: `ln -s '${resolve('.')}' .kube-whatif\n`,
    npm: 'exit 0\n',
    // Everything is among the nodes; there is nothing else.
    kubectl: `case "$*" in config*) exit 0 ;; *"get nodes"*) cat cluster.json.before ;; *) echo '{"kind":"List","items":[]}' ;; esac\n`,
  };
  for (const [manifest, wanted] of [
    [MANIFEST, 1],
    ['apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n', 0],
  ] as const) {
    const dir = t.testdir({
      'cluster.json.before': readFileSync('examples/article-nodeport.json', 'utf8'),
      manifests: { 'web.yaml': manifest },
    });
    const { run } = workspace(dir, programs);
    const { status, stderr } = run((job?.script ?? []).join('\n'));
    t.equal(status, wanted, stderr);
    t.match(readFileSync(join(dir, 'check.xml'), 'utf8'), /^<\?xml/);
    t.ok(existsSync(join(dir, 'cluster.json')));
  }
});

t.test('every section that has a recipe has a test', async (t) => {
  t.same(
    SECTIONS.map((one) => one.split('\n')[0]),
    [...RECIPES.map(([title]) => title), 'GitLab'],
  );
});
