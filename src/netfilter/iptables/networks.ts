import {
  type Address,
  addressOf,
  addressWidth,
  cidrContains,
  formatAddress,
  type IPFamily,
  networkOf,
} from '../../base/address.js';
import { RuleError } from './match-codec.js';

/** Any address and mask that a rule can compare with; masks need not be prefixes (`10.0.0.1/255.0.255.255`). */
interface Masked {
  readonly family: IPFamily;
  readonly bits: bigint;
  readonly mask: bigint;
}

const MAPPED = 0xffffn << 32n;
const ALL_V6 = (1n << 128n) - 1n;

/**
 * The bits of an address in its own family. An IPv4-mapped address (`::ffff:10.0.0.1`) is an IPv6 address here, as it
 * is for ip6tables; elsewhere it counts as IPv4.
 */
export function bitsOf(text: string): bigint | undefined {
  const address = addressOf(text);
  if (address === undefined) return undefined;
  return address.family === 'IPv4' && text.includes(':') ? MAPPED | address.bits : address.bits;
}

/** The address in the spelling of the kernel's bytes; undefined when the text is no address of the family. */
export function familyAddress(text: string, family: IPFamily): string | undefined {
  const bits = bitsOf(text);
  const actual = text.includes(':') ? 'IPv6' : 'IPv4';
  return bits === undefined || actual !== family ? undefined : printed(family, bits);
}

/** As inet_ntop prints an address: the last 32 bits of an IPv4-mapped or IPv4-compatible one as dotted decimal. */
function printed(family: IPFamily, bits: bigint): string {
  const [high, low] = [bits >> 32n, bits & 0xffffffffn];
  if (family === 'IPv6' && high === 0xffffn) return `::ffff:${formatAddress('IPv4', low)}`;
  if (family === 'IPv6' && high === 0n && low > 0xffffn) return `::${formatAddress('IPv4', low)}`;
  return formatAddress(family, bits);
}

/** An IPv4-mapped network of IPv6: its prefix length or mask counts 128 bits. Undefined for any other text. */
function mappedNetwork(text: string): Masked | undefined {
  const [address = '', mask, ...more] = text.split('/');
  if (!address.includes(':') || more.length > 0 || addressOf(address)?.family !== 'IPv4') return undefined;
  const bits = bitsOf(address);
  const length = mask === undefined ? 128 : /^\d{1,3}$/.test(mask) ? Number(mask) : undefined;
  if (bits === undefined || (length ?? 0) > 128) return undefined;
  const ones = length === undefined ? bitsOf(mask ?? '') : ALL_V6 ^ ((1n << BigInt(128 - length)) - 1n);
  return ones === undefined ? undefined : { family: 'IPv6', bits: bits & ones, mask: ones };
}

function maskedOf(text: string): Masked | undefined {
  const mapped = mappedNetwork(text);
  if (mapped !== undefined) return mapped;
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = addressOf(text.slice(0, slash));
  const mask = addressOf(text.slice(slash + 1));
  if (address === undefined || mask === undefined || address.family !== mask.family) return undefined;
  return { family: address.family, bits: address.bits & mask.bits, mask: mask.bits };
}

/** The prefix length of a mask, or undefined when its ones are not all in front. */
function prefixLength(masked: Masked): number | undefined {
  const width = addressWidth(masked.family);
  const zeros = (1n << BigInt(width)) - 1n - masked.mask;
  return (zeros & (zeros + 1n)) === 0n ? width - (zeros === 0n ? 0 : zeros.toString(2).length) : undefined;
}

/** Throws RuleError unless the text is an address of the family, alone or with a prefix length or mask. */
export function checkNetwork(text: string, family: IPFamily): string {
  const network = mappedNetwork(text) ?? networkOf(text) ?? maskedOf(text);
  if (network === undefined) {
    throw new RuleError(`"${text}" is no address or network: 10.0.0.1, 10.0.0.0/8 or fd00::/64 would be`);
  }
  if (network.family !== family) throw new RuleError(`"${text}" is not of the family of this text, ${family}`);
  return text;
}

/** `ADDRESS/LENGTH` (or `/MASK`) with the host's bits masked away, as `iptables-save` prints it. */
export function savedNetwork(text: string): string {
  const mapped = mappedNetwork(text);
  const network = mapped === undefined ? networkOf(text) : undefined;
  if (network !== undefined) return `${printed(network.family, network.bits)}/${network.length}`;
  const masked = mapped ?? maskedOf(text);
  if (masked === undefined) return text;
  const address = printed(masked.family, masked.bits);
  return `${address}/${prefixLength(masked) ?? formatAddress(masked.family, masked.mask)}`;
}

/** As `iptables -L -n` prints it: single addresses without their length. */
export function listedNetwork(text: string, family: IPFamily): string {
  const saved = savedNetwork(text);
  const full = family === 'IPv4' ? '/32' : '/128';
  return saved.endsWith(full) ? saved.slice(0, -full.length) : saved;
}

/** Whether the network (or single address) given as text holds the address given as text. */
export function networkHolds(text: string, address: string): boolean {
  if (text === address) return true;
  const parsed: Address | undefined = addressOf(address);
  if (parsed === undefined) return false;
  const mapped = text.includes('.') && text.includes(':') ? mappedNetwork(text) : undefined;
  const network = mapped === undefined ? networkOf(text) : undefined;
  if (network !== undefined) return cidrContains(network, parsed);
  const masked = mapped ?? maskedOf(text);
  return masked !== undefined && masked.family === parsed.family && (parsed.bits & masked.mask) === masked.bits;
}
