import type { Packet } from '../../packet.js';
import { protocolNumber } from '../../protocols.js';
import { NO, type Tested, UNKNOWN, verdictOf, YES } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, type Option, optionOf, RuleError } from '../match-codec.js';
import { checkNetwork, listedNetwork, networkHolds } from '../networks.js';
import { formatPorts, portRangeOf } from '../ports.js';
import type { ConntrackMatch, PortRange } from '../statements.js';
import { testPort, turned } from './port.js';
import { numberOf } from './protocol.js';

/** In the order in which iptables prints them. */
const STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'SNAT', 'DNAT'];
const STATUSES = ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED', 'SNAT', 'DNAT'];

interface Values {
  readonly values: readonly string[];
  readonly negated?: boolean;
}

interface Network {
  readonly address: string;
  readonly negated?: boolean;
}

interface Ports {
  readonly ports: PortRange;
  readonly negated?: boolean;
}

function valuesOf(option: Option, known: readonly string[]): Values {
  const values = (option.values[0] ?? '').split(',');
  const wrong = values.find((value) => !known.includes(value));
  if (wrong !== undefined) throw new RuleError(`"${wrong}" is not known to ${option.name}: one of ${known} would be`);
  return { values, ...negation(option) };
}

function inOrder(values: readonly string[], order: readonly string[]): string {
  return values.length === 1 ? (values[0] as string) : order.filter((value) => values.includes(value)).join();
}

/** The options in iptables' order, each as `prefix` + name + value: `--ctstate NEW` or `ctstate NEW`. */
function spelled(match: ConntrackMatch, prefix: string, canonical: boolean): string {
  const parts: string[] = [];
  const put = (part: { readonly negated?: boolean } | undefined, name: string, value: () => string) => {
    if (part !== undefined) parts.push(`${not(part.negated)}${prefix}${name} ${value()}`);
  };
  const joined = (part: Values | undefined, order: readonly string[]) =>
    part === undefined ? '' : canonical ? inOrder(part.values, order) : part.values.join();
  const { states, status, direction, protocol } = match;
  const network = (part: Network | undefined, name: string) =>
    put(part, name, () => {
      const address = part?.address ?? '';
      return canonical ? listedNetwork(address, address.includes(':') ? 'IPv6' : 'IPv4') : address;
    });
  const ports = (part: Ports | undefined, name: string) =>
    put(part, name, () => formatPorts(part?.ports ?? { from: 0, to: 0 }));
  put(states, match.alias ?? 'ctstate', () => joined(states, canonicalStates(match)));
  put(protocol, 'ctproto', () => `${protocol?.number}`);
  network(match.originalSource, 'ctorigsrc');
  network(match.originalDestination, 'ctorigdst');
  network(match.replySource, 'ctreplsrc');
  network(match.replyDestination, 'ctrepldst');
  ports(match.originalSourcePort, 'ctorigsrcport');
  ports(match.originalDestinationPort, 'ctorigdstport');
  ports(match.replySourcePort, 'ctreplsrcport');
  ports(match.replyDestinationPort, 'ctrepldstport');
  put(status, 'ctstatus', () => joined(status, STATUSES));
  ports(match.expires, 'ctexpire');
  if (direction !== undefined) parts.push(`${prefix}ctdir ${direction}`);
  return parts.join(' ');
}

function canonicalStates(match: ConntrackMatch): readonly string[] {
  return match.alias === 'state' ? STATES.slice(0, 5) : STATES;
}

function testStates(states: Values, { connection }: Packet): Tested {
  const { values } = states;
  const holds =
    values.includes(connection.state) ||
    (connection.dnat && values.includes('DNAT')) ||
    (connection.snat && values.includes('SNAT'));
  return verdictOf(holds, states.negated);
}

/** Whether a status bit is set; undefined when what is known of the flow does not tell. */
function statusHolds(value: string, { connection }: Packet): boolean | undefined {
  if (value === 'NONE') return false;
  if (value === 'SNAT') return connection.snat;
  if (value === 'DNAT') return connection.dnat;
  if (connection.state === 'NEW') return false;
  const established = connection.state === 'ESTABLISHED';
  return established && (value === 'SEEN_REPLY' || value === 'CONFIRMED') ? true : undefined;
}

function testStatus(status: Values, packet: Packet): Tested {
  const verdicts = status.values.map((value) => statusHolds(value, packet));
  if (verdicts.includes(true)) return verdictOf(true, status.negated);
  return verdicts.includes(undefined) ? UNKNOWN : verdictOf(false, status.negated);
}

/** An end of one of the flow's two tuples, as far as it is known. */
interface End {
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly known: boolean;
}

/**
 * The ends of the flow's tuples: the original one is what the first packet had before it was rewritten, the reply is
 * expected from what it is rewritten to. Of a later packet only what was kept in mind is known.
 */
function endsOf(packet: Packet): Readonly<Record<'source' | 'destination' | 'replySource' | 'replyDestination', End>> {
  const { connection } = packet;
  const fresh = connection.state === 'NEW';
  const { originalSource, originalDestination } = connection;
  const kept = (
    address: string | undefined,
    port: number | undefined,
    now: string,
    nowPort: number | undefined,
  ): End => (address !== undefined ? { address, port, known: true } : { address: now, port: nowPort, known: fresh });
  return {
    source: kept(originalSource, connection.originalSourcePort, packet.source, packet.sourcePort),
    destination: kept(
      originalDestination,
      connection.originalDestinationPort,
      packet.destination,
      packet.destinationPort,
    ),
    replySource: { address: packet.destination, port: packet.destinationPort, known: fresh },
    replyDestination: { address: packet.source, port: packet.sourcePort, known: fresh },
  };
}

function testEnd(end: End, network: Network | undefined, ports: Ports | undefined): Tested {
  let result = YES;
  if (network !== undefined) {
    if (!end.known) return UNKNOWN;
    result = verdictOf(networkHolds(network.address, end.address ?? ''), network.negated);
  }
  if (result === NO || ports === undefined) return result;
  return end.known ? turned(testPort(ports.ports, end.port), ports.negated) : UNKNOWN;
}

function testTuples(match: ConntrackMatch, packet: Packet): readonly Tested[] {
  const ends = endsOf(packet);
  const { protocol, expires } = match;
  return [
    protocol === undefined ? YES : verdictOf(protocol.number === numberOf(packet), protocol.negated),
    testEnd(ends.source, match.originalSource, match.originalSourcePort),
    testEnd(ends.destination, match.originalDestination, match.originalDestinationPort),
    testEnd(ends.replySource, match.replySource, match.replySourcePort),
    testEnd(ends.replyDestination, match.replyDestination, match.replyDestinationPort),
    expires === undefined ? YES : UNKNOWN,
  ];
}

type NetworkField = 'originalSource' | 'originalDestination' | 'replySource' | 'replyDestination';
type PortField = `${NetworkField}Port`;

/** `--ctexpire 10` or `10:20`, in seconds. */
function expiry(option: Option | undefined): Pick<ConntrackMatch, 'expires'> {
  if (option === undefined) return {};
  const [, from, to = from] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(option.values[0] ?? '') ?? [];
  if (from === undefined) throw new RuleError(`"${option.values[0]}" is no time for --ctexpire: seconds would be`);
  return { expires: { ports: { from: Number(from), to: Number(to) }, ...negation(option) } };
}

function protocolOf(option: Option): NonNullable<ConntrackMatch['protocol']> {
  const number = protocolNumber(option.values[0] ?? '');
  if (number === undefined || number === 0) throw new RuleError(`"${option.values[0]}" is no protocol for --ctproto`);
  return { number, ...negation(option) };
}

/** `-m conntrack`, and `-m state` which is its older name for `--ctstate`. */
export const conntrack: MatchCodec<ConntrackMatch> = {
  place: 'module',
  modules: ['conntrack', 'state'],
  options: {
    '--ctstate': 1,
    '--state': 1,
    '--ctstatus': 1,
    '--ctdir': 1,
    '--ctorigdst': 1,
    '--ctorigdstport': 1,
    '--ctproto': 1,
    '--ctorigsrc': 1,
    '--ctreplsrc': 1,
    '--ctrepldst': 1,
    '--ctorigsrcport': 1,
    '--ctreplsrcport': 1,
    '--ctrepldstport': 1,
    '--ctexpire': 1,
  },
  parse(options, { family, name }) {
    if (options.length === 0) throw new RuleError(`-m ${name} needs at least one of its options`);
    const states = optionOf(options, '--ctstate', '--state');
    const status = optionOf(options, '--ctstatus');
    const direction = optionOf(options, '--ctdir')?.values[0];
    const protocol = optionOf(options, '--ctproto');
    const network = (field: NetworkField, option: Option | undefined) =>
      option && { [field]: { address: checkNetwork(option.values[0] ?? '', family), ...negation(option) } };
    // xt_conntrack takes a range that ends before it begins, and nothing is in it.
    const ports = (field: PortField, option: Option | undefined) =>
      option && { [field]: { ports: portRangeOf(option.values[0] ?? '', ':', true), ...negation(option) } };
    if (direction !== undefined && direction !== 'ORIGINAL' && direction !== 'REPLY') {
      throw new RuleError(`"${direction}" is no direction: ORIGINAL or REPLY would be`);
    }
    return {
      kind: 'conntrack',
      ...(name === 'state' && { alias: 'state' }),
      ...(states && { states: valuesOf(states, name === 'state' ? STATES.slice(0, 5) : STATES) }),
      ...(status && { status: valuesOf(status, STATUSES) }),
      ...(direction !== undefined && { direction }),
      ...(protocol && { protocol: protocolOf(protocol) }),
      ...network('originalSource', optionOf(options, '--ctorigsrc')),
      ...network('originalDestination', optionOf(options, '--ctorigdst')),
      ...network('replySource', optionOf(options, '--ctreplsrc')),
      ...network('replyDestination', optionOf(options, '--ctrepldst')),
      ...ports('originalSourcePort', optionOf(options, '--ctorigsrcport')),
      ...ports('originalDestinationPort', optionOf(options, '--ctorigdstport')),
      ...ports('replySourcePort', optionOf(options, '--ctreplsrcport')),
      ...ports('replyDestinationPort', optionOf(options, '--ctrepldstport')),
      ...expiry(optionOf(options, '--ctexpire')),
    };
  },
  write: (match) => `-m ${match.alias ?? 'conntrack'} ${spelled(match, '--', false)}`,
  save: (match) => `-m ${match.alias ?? 'conntrack'} ${spelled(match, '--', true)}`,
  list: (match) => spelled(match, '', true),
  test(match, packet) {
    const { state } = packet.connection;
    const states = match.states === undefined ? YES : testStates(match.states, packet);
    if (states === NO) return NO;
    // A packet without a flow is judged by its state alone (xt_conntrack).
    if (state === 'INVALID' || state === 'UNTRACKED') return verdictOf(match.states !== undefined, false);
    const results = [...testTuples(match, packet)];
    if (match.status !== undefined) results.push(testStatus(match.status, packet));
    if (match.direction !== undefined) {
      const { direction = state === 'NEW' ? 'ORIGINAL' : undefined } = packet.connection;
      results.push(direction === undefined ? UNKNOWN : verdictOf(match.direction === direction, false));
    }
    return results.includes(NO) ? NO : results.includes(UNKNOWN) ? UNKNOWN : YES;
  },
};
