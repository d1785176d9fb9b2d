// `npm run build`: generates, compiles, joins and builds the page, as much side by side as the steps allow. Nothing is
// done where dist/ was built of the same files.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const STAMP = join('dist', 'stamp.txt');
const FOLDERS = ['src', 'test', 'bench', 'ui', 'openapi', 'proto', 'tools', 'examples'];
const SOURCE = /\.(ts|tsx|mjs|json|yaml|proto|css|html|svg|gz)$/;
const OUTPUTS = ['src/main.js', 'cli/cli.cjs', 'server/worker.js', 'ui/index.html'];
/** What V8 compiled is of one Node.js alone. */
const COMPILED = join('dist', 'cli', `cli.${process.version}-${process.arch}.compiled`);
const COMPILE = 'node tools/compile-joined.mjs';

/** A hash of all that dist/ is made of: sources, settings, and the versions of packages. */
function stamp() {
  const hash = createHash('sha256');
  const files = FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && SOURCE.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      // Of the tests only the code is compiled; what is generated follows from the rest.
      .filter((file) => !/[\\/]gen[\\/]/.test(file) && (!file.startsWith('test') || file.endsWith('.ts'))),
  );
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json', ...files.sort()]) {
    if (existsSync(file)) hash.update(`${file}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** Runs a command line; rejects where it fails. */
function run(command) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))));
  });
}

async function inOrder(...commands) {
  for (const command of commands) await run(command);
}

const now = stamp();
const built = existsSync(STAMP) && readFileSync(STAMP, 'utf8') === now;
if (!built || OUTPUTS.some((file) => !existsSync(join('dist', file)))) {
  try {
    await run('npm run -s generate');
    rmSync('dist', { recursive: true, force: true });
    await Promise.all([inOrder('tsc -p .', 'node tools/bundle.mjs', COMPILE), run('npm run -s build:ui')]);
    writeFileSync(STAMP, now);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
} else if (!existsSync(COMPILED)) await run(COMPILE);
