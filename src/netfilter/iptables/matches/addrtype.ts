import type { Packet } from '../../packet.js';
import { NO, type Tested, UNKNOWN, verdictOf, type WalkContext, YES } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, type Option, optionOf, RuleError } from '../match-codec.js';
import type { AddressTypeMatch } from '../statements.js';

/** In the order of their bits, which is the order of printing. */
const TYPES = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
];

interface Side {
  readonly types: readonly string[];
  readonly negated?: boolean;
}

function sideOf(option: Option): Side {
  const types = (option.values[0] ?? '').split(',');
  const wrong = types.find((type) => !TYPES.includes(type));
  if (wrong !== undefined) throw new RuleError(`"${wrong}" is no address type: one of ${TYPES.join(', ')} would be`);
  return { types, ...negation(option) };
}

function sorted(side: Side): string {
  return side.types.length === 1 ? (side.types[0] as string) : TYPES.filter((type) => side.types.includes(type)).join();
}

function spelled(match: AddressTypeMatch, formatted: (side: Side) => string): string {
  const { source, destination, limitIface } = match;
  let text = '-m addrtype';
  if (source !== undefined) text += ` ${not(source.negated)}--src-type ${formatted(source)}`;
  if (destination !== undefined) text += ` ${not(destination.negated)}--dst-type ${formatted(destination)}`;
  return limitIface === undefined ? text : `${text} --limit-iface-${limitIface}`;
}

function test(side: Side, address: string, match: AddressTypeMatch, packet: Packet, context: WalkContext): Tested {
  const { environment } = context;
  let type: string = environment.addressType(address);
  if (match.limitIface !== undefined && (type === 'LOCAL' || type === 'BROADCAST')) {
    const name = match.limitIface === 'in' ? packet.inInterface : packet.outInterface;
    const there = environment.addressOnInterface?.(address, name);
    if (there === undefined) return UNKNOWN;
    // An address of another interface counts as one of somebody else (inet_dev_addr_type).
    if (!there) type = 'UNICAST';
  }
  return verdictOf(side.types.includes(type), side.negated);
}

/** `-m addrtype [!] --src-type TYPES [!] --dst-type TYPES`. */
export const addrtype: MatchCodec<AddressTypeMatch> = {
  place: 'module',
  modules: ['addrtype'],
  options: { '--src-type': 1, '--dst-type': 1, '--limit-iface-in': 0, '--limit-iface-out': 0 },
  parse(options) {
    const source = optionOf(options, '--src-type');
    const destination = optionOf(options, '--dst-type');
    if (source === undefined && destination === undefined) {
      throw new RuleError('-m addrtype needs --src-type or --dst-type');
    }
    const limited = optionOf(options, '--limit-iface-in', '--limit-iface-out');
    return {
      kind: 'addrtype',
      ...(source && { source: sideOf(source) }),
      ...(destination && { destination: sideOf(destination) }),
      ...(limited && { limitIface: limited.name === '--limit-iface-in' ? 'in' : 'out' }),
    };
  },
  write: (match) => spelled(match, (side) => side.types.join()),
  save: (match) => spelled(match, sorted),
  list({ source, destination, limitIface }) {
    let text = 'ADDRTYPE match';
    if (source !== undefined) text += ` src-type ${source.negated === true ? '!' : ''}${sorted(source)}`;
    if (destination !== undefined) text += ` dst-type ${destination.negated === true ? '!' : ''}${sorted(destination)}`;
    return limitIface === undefined ? text : `${text} limit-${limitIface}`;
  },
  test(match, packet, context) {
    const source = match.source === undefined ? YES : test(match.source, packet.source, match, packet, context);
    if (source === NO || match.destination === undefined) return source;
    const destination = test(match.destination, packet.destination, match, packet, context);
    return destination === YES ? source : destination;
  },
};
