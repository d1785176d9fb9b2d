import type { Packet } from '../../packet.js';
import { protocolName, protocolNumber } from '../../protocols.js';
import { verdictOf } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, RuleError } from '../match-codec.js';
import type { ProtocolMatch } from '../statements.js';

/** The number of a packet's protocol. */
export function numberOf(packet: Packet): number {
  switch (packet.protocol) {
    case 'TCP':
      return 6;
    case 'UDP':
      return 17;
    case 'SCTP':
      return 132;
    case 'ICMP':
      return packet.family === 'IPv4' ? 1 : 58;
  }
}

/** `[!] -p PROTOCOL`, by name or number. Listed in a column of its own. */
export const protocol: MatchCodec<ProtocolMatch> = {
  place: 'rule',
  options: { '-p': 1, '--protocol': 1, '--proto': 1 },
  parse([option]) {
    const name = (option?.values[0] ?? '').toLowerCase();
    const number = protocolNumber(name);
    if (number === undefined) throw new RuleError(`"${name}" is no protocol: tcp, udp, sctp or a number would be`);
    if (number === 0 && option?.negated === true) throw new RuleError('"! -p all" matches no packet at all');
    return { kind: 'protocol', protocol: name, ...negation(option) };
  },
  write: (match) => (match.negated === true ? `! -p ${match.protocol}` : `-p ${match.protocol}`),
  save(match) {
    const name = protocolName(match.protocol);
    return name === 'all' ? '' : `${not(match.negated)}-p ${name}`;
  },
  list: () => '',
  test(match, packet) {
    const number = protocolNumber(match.protocol);
    return verdictOf(number === 0 || number === numberOf(packet), match.negated);
  },
};
