import type { Packet, Protocol } from '../../packet.js';
import type { Evaluated, ExpressionCodec } from '../expression-codec.js';
import type { Payload } from '../types.js';
import type { ValueType } from '../values.js';

const spelled = ({ protocol, field }: Payload) => `${protocol} ${field}`;

const TRANSPORT: Readonly<Record<string, Protocol | undefined>> = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' };

function port(packet: Packet, { protocol, field }: Payload): Evaluated {
  if (packet.protocol === 'ICMP') return 'ABSENT';
  if (protocol !== 'th' && packet.protocol !== TRANSPORT[protocol]) return 'ABSENT';
  const number = field === 'dport' ? packet.destinationPort : packet.sourcePort;
  return number === undefined ? undefined : [String(number)];
}

/** The name of the packet's protocol as `meta l4proto` compares it. */
export function protocolOf(packet: Packet): string {
  if (packet.protocol === 'ICMP') return packet.family === 'IPv4' ? 'icmp' : 'ipv6-icmp';
  return packet.protocol.toLowerCase();
}

/** What a new connection's first segment shows of `tcp flags`; later segments are not distinguished. */
function tcpFlags(packet: Packet): Evaluated {
  if (packet.protocol !== 'TCP') return 'ABSENT';
  return packet.connection.state === 'NEW' ? ['syn'] : undefined;
}

/**
 * A field of the packet's header: `ip saddr`, `th dport`. A rule with a header that the packet lacks does not match.
 */
export const payload: ExpressionCodec<Payload> = {
  write: spelled,
  save: spelled,
  types({ protocol, field }): readonly ValueType[] {
    if (field === 'saddr' || field === 'daddr') return [protocol === 'ip6' ? 'ipv6_addr' : 'ipv4_addr'];
    if (field === 'sport' || field === 'dport') return ['inet_service'];
    if (field === 'protocol' || field === 'nexthdr') return ['inet_proto'];
    return ['name'];
  },
  evaluate(expression, packet): Evaluated {
    const { protocol, field } = expression;
    if (protocol === 'ip' || protocol === 'ip6') {
      if ((protocol === 'ip') !== (packet.family === 'IPv4')) return 'ABSENT';
      if (field === 'saddr') return [packet.source];
      if (field === 'daddr') return [packet.destination];
      if (field === 'protocol' || field === 'nexthdr') return [protocolOf(packet)];
      return undefined;
    }
    if (field === 'sport' || field === 'dport') return port(packet, expression);
    if (protocol === 'tcp' && field === 'flags') return tcpFlags(packet);
    if (TRANSPORT[protocol] !== undefined && packet.protocol !== TRANSPORT[protocol]) return 'ABSENT';
    if ((protocol === 'icmp' || protocol === 'icmpv6') && packet.protocol !== 'ICMP') return 'ABSENT';
    if (protocol === 'icmp' && packet.family === 'IPv6') return 'ABSENT';
    if (protocol === 'icmpv6' && packet.family === 'IPv4') return 'ABSENT';
    return undefined;
  },
};
