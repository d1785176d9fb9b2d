// Makes from proto/ what the build needs of it, as part of `npm run build`:
// - src/messages/gen/: types and codecs by ts-proto. Enum values lose their prefix there (VERDICT_DELIVERED is
//   "DELIVERED"), so that a message is its JSON.
// - src/messages/gen/descriptors.ts: the descriptor sets of proto/, which the server's reflection gives out and
//   conversions follow, and of the standard health service.
// Nothing is written while proto/, this script and ts-proto are the same as the last time.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const buf = join(root, 'node_modules', '.bin', 'buf');
const TARGET = join(root, 'src', 'messages', 'gen');
const STAMP = join(TARGET, 'stamp.txt');
const run = (...args) => execFileSync(buf, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

/** Paths of all files below a folder, sorted. */
function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function stamp() {
  const hash = createHash('sha256');
  const sources = filesOf(join(root, 'proto')).filter((file) => !file.endsWith('.binpb'));
  const tools = ['ts-proto', '@bufbuild/buf', 'grpc-health-check'].map((name) =>
    join(root, 'node_modules', name, 'package.json'),
  );
  for (const file of [...sources, ...tools]) hash.update(readFileSync(file));
  return hash.digest('hex');
}

/** `  DELIVERED = "VERDICT_DELIVERED",` becomes `  DELIVERED = "DELIVERED",`. */
const bare = (text) => text.replace(/^( {2}([A-Z][A-Z0-9_]*) = )"[A-Z0-9_]+",$/gm, '$1"$2",');

/** The descriptor set of a folder of .proto files, in base64. */
function descriptorsOf(folder, scratch) {
  const file = join(scratch, 'set.binpb');
  run('build', folder, '-o', file, '--as-file-descriptor-set');
  return readFileSync(file).toString('base64');
}

const now = stamp();
if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== now) {
  rmSync(TARGET, { recursive: true, force: true });
  run('generate', 'proto', '--template', join('proto', 'buf.gen.yaml'));
  for (const path of filesOf(TARGET)) writeFileSync(path, bare(readFileSync(path, 'utf8')));
  const scratch = mkdtempSync(join(tmpdir(), 'kube-whatif-'));
  try {
    const health = join('node_modules', 'grpc-health-check', 'proto');
    writeFileSync(
      join(TARGET, 'descriptors.ts'),
      `// Made by proto/generate.mjs.

/** A FileDescriptorSet of proto/ with its comments, in base64. */
export const KUBE_WHATIF = '${descriptorsOf('proto', scratch)}';

/** That of the standard health service. */
export const HEALTH = '${descriptorsOf(health, scratch)}';
`,
    );
  } finally {
    rmSync(scratch, { recursive: true });
  }
  writeFileSync(STAMP, now);
}
