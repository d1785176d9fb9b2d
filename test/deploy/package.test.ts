/**
 * What `npm pack` makes: it holds what is needed and nothing else, installs into an empty folder without building, and
 * runs under both names.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';

// Packing and installing take seconds on a machine that does nothing else.
t.setTimeout(600_000);

const PACKAGE = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly files: readonly string[];
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};
const LOCK = (
  JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    readonly packages: Readonly<
      Record<string, { readonly version: string; readonly dev?: boolean; readonly optional?: boolean }>
    >;
  }
).packages;
const NPM = spawnSync('npm', ['--version']).status === 0;

/**
 * Packs a copy of the checkout's files, as `npm pack` does after its scripts: those would build again while other tests
 * run.
 */
function packed(dir: string): string {
  const stage = join(dir, 'stage');
  mkdirSync(join(stage, 'dist'), { recursive: true });
  execFileSync(process.execPath, ['tools/notices.mjs', join(stage, 'dist/THIRD-PARTY-NOTICES.txt')]);
  execFileSync(process.execPath, ['tools/sbom.mjs', join(stage, 'dist/sbom.cdx.json')]);
  execFileSync(process.execPath, ['tools/shrinkwrap.mjs', stage]);
  for (const file of ['package.json', 'README.md', 'LICENSE', ...PACKAGE.files]) {
    if (existsSync(file) && !existsSync(join(stage, file))) cpSync(file, join(stage, file), { recursive: true });
  }
  const [made] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dir], {
      cwd: stage,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as readonly { readonly filename: string }[];
  return join(dir, made?.filename ?? '');
}

t.test('the package', { skip: !NPM && 'npm is not there' }, async (t) => {
  // Not below this folder: Node and npm would find what is installed here.
  const dir = mkdtempSync(join(tmpdir(), 'kube-whatif-package-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const archive = packed(dir);
  const names = execFileSync('tar', ['tzf', archive], { encoding: 'utf8' }).trim().split('\n');
  for (const file of [
    'dist/src/main.js',
    'dist/cli/cli.cjs',
    'dist/ui/index.html',
    'dist/THIRD-PARTY-NOTICES.txt',
    'dist/sbom.cdx.json',
    'examples/article.json',
    'openapi/kube-whatif.yaml',
    'proto/kube_whatif/v1/kube_whatif.proto',
    'npm-shrinkwrap.json',
    'LICENSE',
    'README.md',
  ]) {
    t.ok(names.includes(`package/${file}`), file);
  }
  t.same(
    names.filter((name) => /\.test\.|\.tsx?$|node_modules|^package\/(src|test|ui|dist\/test|dist\/bench)\//.test(name)),
    [],
  );
  t.match(PACKAGE.scripts.prepare, /prepare\.mjs/, 'it is built where npm installs it from git');
  for (const part of ['build', 'notices', 'sbom', 'shrinkwrap']) t.match(PACKAGE.scripts.prepack, new RegExp(part));

  const home = join(dir, 'home');
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{"private": true}');
  const install = (...how: readonly string[]) =>
    spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...how, archive], {
      cwd: home,
      encoding: 'utf8',
    });
  let { status, stderr } = install('--offline');
  if (status !== 0) ({ status, stderr } = install('--prefer-offline'));
  if (status !== 0 && /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ENOTCACHED/.test(stderr)) {
    t.comment('not installed: the registry cannot be reached, and npm has not kept all packages');
    return;
  }
  t.equal(status, 0, stderr);
  const installed = new Set(
    readdirSync(join(home, 'node_modules')).flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(home, 'node_modules', name)).map((bare) => `${name}/${bare}`) : [name],
    ),
  );
  for (const name of Object.keys(PACKAGE.devDependencies)) {
    const needed = Object.entries(LOCK).some(([path, { dev }]) => path === `node_modules/${name}` && dev !== true);
    if (!needed) t.notOk(installed.has(name), `${name} is for development alone`);
  }
  t.notOk(existsSync(join(home, 'node_modules/kube-whatif/node_modules/typescript')));

  const snapshot = resolve('examples/article.json');
  const question = ['probability', '-s', snapshot, '--to', 'svc/default/nginx-svc:80'];
  const here = execFileSync(process.execPath, ['dist/src/main.js', ...question], { encoding: 'utf8' });
  for (const name of ['kube-whatif', 'kubectl-whatif']) {
    const there = execFileSync('npx', ['--no-install', name, ...question], { cwd: home, encoding: 'utf8' });
    t.equal(there, here, name);
  }

  const server = spawn('npx', ['--no-install', 'kube-whatif', 'serve', '--port', '0', '--grpc-port', '0'], {
    cwd: home,
    env: { ...process.env, LOG_LEVEL: 'silent', SMALL_THREADS: '1', LARGE_THREADS: '1', HELD_THREADS: '1' },
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // npx has the server as a child: the signal is for the group.
  t.teardown(() => process.kill(-(server.pid ?? 0), 'SIGTERM'));
  const [line] = (await once(server.stdout, 'data')) as [Buffer];
  const [url = ''] = /http:\/\/[^\s,]+/.exec(line.toString()) ?? [];
  const page = await fetch(url, { headers: { accept: 'text/html' } });
  t.match(await page.text(), /<html/);
  const contract = (await (await fetch(`${url}/openapi.json`)).json()) as { info: { version: string } };
  t.ok(contract.info.version);
});

t.test('what is shipped is known: licences, and a bill of materials that is the same every time', async (t) => {
  const dir = t.testdir();
  const write = (tool: string, name: string) => {
    const file = join(dir, name);
    execFileSync(process.execPath, [`tools/${tool}.mjs`, file]);
    return readFileSync(file, 'utf8');
  };
  const notices = write('notices', 'notices.txt');
  const needed = Object.entries(LOCK)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, one]) => ({ ...one, name: path.slice(path.lastIndexOf('node_modules/') + 13) }));
  for (const { name, version, optional } of needed) {
    if (optional !== true) t.ok(notices.includes(`\n${name} ${version} (`), name);
  }
  for (const name of ['preact', '@dagrejs/dagre', 'd3-sankey'])
    t.match(notices, `\n${name} `, `${name}, which is in the page`);
  t.notMatch(notices, /^(typescript|esbuild|tap) /m);
  const text = write('sbom', 'sbom.json');
  t.equal(write('sbom', 'again.json'), text);
  const bom = JSON.parse(text) as {
    readonly bomFormat: string;
    readonly specVersion: string;
    readonly components: readonly Readonly<Record<string, unknown>>[];
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
    readonly metadata: { readonly component: Readonly<Record<string, unknown>> };
  };
  t.match(bom, {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    metadata: { component: { name: 'kube-whatif', version: PACKAGE.version } },
  });
  const refs = bom.components.map((component) => component['bom-ref']);
  t.equal(new Set(refs).size, refs.length);
  for (const component of bom.components) {
    t.match(component, {
      type: 'library',
      name: String,
      version: String,
      purl: /^pkg:npm\//,
      licenses: Array,
      hashes: Array,
    });
  }
  for (const { name, version } of needed) t.ok(refs.includes(`${name}@${version}`), name);
  for (const { ref, dependsOn } of bom.dependencies) {
    for (const one of [ref, ...dependsOn]) t.ok(refs.includes(one) || one === bom.metadata.component['bom-ref'], one);
  }
});
