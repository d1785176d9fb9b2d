/**
 * Addresses and CIDRs in fields that were once read loosely. Source: pkg/apis/core/validation,
 * `IsValidIPForLegacyField`.
 */
import { type Address, addressOf, cidrContains, parseCidr } from '../../base/address.js';
import type { Faults, Place } from '../faults.js';
import { shown } from '../formats.js';

/** How addresses are read: strictly since Kubernetes 1.36 (KEP-4858). */
export interface AddressRules {
  readonly strict: boolean;
}

const LEADING_ZERO = /(?:^|[.])0\d/;

function isMapped(text: string): boolean {
  return text.includes(':') && text.includes('.') && addressOf(text)?.family === 'IPv4';
}

/** What is wrong with an address; what was there before is not checked again. */
export function wrongAddress(text: string, { strict }: AddressRules, known: readonly unknown[] = []): string[] {
  if (known.includes(text)) return [];
  const address = addressOf(text);
  if (address === undefined) return [`${shown(text)} is not an IP address.`];
  if (!strict) return [];
  if (!text.includes(':') && LEADING_ZERO.test(text)) return [`${shown(text)} must not have leading zeros.`];
  if (isMapped(text)) return [`${shown(text)} must not be an IPv4 address in the form of IPv6.`];
  return [];
}

export function wrongCidr(text: string, { strict }: AddressRules, known: readonly unknown[] = []): string[] {
  if (known.includes(text)) return [];
  const cidr = parseCidr(text);
  if (cidr === undefined) return [`${shown(text)} is not a CIDR, e.g. 10.9.8.0/24.`];
  if (!strict) return [];
  const [address = '', length = ''] = text.split('/');
  const wrong: string[] = [];
  if (/^0\d/.test(length) || (!address.includes(':') && LEADING_ZERO.test(address))) {
    wrong.push(`${shown(text)} must not have leading zeros.`);
  }
  if (isMapped(address)) wrong.push(`${shown(text)} must not be an IPv4 network in the form of IPv6.`);
  else if (addressOf(address)?.bits !== cidr.bits)
    wrong.push(`${shown(text)} has bits set after its prefix: use ${cidr.text}.`);
  return wrong;
}

const SPECIAL = [
  ['unspecified', '0.0.0.0/32', '::/128'],
  ['in the loopback range', '127.0.0.0/8', '::1/128'],
  ['link-local', '169.254.0.0/16', 'fe80::/10'],
  ['link-local multicast', '224.0.0.0/24', 'ff02::/16'],
].map(([what = '', ...cidrs]) => ({ what, cidrs: cidrs.flatMap((text) => parseCidr(text) ?? []) }));

const holds = (address: Address, text: readonly { readonly family: string }[]) =>
  text.some((cidr) => cidrContains(cidr as never, address));

/** An address that traffic can be sent to: not unspecified, loopback or link-local (`ValidateEndpointIP`). */
export function checkEndpointAddress(text: string, at: Place, faults: Faults): void {
  const address = addressOf(text);
  if (address === undefined) {
    faults.invalid(at, `${shown(text)} is not an IP address.`);
    return;
  }
  for (const { what, cidrs } of SPECIAL) if (holds(address, cidrs)) faults.invalid(at, `${text} must not be ${what}.`);
}
