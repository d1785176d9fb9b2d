/**
 * All rules of a node beside kube-proxy's own code, for the same snapshots, in one run.
 *
 *   node dist/bench/beside-kube-proxy.js [SIZE] …
 *
 * Builds bench/kube-proxy/ with Go, which imports k8s.io/kubernetes 1.36 and hands nothing to the kernel. Both sides
 * have decoded the objects before the time counts. "First" is a process that has seen nothing; "again" the median of
 * repeated full syncs, of which ours has kept the text where nothing has changed; "edited" is the same with another
 * Service edited before each. Rounds of the two take turns, so that what else the machine does meets both; the ratio is
 * of medians.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSnapshot, SIZES } from './generate.js';

const ROUNDS = 5;
const AGAIN = 5;
const MODES = ['iptables', 'nftables', 'ipvs'] as const;

interface Times {
  readonly first: number;
  readonly again: readonly number[];
  /** With a Service edited before each; ours alone. */
  readonly edited?: readonly number[];
  readonly bytes: number;
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;

/** The path of the program, or why there is none. */
function build(folder: string): { readonly program: string } | { readonly missing: string } {
  if (spawnSync('go', ['version']).error !== undefined) return { missing: 'go is not installed' };
  const program = join(folder, 'kube-proxy-bench');
  const env = { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false' };
  const built = spawnSync('go', ['build', '-o', program, '.'], { cwd: 'bench/kube-proxy', env, encoding: 'utf8' });
  return built.status === 0
    ? { program }
    : { missing: `go build failed: ${built.stderr.trim().split('\n').at(-1) ?? ''}` };
}

const folder = mkdtempSync(join(tmpdir(), 'beside-kube-proxy-'));
try {
  const built = build(folder);
  if ('missing' in built) {
    console.log(`skipped: ${built.missing}`);
  } else {
    const wanted = process.argv.slice(2);
    const names = wanted.length > 0 ? wanted : ['s10000-e10', 's5000-e50'];
    const table = (cells: readonly string[]) =>
      console.log(cells.map((cell, index) => (index < 2 ? cell.padEnd(11) : cell.padStart(12))).join(''));
    table(['', '', 'kube-proxy', 'ours', 'ratio', 'kube-proxy', 'ours', 'ratio', 'ours', 'ratio']);
    table(['Services', 'mode', 'first, ms', 'first', '', 'again', 'again', '', 'edited', '']);
    for (const name of names) {
      const size = SIZES[name];
      if (size === undefined) throw new Error(`there is no size ${name}: ${Object.keys(SIZES).join(', ')}`);
      const file = join(folder, `${name}.json`);
      writeFileSync(file, JSON.stringify(generateSnapshot(size)));
      for (const mode of MODES) {
        const [theirs, ours]: [Times[], Times[]] = [[], []];
        for (let round = 0; round < ROUNDS; round++) {
          const args = [file, 'node-1', mode, String(AGAIN)];
          theirs.push(JSON.parse(execFileSync(built.program, args, { encoding: 'utf8' })) as Times);
          const own = ['dist/bench/render-times.js', ...args];
          ours.push(JSON.parse(execFileSync(process.execPath, own, { encoding: 'utf8' })) as Times);
        }
        const first = [theirs, ours].map((all) => median(all.map((one) => one.first)));
        const again = [theirs, ours].map((all) => median(all.flatMap((one) => one.again)));
        const pair = ([a = 0, b = 0]: readonly number[]) => [a.toFixed(0), b.toFixed(0), `${(b / a).toFixed(2)} ×`];
        const edited = median(ours.flatMap((one) => one.edited ?? []));
        const [theirAgain = 0] = again;
        table([name, mode, ...pair(first), ...pair(again), ...pair([theirAgain, edited]).slice(1)]);
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
