/**
 * The steps of the Dockerfile, one after the other in empty folders, with this Node.js in the place of the base image:
 * what is copied is enough to build, and the last stage runs. Without IMAGE_TESTS=1, what npm does takes a stand-in:
 * the packages of this checkout.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import t from 'tap';

t.setTimeout(600_000);

/** Whether npm itself runs: `npm ci` and `npm prune` take minutes on a slow machine. */
const WHOLE = process.env.IMAGE_TESTS === '1';

interface Stage {
  readonly root: string;
  workdir: string;
  user: string;
  readonly env: Record<string, string>;
  entrypoint: readonly string[];
  command: readonly string[];
}

/** The instructions of the Dockerfile, continued lines joined. */
function instructions(): readonly (readonly [string, string])[] {
  return readFileSync('Dockerfile', 'utf8')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()] as const);
}

/** Whether .dockerignore lets this path of the checkout into the build. */
function inContext(path: string): boolean {
  const lines = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  let ignored = false;
  for (const line of lines) {
    const [negated, pattern] = line.startsWith('!') ? [true, line.slice(1)] : [false, line];
    if (pattern === '*' || path === pattern || path.startsWith(`${pattern}/`)) ignored = !negated;
  }
  return !ignored;
}

function copy({ root, workdir }: Stage, words: readonly string[], from: Stage | undefined): void {
  const target = words.at(-1) ?? '';
  for (const source of words.slice(0, -1)) {
    const path = source.replace(/^\.\//, '');
    if (from === undefined && !inContext(path)) throw new Error(`COPY ${source}: .dockerignore leaves it out`);
    const at = from === undefined ? path : join(from.root, source);
    const to = join(root, workdir, target);
    // A folder's content goes to the target, a file into it.
    const into = target.endsWith('/') ? join(to, path) : to;
    mkdirSync(dirname(into), { recursive: true });
    cpSync(at, into, { recursive: true, verbatimSymlinks: true });
  }
}

/** Runs a command of a stage, or what stands for it; says which. */
function run(stage: Stage, command: string): string {
  // The base image's own files; there is no base image here.
  if (/^rm -rf( \/(usr|opt)\/\S+)+$/.test(command)) return 'left out';
  const cwd = join(stage.root, stage.workdir);
  const script = WHOLE
    ? command
    : command
        .split(' && ')
        .map((part) => {
          if (part.startsWith('npm ci ')) return `ln -s '${resolve('node_modules')}' node_modules`;
          // The tests of the package show which packages are left.
          if (part.startsWith('npm prune ')) return 'true';
          return part;
        })
        .join(' && ');
  // What tap has each process load, also those that it starts with another environment, is not for the compiler.
  execFileSync('sh', ['-ec', `unset NODE_OPTIONS; ${script}`], {
    cwd,
    env: { ...process.env, ...stage.env, npm_config_prefer_offline: 'true', HOME: stage.root },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return WHOLE ? 'run' : 'stood in for';
}

t.test('the steps of the Dockerfile build a service that runs', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'kube-whatif-image-'));
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const [instruction, rest] of instructions()) {
    if (instruction === 'FROM') {
      const name = / AS (\S+)$/i.exec(rest)?.[1] ?? 'last';
      stage = { root: join(base, name), workdir: '/', user: 'root', env: {}, entrypoint: [], command: [] };
      mkdirSync(stage.root);
      stages.set(name, stage);
      continue;
    }
    if (stage === undefined) throw new Error(`${instruction} before FROM`);
    if (instruction === 'WORKDIR') {
      stage.workdir = rest;
      mkdirSync(join(stage.root, rest), { recursive: true });
    } else if (instruction === 'COPY') {
      const from = /^--from=(\S+) /.exec(rest)?.[1];
      copy(stage, rest.replace(/^--from=\S+ /, '').split(' '), from === undefined ? undefined : stages.get(from));
    } else if (instruction === 'RUN') t.comment(`${rest}: ${run(stage, rest)}`);
    else if (instruction === 'USER') stage.user = rest;
    else if (instruction === 'ENV') {
      for (const pair of rest.split(' '))
        stage.env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1);
    } else if (instruction === 'ENTRYPOINT') stage.entrypoint = JSON.parse(rest);
    else if (instruction === 'CMD') stage.command = JSON.parse(rest);
    else t.match(instruction, /^(EXPOSE|STOPSIGNAL|HEALTHCHECK)$/, 'an instruction that is known here');
  }
  const last = stages.get('last') as Stage;
  const app = join(last.root, 'app');
  for (const file of ['dist/src/main.js', 'dist/cli/cli.cjs', 'dist/ui/index.html', 'dist/sbom.cdx.json']) {
    t.ok(existsSync(join(app, file)), file);
  }
  t.match(readFileSync(join(app, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8'), /\nfastify /);
  t.notOk(existsSync(join(app, 'src')), 'no sources');
  if (!WHOLE && !existsSync(join(app, 'node_modules'))) symlinkSync(resolve('node_modules'), join(app, 'node_modules'));
  const [program = '', file = '', ...more] = [...last.entrypoint, ...last.command];
  t.equal(program, 'node');
  const server = spawn(process.execPath, [file.replace('/app', app), ...more], {
    cwd: app,
    env: {
      ...last.env,
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      GRPC_PORT: '0',
      LOG_LEVEL: 'silent',
      SMALL_THREADS: '1',
      LARGE_THREADS: '1',
      HELD_THREADS: '1',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => server.kill());
  const [line] = (await once(server.stdout, 'data')) as [Buffer];
  const [url = ''] = /http:\/\/[^\s,]+/.exec(line.toString()) ?? [];
  t.equal((await fetch(`${url}/readyz`)).status, 200);
  t.match(await (await fetch(url, { headers: { accept: 'text/html' } })).text(), /<html/);
});
