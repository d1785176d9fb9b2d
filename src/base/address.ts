/**
 * IP addresses and CIDRs as Go's `net` package reads and prints them, since kube-proxy does both with it
 * (`netutils.ParseIPSloppy`, `net.IP.String`, `net.IPNet.String`).
 */

export type IPFamily = 'IPv4' | 'IPv6';

/** An address: its family and its bits as a number (32 or 128 wide). `text` is the canonical spelling. */
export interface Address {
  readonly family: IPFamily;
  readonly bits: bigint;
  readonly text: string;
}

/** A network: the masked address bits and the prefix length. `text` is canonical (`10.0.0.0/8`). */
export interface Cidr {
  readonly family: IPFamily;
  readonly bits: bigint;
  readonly length: number;
  readonly text: string;
}

/**
 * The 32 bits of a dotted-decimal address, or -1. No bigint and no regular expression: snapshots hold 100,000s of
 * these.
 */
function readV4(text: string, from = 0): number {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) {
      // Leading zeros are read as decimal, as ParseIPSloppy does (10.0.0.010 is 10.0.0.10).
      octet = (octet < 0 ? 0 : octet * 10) + code - 48;
      if (octet > 255) return -1;
    } else if (code === 46 && octet >= 0 && dots < 3) {
      value = value * 256 + octet;
      octet = -1;
      dots++;
    } else {
      return -1;
    }
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1;
}

/**
 * The 32 bits of an IPv4 address in its canonical spelling, which is what most texts of addresses are, as a signed
 * integer: V8 holds larger numbers as objects. 0 for any other text, and for 0.0.0.0.
 */
export function plainIPv4(text: string): number {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) {
      // A second digit behind a zero: a leading zero.
      if (octet === 0) return 0;
      octet = (octet < 0 ? 0 : octet * 10) + code - 48;
      if (octet > 255) return 0;
    } else if (code === 46 && octet >= 0 && dots < 3) {
      value = (value << 8) | octet;
      octet = -1;
      dots++;
    } else {
      return 0;
    }
  }
  return dots === 3 && octet >= 0 ? (value << 8) | octet : 0;
}

/** Whether a number of a dotted-decimal address begins with a zero that is not all of it. */
function hasLeadingZero(text: string): boolean {
  let isFirst = true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isFirst && code === 48 && i + 1 < text.length && text.charCodeAt(i + 1) !== 46) return true;
    isFirst = code === 46;
  }
  return false;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** The eight groups of an IPv6 address; undefined when it is not one. */
function readV6(text: string): number[] | undefined {
  const groups: number[] = [];
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    let group = 0;
    let end = at;
    for (let digit = 0; end < text.length; end++) {
      digit = hexDigit(text.charCodeAt(end));
      if (digit < 0) break;
      group = group * 16 + digit;
    }
    if (text.charCodeAt(end) === 46) {
      // A dotted tail stands for the last two groups and for nothing else.
      const v4 = readV4(text, at);
      if (v4 < 0) return undefined;
      groups.push(v4 >>> 16, v4 & 0xffff);
      break;
    }
    if (end === at || end - at > 4) return undefined;
    groups.push(group);
    if (groups.length > 8) return undefined;
    if (end === text.length) break;
    if (text.charCodeAt(end) !== 58) return undefined;
    at = end + 1;
    if (text.charCodeAt(at) === 58) {
      if (gap >= 0) return undefined;
      gap = groups.length;
      at++;
    } else if (at === text.length) {
      return undefined;
    }
  }
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return undefined;
  if (gap >= 0) groups.splice(gap, 0, ...new Array<number>(8 - groups.length).fill(0));
  return groups;
}

function isMapped(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups.every((group, index) => index > 4 || group === 0);
}

const MAPPED = 0xffffn << 32n;
const LONGEST_TEXT = 45;

/** Prints the bits of an address canonically: dotted decimal, or RFC 5952 for IPv6 (as `net.IP.String`). */
export function formatAddress(family: IPFamily, bits: bigint): string {
  if (family === 'IPv4') {
    const n = Number(bits);
    return `${(n >>> 24) & 255}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
  }
  const groups: number[] = [];
  for (let i = 7n; i >= 0n; i--) groups.push(Number((bits >> (i * 16n)) & 0xffffn));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return start < 0 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`;
}

/**
 * Reads an address. IPv4-mapped IPv6 (`::ffff:10.0.0.1`) becomes IPv4, as Go's `net.IP` does. Zones (`fe80::1%eth0`)
 * are not addresses. Returns undefined for anything else.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  if (!text.includes(':')) {
    const v4 = readV4(text);
    if (v4 < 0) return undefined;
    // The very text where it is canonical: one that is made anew would take memory beside it.
    return { family: 'IPv4', bits: BigInt(v4), text: hasLeadingZero(text) ? formatAddress('IPv4', BigInt(v4)) : text };
  }
  const groups = readV6(text);
  if (groups === undefined) return undefined;
  let bits = 0n;
  for (const group of groups) bits = (bits << 16n) | BigInt(group);
  return isMapped(groups) ? makeAddress('IPv4', bits & 0xffffffffn) : makeAddress('IPv6', bits);
}

/**
 * The family of an address, or undefined when the text is not an address: what {@link parseAddress} says, ten times
 * faster.
 */
export function addressFamily(text: string): IPFamily | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  if (!text.includes(':')) return readV4(text) < 0 ? undefined : 'IPv4';
  const groups = readV6(text);
  return groups === undefined ? undefined : isMapped(groups) ? 'IPv4' : 'IPv6';
}

/** The first address of a network behind its own, which a gateway usually has. */
export function firstHost({ family, bits }: Cidr): string {
  return formatAddress(family, bits + 1n);
}

/** An address from its family and bits. */
export function makeAddress(family: IPFamily, bits: bigint): Address {
  return { family, bits, text: formatAddress(family, bits) };
}

/** The number of bits of an address of the family: 32 or 128. */
export function addressWidth(family: IPFamily): number {
  return family === 'IPv4' ? 32 : 128;
}

/** Reads a CIDR (`10.0.0.0/8`; host bits are masked away). A bare address is no CIDR. Undefined for anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const tail = text.slice(slash + 1);
  if (address === undefined || !/^\d{1,3}$/.test(tail)) return undefined;
  const width = addressWidth(address.family);
  let length = Number(tail);
  if (address.family === 'IPv4' && text.includes(':')) {
    // ::ffff:10.0.0.0/104 counts its prefix over 128 bits; masking into the mapped prefix leaves an IPv6 network.
    if (length > 128) return undefined;
    if (length < 96) return makeCidr('IPv6', MAPPED | address.bits, length);
    length -= 96;
  }
  if (length > width) return undefined;
  return makeCidr(address.family, address.bits, length);
}

/** A CIDR from any address inside it and its prefix length. */
export function makeCidr(family: IPFamily, bits: bigint, length: number): Cidr {
  const shift = BigInt(addressWidth(family) - length);
  const masked = (bits >> shift) << shift;
  return { family, bits: masked, length, text: `${formatAddress(family, masked)}/${length}` };
}

/** Whether the CIDR holds the address. Never, when their families differ. */
export function cidrContains(cidr: Cidr, address: Address): boolean {
  if (cidr.family !== address.family) return false;
  const shift = BigInt(addressWidth(cidr.family) - cidr.length);
  return cidr.bits >> shift === address.bits >> shift;
}

const CACHE_LIMIT = 65536;
const addressCache = new Map<string, Address | null>();
const cidrCache = new Map<string, Cidr | null>();

function cached<T>(cache: Map<string, T | null>, text: string, parse: (text: string) => T | undefined): T | undefined {
  const known = cache.get(text);
  if (known !== undefined) return known ?? undefined;
  // A bound instead of an eviction order: parsing is cheap, only the memory must not grow.
  if (cache.size >= CACHE_LIMIT) cache.clear();
  const value = parse(text);
  cache.set(text, value ?? null);
  return value;
}

/** As {@link parseAddress}, remembering what was read lately. For hot paths. */
export function addressOf(text: string): Address | undefined {
  return cached(addressCache, text, parseAddress);
}

/** An address in its canonical spelling; a text that is no address as it stands. */
export function canonicalAddress(text: string): string {
  return plainIPv4(text) !== 0 ? text : (addressOf(text)?.text ?? text);
}

/** As {@link parseCidr}, but a bare address stands for its /32 or /128; remembers what was read lately. */
export function networkOf(text: string): Cidr | undefined {
  return cached(cidrCache, text, (value) => {
    const cidr = parseCidr(value);
    if (cidr !== undefined) return cidr;
    const address = parseAddress(value);
    return address === undefined ? undefined : makeCidr(address.family, address.bits, addressWidth(address.family));
  });
}

/** Prints `address:port` as Go's `net.JoinHostPort`: IPv6 addresses in brackets. */
export function joinHostPort(address: string, port: number | string): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Reads `address:port`, IPv6 in brackets; the address canonical. Undefined for anything else. */
export function splitHostPort(text: string): { readonly address: string; readonly port: number } | undefined {
  const [, v6, v4, digits = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = addressOf(v6 ?? v4 ?? '');
  const port = Number(digits);
  if (address === undefined || port > 65535 || (v6 !== undefined) !== (address.family === 'IPv6')) return undefined;
  return { address: address.text, port };
}
