/**
 * What the command line costs before it answers: the first byte of small commands, beside starting Node for nothing.
 * Wall time and processor time of all threads, the median of several runs, as ratios of one run. `compiled again`: as
 * under a Node.js for which the command line was not compiled when it was built, so that it rejects what is there.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const RUNS = 9;
const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['node -e 0', ['-e', 'process.stdout.write("0")']],
  ['--help', ['dist/src/main.js', '--help']],
  ['inspect', ['dist/src/main.js', 'inspect', '-s', 'examples/shop.json']],
  ['chains', ['dist/src/main.js', 'chains', '-s', 'examples/article.json']],
  ['probability', ['dist/src/main.js', 'probability', '-s', 'examples/article.json']],
  ['check', ['dist/src/main.js', 'check', '-s', 'examples/article-nodeport.json', '-f', 'examples/pull-request']],
  ['compiled again', ['--no-flush-bytecode', 'dist/src/main.js', 'probability', '-s', 'examples/article.json']],
];

interface Cost {
  /** Milliseconds from the start of the process. */
  readonly wall: number;
  /** Milliseconds of processor time, all threads together. */
  readonly cpu: number;
}

/**
 * Milliseconds of processor time that the threads of a process have taken (proc(5): schedstat, in nanoseconds). A
 * thread that ends meanwhile is left out.
 */
function cpuOf(pid: number | undefined): number {
  const tasks = `/proc/${pid}/task`;
  const timeOf = (task: string): number => {
    try {
      return Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      return 0;
    }
  };
  return readdirSync(tasks).reduce((sum, task) => sum + timeOf(task), 0) / 1e6;
}

/** What a process takes until its first byte of output. */
async function firstByte(args: readonly string[]): Promise<Cost> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const cost = await new Promise<Cost>((resolve, reject) => {
    child.stdout.once('data', () => resolve({ wall: performance.now() - start, cpu: cpuOf(child.pid) }));
    child.once('close', () => reject(new Error(`${args.join(' ')} printed nothing`)));
  });
  await new Promise((resolve) => child.once('close', resolve));
  return cost;
}

const costs = new Map<string, Cost[]>(COMMANDS.map(([name]) => [name, []]));
// Round by round, so that what else the machine does meets all of them.
for (let run = 0; run < RUNS; run++) {
  for (const [name, args] of COMMANDS) costs.get(name)?.push(await firstByte(args));
}
const median = (list: readonly Cost[], of: keyof Cost): number =>
  list.map((cost) => cost[of]).sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const node = costs.get('node -e 0') ?? [];
const heads = ['ms', '× Node', 'CPU ms', '× Node'].map((word) => word.padStart(9)).join('');
console.log(`${'first byte of'.padEnd(16)}${heads}`);
for (const [name, list] of costs) {
  const figures = (['wall', 'cpu'] as const).map((of) => {
    const own = median(list, of);
    return own.toFixed(0).padStart(9) + (own / median(node, of)).toFixed(1).padStart(9);
  });
  console.log(`${name.padEnd(16)}${figures.join('')}`);
}
