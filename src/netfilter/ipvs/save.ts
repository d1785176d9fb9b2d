/** Virtual servers as `ipvsadm -S -n` and `ipvsadm -Ln` print them (ipvsadm 1.31). */
import { addressOf, joinHostPort } from '../../base/address.js';
import { FLAGS, type RealServer, type VirtualServer } from './types.js';

const OPTIONS = { TCP: '-t', UDP: '-u', SCTP: '--sctp-service' } as const;
const FORWARDING = { MASQUERADE: ['-m', 'Masq'], ROUTE: ['-g', 'Route'], TUNNEL: ['-i', 'Tunnel'] } as const;

/** The flags of a scheduler as ipvsadm names them, in its order. */
function schedulerFlags({ scheduler, flags }: VirtualServer): readonly string[] {
  const named = scheduler === 'sh' || scheduler === 'mh';
  return [
    ...(flags & FLAGS.fallback ? [named ? `${scheduler}-fallback` : 'flag-1'] : []),
    ...(flags & FLAGS.port ? [named ? `${scheduler}-port` : 'flag-2'] : []),
    ...(flags & 0x20 ? ['flag-3'] : []),
  ];
}

function isV6(virtual: VirtualServer): boolean {
  const [first] = virtual.realServers;
  return addressOf(virtual.address || (first?.address ?? ''))?.family === 'IPv6';
}

/** `-t 10.96.0.10:80`. */
function selector(virtual: VirtualServer): string {
  const { firewallMark, protocol, address, port } = virtual;
  if (firewallMark !== undefined) return `-f ${firewallMark}${isV6(virtual) ? ' -6' : ''}`;
  return `${OPTIONS[protocol]} ${joinHostPort(address, port)}`;
}

/** How answers name a virtual server: `TCP 10.96.0.10:80`. */
export function virtualServerName({ firewallMark, protocol, address, port }: VirtualServer): string {
  return firewallMark === undefined ? `${protocol} ${joinHostPort(address, port)}` : `FWM ${firewallMark}`;
}

/** `-A …`: a virtual server. */
function virtualServerLine(virtual: VirtualServer): string {
  const { flags, timeout, scheduler } = virtual;
  const options = schedulerFlags(virtual);
  return (
    `-A ${selector(virtual)} -s ${scheduler}` +
    (flags & FLAGS.persistent ? ` -p ${timeout}` : '') +
    (flags & FLAGS.onePacket ? ' -o' : '') +
    (options.length > 0 ? ` -b ${options.join()}` : '')
  );
}

/** `-a …`: a real server. */
export function realServerLine(virtual: VirtualServer, server: RealServer): string {
  const { address, port, weight, forwarding = 'MASQUERADE' } = server;
  const tunnel = forwarding === 'TUNNEL' ? ' --tun-type ipip' : '';
  return `-a ${selector(virtual)} -r ${joinHostPort(address, port)} ${FORWARDING[forwarding][0]} -w ${weight}${tunnel}`;
}

/** One virtual server with its real servers as `ipvsadm -S -n` prints them. */
export function savedServer(virtual: VirtualServer): string {
  const servers = sortedBy(virtual.realServers, compareRealServers);
  return [virtualServerLine(virtual), ...servers.map((server) => realServerLine(virtual, server))]
    .map((line) => `${line}\n`)
    .join('');
}

/** The lines with which `ipvsadm -Ln` begins. */
export const LISTING_HEAD =
  'IP Virtual Server version 1.2.1 (size=4096)\n' +
  'Prot LocalAddress:Port Scheduler Flags\n' +
  '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n';

/** One virtual server with its real servers as `ipvsadm -Ln` prints them. */
export function listedServer(virtual: VirtualServer): string {
  const { firewallMark, protocol, address, port, scheduler, flags, timeout } = virtual;
  const options = schedulerFlags(virtual);
  const name =
    firewallMark === undefined
      ? `${protocol.padEnd(4)} ${joinHostPort(address, port)}`
      : `FWM  ${firewallMark}${isV6(virtual) ? ' IPv6' : ''}`;
  let text = `${name} ${scheduler}`;
  if (options.length > 0) text += ` (${options.join()})`;
  if (flags & FLAGS.persistent) text += ` persistent ${timeout}`;
  if (flags & FLAGS.onePacket) text += ' ops';
  text += '\n';
  for (const server of sortedBy(virtual.realServers, compareRealServers)) {
    const { forwarding = 'MASQUERADE', weight, activeConnections = 0, inactiveConnections = 0 } = server;
    const remote = joinHostPort(server.address, server.port).padEnd(28);
    const counts = `${String(activeConnections).padEnd(10)} ${String(inactiveConnections).padEnd(10)}`;
    text += `  -> ${remote} ${FORWARDING[forwarding][1].padEnd(7)} ${String(weight).padEnd(6)} ${counts}\n`;
  }
  return text;
}

/** The 32-bit words of an address. */
function words(text: string): readonly number[] {
  const address = addressOf(text);
  if (address === undefined) return [0];
  const count = address.family === 'IPv4' ? 1n : 4n;
  return Array.from({ length: Number(count) }, (_, i) =>
    Number((address.bits >> (32n * (count - 1n - BigInt(i)))) & 0xffffffffn),
  );
}

/**
 * ipvsadm's order of addresses: the difference of two words is taken for a signed number, so that 198.51.100.20 stands
 * before 10.96.0.1.
 */
function compareAddresses(a: string, b: string): number {
  const [left, right] = [words(a), words(b)];
  for (const [index, word] of left.entries()) {
    const difference = (word - (right[index] ?? 0)) | 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareRealServers(a: RealServer, b: RealServer): number {
  return compareAddresses(a.address, b.address) || a.port - b.port;
}

const NUMBERS = { TCP: 6, UDP: 17, SCTP: 132 } as const;

function compareServers(a: VirtualServer, b: VirtualServer): number {
  return (
    (a.firewallMark ?? 0) - (b.firewallMark ?? 0) ||
    Number(isV6(a)) - Number(isV6(b)) ||
    NUMBERS[a.protocol] - NUMBERS[b.protocol] ||
    compareAddresses(a.address, b.address) ||
    a.port - b.port
  );
}

/** Sorts as the C library's qsort does for ipvsadm: by merging halves, which matters where an order goes round. */
function sortedBy<T>(items: readonly T[], order: (a: T, b: T) => number): readonly T[] {
  if (items.length < 2) return items;
  const middle = items.length >> 1;
  const left = [...sortedBy(items.slice(0, middle), order)];
  const right = [...sortedBy(items.slice(middle), order)];
  const merged: T[] = [];
  let [l, r] = [0, 0];
  while (l < left.length && r < right.length) {
    const [a, b] = [left[l] as T, right[r] as T];
    if (order(a, b) <= 0) {
      merged.push(a);
      l++;
    } else {
      merged.push(b);
      r++;
    }
  }
  return [...merged, ...left.slice(l), ...right.slice(r)];
}

/** Virtual servers in the order in which ipvsadm prints them. */
export function printedServers(servers: readonly VirtualServer[]): readonly VirtualServer[] {
  return sortedBy(servers, compareServers);
}
