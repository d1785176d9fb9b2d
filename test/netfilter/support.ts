import { parseRestore } from '../../src/netfilter/iptables/parse.js';
import type { Packet } from '../../src/netfilter/packet.js';
import type { Ruleset } from '../../src/netfilter/ruleset.js';
import type { WalkEnvironment } from '../../src/netfilter/walk/types.js';

function isWhole(packet: Partial<Packet>): packet is Packet {
  return packet.family !== undefined;
}

/** The packet that opens a TCP connection from 10.244.0.9 to 10.96.0.10:80, with what differs; or a whole packet. */
export function packetWith(different: Partial<Packet> = {}): Packet {
  if (isWhole(different)) return different;
  return {
    family: 'IPv4',
    protocol: 'TCP',
    source: '10.244.0.9',
    sourcePort: 40000,
    destination: '10.96.0.10',
    destinationPort: 80,
    mark: 0,
    inInterface: 'veth0',
    connection: { state: 'NEW', dnat: false, snat: false },
    ...different,
  };
}

export const ESTABLISHED = { state: 'ESTABLISHED', dnat: false, snat: false } as const;

/** A host that has 10.128.0.2 and 127.0.0.1, holds 10.244.0.9 in the list SEEN and everything in the set FULL. */
export const host: WalkEnvironment = {
  addressType: (address) =>
    address === '10.128.0.2' || address.startsWith('127.')
      ? 'LOCAL'
      : address.endsWith('.255')
        ? 'BROADCAST'
        : 'UNICAST',
  recentHolds: (list, address) => list === 'SEEN' && (address === '10.244.0.9' || address === '10.244.0.0'),
  setHolds: (name) => (name === 'UNHEARD' ? undefined : name === 'FULL'),
  masqueradeAddress: (packet) => (packet.outInterface === 'eth9' ? undefined : '10.128.0.2'),
};

/** One table from short text: chains are declared by their rules, jumps to chains without rules by `:NAME`. */
export function tableOf(table: string, text: string, policies = ''): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const rules = lines.filter((line) => line.startsWith('-'));
  const names = new Set(lines.map((line) => (line.startsWith(':') ? line.slice(1) : (line.split(' ')[1] as string))));
  const builtIn = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];
  const chains = [...names].map((name) =>
    builtIn.includes(name) ? `:${name} ${policies.includes(name) ? 'DROP' : 'ACCEPT'} [0:0]` : `:${name} - [0:0]`,
  );
  return `${[`*${table}`, ...chains, ...rules, 'COMMIT'].join('\n')}\n`;
}

export function rulesetOf(...tables: readonly string[]): Ruleset {
  return parseRestore(tables.join(''), 'IPv4');
}
