/**
 * The kernel tests: what the program says, held against the real netfilter of this machine's kernel.
 *
 * - save: the rules that kube-proxy would write go through the real iptables-restore; what iptables-save and
 *   iptables -L then show must be what `chains` shows, byte for byte, and the same paths must be found in it.
 * - matrix: every row of the path matrix as real connections between network namespaces.
 * - random: random clusters, random sources and destinations; what happens must be what `path` says can happen.
 * - chance: thousands of connections; how often each endpoint was hit against the exact fractions.
 * - trace: the rules that the kernel itself says a packet met, beside the steps of `path`.
 * - cloud: load balancers' addresses at nodes, and what pods send out of the cluster.
 * - cases: what once failed.
 *
 * Everything happens in a sandbox: `unshare` gives a process with mount, network and process namespaces of its own
 * (under a user namespace when not root), in which each host of a cluster is a named network namespace and each has one
 * helper process. Nothing of it is visible outside, and nothing of it can outlive it: when the sandbox's first process
 * ends, for whatever reason, the kernel ends all others and takes the namespaces away. That first process ends when
 * its standard input closes, which it does even when the test is killed. So there are no names to clean up.
 *
 * Parameters (environment): KERNEL_ALL=1 compares every version and every recording instead of a sample; KERNEL_SEED
 * and KERNEL_PAIRS choose the random clusters. `npm run test:kernel` runs these tests alone and prints what was
 * compared.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { missing, unshareArguments } from './missing.js';

/**
 * Runs a module of tests in a sandbox and ends this process as it ends. Where the machine cannot make one, says why as
 * a skipped test instead.
 */
export async function runInSandbox(module: URL): Promise<void> {
  const lacking = missing();
  if (lacking !== undefined) {
    const { default: t } = await import('tap');
    t.test('against the kernel', { skip: `needs more than this machine has: ${lacking}` }, () => undefined);
    return;
  }
  const inside = 'mount -t tmpfs tmpfs /run && exec "$@"';
  const script = fileURLToPath(new URL('./inside.js', import.meta.url));
  const command = [process.execPath, script, fileURLToPath(module)];
  const child = spawn('unshare', [...unshareArguments(), 'sh', '-c', inside, 'sh', ...command], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      kill();
      process.exit(1);
    });
  }
  child.on('close', (code) => {
    process.exitCode = code ?? 1;
  });
}
