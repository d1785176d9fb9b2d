import { withDestination } from '../../packet.js';
import { firstValue, optionOf, RuleError, type TargetCodec } from '../match-codec.js';
import type { Dnat } from '../statements.js';
import { canonical, formatNatRange, natRangeOf, savedNatRange } from './nat-range.js';

/** `-j DNAT --to-destination A[-B][:P[-Q]]`. */
export const dnat: TargetCodec<Dnat> = {
  names: ['DNAT'],
  options: { '--to-destination': 1, '--random': 0, '--persistent': 0 },
  parse(options, { family }) {
    const to = firstValue(options, '--to-destination');
    if (to === undefined) throw new RuleError('-j DNAT needs --to-destination');
    return {
      kind: 'dnat',
      ...natRangeOf(to, family),
      ...(optionOf(options, '--random') && { random: true }),
      ...(optionOf(options, '--persistent') && { persistent: true }),
    };
  },
  write: (target) => `-j DNAT --to-destination ${formatNatRange(target)}${flags(target, '--')}`,
  save: (target) => `-j DNAT --to-destination ${savedNatRange(target)}${flags(target, '--')}`,
  label: () => 'DNAT',
  list: (target) => `to:${savedNatRange(target)}${flags(target, '')}`,
  apply(target, packet) {
    const addressRange = target.addressTo !== undefined && target.addressTo !== target.address;
    const portRange = target.portTo !== undefined && target.portTo !== target.port;
    if (addressRange || portRange) {
      const detail = `DNAT to one of ${formatNatRange(target)}: the rules do not say which one`;
      return { action: 'UNKNOWN', detail };
    }
    const port = target.port ?? packet.destinationPort;
    // However it is written, the packet has an address.
    const address = target.address === undefined ? packet.destination : canonical(target.address);
    return { action: 'DNAT', packet: withDestination(packet, address, port) };
  },
};

function flags(target: Dnat, prefix: '--' | ''): string {
  return (
    `${target.random === true ? ` ${prefix}random` : ''}` +
    `${target.persistent === true ? ` ${prefix}persistent` : ''}`
  );
}
