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

const V4 = /^(\d{1,})\.(\d{1,})\.(\d{1,})\.(\d{1,})$/;

function parseV4(text: string): bigint | undefined {
  const match = V4.exec(text);
  if (match === null) return undefined;
  let value = 0;
  for (let i = 1; i <= 4; i++) {
    const part = match[i] as string;
    const octet = Number(part);
    // Leading zeros are read as decimal, as ParseIPSloppy does (10.0.0.010 is 10.0.0.10).
    if (octet > 255 || part.length > 8) return undefined;
    value = value * 256 + octet;
  }
  return BigInt(value);
}

const GROUP = /^[0-9a-fA-F]{1,4}$/;

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part);
      if (v4 === undefined) return undefined;
      groups.push(Number(v4 >> 16n), Number(v4 & 0xffffn));
    } else if (GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] as string);
  const tail = halves.length === 2 ? parseGroups(halves[1] as string) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const group of [...head, ...new Array<number>(missing).fill(0), ...tail]) value = (value << 16n) | BigInt(group);
  return value;
}

const MAPPED = 0xffffn << 32n;

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
  if (text.length > 45) return undefined;
  if (text.includes(':')) {
    const bits = parseV6(text);
    if (bits === undefined) return undefined;
    if (bits >> 32n === MAPPED >> 32n) return makeAddress('IPv4', bits & 0xffffffffn);
    return makeAddress('IPv6', bits);
  }
  const bits = parseV4(text);
  return bits === undefined ? undefined : makeAddress('IPv4', bits);
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
    // ::ffff:10.0.0.0/104 counts its prefix over 128 bits.
    length -= 96;
  }
  if (length < 0 || length > width) return undefined;
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
