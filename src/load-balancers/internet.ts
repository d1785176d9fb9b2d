/** Whether an address is one of the internet, as far as the address itself says. */
import { addressOf, cidrContains, networkOf } from '../base/address.js';
import type { BalancedClient } from './implementation.js';

/** Networks that are not routed on the internet (IANA IPv4 Special-Purpose Address Registry). */
const PRIVATE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '240.0.0.0/4',
];
/** RFC 5737: in examples they stand for hosts of the internet. */
const DOCUMENTATION = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'];

/**
 * What an IPv4 address says of where its host is. Nothing of IPv6: providers give their machines addresses of the
 * internet's own range.
 */
export function internetOf(text: string): BalancedClient['internet'] {
  const address = addressOf(text);
  if (address === undefined || address.family === 'IPv6') return undefined;
  const isIn = (networks: readonly string[]) =>
    networks.some((one) => {
      const network = networkOf(one);
      return network !== undefined && cidrContains(network, address);
    });
  if (isIn(PRIVATE)) return undefined;
  return isIn(DOCUMENTATION) ? 'DOCUMENTATION' : 'PUBLIC';
}
