import { interfaceHolds } from '../../interfaces.js';
import type { Packet } from '../../packet.js';
import { type Tested, UNKNOWN, verdictOf, type WalkContext } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, type Option, RuleError } from '../match-codec.js';
import type { InInterfaceMatch, OutInterfaceMatch } from '../statements.js';

/** Longest interface name that Linux allows (IFNAMSIZ - 1). */
const LONGEST = 15;

function nameOf(option: Option | undefined): string {
  const name = option?.values[0] ?? '';
  if (name === '' || name.length > LONGEST || /[/\s]/.test(name)) {
    throw new RuleError(`"${name}" is no interface name: at most ${LONGEST} characters, optionally with + at the end`);
  }
  return name;
}

function tested(
  match: { readonly name: string; readonly negated?: boolean },
  packet: Packet,
  way: 'in' | 'out',
  { environment }: WalkContext,
): Tested {
  const holds =
    environment.interfaceHolds === undefined
      ? interfaceHolds(match.name, way === 'in' ? packet.inInterface : packet.outInterface)
      : environment.interfaceHolds(match.name, packet, way);
  return holds === undefined ? UNKNOWN : verdictOf(holds, match.negated);
}

function saved(option: '-i' | '-o', match: { readonly name: string; readonly negated?: boolean }): string {
  if (match.name === '+' && match.negated !== true) return '';
  return `${not(match.negated)}${option} ${match.name}`;
}

/** `[!] -i NAME[+]`. `iptables -L` without `-v` does not tell it. */
export const inInterface: MatchCodec<InInterfaceMatch> = {
  place: 'rule',
  options: { '-i': 1, '--in-interface': 1 },
  parse: ([option]) => ({ kind: 'in-interface', name: nameOf(option), ...negation(option) }),
  write: (match) => `${not(match.negated)}-i ${match.name}`,
  save: (match) => saved('-i', match),
  list: () => '',
  test: (match, packet, context) => tested(match, packet, 'in', context),
};

/** `[!] -o NAME[+]`. */
export const outInterface: MatchCodec<OutInterfaceMatch> = {
  place: 'rule',
  options: { '-o': 1, '--out-interface': 1 },
  parse: ([option]) => ({ kind: 'out-interface', name: nameOf(option), ...negation(option) }),
  write: (match) => `${not(match.negated)}-o ${match.name}`,
  save: (match) => saved('-o', match),
  list: () => '',
  test: (match, packet, context) => tested(match, packet, 'out', context),
};
