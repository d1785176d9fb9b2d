import type { Packet } from '../packet.js';
import type { WalkContext } from '../walk/walk-context.js';
import { holdsValue, unquoted } from './values.js';

/**
 * Whether an interface of the packet has a name of a rule (`"eth0"`, `"cali*"`). The walk's environment compares names,
 * since it may not know what a node's interfaces are called: undefined then.
 */
export function interfaceIs(
  text: string,
  way: 'in' | 'out',
  packet: Packet,
  { environment }: WalkContext,
): boolean | undefined {
  if (environment.interfaceHolds === undefined)
    return holdsValue(text, (way === 'in' ? packet.inInterface : packet.outInterface) ?? '', 'ifname');
  const name = unquoted(text);
  return environment.interfaceHolds(name.endsWith('*') ? `${name.slice(0, -1)}+` : name, packet, way);
}
