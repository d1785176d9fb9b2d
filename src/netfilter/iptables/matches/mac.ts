import { NO, UNKNOWN } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, optionOf, RuleError } from '../match-codec.js';
import type { MacMatch } from '../statements.js';

const LOOPBACK = 'lo';

/**
 * `-m mac [!] --mac-source ADDRESS`. A snapshot does not hold hardware addresses, so only packets without one are
 * decided: what this host made, or what came in by its loopback, matches neither form (xt_mac).
 */
export const mac: MatchCodec<MacMatch> = {
  place: 'module',
  modules: ['mac'],
  options: { '--mac-source': 1 },
  parse(options) {
    const option = optionOf(options, '--mac-source');
    const address = (option?.values[0] ?? '').toLowerCase();
    if (!/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/.test(address))
      throw new RuleError(`"${address}" is no hardware address: "02:00:00:00:00:01" would be`);
    return { kind: 'mac', address, ...negation(option) };
  },
  write: (match) => `-m mac ${not(match.negated)}--mac-source ${match.address}`,
  save: (match) => `-m mac ${not(match.negated)}--mac-source ${match.address}`,
  list: (match) => `MAC ${not(match.negated)}${match.address}`,
  test: (_match, packet) => (packet.inInterface === undefined || packet.inInterface === LOOPBACK ? NO : UNKNOWN),
};
