import { withSource } from '../../packet.js';
import { firstValue, optionOf, RuleError, type TargetCodec } from '../match-codec.js';
import type { Snat } from '../statements.js';
import { formatNatRange, natRangeOf, savedNatRange } from './nat-range.js';

/** `-j SNAT --to-source A[-B][:P[-Q]]`. */
export const snat: TargetCodec<Snat> = {
  names: ['SNAT'],
  options: { '--to-source': 1, '--random': 0, '--random-fully': 0, '--persistent': 0 },
  parse(options, { family }) {
    const to = firstValue(options, '--to-source');
    if (to === undefined) throw new RuleError('-j SNAT needs --to-source');
    return {
      kind: 'snat',
      ...natRangeOf(to, family),
      ...(optionOf(options, '--random') && { random: true }),
      ...(optionOf(options, '--random-fully') && { randomFully: true }),
      ...(optionOf(options, '--persistent') && { persistent: true }),
    };
  },
  write: (target) => `-j SNAT --to-source ${formatNatRange(target)}${flags(target, '--')}`,
  save: (target) => `-j SNAT --to-source ${savedNatRange(target)}${flags(target, '--')}`,
  label: () => 'SNAT',
  list: (target) => `to:${savedNatRange(target)}${flags(target, '')}`,
  apply(target, packet) {
    if (target.addressTo !== undefined && target.addressTo !== target.address) {
      return {
        action: 'UNKNOWN',
        detail: `SNAT to one of ${formatNatRange(target)}: the rules do not say which one`,
      };
    }
    const random = target.random === true || target.randomFully === true || target.portTo !== undefined;
    const port = random ? undefined : (target.port ?? packet.sourcePort);
    return { action: 'SNAT', packet: withSource(packet, target.address ?? packet.source, port) };
  },
};

function flags(target: Snat, prefix: '--' | ''): string {
  let text = '';
  if (target.random === true) text += ` ${prefix}random`;
  if (target.randomFully === true) text += ` ${prefix}random-fully`;
  if (target.persistent === true) text += ` ${prefix}persistent`;
  return text;
}
