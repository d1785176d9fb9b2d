import { copyOf } from '../../packet.js';
import { ALL_BITS, hex, markOf } from '../mark-values.js';
import { type Option, RuleError, type TargetCodec } from '../match-codec.js';
import type { SetMark } from '../statements.js';

/** Value and mask of mark = (mark & ~mask) ^ value for each option (libxt_MARK, revision 2). */
function parsed({ name, values }: Option): SetMark {
  const spelled = values[0] ?? '';
  const { value, mask } = markOf(spelled);
  switch (name) {
    case '--or-mark':
      return { kind: 'set-mark', operation: 'or', value, mask: value, spelled };
    case '--xor-mark':
      return { kind: 'set-mark', operation: 'xor', value, mask: 0, spelled };
    case '--and-mark':
      return { kind: 'set-mark', operation: 'and', value: 0, mask: ~value >>> 0, spelled };
    case '--set-mark':
      return { kind: 'set-mark', operation: 'set', value, mask: ((mask ?? ALL_BITS) | value) >>> 0, spelled };
    default:
      return { kind: 'set-mark', operation: 'set-xmark', value, mask: mask ?? ALL_BITS, spelled };
  }
}

/** Without the written spelling the value is written by the same option. */
function respelled(target: SetMark): string {
  switch (target.operation) {
    case 'or':
    case 'xor':
      return hex(target.value);
    case 'and':
      return hex(~target.mask >>> 0);
    default:
      return `${hex(target.value)}/${hex(target.mask)}`;
  }
}

/** `-j MARK`. */
export const setMark: TargetCodec<SetMark> = {
  names: ['MARK'],
  options: { '--or-mark': 1, '--xor-mark': 1, '--and-mark': 1, '--set-mark': 1, '--set-xmark': 1 },
  parse(options) {
    const [option] = options;
    if (option === undefined || options.length > 1) throw new RuleError('-j MARK needs exactly one of its options');
    return parsed(option);
  },
  write(target) {
    const option = target.operation === 'set-xmark' ? '--set-xmark' : `--${target.operation}-mark`;
    return `-j MARK ${option} ${target.spelled ?? respelled(target)}`;
  },
  save: (target) => `-j MARK --set-xmark ${hex(target.value)}/${hex(target.mask)}`,
  label: () => 'MARK',
  list({ value, mask }) {
    if (mask === 0) return `MARK xor ${hex(value)}`;
    if (value === mask) return `MARK or ${hex(value)}`;
    if (value === 0) return `MARK and ${hex(~mask >>> 0)}`;
    return mask === ALL_BITS ? `MARK set ${hex(value)}` : `MARK xset ${hex(value)}/${hex(mask)}`;
  },
  apply(target, packet) {
    const mark = ((packet.mark & ~target.mask) ^ target.value) >>> 0;
    const after = copyOf(packet);
    after.mark = mark;
    return { action: 'MARK', packet: after };
  },
};
