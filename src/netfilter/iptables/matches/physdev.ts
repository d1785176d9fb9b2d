import { NO, type Tested, UNKNOWN, verdictOf } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, optionOf, RuleError } from '../match-codec.js';
import type { PhysdevMatch } from '../statements.js';

/** The options in the order in which iptables prints them. */
function options(match: PhysdevMatch): string {
  const parts: string[] = [];
  if (match.isIn !== undefined) parts.push(`${not(match.isIn.negated)}--physdev-is-in`);
  if (match.in !== undefined) parts.push(`${not(match.in.negated)}--physdev-in ${match.in.name}`);
  if (match.isOut !== undefined) parts.push(`${not(match.isOut.negated)}--physdev-is-out`);
  if (match.out !== undefined) parts.push(`${not(match.out.negated)}--physdev-out ${match.out.name}`);
  if (match.isBridged !== undefined) parts.push(`${not(match.isBridged.negated)}--physdev-is-bridged`);
  return parts.join(' ');
}

/**
 * `-m physdev`: the ports of a bridge that br_netfilter shows. Whether the packet came in by one, and whether it leaves
 * by one, is known; by which is not.
 */
export const physdev: MatchCodec<PhysdevMatch> = {
  place: 'module',
  modules: ['physdev'],
  options: {
    '--physdev-is-in': 0,
    '--physdev-is-out': 0,
    '--physdev-is-bridged': 0,
    '--physdev-in': 1,
    '--physdev-out': 1,
  },
  parse(given) {
    if (given.length === 0) throw new RuleError('-m physdev needs at least one of its options');
    const isIn = optionOf(given, '--physdev-is-in');
    const isOut = optionOf(given, '--physdev-is-out');
    const isBridged = optionOf(given, '--physdev-is-bridged');
    const inPort = optionOf(given, '--physdev-in');
    const outPort = optionOf(given, '--physdev-out');
    return {
      kind: 'physdev',
      ...(isIn && { isIn: negation(isIn) }),
      ...(isOut && { isOut: negation(isOut) }),
      ...(isBridged && { isBridged: negation(isBridged) }),
      ...(inPort && { in: { name: inPort.values[0] ?? '', ...negation(inPort) } }),
      ...(outPort && { out: { name: outPort.values[0] ?? '', ...negation(outPort) } }),
    };
  },
  write: (match) => `-m physdev ${options(match)}`,
  save: (match) => `-m physdev ${options(match)}`,
  list: (match) => `PHYSDEV match ${options(match)}`,
  test(match, packet) {
    if (packet.bridged !== true) {
      // Without bridge data every test fails unless it is negated (xt_physdev).
      const all = [match.isIn, match.isOut, match.isBridged, match.in, match.out];
      return verdictOf(
        all.every((option) => option === undefined || option.negated === true),
        false,
      );
    }
    // It leaves by a port of the bridge where it is bridged, not routed: by the interface that it came in by.
    const bridged = packet.outInterface !== undefined && packet.outInterface === packet.inInterface;
    const results: Tested[] = [];
    if (match.isIn !== undefined) results.push(verdictOf(true, match.isIn.negated));
    if (match.isOut !== undefined) results.push(verdictOf(bridged, match.isOut.negated));
    if (match.isBridged !== undefined) results.push(verdictOf(bridged, match.isBridged.negated));
    if (match.in !== undefined) results.push(UNKNOWN);
    if (match.out !== undefined) results.push(bridged ? UNKNOWN : verdictOf(false, match.out.negated));
    return results.includes(NO) ? NO : results.includes(UNKNOWN) ? UNKNOWN : verdictOf(true, false);
  },
};
