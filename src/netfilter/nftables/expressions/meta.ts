import type { Packet } from '../../packet.js';
import type { WalkContext } from '../../walk/walk-context.js';
import type { Evaluated, ExpressionCodec } from '../expression-codec.js';
import type { Meta } from '../types.js';
import type { ValueType } from '../values.js';
import { protocolOf } from './payload.js';

/** Keys that are written without `meta` before them (meta_key_is_unqualified). */
const BARE = new Set(['iif', 'iifname', 'iiftype', 'oif', 'oifname', 'oiftype', 'iifgroup', 'oifgroup']);
const TYPES: Readonly<Record<string, ValueType>> = {
  mark: 'mark',
  l4proto: 'inet_proto',
  iif: 'ifname',
  iifname: 'ifname',
  oif: 'ifname',
  oifname: 'ifname',
};

/** Whether the expression is the name of an interface, which a match compares through the walk's environment. */
export function interfaceWay({ key }: Meta): 'in' | 'out' | undefined {
  if (key === 'iif' || key === 'iifname') return 'in';
  return key === 'oif' || key === 'oifname' ? 'out' : undefined;
}

function nameOf(packet: Packet, way: 'in' | 'out', { environment }: WalkContext): Evaluated {
  if (environment.interfaceHolds !== undefined) return undefined;
  return [(way === 'in' ? packet.inInterface : packet.outInterface) ?? ''];
}

/** What the kernel knows of a packet beside its header: `meta mark`, `iifname`, `meta l4proto`. */
export const meta: ExpressionCodec<Meta> = {
  // kube-proxy writes the mark without `meta`, everything else as it is listed.
  write: ({ key }) => (key === 'mark' || BARE.has(key) ? key : `meta ${key}`),
  save: ({ key }) => (BARE.has(key) ? key : `meta ${key}`),
  types: ({ key }) => [TYPES[key] ?? 'name'],
  evaluate(expression, packet, context): Evaluated {
    const way = interfaceWay(expression);
    if (way !== undefined) return nameOf(packet, way, context);
    switch (expression.key) {
      case 'mark':
        return [String(packet.mark)];
      case 'l4proto':
        return [protocolOf(packet)];
      case 'nfproto':
        return [packet.family === 'IPv4' ? 'ipv4' : 'ipv6'];
      case 'protocol':
        return [packet.family === 'IPv4' ? 'ip' : 'ip6'];
      case 'pkttype': {
        const type = context.environment.addressType(packet.connection.originalDestination ?? packet.destination);
        return [type === 'MULTICAST' ? 'multicast' : type === 'BROADCAST' ? 'broadcast' : 'host'];
      }
      default:
        return undefined;
    }
  },
};
