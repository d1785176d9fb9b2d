import { NO, UNKNOWN, verdictOf } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, RuleError } from '../match-codec.js';
import type { TcpFlagsMatch } from '../statements.js';

/** In the order in which iptables prints them, with their bits. */
const FLAGS: Readonly<Record<string, number>> = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 };
const SYN_MASK = ['FIN', 'SYN', 'RST', 'ACK'];

function flagsOf(text: string): string[] {
  if (text === 'ALL') return Object.keys(FLAGS);
  if (text === 'NONE') return [];
  const flags = text.split(',');
  const wrong = flags.find((flag) => !Object.hasOwn(FLAGS, flag));
  if (wrong !== undefined) throw new RuleError(`"${wrong}" is no TCP flag: one of ${Object.keys(FLAGS)} would be`);
  return flags;
}

function formatFlags(flags: readonly string[]): string {
  return flags.length === 0
    ? 'NONE'
    : Object.keys(FLAGS)
        .filter((flag) => flags.includes(flag))
        .join();
}

function bits(flags: readonly string[]): string {
  const value = flags.reduce((sum, flag) => sum | (FLAGS[flag] ?? 0), 0);
  return `0x${value.toString(16).toUpperCase().padStart(2, '0')}`;
}

/**
 * `[!] --tcp-flags MASK SET` and `[!] --syn`. A packet that opens a TCP connection carries SYN alone; the flags of
 * others are not known.
 */
export const tcpFlags: MatchCodec<TcpFlagsMatch> = {
  place: 'transport',
  options: { '--tcp-flags': 2, '--syn': 0 },
  parse([option]) {
    if (option?.name === '--syn') return { kind: 'tcp-flags', mask: SYN_MASK, set: ['SYN'], ...negation(option) };
    const [mask = '', set = ''] = option?.values ?? [];
    return { kind: 'tcp-flags', mask: flagsOf(mask), set: flagsOf(set), ...negation(option) };
  },
  write: (match) => `${not(match.negated)}--tcp-flags ${formatFlags(match.mask)} ${formatFlags(match.set)}`,
  save: (match) => `${not(match.negated)}--tcp-flags ${formatFlags(match.mask)} ${formatFlags(match.set)}`,
  list: (match) => `flags:${match.negated === true ? '!' : ''}${bits(match.mask)}/${bits(match.set)}`,
  test(match, packet) {
    if (packet.protocol !== 'TCP') return NO;
    if (packet.connection.state !== 'NEW') return UNKNOWN;
    const shown = match.mask.includes('SYN') ? ['SYN'] : [];
    const same = shown.length === match.set.length && shown.every((flag) => match.set.includes(flag));
    return verdictOf(same, match.negated);
  },
};
