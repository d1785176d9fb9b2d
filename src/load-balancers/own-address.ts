import { addressOf } from '../base/address.js';
import type { Balanced } from './implementation.js';

/** Networks for documentation (RFC 5737 TEST-NET-1, RFC 3849) that stand in for addresses that no snapshot holds. */
const STAND_INS = { IPv4: '192.0.2.1', IPv6: '2001:db8:1c::1' } as const;

/** An address of a load balancer's own: the one given (`options.proxyAddress`), else one that stands for it. */
export function standIn(
  { options, family }: Pick<Balanced, 'options' | 'family'>,
  usual: string = STAND_INS[family],
): { readonly address: string; readonly isGiven: boolean } {
  const given = addressOf(options.proxyAddress ?? '');
  return given?.family === family ? { address: given.text, isGiven: true } : { address: usual, isGiven: false };
}

/**
 * The address that a load balancer puts in the client's place: the one given (where it is of the family), else `usual`,
 * else one that stands for it, which is an assumption.
 *
 * @param why where the address would be from, as the end of a sentence
 */
export function ownAddress(balanced: Balanced, why: string, usual?: string): string {
  const { address, isGiven } = standIn(balanced, usual);
  if (isGiven) return address;
  balanced.assume(
    'loadBalancer.proxyAddress',
    address,
    `The load balancer connects from addresses of its own; this one stands for ${why}.`,
  );
  return address;
}
