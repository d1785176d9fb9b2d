import type { IPFamily } from '../../../base/address.js';
import { RuleError } from '../match-codec.js';
import { familyAddress } from '../networks.js';
import { portRangeOf } from '../ports.js';

/** `A[-B][:P[-Q]]`: what DNAT and SNAT rewrite to. */
export interface NatRange {
  readonly address?: string;
  readonly addressTo?: string;
  readonly port?: number;
  readonly portTo?: number;
}

function addressIn(text: string, family: IPFamily): string {
  if (familyAddress(text, family) === undefined) throw new RuleError(`"${text}" is no ${family} address`);
  return text;
}

/** Splits at the colon before the ports; IPv6 addresses with ports are in brackets. */
function halves(text: string, family: IPFamily): readonly [string, string | undefined] {
  if (family === 'IPv6') {
    const match = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
    if (match !== null) return [match[1] as string, match[2]];
    return /^:\d/.test(text) ? ['', text.slice(1)] : [text, undefined];
  }
  const colon = text.indexOf(':');
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** Reads a range. Throws RuleError for anything else. */
export function natRangeOf(text: string, family: IPFamily): NatRange {
  const [addresses, ports] = halves(text, family);
  const dash = addresses.indexOf('-');
  const first = dash < 0 ? addresses : addresses.slice(0, dash);
  const range = ports === undefined ? undefined : portRangeOf(ports, '-');
  if (first === '' && range === undefined) throw new RuleError(`"${text}" names neither an address nor a port`);
  return {
    ...(first !== '' && { address: addressIn(first, family) }),
    ...(dash >= 0 && { addressTo: addressIn(addresses.slice(dash + 1), family) }),
    ...(range !== undefined && { port: range.from }),
    ...(range !== undefined && range.to !== range.from && { portTo: range.to }),
  };
}

/** As `iptables-save` shows a range: the addresses as the kernel's bytes are printed, however they were written. */
export function savedNatRange(range: NatRange): string {
  const { address, addressTo } = range;
  return formatNatRange({
    ...range,
    ...(address !== undefined && { address: canonical(address) }),
    ...(addressTo !== undefined && { addressTo: canonical(addressTo) }),
  });
}

/** The address as the kernel's bytes are printed. */
export function canonical(text: string): string {
  return familyAddress(text, text.includes(':') ? 'IPv6' : 'IPv4') ?? text;
}

/** The opposite of {@link natRangeOf}. */
export function formatNatRange(range: NatRange): string {
  let text = range.address ?? '';
  if (range.addressTo !== undefined) text += `-${range.addressTo}`;
  if (range.port === undefined) return text;
  if (text.includes(':')) text = `[${text}]`;
  return range.portTo === undefined ? `${text}:${range.port}` : `${text}:${range.port}-${range.portTo}`;
}
