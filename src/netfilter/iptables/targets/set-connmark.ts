import { copyOf } from '../../packet.js';
import { ALL_BITS, hex, markOf } from '../mark-values.js';
import { firstValue, optionOf, RuleError, type TargetCodec } from '../match-codec.js';
import type { SetConnmark } from '../statements.js';

const OPERATIONS = [
  '--set-mark',
  '--set-xmark',
  '--or-mark',
  '--and-mark',
  '--xor-mark',
  '--save-mark',
  '--restore-mark',
] as const;

function setting(option: (typeof OPERATIONS)[number], text: string): SetConnmark {
  const { value, mask = ALL_BITS } = markOf(text);
  const set = (by: number, connectionMask: number): SetConnmark => ({
    kind: 'set-connmark',
    operation: 'set',
    value: by >>> 0,
    connectionMask: connectionMask >>> 0,
    packetMask: ALL_BITS,
  });
  if (option === '--or-mark') return set(value, value);
  if (option === '--and-mark') return set(0, ~value);
  if (option === '--xor-mark') return set(value, 0);
  return set(value, option === '--set-mark' ? mask | value : mask);
}

function spelled({ operation, value, connectionMask, packetMask }: SetConnmark): string {
  return operation === 'set'
    ? `-j CONNMARK --set-xmark ${hex(value)}/${hex(connectionMask)}`
    : `-j CONNMARK --${operation}-mark --nfmask ${hex(packetMask)} --ctmask ${hex(connectionMask)}`;
}

function listed({ operation, value, connectionMask: mask, packetMask }: SetConnmark): string {
  if (operation !== 'set') {
    if (mask === ALL_BITS && packetMask === ALL_BITS) return operation;
    if (mask === packetMask) return `${operation} mask ${hex(mask)}`;
    return operation === 'save'
      ? `save nfmask ${hex(packetMask)} ctmask ~${hex(mask)}`
      : `restore ctmask ${hex(mask)} nfmask ~${hex(packetMask)}`;
  }
  if (value === 0) return `and ${hex(~mask >>> 0)}`;
  if (value === mask) return `or ${hex(value)}`;
  if (mask === 0) return `xor ${hex(value)}`;
  return mask === ALL_BITS ? `set ${hex(value)}` : `xset ${hex(value)}/${hex(mask)}`;
}

/**
 * `-j CONNMARK`: writes the mark of the flow, or copies it from (save) or to (restore) that of the packet
 * (xt_connmark, connmark_tg_shift). The packet goes on.
 */
export const setConnmark: TargetCodec<SetConnmark> = {
  names: ['CONNMARK'],
  options: {
    ...Object.fromEntries(OPERATIONS.map((name) => [name, /^--(?:save|restore)/.test(name) ? 0 : 1])),
    '--mask': 1,
    '--nfmask': 1,
    '--ctmask': 1,
  },
  parse(options) {
    const option = optionOf(options, ...OPERATIONS);
    if (option === undefined || options.filter(({ name }) => OPERATIONS.some((one) => one === name)).length > 1)
      throw new RuleError('-j CONNMARK needs exactly one of --set-mark, --save-mark, --restore-mark and the like');
    const name = option.name as (typeof OPERATIONS)[number];
    if (name !== '--save-mark' && name !== '--restore-mark') return setting(name, option.values[0] ?? '');
    const mask = (side: '--nfmask' | '--ctmask') => {
      const text = firstValue(options, side) ?? firstValue(options, '--mask');
      return text === undefined ? ALL_BITS : markOf(text).value;
    };
    return {
      kind: 'set-connmark',
      operation: name === '--save-mark' ? 'save' : 'restore',
      value: 0,
      connectionMask: mask('--ctmask'),
      packetMask: mask('--nfmask'),
    };
  },
  write: spelled,
  save: spelled,
  label: () => 'CONNMARK',
  list: (target) => `CONNMARK ${listed(target)}`,
  apply(target, packet) {
    const { connection } = packet;
    const { operation, value, connectionMask, packetMask } = target;
    // Without a flow there is nothing to write or to read.
    if (connection.state === 'INVALID' || connection.state === 'UNTRACKED') return { action: 'PASS' };
    const mark = connection.mark ?? 0;
    const after = copyOf(packet);
    if (operation === 'restore') {
      const readable = connection.mark !== undefined || connection.state === 'NEW';
      if (!readable || ((connection.unknownMark ?? 0) & connectionMask) !== 0)
        return { action: 'UNKNOWN', detail: 'the mark of the connection is not known' };
      after.mark = ((packet.mark & ~packetMask) ^ (mark & connectionMask)) >>> 0;
      return { action: 'MARK', packet: after };
    }
    const by = operation === 'set' ? value : (packet.mark & packetMask) >>> 0;
    after.connection = { ...connection, mark: ((mark & ~connectionMask) ^ by) >>> 0 };
    return { action: 'PASS', packet: after };
  },
};

/**
 * The packet after a rule of which it is not known whether it matched: the bits that it may have changed are unknown.
 */
export function perhapsMarked(target: SetConnmark, packet: import('../../packet.js').Packet) {
  if (target.operation === 'restore') return undefined;
  const after = copyOf(packet);
  const touched =
    target.operation === 'set' ? target.value | target.connectionMask : target.connectionMask | target.packetMask;
  after.connection = { ...packet.connection, unknownMark: ((packet.connection.unknownMark ?? 0) | touched) >>> 0 };
  return after;
}
