import { type Tested, verdictOf, YES } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, type Option, optionOf, RuleError } from '../match-codec.js';
import { bitsOf, familyAddress } from '../networks.js';
import type { AddressRange, AddressRangeMatch } from '../statements.js';

function rangeOf(option: Option, family: 'IPv4' | 'IPv6'): AddressRange {
  const written = option.values[0] ?? '';
  const dash = written.indexOf('-');
  const ends = dash < 0 ? [written, written] : [written.slice(0, dash), written.slice(dash + 1)];
  const [from, to] = ends.map((text) => familyAddress(text, family));
  if (from === undefined || to === undefined)
    throw new RuleError(`"${written}" is no range of ${family} addresses: "10.0.0.1-10.0.0.9" would be`);
  return { from, to, ...negation(option) };
}

function spelled(match: AddressRangeMatch): string {
  const parts = ['-m iprange'];
  const { source, destination } = match;
  if (source !== undefined) parts.push(`${not(source.negated)}--src-range ${source.from}-${source.to}`);
  if (destination !== undefined)
    parts.push(`${not(destination.negated)}--dst-range ${destination.from}-${destination.to}`);
  return parts.join(' ');
}

function testRange(range: AddressRange | undefined, address: string): Tested {
  if (range === undefined) return YES;
  const bits = bitsOf(address);
  const [from, to] = [bitsOf(range.from), bitsOf(range.to)];
  if (bits === undefined || from === undefined || to === undefined) return verdictOf(false, range.negated);
  // A range that ends before it begins holds nothing.
  return verdictOf(bits >= from && bits <= to, range.negated);
}

/** `-m iprange [!] --src-range A[-B] [!] --dst-range A[-B]`. */
export const iprange: MatchCodec<AddressRangeMatch> = {
  place: 'module',
  modules: ['iprange'],
  options: { '--src-range': 1, '--dst-range': 1 },
  parse(options, { family }) {
    const source = optionOf(options, '--src-range');
    const destination = optionOf(options, '--dst-range');
    if (source === undefined && destination === undefined)
      throw new RuleError('-m iprange needs --src-range or --dst-range');
    return {
      kind: 'iprange',
      ...(source && { source: rangeOf(source, family) }),
      ...(destination && { destination: rangeOf(destination, family) }),
    };
  },
  write: spelled,
  save: spelled,
  list(match) {
    const parts: string[] = [];
    const put = (side: string, range: AddressRange | undefined) => {
      if (range !== undefined) parts.push(`${side} IP range ${not(range.negated)}${range.from}-${range.to}`);
    };
    put('source', match.source);
    put('destination', match.destination);
    return parts.join(' ');
  },
  test(match, packet) {
    const source = testRange(match.source, packet.source);
    return source === YES ? testRange(match.destination, packet.destination) : source;
  },
};
