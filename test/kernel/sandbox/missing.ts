import { spawnSync } from 'node:child_process';
import { accessSync } from 'node:fs';

// iptables and ip are root's commands, and lie where the paths of others do not lead.
process.env.PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

export type Flavour = 'NFT' | 'LEGACY';

/** The executable that reads rules, by flavour and family. */
export function restoreCommand(flavour: Flavour, family: 'IPv4' | 'IPv6' = 'IPv4'): string {
  return `${family === 'IPv4' ? 'iptables' : 'ip6tables'}-${flavour === 'NFT' ? 'nft' : 'legacy'}-restore`;
}

function works(command: string, ...args: string[]): boolean {
  const { status, error } = spawnSync(command, args, { stdio: 'ignore' });
  return error === undefined && status === 0;
}

/** The way into namespaces of our own: as root directly, else through a user namespace. */
export function unshareArguments(): readonly string[] {
  const own = ['--mount', '--net', '--pid', '--fork', '--kill-child'];
  return process.getuid?.() === 0 ? own : ['--user', '--map-root-user', ...own];
}

/** What this machine lacks for the kernel tests, in a few words; undefined when they can run. */
export function missing(): string | undefined {
  if (process.platform !== 'linux') return `no Linux (${process.platform})`;
  for (const [command, flag] of [
    ['unshare', '--version'],
    ['nsenter', '--version'],
    ['mount', '--version'],
    ['ip', '-V'],
  ] as const) {
    if (!works(command, flag)) return `no ${command} command`;
  }
  if (!works('unshare', ...unshareArguments(), 'true')) {
    return process.getuid?.() === 0 ? 'no network namespaces' : 'neither root nor user namespaces';
  }
  const inside = 'mount -t tmpfs tmpfs /run && ip netns add probe && ip link add probe0 type bridge';
  if (!works('unshare', ...unshareArguments(), 'sh', '-c', inside)) return 'no named network namespaces or no bridges';
  if (flavours().length === 0) return 'no iptables (neither nft nor legacy, or no nat table in the kernel)';
  return undefined;
}

let found: readonly Flavour[] | undefined;

/** The flavours of iptables that this machine's commands and kernel have. */
export function flavours(): readonly Flavour[] {
  found ??= (['NFT', 'LEGACY'] as const).filter((flavour) => {
    const rules = '*nat\\n-A OUTPUT -m statistic --mode random --probability 0.5 -j RETURN\\nCOMMIT\\n';
    const probe = `mount -t tmpfs tmpfs /run && printf '${rules}' | ${restoreCommand(flavour)}`;
    return works('unshare', ...unshareArguments(), 'sh', '-c', probe);
  });
  return found;
}

/** What the machine lacks for rules of nftables; undefined where nft loads them in a namespace. */
export function lacksNft(): string | undefined {
  const probe = "printf 'add table ip probe' | nft -f -";
  return works('unshare', ...unshareArguments(), 'sh', '-c', probe)
    ? undefined
    : 'no nft, or no nf_tables in the kernel';
}

/** Whether frames that a bridge carries meet the rules (module br_netfilter), which bridged pods depend on. */
export function bridgesMeetRules(): boolean {
  try {
    accessSync('/proc/sys/net/bridge/bridge-nf-call-iptables');
    return true;
  } catch {
    return works('modprobe', 'br_netfilter');
  }
}

const traceLacks = new Map<Flavour, string | undefined>();

/** What this machine lacks for the kernel's own trace of a flavour's rules, in a few words. */
export function lacksTrace(flavour: Flavour): string | undefined {
  if (!traceLacks.has(flavour)) traceLacks.set(flavour, probeTrace(flavour));
  return traceLacks.get(flavour);
}

function probeTrace(flavour: Flavour): string | undefined {
  const inside = (script: string) =>
    works('unshare', ...unshareArguments(), 'sh', '-c', `mount -t tmpfs tmpfs /run && ${script}`);
  const rule = `printf '*raw\\n-A OUTPUT -p udp -j TRACE\\nCOMMIT\\n' | ${restoreCommand(flavour)}`;
  if (!inside(rule)) return 'no TRACE target in the kernel';
  if (flavour === 'NFT') return works('nft', '--version') ? undefined : 'no nft command';
  if (!works('tcpdump', '--version')) return 'no tcpdump command';
  if (!inside('echo nfnetlink_log > /proc/sys/net/netfilter/nf_log/2')) return 'no nfnetlink_log in the kernel';
  // It ends by itself where it cannot work.
  const runs = inside('{ timeout -s INT 1 tcpdump -Z root -i nflog:0 -w /dev/null; test $? -eq 124; }');
  return runs ? undefined : 'a tcpdump that does not run in a user namespace';
}

/** Kernel and iptables, for reports: `Linux 6.18.44, iptables 1.8.9`. */
export function versions(): string {
  const text = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: 'utf8' }).stdout?.trim();
  return `Linux ${text('uname', '-r')}, iptables ${iptablesVersion() ?? 'unknown'}`;
}

/** `1.8.9` */
export function iptablesVersion(): string | undefined {
  const command = flavours()[0] === 'LEGACY' ? 'iptables-legacy' : 'iptables-nft';
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return /v(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1];
}
