/** User-mode Linux: a kernel with ip_vs as an ordinary program, on the files of the host and without its network. */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

process.env.PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

const KERNEL = '/usr/bin/linux.uml';
const MODULES = '/usr/lib/uml/modules';
const HERE = resolve('test/kernel/ipvs');

function has(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
}

/** What this machine lacks for a kernel with ip_vs, in a few words; undefined where it can run. */
export function lacksIpvs(): string | undefined {
  if (platform() !== 'linux' || arch() !== 'x64') return `no x86-64 Linux (${platform()}, ${arch()})`;
  try {
    accessSync(KERNEL, constants.X_OK);
  } catch {
    return 'no user-mode-linux';
  }
  if (!existsSync(MODULES)) return 'no modules of user-mode-linux';
  const tools = ['gcc', 'python3', 'ip', 'ipset', 'ipvsadm', 'iptables-legacy-restore', 'ip6tables-legacy-restore'];
  const lacking = tools.find((tool) => !has(tool));
  return lacking === undefined ? undefined : `no ${lacking} command`;
}

/** What a scenario of a plan came to. */
export interface Ran {
  readonly index: number;
  readonly error?: string;
  /** What each connection of each flow showed; of a step what its command printed. */
  readonly flows?: readonly (readonly string[])[];
  readonly texts?: readonly string[];
}

/** Seconds for the start of the kernel, its hosts, and the last scenario. */
const GRACE = 60;

/** Its last words, where a run ends before its plan. */
const LAST_WORDS = 4000;

/**
 * Runs a plan (see guest.py) in a kernel of its own: as many of its scenarios as there is time for. Throws where the
 * kernel does not come to its end.
 *
 * @param seconds after which no further scenario is begun
 */
export async function runPlan(
  plan: { readonly setup: unknown; readonly scenarios: readonly unknown[] },
  seconds: number,
): Promise<Ran[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-'));
  try {
    const preload = join(folder, 'xstate.so');
    const compiled = spawnSync('gcc', ['-O2', '-shared', '-fPIC', '-o', preload, join(HERE, 'xstate.c'), '-ldl']);
    if (compiled.status !== 0) throw new Error(`gcc: ${compiled.stderr}`);
    const [input, output, init] = ['plan.json', 'result.jsonl', 'init'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(input, JSON.stringify({ ...plan, seconds }));
    const script = [
      '#!/bin/sh',
      'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs tmpfs /run; mkdir /run/netns',
      'ip link set lo up',
      `python3 -I ${join(HERE, 'guest.py')} ${input} ${output} ${MODULES}`,
      'sync; echo o >/proc/sysrq-trigger; sleep 60',
    ];
    writeFileSync(init, `${script.join('\n')}\n`, { mode: 0o755 });
    const said = await boot(init, preload, seconds + GRACE);
    const lines = existsSync(output) ? readFileSync(output, 'utf8').trimEnd().split('\n') : [];
    const ran = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Ran);
    if (ran.length === 0) throw new Error(`no scenario ran: ${said.slice(-LAST_WORDS)}`);
    return ran;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the kernel to its end; what it and its processes print. */
function boot(init: string, preload: string, seconds: number): Promise<string> {
  const settings = ['mem=768M', 'rootfstype=hostfs', 'rootflags=/', 'rw', `init=${init}`];
  const console = ['con=null', 'con0=fd:0,fd:1', 'quiet'];
  return new Promise((done, fail) => {
    const child = spawn(KERNEL, [...settings, ...console], {
      env: { ...process.env, LD_PRELOAD: preload },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let said = '';
    const hear = (text: Buffer) => {
      said = (said + text.toString('utf8')).slice(-2 * LAST_WORDS);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    // Its processes are processes of the host, in its group, and must not outlast ours.
    const end = () => kill(child.pid);
    for (const signal of ['exit', 'SIGTERM', 'SIGINT'] as const) process.once(signal, end);
    const late = setTimeout(() => kill(child.pid), seconds * 1000);
    child.on('error', fail);
    child.on('close', () => {
      clearTimeout(late);
      for (const signal of ['exit', 'SIGTERM', 'SIGINT'] as const) process.off(signal, end);
      done(said);
    });
  });
}

function kill(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
