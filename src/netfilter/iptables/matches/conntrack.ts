import type { Packet } from '../../packet.js';
import type { ConntrackMatch } from '../../statements.js';
import { NO, type Tested, UNKNOWN, verdictOf, YES } from '../../walk/context.js';
import { type MatchCodec, negation, not, type Option, optionOf, RuleError } from '../codec.js';
import { checkNetwork, listedNetwork, networkHolds } from '../networks.js';
import { formatPorts, portRangeOf } from '../ports.js';
import { testPort, turned } from './port.js';

/** In the order in which iptables prints them. */
const STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'SNAT', 'DNAT'];
const STATUSES = ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED', 'SNAT', 'DNAT'];

interface Values {
  readonly values: readonly string[];
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
  const { states, status, direction, originalDestination, originalDestinationPort } = match;
  put(states, match.alias ?? 'ctstate', () => joined(states, canonicalStates(match)));
  if (originalDestination !== undefined) {
    const family = originalDestination.address.includes(':') ? 'IPv6' : 'IPv4';
    const address = canonical ? listedNetwork(originalDestination.address, family) : originalDestination.address;
    put(originalDestination, 'ctorigdst', () => address);
  }
  put(originalDestinationPort, 'ctorigdstport', () =>
    formatPorts(originalDestinationPort?.ports ?? { from: 0, to: 0 }),
  );
  put(status, 'ctstatus', () => joined(status, STATUSES));
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
  const told = status.values.map((value) => statusHolds(value, packet));
  if (told.includes(true)) return verdictOf(true, status.negated);
  return told.includes(undefined) ? UNKNOWN : verdictOf(false, status.negated);
}

function testDestination(match: ConntrackMatch, packet: Packet): Tested {
  const { connection } = packet;
  const known = connection.originalDestination !== undefined || connection.state === 'NEW';
  let result = YES;
  if (match.originalDestination !== undefined) {
    if (!known) return UNKNOWN;
    const { address, negated } = match.originalDestination;
    result = verdictOf(networkHolds(address, connection.originalDestination ?? packet.destination), negated);
  }
  if (result === NO || match.originalDestinationPort === undefined) return result;
  if (!known) return UNKNOWN;
  const { ports, negated } = match.originalDestinationPort;
  const port = connection.originalDestinationPort ?? packet.destinationPort;
  return turned(testPort(ports, port), negated);
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
  },
  parse(options, { family, name }) {
    if (options.length === 0) throw new RuleError(`-m ${name} needs at least one of its options`);
    const states = optionOf(options, '--ctstate', '--state');
    const status = optionOf(options, '--ctstatus');
    const direction = optionOf(options, '--ctdir')?.values[0];
    const destination = optionOf(options, '--ctorigdst');
    const port = optionOf(options, '--ctorigdstport');
    if (direction !== undefined && direction !== 'ORIGINAL' && direction !== 'REPLY') {
      throw new RuleError(`"${direction}" is no direction: ORIGINAL or REPLY would be`);
    }
    return {
      kind: 'conntrack',
      ...(name === 'state' && { alias: 'state' }),
      ...(states && { states: valuesOf(states, name === 'state' ? STATES.slice(0, 5) : STATES) }),
      ...(status && { status: valuesOf(status, STATUSES) }),
      ...(direction !== undefined && { direction }),
      ...(destination && {
        originalDestination: { address: checkNetwork(destination.values[0] ?? '', family), ...negation(destination) },
      }),
      ...(port && { originalDestinationPort: { ports: portRangeOf(port.values[0] ?? ''), ...negation(port) } }),
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
    const results = [testDestination(match, packet)];
    if (match.status !== undefined) results.push(testStatus(match.status, packet));
    if (match.direction !== undefined) {
      results.push(state === 'NEW' ? verdictOf(match.direction === 'ORIGINAL', false) : UNKNOWN);
    }
    return results.includes(NO) ? NO : results.includes(UNKNOWN) ? UNKNOWN : YES;
  },
};
