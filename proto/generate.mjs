// Makes from proto/ what is committed beside it: `npm run generate`; `--check` says whether it is current.
// - src/messages/gen/: types and codecs by ts-proto. Enum values lose their prefix there (VERDICT_DELIVERED is "DELIVERED"),
//   so that a message is its JSON.
// - proto/kube_whatif.binpb: the descriptor set, which the server's reflection gives out, and proto/health.binpb, that of the
//   standard health service.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const buf = join(root, 'node_modules', '.bin', 'buf');
const GENERATED = join('src', 'messages', 'gen');
const DESCRIPTORS = join('proto', 'kube_whatif.binpb');
const HEALTH = join('proto', 'health.binpb');
const run = (...args) => execFileSync(buf, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

/** Relative paths of all files of a folder, sorted. */
function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** `  DELIVERED = "VERDICT_DELIVERED",` becomes `  DELIVERED = "DELIVERED",`. */
const bare = (text) => text.replace(/^( {2}([A-Z][A-Z0-9_]*) = )"[A-Z0-9_]+",$/gm, '$1"$2",');

/** Writes src/messages/gen and proto/kube_whatif.binpb below a folder. */
function generate(base) {
  const out = join(base, GENERATED);
  const template = readFileSync(join(root, 'proto', 'buf.gen.yaml'), 'utf8').replace(/^( +out: ).*$/m, `$1${out}`);
  const scratch = mkdtempSync(join(tmpdir(), 'kube-whatif-'));
  try {
    const file = join(scratch, 'buf.gen.yaml');
    writeFileSync(file, template);
    run('generate', 'proto', '--template', file);
  } finally {
    rmSync(scratch, { recursive: true });
  }
  for (const name of filesOf(out)) {
    const path = join(out, name);
    writeFileSync(path, bare(readFileSync(path, 'utf8')));
  }
  mkdirSync(join(base, 'proto'), { recursive: true });
  run('build', 'proto', '-o', join(base, DESCRIPTORS), '--as-file-descriptor-set');
  const health = join('node_modules', 'grpc-health-check', 'proto');
  run('build', health, '-o', join(base, HEALTH), '--as-file-descriptor-set');
}

/** The file's bytes; undefined where there is none. */
function bytesOf(path) {
  return existsSync(path) ? readFileSync(path) : undefined;
}

if (process.argv.includes('--check')) {
  const base = mkdtempSync(join(tmpdir(), 'kube-whatif-'));
  try {
    generate(base);
    const names = new Set([base, root].flatMap((folder) => filesOf(join(folder, GENERATED))));
    const paths = [DESCRIPTORS, HEALTH, ...[...names].map((name) => join(GENERATED, name))];
    const stale = paths.filter((path) => {
      const [made, committed] = [bytesOf(join(base, path)), bytesOf(join(root, path))];
      return made === undefined || committed === undefined || !made.equals(committed);
    });
    for (const path of stale) console.log(`${path} is not current: npm run generate`);
    if (stale.length > 0) process.exitCode = 1;
  } finally {
    rmSync(base, { recursive: true });
  }
} else {
  generate(root);
}
