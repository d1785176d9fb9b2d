import { addressOf, canonicalAddress, cidrContains, networkOf } from '../../base/address.js';
import { protocolName } from '../protocols.js';

/**
 * Values as texts. A type says how two texts are compared: addresses as addresses, protocols by name, ports and marks
 * as numbers, names as they are.
 */
export type ValueType =
  | 'ipv4_addr'
  | 'ipv6_addr'
  | 'inet_proto'
  | 'inet_service'
  | 'mark'
  | 'ifname'
  | 'number'
  | 'name';

/** Ports that listings of older versions of nft, and people, write by name. */
const SERVICES: Readonly<Record<string, number>> = {
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  http: 80,
  kerberos: 88,
  pop3: 110,
  sunrpc: 111,
  ntp: 123,
  'netbios-ns': 137,
  'netbios-dgm': 138,
  'netbios-ssn': 139,
  imap2: 143,
  snmp: 161,
  bgp: 179,
  ldap: 389,
  https: 443,
  'microsoft-ds': 445,
  submission: 587,
  ldaps: 636,
  imaps: 993,
  pop3s: 995,
  mdns: 5353,
  'dhcpv6-client': 546,
  'dhcpv6-server': 547,
};

/** The number that a text stands for: decimal, hexadecimal, or the name of a port. */
export function numberOf(text: string): number | undefined {
  if (/^(?:\d{1,10}|0x[0-9a-f]{1,8})$/i.test(text)) return Number(text);
  return Object.hasOwn(SERVICES, text) ? SERVICES[text] : undefined;
}

/** A 32-bit number as `nft list` prints marks. */
export function markText(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

/** A name without the quotes that listings put around it. */
export function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1) : text;
}

/**
 * The one spelling of a single value of a type: equal values have equal texts. Ranges and prefixes are left as they
 * are.
 */
export function canonicalValue(text: string, type: ValueType): string {
  switch (type) {
    case 'ipv4_addr':
    case 'ipv6_addr':
      return canonicalAddress(text);
    case 'inet_proto':
      return protocolName(text).toLowerCase();
    case 'inet_service':
    case 'mark':
    case 'number': {
      const number = numberOf(text);
      return number === undefined ? text : String(number);
    }
    default:
      return unquoted(text);
  }
}

/** The two ends of `a-b`; undefined for anything else. */
export function rangeOf(text: string): readonly [string, string] | undefined {
  const dash = text.indexOf('-', 1);
  if (dash < 0 || dash === text.length - 1) return undefined;
  return [text.slice(0, dash), text.slice(dash + 1)];
}

function isAddressType(type: ValueType): boolean {
  return type === 'ipv4_addr' || type === 'ipv6_addr';
}

/** Whether a text of a rule stands for more than one value. */
export function isInterval(text: string, type: ValueType): boolean {
  if (text === '*') return true;
  if (isAddressType(type)) return text.includes('/') || text.includes('-');
  if (type === 'ifname') return unquoted(text).endsWith('*');
  if (type === 'name' || type === 'inet_proto') return false;
  return rangeOf(text) !== undefined && numberOf(text) === undefined;
}

/** Whether a text of a rule (a value, prefix, range or `name*`) holds a value, which is given in its canonical text. */
export function holdsValue(text: string, value: string, type: ValueType): boolean {
  if (text === '*' || text === value) return true;
  if (!isInterval(text, type)) return canonicalValue(text, type) === value;
  if (type === 'ifname') return value.startsWith(unquoted(text).slice(0, -1));
  const range = rangeOf(text);
  if (isAddressType(type)) {
    const address = addressOf(value);
    if (address === undefined) return false;
    if (range === undefined) {
      const network = networkOf(text);
      return network !== undefined && cidrContains(network, address);
    }
    const [from, to] = [addressOf(range[0]), addressOf(range[1])];
    if (from === undefined || to === undefined || from.family !== address.family) return false;
    return from.bits <= address.bits && address.bits <= to.bits;
  }
  const number = numberOf(value);
  const [from, to] = (range ?? []).map((end) => numberOf(end));
  return number !== undefined && from !== undefined && to !== undefined && from <= number && number <= to;
}

/** How two values of a type follow each other, for `<`, `>` and the like; undefined where that means nothing. */
export function compareValues(a: string, b: string, type: ValueType): number | undefined {
  if (isAddressType(type)) {
    const [first, second] = [addressOf(a), addressOf(b)];
    if (first === undefined || second === undefined) return undefined;
    return first.bits < second.bits ? -1 : first.bits > second.bits ? 1 : 0;
  }
  const [first, second] = [numberOf(a), numberOf(b)];
  return first === undefined || second === undefined ? undefined : first - second;
}
