import type { Packet } from '../../packet.js';
import type { Evaluated, ExpressionCodec } from '../expression-codec.js';
import type { Ct } from '../types.js';
import type { ValueType } from '../values.js';
import { protocolOf } from './payload.js';

const spelled = ({ key, direction }: Ct) => (direction === undefined ? `ct ${key}` : `ct ${direction} ${key}`);

/** Whether a bit of the flow's status is set; undefined when what is known of the flow does not tell. */
export function statusHolds(bit: string, { connection }: Packet): boolean | undefined {
  if (bit === 'dnat') return connection.dnat;
  if (bit === 'snat') return connection.snat;
  if (connection.state === 'NEW') return false;
  if (connection.state === 'INVALID' || connection.state === 'UNTRACKED') return false;
  return connection.state === 'ESTABLISHED' && (bit === 'seen-reply' || bit === 'confirmed') ? true : undefined;
}

function tupleEnd(packet: Packet, key: string): Evaluated {
  const { connection } = packet;
  // The original tuple is what the first packet had before anything was rewritten.
  const known = (kept: string | undefined, now: string) =>
    kept !== undefined ? [kept] : connection.state === 'NEW' ? [now] : undefined;
  if (key.endsWith('saddr')) return known(connection.originalSource, packet.source);
  if (key.endsWith('daddr')) return known(connection.originalDestination, packet.destination);
  if (key !== 'proto-dst') return undefined;
  const port = connection.originalDestinationPort ?? (connection.state === 'NEW' ? packet.destinationPort : undefined);
  return port === undefined ? undefined : [String(port)];
}

/** What connection tracking knows of the packet's flow. */
export const ct: ExpressionCodec<Ct> = {
  write: spelled,
  save: spelled,
  types({ key }): readonly ValueType[] {
    if (key === 'mark') return ['mark'];
    if (key.endsWith('saddr') || key.endsWith('daddr')) return [key.startsWith('ip6') ? 'ipv6_addr' : 'ipv4_addr'];
    if (key === 'proto-src' || key === 'proto-dst') return ['inet_service'];
    return key === 'protocol' ? ['inet_proto'] : ['name'];
  },
  evaluate({ key, direction }, packet): Evaluated {
    const { connection } = packet;
    if (key === 'state') return [connection.state.toLowerCase()];
    if (connection.state === 'INVALID' || connection.state === 'UNTRACKED') return 'ABSENT';
    if (key === 'mark') {
      const mark = connection.mark ?? (connection.state === 'NEW' ? 0 : undefined);
      return mark === undefined || (connection.unknownMark ?? 0) !== 0 ? undefined : [String(mark)];
    }
    if (key === 'direction') {
      const known = connection.direction ?? (connection.state === 'NEW' ? 'original' : undefined);
      return known === undefined ? undefined : [known.toLowerCase()];
    }
    if (key === 'protocol') return [protocolOf(packet)];
    return direction === 'original' ? tupleEnd(packet, key) : undefined;
  },
};
