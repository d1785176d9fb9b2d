// `npm test`: runs test files with plain Node.js, a few at once, and adds up what they report (TAP 14).
//   node tools/run-tests.mjs [FILE…]     without files: all of dist/test
// The runner of tap loads its hooks into every process, those that tests start too, which costs a third of the CPU of all
// tests. The files are tap's all the same, some share a process, and each can be run by itself: node dist/test/base/address.test.js
// TEST_JOBS: how many files at once (3); TEST_TIMEOUT: how long one may take, seconds (600). The output is TAP: a line for each process, and what failed or was skipped in it.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join('dist', 'test');
/** Files that take longer are ended, milliseconds. */
const TIMEOUT = Number(process.env.TEST_TIMEOUT ?? 600) * 1000;
/** Tests wait for browsers, servers and the kernel: two cores have time for three files. */
const JOBS = Number(process.env.TEST_JOBS ?? 3);
/** Folders whose files take longest begin, so that none of them is alone at the end. */
const FIRST = ['ci', 'kernel', 'cli', 'docs', 'page', 'deploy', 'snapshots', 'replicas', 'hardening', 'serve', 'house'];

/**
 * Folders whose files are about values alone, without processes, files or servers of their own: a dozen of them share a
 * process, which halves their CPU. Those that change what others see run alone.
 */
const TOGETHER = [
  ...['base', 'capacity', 'changes', 'cluster', 'control-plane', 'load-balancers', 'messages', 'netfilter', 'path'],
  ...['policies', 'proxy', 'questions', 'reports', 'scenarios'],
];
const ALONE = /testdir|child_process|worker_threads|process\.(?:env|exit|chdir)|addTinyMode|createServer/;
const MOST_TOGETHER = 12;

/** Files as the processes that run them. */
function processesOf(files) {
  const groups = new Map();
  const processes = [];
  for (const file of files) {
    const folder = file.split(/[\\/]/)[2];
    if (!TOGETHER.includes(folder) || ALONE.test(readFileSync(file, 'utf8'))) {
      processes.push([file]);
      continue;
    }
    const group = groups.get(folder);
    if (group !== undefined && group.length < MOST_TOGETHER) group.push(file);
    else {
      const fresh = [file];
      groups.set(folder, fresh);
      processes.push(fresh);
    }
  }
  return processes;
}

function allFiles() {
  const rank = (file) => {
    const at = FIRST.indexOf(file.split(/[\\/]/)[0]);
    return at < 0 ? FIRST.length : at;
  };
  return readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js') && !file.includes('fixtures'))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((file) => join(ROOT, file));
}

/** Runs files in one process: their output, and why it failed beside its assertions. */
function run(files) {
  return new Promise((resolve) => {
    const begin = performance.now();
    // tap ends a file by itself after 30 s, unless it is told otherwise.
    const env = { ...process.env, TAP_TIMEOUT: String(TIMEOUT / 1000) };
    const child = spawn(process.execPath, files.length === 1 ? files : ['tools/run-together.mjs', ...files], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const out = [];
    const err = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 5_000).unref();
    }, TIMEOUT);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const ended = late ? `it took more than ${TIMEOUT / 1000} s` : code === 0 ? undefined : `exit ${code ?? signal}`;
      const text = Buffer.concat(out).toString('utf8');
      resolve({ text, errors: Buffer.concat(err).toString('utf8'), ended, seconds: (performance.now() - begin) / 1000 });
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

const processes = processesOf(process.argv.length > 2 ? process.argv.slice(2) : allFiles());
const begin = performance.now();
const sum = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
let done = 0;
let next = 0;

function report(files, { text, errors, ended, seconds }) {
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
  const time = `# time=${seconds.toFixed(1)}s`;
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
console.log(`# time=${((performance.now() - begin) / 1000).toFixed(1)}s`);
if (sum.fail > 0) process.exitCode = 1;
