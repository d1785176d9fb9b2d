import { NO, type Tested, UNKNOWN, verdictOf, YES } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, type Option } from '../match-codec.js';
import { formatPorts, holdsPort, isAnyPort, isReversed, portRangeOf } from '../ports.js';
import type { PortMatch, PortRange } from '../statements.js';

function portsOf(option: Option | undefined): PortRange {
  // tcp and sctp refuse a reversed range, udp takes one: checked when the whole rule is known.
  return portRangeOf(option?.values[0] ?? '', ':', true);
}

function saved(option: '--sport' | '--dport', match: PortMatch): string {
  return isAnyPort(match.ports) && match.negated !== true
    ? ''
    : `${not(match.negated)}${option} ${formatPorts(match.ports)}`;
}

function listed(label: 'spt' | 'dpt', match: PortMatch): string {
  if (isAnyPort(match.ports) && match.negated !== true) return '';
  const single = match.ports.from === match.ports.to;
  return `${label}${single ? '' : 's'}:${match.negated === true ? '!' : ''}${formatPorts(match.ports)}`;
}

/** A port that is not known (an ephemeral one) is in the range of all ports and in no other for certain. */
export function testPort(ports: PortRange, port: number | undefined): Tested {
  if (port !== undefined) return verdictOf(holdsPort(ports, port), false);
  return isReversed(ports) ? NO : isAnyPort(ports) ? YES : UNKNOWN;
}

/** NO for YES and the other way round; what is not known stays so. */
export function turned(tested: Tested, negated: boolean | undefined): Tested {
  if (negated !== true) return tested;
  return tested === YES ? NO : tested === NO ? YES : tested;
}

/** `[!] --sport PORT[:PORT]` of the tcp, udp and sctp modules. */
export const sourcePort: MatchCodec<PortMatch> = {
  place: 'transport',
  options: { '--sport': 1, '--source-port': 1 },
  parse: ([option]) => ({ kind: 'source-port', ports: portsOf(option), ...negation(option) }),
  write: (match) => `${not(match.negated)}--sport ${formatPorts(match.ports)}`,
  save: (match) => saved('--sport', match),
  list: (match) => listed('spt', match),
  test(match, packet) {
    return packet.protocol === 'ICMP' ? NO : turned(testPort(match.ports, packet.sourcePort), match.negated);
  },
};

/** `[!] --dport PORT[:PORT]` of the tcp, udp and sctp modules. */
export const destinationPort: MatchCodec<PortMatch> = {
  place: 'transport',
  options: { '--dport': 1, '--destination-port': 1 },
  parse: ([option]) => ({ kind: 'destination-port', ports: portsOf(option), ...negation(option) }),
  write(match) {
    const { from, to } = match.ports;
    if (match.negated === true || from !== to) return `${not(match.negated)}--dport ${formatPorts(match.ports)}`;
    return `--dport ${from}`;
  },
  save: (match) => saved('--dport', match),
  list: (match) => listed('dpt', match),
  test(match, packet) {
    return packet.protocol === 'ICMP' ? NO : turned(testPort(match.ports, packet.destinationPort), match.negated);
  },
};
