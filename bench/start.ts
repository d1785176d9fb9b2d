/**
 * What the command line costs before it answers: the first byte of small commands, beside starting Node for nothing.
 * CPU and wall time, the median of several runs, as ratios of one run.
 */
import { spawn } from 'node:child_process';

const RUNS = 9;
const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['node -e 0', ['-e', 'process.stdout.write("0")']],
  ['--help', ['dist/src/main.js', '--help']],
  ['inspect', ['dist/src/main.js', 'inspect', '-s', 'examples/shop.json']],
  ['chains', ['dist/src/main.js', 'chains', '-s', 'examples/article.json']],
  ['probability', ['dist/src/main.js', 'probability', '-s', 'examples/article.json']],
  ['check', ['dist/src/main.js', 'check', '-s', 'examples/article-nodeport.json', '-f', 'examples/pull-request']],
];

/** Milliseconds from the start of a process to its first byte of output. */
async function firstByte(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const time = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', () => resolve(performance.now() - start));
    child.once('close', () => reject(new Error(`${args.join(' ')} printed nothing`)));
  });
  await new Promise((resolve) => child.once('close', resolve));
  return time;
}

const times = new Map<string, number[]>(COMMANDS.map(([name]) => [name, []]));
// Round by round, so that what else the machine does meets all of them.
for (let run = 0; run < RUNS; run++) {
  for (const [name, args] of COMMANDS) times.get(name)?.push(await firstByte(args));
}
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const node = median(times.get('node -e 0') ?? []);
console.log(`${'first byte of'.padEnd(16)}${'ms'.padStart(8)}   × Node's own start`);
for (const [name, list] of times) {
  const own = median(list);
  console.log(`${name.padEnd(16)}${own.toFixed(0).padStart(8)}   ${(own / node).toFixed(1)}`);
}
