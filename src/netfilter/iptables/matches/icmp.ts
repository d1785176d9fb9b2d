import { NO, UNKNOWN, YES } from '../../walk/walk-context.js';
import { ICMP_TYPES, ICMPV6_TYPES } from '../icmp-types.js';
import { type MatchCodec, negation, not, type Option, optionOf, type ParseContext, RuleError } from '../match-codec.js';
import type { IcmpMatch } from '../statements.js';

const OPTIONS = { 4: ['--icmp-type'], 6: ['--icmpv6-type', '--icmp6-type'] } as const;

function numbersOf(text: string): readonly [type: number, code?: number] | undefined {
  const match = /^(\d{1,3})(?:\/(\d{1,3}))?$/.exec(text);
  const [type, code] = [Number(match?.[1]), match?.[2] === undefined ? undefined : Number(match[2])];
  if (match === null || type > 255 || (code ?? 0) > 255) return undefined;
  return code === undefined ? [type] : [type, code];
}

function parsed(option: Option, version: IcmpMatch['version']): IcmpMatch {
  const text = (option.values[0] ?? '').toLowerCase();
  const names = version === 4 ? ICMP_TYPES : ICMPV6_TYPES;
  const named = Object.hasOwn(names, text) ? names[text] : undefined;
  if (version === 4 && text === 'any') return { kind: 'icmp', version, type: undefined, ...negation(option) };
  const numbers = named ?? numbersOf(text);
  if (numbers === undefined) throw new RuleError(`"${text}" is no ICMP type: "echo-request", "8" or "3/4" would be`);
  const [type, code] = numbers;
  return { kind: 'icmp', version, type, ...(code !== undefined && { code }), ...negation(option) };
}

function spelled(match: IcmpMatch): string {
  const { version, type, code, negated } = match;
  const value = type === undefined ? 'any' : code === undefined ? `${type}` : `${type}/${code}`;
  return version === 4
    ? `-m icmp ${not(negated)}--icmp-type ${value}`
    : `-m icmp6 ${not(negated)}--icmpv6-type ${value}`;
}

/**
 * `-m icmp --icmp-type TYPE[/CODE]` and `-m icmp6 --icmpv6-type …`. Packets of other protocols never match, negated or
 * not: the rule says `-p icmp` too, without which the kernel refuses it.
 */
export const icmp: MatchCodec<IcmpMatch> = {
  place: 'module',
  modules: ['icmp', 'icmp6', 'icmpv6', 'ipv6-icmp'],
  options: { '--icmp-type': 1, '--icmpv6-type': 1, '--icmp6-type': 1 },
  parse(options, { name }: ParseContext) {
    const version = name === 'icmp' ? 4 : 6;
    const option = optionOf(options, ...OPTIONS[version]);
    if (option === undefined) throw new RuleError(`-m ${name} needs ${OPTIONS[version][0]}`);
    return parsed(option, version);
  },
  write: spelled,
  save: spelled,
  list({ version, type, code, negated }) {
    const codes = code === undefined ? '' : ` code ${code}`;
    const name = version === 4 ? 'icmp' : 'ipv6-icmp';
    // With a negation iptables puts its blank elsewhere.
    return negated === true ? `${name} !type ${type ?? 255}${codes}` : `${name}type ${type ?? 255}${codes}`;
  },
  test(match, packet) {
    if (packet.protocol !== 'ICMP') return NO;
    return match.type === undefined && match.negated !== true ? YES : match.type === undefined ? NO : UNKNOWN;
  },
};
