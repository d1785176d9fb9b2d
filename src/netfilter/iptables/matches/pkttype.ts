import { verdictOf } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, optionOf, RuleError } from '../match-codec.js';
import type { PacketTypeMatch } from '../statements.js';

/** The words for each type (libxt_pkttype). */
const TYPES: Readonly<Record<string, PacketTypeMatch['type']>> = {
  unicast: 'unicast',
  host: 'unicast',
  us: 'unicast',
  broadcast: 'broadcast',
  bcast: 'broadcast',
  multicast: 'multicast',
  mcast: 'multicast',
};

/**
 * `-m pkttype [!] --pkt-type TYPE`: to whom the frame was addressed when it came in. A packet for an address of one
 * host comes in a unicast frame, on a bridge too (br_netfilter hides that it is another port's).
 */
export const pkttype: MatchCodec<PacketTypeMatch> = {
  place: 'module',
  modules: ['pkttype'],
  options: { '--pkt-type': 1 },
  parse(options) {
    const option = optionOf(options, '--pkt-type');
    const word = (option?.values[0] ?? '').toLowerCase();
    const type = Object.hasOwn(TYPES, word) ? TYPES[word] : undefined;
    if (type === undefined)
      throw new RuleError(`"${word}" is no packet type: unicast, broadcast or multicast would be`);
    return { kind: 'pkttype', type, ...negation(option) };
  },
  write: (match) => `-m pkttype ${not(match.negated)}--pkt-type ${match.type}`,
  save: (match) => `-m pkttype ${not(match.negated)}--pkt-type ${match.type}`,
  list: (match) => `PKTTYPE ${match.negated === true ? '!=' : '='} ${match.type}`,
  test(match, packet, { environment }) {
    const sentTo = packet.connection.originalDestination ?? packet.destination;
    const type = environment.addressType(sentTo);
    const actual = type === 'MULTICAST' ? 'multicast' : type === 'BROADCAST' ? 'broadcast' : 'unicast';
    return verdictOf(actual === match.type, match.negated);
  },
};
