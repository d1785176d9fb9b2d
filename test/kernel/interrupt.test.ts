/** However a run ends, its processes and network namespaces end with it, and nothing of it was visible outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { missing } from './sandbox/missing.js';

const SCRIPT = fileURLToPath(new URL('./hold-main.js', import.meta.url));
/** For a busy machine; a sandbox is there and gone again within a second or two. */
const PATIENCE = 60_000;

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(what: () => boolean): Promise<boolean> {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await wait(50)) if (what()) return true;
  return false;
}

function read(get: () => string): string {
  try {
    return get();
  } catch {
    // Processes end while one looks at them.
    return '';
  }
}

interface Seen {
  readonly pid: string;
  readonly network: string;
}

/** The processes in whose environment the name of a plant stands, with their network namespaces. */
function processesOf(name: string): readonly Seen[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && pid !== `${process.pid}`)
    .filter((pid) => read(() => readFileSync(`/proc/${pid}/environ`, 'latin1')).includes(`KERNEL_HOLD=${name}\0`))
    .map((pid) => ({ pid, network: read(() => readlinkSync(`/proc/${pid}/ns/net`)) }));
}

function networksInUse(): ReadonlySet<string> {
  const pids = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid));
  return new Set(pids.map((pid) => read(() => readlinkSync(`/proc/${pid}/ns/net`))));
}

const interfaces = (name: string) => Object.keys(networkInterfaces()).filter((one) => one.includes(name));
/** The named namespaces that the run itself could have made: others come and go with other programs. */
const named = (name: string) =>
  read(() =>
    readdirSync('/run/netns')
      .filter((one) => one.includes(name))
      .join(' '),
  );

function start(name: string, environment: Readonly<Record<string, string>>) {
  const { TAP: _, NODE_OPTIONS: __, ...env } = process.env;
  const child = spawn(process.execPath, [SCRIPT], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...env, KERNEL_HOLD: name, ...environment },
  });
  const output = { text: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.text += text;
  });
  return { child, output };
}

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

const lacking = missing();
const skip = lacking === undefined ? false : `needs more than this machine has: ${lacking}`;

for (const [index, how] of (['SIGINT', 'SIGTERM', 'SIGKILL', 'failure'] as const).entries()) {
  t.test(`a run that ends by ${how}`, { skip, timeout: 4 * PATIENCE }, async (t) => {
    const name = `h${process.pid}${'abcd'[index]}`;
    const { child, output } = start(name, how === 'failure' ? { KERNEL_FAIL: '1' } : {});
    t.ok(await until(() => output.text.includes('holding') || ended(child)), 'it begins');
    if (how !== 'failure') {
      const seen = processesOf(name);
      const networks = new Set(seen.map(({ network }) => network));
      t.ok(networks.size >= 4, 'with a node, a pod, the outside and the wire in namespaces of their own');
      t.same(
        { interfaces: interfaces(name), named: named(name) },
        { interfaces: [], named: '' },
        'of which nothing shows outside',
      );
      child.kill(how);
      t.ok(await until(() => processesOf(name).length === 0), 'no process is left');
      const own = readlinkSync('/proc/self/ns/net');
      const left = [...networks].filter((network) => network !== own && networksInUse().has(network));
      t.same(left, [], 'and no namespace');
    }
    t.ok(await until(() => ended(child) && processesOf(name).length === 0), 'all has ended');
    if (how === 'failure') t.not(child.exitCode, 0, 'and tells of it');
  });
}

t.test('what a machine lacks is reported', async (t) => {
  const { child, output } = start('none', { PATH: '/nonexistent' });
  t.ok(await until(() => ended(child)));
  t.match(output.text, /# SKIP needs more than this machine has: no \w+ command/);
  t.equal(child.exitCode, 0, 'which is no failure');
});
