import { RuleError } from './match-codec.js';
import type { PortRange } from './statements.js';

/** Service names of the ports that rules are commonly written with; iptables reads `/etc/services`. */
const SERVICES: ReadonlyMap<string, number> = new Map([
  ['ssh', 22],
  ['domain', 53],
  ['http', 80],
  ['ntp', 123],
  ['https', 443],
]);

function portOf(text: string): number {
  const port = /^(?:\d{1,5}|0x[0-9a-f]{1,4})$/i.test(text) ? Number(text) : SERVICES.get(text);
  if (port === undefined || port > 65535)
    throw new RuleError(`"${text}" is no port: a number from 0 to 65535 would be`);
  return port;
}

/**
 * Reads `80`, `80:90`, `80:`, `:90` (or with another separator). A range that ends before it begins, which no port is
 * in, is read only where `reversed` says so. Throws RuleError for anything else.
 */
export function portRangeOf(text: string, separator = ':', reversed = false): PortRange {
  const at = text.indexOf(separator);
  if (at < 0) {
    const port = portOf(text);
    return { from: port, to: port };
  }
  const from = at === 0 ? 0 : portOf(text.slice(0, at));
  const to = at === text.length - 1 ? 65535 : portOf(text.slice(at + 1));
  if (from > to && !reversed) throw new RuleError(`the port range "${text}" ends before it begins`);
  return { from, to };
}

/** `80` or `80:90`. */
export function formatPorts(ports: PortRange, separator = ':'): string {
  return ports.from === ports.to ? `${ports.from}` : `${ports.from}${separator}${ports.to}`;
}

/** Whether the range ends before it begins, so that no port is in it. */
export function isReversed(ports: PortRange): boolean {
  return ports.from > ports.to;
}

/** Whether the range leaves nothing out. */
export function isAnyPort(ports: PortRange): boolean {
  return ports.from === 0 && ports.to === 65535;
}

export function holdsPort(ports: PortRange, port: number): boolean {
  return port >= ports.from && port <= ports.to;
}
