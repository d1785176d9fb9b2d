import { NO, type Tested, UNKNOWN, YES } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, optionOf, RuleError } from '../match-codec.js';
import { formatPorts, portRangeOf } from '../ports.js';
import type { MultiportMatch } from '../statements.js';
import { testPort, turned } from './port.js';

const NAMES = { source: 'sports', destination: 'dports', either: 'ports' } as const;
const SIDES: Readonly<Record<string, MultiportMatch['side']>> = {
  '--sports': 'source',
  '--source-ports': 'source',
  '--dports': 'destination',
  '--destination-ports': 'destination',
  '--ports': 'either',
};
/** A range counts as two (XT_MULTI_PORTS). */
const MOST_PORTS = 15;

function formatted(match: MultiportMatch): string {
  return match.ports.map((ports) => formatPorts(ports)).join();
}

function written(match: MultiportMatch): string {
  return `-m multiport ${not(match.negated)}--${NAMES[match.side]} ${formatted(match)}`;
}

/** YES when any of the ranges holds the port, UNKNOWN when it could. */
function testRanges(match: MultiportMatch, port: number | undefined): Tested {
  let result: Tested = NO;
  for (const ports of match.ports) {
    const tested = testPort(ports, port);
    if (tested === YES) return YES;
    if (tested === UNKNOWN) result = UNKNOWN;
  }
  return result;
}

/** `-m multiport [!] --sports|--dports|--ports LIST`. */
export const multiport: MatchCodec<MultiportMatch> = {
  place: 'module',
  modules: ['multiport'],
  options: { '--sports': 1, '--source-ports': 1, '--dports': 1, '--destination-ports': 1, '--ports': 1 },
  parse(options, { saved }) {
    const option = optionOf(options, ...Object.keys(SIDES));
    const side = SIDES[option?.name ?? ''];
    if (option === undefined || side === undefined)
      throw new RuleError('-m multiport needs --dports, --sports or --ports');
    const ports = (option.values[0] ?? '').split(',').map((text) => portRangeOf(text, ':', saved));
    if (ports.reduce((count, { from, to }) => count + (from === to ? 1 : 2), 0) > MOST_PORTS) {
      throw new RuleError(`-m multiport takes at most ${MOST_PORTS} ports, a range counting as two`);
    }
    return { kind: 'multiport', side, ports, ...negation(option) };
  },
  write: written,
  save: written,
  // The second blank is iptables' own.
  list: (match) => `multiport ${NAMES[match.side]} ${match.negated === true ? ' !' : ''}${formatted(match)}`,
  test(match, packet) {
    if (packet.protocol === 'ICMP') return NO;
    if (match.side === 'source') return turned(testRanges(match, packet.sourcePort), match.negated);
    const destination = testRanges(match, packet.destinationPort);
    if (match.side === 'destination' || destination === YES) return turned(destination, match.negated);
    const source = testRanges(match, packet.sourcePort);
    return turned(source === NO ? destination : source, match.negated);
  },
};
