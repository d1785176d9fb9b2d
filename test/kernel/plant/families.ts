/**
 * How a plant's addresses look in IPv6. Everything here is laid out in IPv4; its IPv6 twin is the same number behind
 * fd00::/96, so that networks, routes and ranges hold what their IPv4 twins hold: 10.180.1.0/24 is fd00::ab4:100/120.
 */
import type { IPFamily } from '../../../src/base/address.js';

export const FAMILIES: readonly IPFamily[] = ['IPv4', 'IPv6'];

const SPECIAL: Readonly<Record<string, string>> = {
  '127.0.0.1': '::1',
  '127.0.0.0/8': '::1/128',
  '0.0.0.0/0': '::/0',
  '0.0.0.0': '::',
  // The gateway that no interface has: in IPv6 every interface of the node has it.
  '169.254.1.1': 'fe80::1',
};

const IPV4 = /(?<![\d.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?(?![\d.])/g;

const pair = (high: string | undefined, low: string | undefined) => ((Number(high) << 8) | Number(low)).toString(16);

/** A text with every IPv4 address and network of it as those of a family; spelled as the kernel spells them. */
export function inFamily(family: IPFamily, text: string): string {
  if (family === 'IPv4') return text;
  return text.replace(IPV4, (whole, a, b, c, d, length) => {
    const prefix = length === undefined ? '' : `/${Number(length) + 96}`;
    return SPECIAL[whole] ?? `fd00::${pair(a, b)}:${pair(c, d)}${prefix}`;
  });
}

/** Any JSON value, an object of Kubernetes or a question, as the same for the other family. */
export function valueInFamily<T>(family: IPFamily, value: T): T {
  if (family === 'IPv4' || value === undefined) return value;
  return JSON.parse(inFamily(family, JSON.stringify(value).replaceAll('"IPv4"', '"IPv6"'))) as T;
}

export const familyOf = (address: string): IPFamily => (address.includes(':') ? 'IPv6' : 'IPv4');
