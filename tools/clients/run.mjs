// Generates clients of the contract, compiles them and asks with each: `node tools/clients/run.mjs [--install]`, after
// `npm run build`. The same three questions are asked with each, and the answers are compared with those of plain
// requests. A client whose tools are missing is skipped with the reason; with --install, npm and pip first get those
// that are pinned here (Go gets its own). Everything happens in .clients/.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, promisify } from 'node:util';

const execute = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const work = join(root, '.clients');
const install = process.argv.includes('--install');
/** A tool that waits for a network that is not there is given up, milliseconds. */
const PATIENCE = 180_000;

class Missing extends Error {}

async function run(folder, command, args, env = {}) {
  try {
    const { stdout } = await execute(command, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      maxBuffer: 64 * 1024 * 1024,
      timeout: PATIENCE,
    });
    return stdout;
  } catch (error) {
    const text = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim().split('\n').slice(-30).join('\n');
    throw new Error(`${[command, ...args].join(' ')}\n${text || error.message}`);
  }
}

async function found(command, ...args) {
  return await execute(command, args, { timeout: PATIENCE }).then(
    () => true,
    () => false,
  );
}

/** Takes the files of a folder of clients to where they are generated and compiled. */
function scratch(name) {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  cpSync(join(here, name), folder, { recursive: true });
  return folder;
}

async function orMissing(what, promise) {
  try {
    return await promise;
  } catch (error) {
    throw new Missing(`${what}: ${error.message.split('\n').at(-1)}`);
  }
}

async function startServer() {
  const server = spawn(process.execPath, [join(root, 'dist/src/main.js'), 'serve', '--port', '0', '--grpc-port', '0'], {
    env: { ...process.env, HOST: '127.0.0.1', LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(server.stdout, 'data');
  const [rest, grpc] = [...String(line).matchAll(/127\.0\.0\.1:\d+/g)].map(([address]) => address);
  return { server, rest: `http://${rest}`, grpc };
}

/** What every client has to say, by plain requests. */
async function expected(server, inline) {
  const post = async (kind, body) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${server}/v1/${kind}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return await answer.json();
  };
  const snapshot = { inline };
  const service = { namespace: 'default', name: 'nginx-svc', port: 80 };
  const probability = { services: [service] };
  const answer = await post('probability', { snapshot, probability });
  if (answer.result === undefined) throw new Error(JSON.stringify(answer));
  const scale = { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas: 4 };
  const both = await post('what-if', { snapshot, changes: [{ scale }], probability });
  const refused = await post('path', {
    snapshot,
    path: { source: { pod: 'default/nobody' }, destination: { service } },
  });
  return {
    summary: answer.summary,
    fractions: answer.result.services[0].endpoints.map(({ share }) => share.fraction),
    changed: both.result.difference.services.length,
    code: refused.code,
  };
}

const { server, rest, grpc } = await startServer();
process.on('exit', () => server.kill());
const snapshot = JSON.parse(readFileSync(join(root, 'examples', 'article.json'), 'utf8'));
const env = { SERVER: rest, GRPC_SERVER: grpc, SNAPSHOT: JSON.stringify(snapshot) };

// ── TypeScript ────────────────────────────────────────────────────────────────────────────────────────────────────

const typescript = (async () => {
  const folder = scratch('typescript');
  if (install) {
    await orMissing('npm ci', run(folder, 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']));
  }
  const bin = (name) => join(folder, 'node_modules', '.bin', name);
  if (!existsSync(bin('orval'))) throw new Missing('no packages: node tools/clients/run.mjs --install');
  // Ask for the document as a user of a server would.
  await run(folder, process.execPath, [
    '-e',
    `fetch('${rest}/openapi.json').then((r) => r.text()).then((t) => fs.writeFileSync('openapi.json', t))`,
  ]);
  return { folder, bin };
})();
typescript.catch(() => undefined);

async function compiled() {
  const { folder, bin } = await typescript;
  await Promise.all([
    run(folder, bin('openapi-typescript'), ['openapi.json', '-o', 'schema.d.ts']),
    run(folder, bin('orval'), ['--config', 'orval.config.cjs']),
  ]);
  await run(folder, bin('tsc'), ['-p', '.']);
  return folder;
}
const scripts = compiled();
scripts.catch(() => undefined);

// ── Python ────────────────────────────────────────────────────────────────────────────────────────────────────────

const python = (async () => {
  if (!(await found('python3', '--version'))) throw new Missing('no python3');
  const folder = scratch('python');
  const bin = join(folder, 'venv', 'bin');
  if (install && !existsSync(join(bin, 'openapi-python-client'))) {
    await orMissing('python3 -m venv', run(folder, 'python3', ['-m', 'venv', 'venv']));
    const quiet = ['install', '-q', '--disable-pip-version-check', '-r', 'requirements.txt'];
    await orMissing('pip', run(folder, join(bin, 'pip'), quiet));
  }
  if (!existsSync(join(bin, 'openapi-python-client'))) {
    throw new Missing('no packages: node tools/clients/run.mjs --install');
  }
  return { folder, bin, path: `${bin}${delimiter}${process.env.PATH}` };
})();
python.catch(() => undefined);

async function pythonRest() {
  const { folder, bin, path } = await python;
  const document = join(folder, 'openapi.json');
  await run(folder, process.execPath, [
    '-e',
    `fetch('${rest}/openapi.json').then((r) => r.text()).then((t) => fs.writeFileSync('openapi.json', t))`,
  ]);
  const args = ['generate', '--path', document, '--output-path', 'client', '--overwrite', '--fail-on-warning'];
  await run(folder, join(bin, 'openapi-python-client'), args, { PATH: path });
  const every =
    'import importlib, pkgutil, kube_whatif_client as k\n' +
    'for m in pkgutil.walk_packages(k.__path__, "kube_whatif_client."): importlib.import_module(m.name)';
  await run(folder, join(bin, 'python'), ['-c', every], { PYTHONPATH: join(folder, 'client') });
  return await run(folder, join(bin, 'python'), ['ask_rest.py'], { ...env, PYTHONPATH: join(folder, 'client') });
}

async function pythonGrpc() {
  const { folder, bin } = await python;
  const target = join(folder, 'messages');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  const proto = resolve(root, 'proto');
  const files = readdirSync(proto, { recursive: true }).filter((name) => name.endsWith('.proto'));
  const args = ['-m', 'grpc_tools.protoc', `-I${proto}`, `--python_out=${target}`, `--grpc_python_out=${target}`];
  await run(proto, join(bin, 'python'), [...args, ...files]);
  return await run(folder, join(bin, 'python'), ['ask_grpc.py'], { ...env, PYTHONPATH: target });
}

// ── Go ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const go = (async () => {
  if (!(await found('go', 'version'))) throw new Missing('no go');
  const folder = scratch('go');
  await orMissing('go mod download', run(folder, 'go', ['mod', 'download']));
  return folder;
})();
go.catch(() => undefined);

async function goRest() {
  const folder = await go;
  await run(root, process.execPath, ['openapi/rendition-30.mjs', join(folder, 'openapi-30.json')]);
  mkdirSync(join(folder, 'api'), { recursive: true });
  await run(folder, 'go', ['tool', 'oapi-codegen', '-config', 'oapi-codegen.yaml', 'openapi-30.json']);
  return await run(folder, 'go', ['run', './rest'], env);
}

async function goGrpc() {
  const folder = await go;
  const plugin = (name) => ({ local: ['go', 'tool', name], out: 'proto', opt: ['paths=source_relative'] });
  const template = JSON.stringify({ version: 'v2', plugins: [plugin('protoc-gen-go'), plugin('protoc-gen-go-grpc')] });
  const buf = join(root, 'node_modules', '.bin', 'buf');
  // Those of google/rpc are in a module of their own, as their go_package says.
  const args = ['generate', join(root, 'proto'), '--template', template, '--path', join(root, 'proto', 'kube_whatif')];
  await run(folder, buf, args);
  return await run(folder, 'go', ['run', './grpc'], env);
}

// ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────

const CLIENTS = {
  'openapi-typescript and openapi-fetch': async () => await run(await scripts, 'node', ['out/openapi-fetch.js'], env),
  orval: async () => await run(await scripts, 'node', ['out/orval.js'], env),
  'openapi-python-client': pythonRest,
  'Python from proto/': pythonGrpc,
  'oapi-codegen': goRest,
  'Go from proto/': goGrpc,
};

const wanted = await expected(rest, snapshot);
const results = await Promise.all(
  Object.entries(CLIENTS).map(async ([name, ask]) => {
    try {
      const answer = JSON.parse(await ask());
      if (isDeepStrictEqual(answer, wanted)) return `${name}: the same answers`;
      process.exitCode = 1;
      return `${name}: ${JSON.stringify(answer)} instead of ${JSON.stringify(wanted)}`;
    } catch (error) {
      if (error instanceof Missing) return `${name}: skipped, ${error.message}`;
      process.exitCode = 1;
      return `${name}: ${error.message}`;
    }
  }),
);
for (const line of results) console.log(line);
server.kill();
