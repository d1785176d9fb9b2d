import {
  type Address,
  addressOf,
  addressWidth,
  cidrContains,
  formatAddress,
  type IPFamily,
  networkOf,
} from '../../base/address.js';
import { RuleError } from './codec.js';

/** Any address and mask that a rule can compare with; masks need not be prefixes (`10.0.0.1/255.0.255.255`). */
interface Masked {
  readonly family: IPFamily;
  readonly bits: bigint;
  readonly mask: bigint;
}

function maskedOf(text: string): Masked | undefined {
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
  const network = networkOf(text) ?? maskedOf(text);
  if (network === undefined) {
    throw new RuleError(`"${text}" is no address or network: 10.0.0.1, 10.0.0.0/8 or fd00::/64 would be`);
  }
  if (network.family !== family) throw new RuleError(`"${text}" is not of the family of this text, ${family}`);
  return text;
}

/** `ADDRESS/LENGTH` (or `/MASK`) with the host's bits masked away, as `iptables-save` prints it. */
export function savedNetwork(text: string): string {
  const network = networkOf(text);
  if (network !== undefined) return network.text;
  const masked = maskedOf(text);
  if (masked === undefined) return text;
  const address = formatAddress(masked.family, masked.bits);
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
  const network = networkOf(text);
  if (network !== undefined) return cidrContains(network, parsed);
  const masked = maskedOf(text);
  return masked !== undefined && masked.family === parsed.family && (parsed.bits & masked.mask) === masked.bits;
}
