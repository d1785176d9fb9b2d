import { NO_HEADER, type ReadTrace, type TracedHeader, type TraceEntry } from './entry.js';
import type { RulesByChain } from './rule-numbers.js';

/**
 * The command that reports packets with a trace, each rule by its handle. (xtables-monitor shows rules as iptables
 * does, but that of iptables 1.8.9 ends at the first IPv6 rule with a protocol.)
 */
export const NFT_WATCH: readonly string[] = ['nft', '--handle', 'monitor', 'trace'];

/** The command that lists all rules with their handles. */
export const NFT_LIST: readonly string[] = ['nft', '--handle', 'list', 'ruleset'];

/** The rules of one family by handle, from such a list and what iptables-save shows: `table handle` → text. */
export function rulesByHandle(list: string, family: 'IPv4' | 'IPv6', rules: RulesByChain): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let table: string | undefined;
  let key = '';
  let at = 0;
  for (const line of list.split('\n')) {
    const opened = /^table (\S+) (\S+) \{/.exec(line);
    if (opened !== null) table = opened[1] === (family === 'IPv4' ? 'ip' : 'ip6') ? opened[2] : undefined;
    if (table === undefined) continue;
    const chain = /^\tchain (\S+) \{/.exec(line);
    if (chain !== null) {
      key = `${table} ${chain[1]}`;
      at = 0;
      continue;
    }
    const handle = /^\t\t.* # handle (\d+)$/.exec(line);
    if (handle === null) continue;
    const rule = rules.get(key)?.[at++];
    if (rule === undefined) throw new Error(`iptables-save shows fewer rules in ${key} than nft lists`);
    found.set(`${table} ${handle[1]}`, rule);
  }
  return found;
}

/** The command that lists all rules with their handles, without counters and timeouts, as the walk quotes rules. */
export const NFT_LIST_STATELESS: readonly string[] = ['nft', '--handle', '--stateless', 'list', 'ruleset'];

const familyWord = (family: 'IPv4' | 'IPv6') => (family === 'IPv4' ? 'ip' : 'ip6');

/**
 * A table `raw` that has new connections' first packets, their answers and every datagram traced before all other
 * tables.
 */
export function rawTable(family: 'IPv4' | 'IPv6'): string {
  const word = familyWord(family);
  const chains = [
    ['PREROUTING', 'prerouting'],
    ['OUTPUT', 'output'],
  ].map(
    ([name, hook]) =>
      `chain ${name} { type filter hook ${hook} priority raw; tcp flags & (fin | syn | rst) == syn meta nftrace set 1; meta l4proto udp meta nftrace set 1; }`,
  );
  return `${withoutRaw(family)}table ${word} raw {\n${chains.join('\n')}\n}\n`;
}

/** Takes that table away. */
export function withoutRaw(family: 'IPv4' | 'IPv6'): string {
  const table = `${familyWord(family)} raw`;
  return `add table ${table}\ndelete table ${table}\n`;
}

/** The rules of one family's tables by handle, as nft lists them: `table handle` → text. */
export function listedByHandle(list: string, family: 'IPv4' | 'IPv6'): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let table: string | undefined;
  for (const line of list.split('\n')) {
    const opened = /^table (\S+) (\S+) \{/.exec(line);
    if (opened !== null) table = opened[1] === familyWord(family) ? opened[2] : undefined;
    const rule = /^\t\t(.*?) # handle (\d+)$/.exec(line);
    if (table === undefined || rule === null) continue;
    found.set(`${table} ${rule[2]}`, rule[1] ?? '');
  }
  return found;
}

function headerOf(line: string): TracedHeader {
  const protocol = / tcp sport /.test(line) ? 'TCP' : / udp sport /.test(line) ? 'UDP' : 'OTHER';
  if (protocol === 'OTHER') return NO_HEADER;
  const port = (name: string) => Number(new RegExp(` ${name} (\\d+)`).exec(line)?.[1] ?? 0);
  const flags = / tcp flags (?:== )?(.*?) tcp window/.exec(line)?.[1] ?? '';
  return {
    protocol,
    sourcePort: port('sport'),
    destinationPort: port('dport'),
    loopback: / daddr (127\.|::1 )/.test(line),
    acknowledges: flags.startsWith('0x') ? (Number(flags) & 0x10) !== 0 : flags.includes('ack'),
  };
}

/**
 * Reads what `nft monitor trace` prints: a `packet:` line where a table's hook begins, then a line for every rule that
 * matched, `trace id 04b4ae06 ip nat PREROUTING rule … # handle 14 (verdict jump KUBE-SERVICES)`.
 */
export function readNftTrace(reported: Buffer, rules: ReadonlyMap<string, string>): ReadTrace {
  const entries: TraceEntry[] = [];
  const headers = new Map<string, TracedHeader>();
  const end = reported.lastIndexOf('\n') + 1;
  for (const line of reported.toString('utf8', 0, end).split('\n')) {
    const trace = /^trace id ([0-9a-f]+) ip6? (\S+) (\S+) (packet:|rule |policy |return)/.exec(line);
    if (trace === null) continue;
    const [, id = '', table = '', chain = '', kind] = trace;
    if (kind === 'packet:') {
      headers.set(id, headerOf(line));
      continue;
    }
    const handle = kind === 'rule ' ? / # handle (\d+) \(verdict [^()]*\)\s*$/.exec(line)?.[1] : undefined;
    const rule = handle === undefined ? undefined : rules.get(`${table} ${handle}`);
    if (kind === 'rule ' && rule === undefined) throw new Error(`a rule that is not known: ${line}`);
    entries.push({ table, chain, rule, ...(headers.get(id) ?? NO_HEADER) });
  }
  return { entries, rest: reported.subarray(end) };
}
