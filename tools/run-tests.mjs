// `npm test`: runs test files with plain Node.js, a few at once, and adds up what they report (TAP 14).
//   node tools/run-tests.mjs             all of dist/test but what is long by nature
//   node tools/run-tests.mjs --quick     for use while working: what takes less than a minute of CPU, `npm run
//   test:quick` node tools/run-tests.mjs --deep      what is long by nature: `npm run test:deep`
//   node tools/run-tests.mjs FILE…       these
// The runner of tap loads its hooks into every process, those that tests start too, which costs a third of the CPU of
// all tests. The files are tap's all the same, some share a process, and each can be run by itself: node
// dist/test/base/address.test.js TEST_JOBS: how many files at once (3); TEST_TIMEOUT: how long one may take, seconds
// (600); TEST_TOP: how many of those that take the most CPU are listed at the end (10). The output is TAP: a line for
// each process, and what failed or was skipped in it.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join('dist', 'test');
/** Files that take longer are ended, milliseconds. */
const TIMEOUT = Number(process.env.TEST_TIMEOUT ?? 600) * 1000;
/** Tests wait for browsers, servers and the kernel: two cores have time for three files. */
const JOBS = Number(process.env.TEST_JOBS ?? 3);
const TOP = Number(process.env.TEST_TOP ?? 10);
/**
 * Files that are long by nature: random clusters, whole matrices and recordings in a real kernel, the accessibility of
 * every screen in a browser, what builds the project once more (a scratch copy with a new field, the package, the
 * image). `.ci/run` runs both commands.
 */
const DEEP = [
  /^kernel.(?:chance|cloud|ipvs-.*|matrix|nftables|random|save|trace)\.test\.js$/,
  /^page.accessible\.test\.js$/,
  /^deploy.(?:image-steps|package)\.test\.js$/,
  /^house.new-field\.test\.js$/,
];
const QUICK = [
  /^(?:base|netfilter|control-plane|proxy|path)[\\/]/,
  /^house.walls\.test\.js$/,
  /^reports.(?:reports|rows)\.test\.js$/,
];
/** Folders whose files take longest begin, so that none of them is alone at the end. */
const FIRST = ['ci', 'kernel', 'cli', 'docs', 'page', 'deploy', 'snapshots', 'replicas', 'hardening', 'serve', 'house'];

/**
 * Files that share processes, so that modules are loaded and compiled once for some of them: a dozen of those about
 * values alone, and a few of those that start servers.
 */
const VALUES = [
  ...['base', 'capacity', 'changes', 'cluster', 'control-plane', 'house', 'load-balancers', 'messages', 'netfilter'],
  ...['path', 'policies', 'proxy', 'questions', 'reports', 'scenarios', 'work'],
];
const SERVERS = ['cli', 'collect', 'docs', 'grpc', 'operations', 'page', 'rest', 'snapshots'];
const MOST_VALUES = 12;
const MOST_SERVERS = 4;
/** What a file has that changes or measures what others in its process see: it runs by itself. */
const ALONE =
  /process\.(?:exit|chdir|emit|cpuUsage|memoryUsage)\b|process\.env(?:\.\w+|\[[^\]]+\]) = |delete process\.env|addTinyMode|setFlagsFromString/;

/** Files as the processes that run them. */
function processesOf(files) {
  const groups = new Map();
  const processes = [];
  for (const file of files) {
    const folder = file.split(/[\\/]/)[2];
    const kind = VALUES.includes(folder) ? 'values' : SERVERS.includes(folder) ? folder : undefined;
    if (kind === undefined || ALONE.test(readFileSync(file, 'utf8'))) {
      processes.push([file]);
      continue;
    }
    const group = groups.get(kind);
    if (group !== undefined && group.length < (kind === 'values' ? MOST_VALUES : MOST_SERVERS)) group.push(file);
    else {
      const fresh = [file];
      groups.set(kind, fresh);
      processes.push(fresh);
    }
  }
  return processes;
}

/** Files by what they are run for: a mode is a word that begins the arguments, and nothing for `npm test`. */
const MODES = {
  '--quick': (file) => QUICK.some((pattern) => pattern.test(file)),
  '--deep': (file) => DEEP.some((pattern) => pattern.test(file)),
};
const isUsual = (file) => !MODES['--deep'](file);

function allFiles(isWanted) {
  const rank = (file) => {
    const at = FIRST.indexOf(file.split(/[\\/]/)[0]);
    return at < 0 ? FIRST.length : at;
  };
  return readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js') && !file.includes('fixtures'))
    .filter(isWanted)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((file) => join(ROOT, file));
}

/** A command of the shell that runs its arguments and writes its CPU time to file 3. */
const MEASURED = 'trap : TERM; "$@" 3>&-; code=$?; times >&3; exit $code';

/** CPU seconds of processes: the second line of what `times` of a shell prints, `1m2.34s 0m5.6s`. */
function cpuSeconds(times) {
  const parts = [...(times.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

/** Processes that run now. They lead groups of their own, which a key in the terminal does not reach. */
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const child of running) killGroup(child.pid, 'SIGTERM');
    setTimeout(() => {
      for (const child of running) killGroup(child.pid, 'SIGKILL');
      process.kill(process.pid, signal);
    }, 1_000);
  });
}

function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** Runs files in one process: their output, and why it failed beside its assertions. */
function run(files) {
  return new Promise((resolve) => {
    const begin = performance.now();
    // tap ends a file by itself after 30 s, unless it is told otherwise.
    const env = { ...process.env, TAP_TIMEOUT: String(TIMEOUT / 1000) };
    const node = [process.execPath, ...(files.length === 1 ? files : ['tools/run-together.mjs', ...files])];
    // The shell adds up the CPU of the process and of all that it starts. It leads a group, which ends with it.
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe'];
    const child = spawn('sh', ['-c', MEASURED, 'sh', ...node], { env, stdio, detached: true });
    running.add(child);
    const out = [];
    const err = [];
    let times = '';
    child.stdio[3].setEncoding('utf8').on('data', (chunk) => (times += chunk));
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child.pid, 'SIGTERM');
      setTimeout(() => killGroup(child.pid, 'SIGKILL'), 5_000).unref();
    }, TIMEOUT);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      const ended = late ? `it took more than ${TIMEOUT / 1000} s` : code === 0 ? undefined : `exit ${code ?? signal}`;
      const text = Buffer.concat(out).toString('utf8');
      const seconds = (performance.now() - begin) / 1000;
      resolve({ text, errors: Buffer.concat(err).toString('utf8'), ended, seconds, cpu: cpuSeconds(times) });
    });
  });
}

const KINDS = ['total', 'pass', 'fail', 'skip', 'todo'];
const indented = (text) => text.replace(/^(?=.)/gm, '    ');

/** `# { total: 5, pass: 4, fail: 1 }`: what a file counts itself; undefined where it did not get so far. */
function sumOf(text) {
  const line = text.match(/^# \{ total: \d.*$/gm)?.at(-1);
  if (line === undefined) return undefined;
  return Object.fromEntries(KINDS.map((kind) => [kind, Number(new RegExp(`\\b${kind}: (\\d+)`).exec(line)?.[1] ?? 0)]));
}

const given = process.argv.slice(2);
const mode = MODES[given[0] ?? ''];
const processes = processesOf(given.length === 0 ? allFiles(isUsual) : mode === undefined ? given : allFiles(mode));
const begin = performance.now();
const sum = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
/** CPU seconds of each process. */
const cpuOf = [];
let done = 0;
let next = 0;

function report(files, { text, errors, ended, seconds, cpu }) {
  const skipped = /^1\.\.0 # SKIP ?(.*)$/m.exec(text)?.[1];
  const own = sumOf(text) ?? { total: 0, pass: 0, fail: 0, skip: skipped === undefined ? 0 : 1, todo: 0 };
  const isCounted = sumOf(text) !== undefined || skipped !== undefined;
  // A file that crashes is a failure, though it has not counted one.
  if ((ended !== undefined && own.fail === 0) || (ended === undefined && !isCounted)) {
    own.fail += 1;
    own.total += 1;
  }
  for (const kind of KINDS) sum[kind] += own[kind];
  const file = files.length === 1 ? files[0] : `${files[0]} and ${files.length - 1} more`;
  const time = `# time=${seconds.toFixed(1)}s cpu=${cpu.toFixed(1)}s`;
  cpuOf.push({ file, cpu });
  done++;
  if (own.fail > 0) {
    console.log(`not ok ${done} - ${file} ${time}\n${indented(text)}\n${indented(errors)}\n    # ${ended ?? 'no sum'}`);
  } else {
    for (const line of text.match(/^ *ok .*# SKIP.*$/gm) ?? []) console.log(`    ${line}`);
    console.log(`ok ${done} - ${file} ${skipped === undefined ? '' : `# SKIP ${skipped} `}${time}`);
  }
}

async function work() {
  for (let files = processes[next++]; files !== undefined; files = processes[next++]) report(files, await run(files));
}

console.log('TAP version 14');
await Promise.all(Array.from({ length: JOBS }, work));
console.log(`1..${processes.length}`);
const counted = KINDS.filter((kind) => sum[kind] > 0 || kind === 'total' || kind === 'pass');
console.log(`# { ${counted.map((kind) => `${kind}: ${sum[kind]}`).join(', ')} }`);
const allCpu = cpuOf.reduce((total, { cpu }) => total + cpu, 0);
console.log(`# time=${((performance.now() - begin) / 1000).toFixed(1)}s cpu=${allCpu.toFixed(1)}s; most of it:`);
for (const { file, cpu } of cpuOf.sort((a, b) => b.cpu - a.cpu).slice(0, TOP)) {
  console.log(`#   ${cpu.toFixed(1)}s ${file}`);
}
if (sum.fail > 0) process.exitCode = 1;
