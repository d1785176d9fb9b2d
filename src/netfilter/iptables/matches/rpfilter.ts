import { UNKNOWN, verdictOf } from '../../walk/walk-context.js';
import { type MatchCodec, optionOf } from '../match-codec.js';
import type { ReversePathMatch } from '../statements.js';

function words(match: ReversePathMatch): readonly string[] {
  const found: string[] = [];
  if (match.loose === true) found.push('loose');
  if (match.validMark === true) found.push('validmark');
  if (match.acceptLocal === true) found.push('accept-local');
  if (match.inverted === true) found.push('invert');
  return found;
}

function spelled(match: ReversePathMatch): string {
  return ['-m rpfilter', ...words(match).map((word) => `--${word}`)].join(' ');
}

/** `-m rpfilter`: matches when a reply would leave by the interface that the packet came in by. */
export const rpfilter: MatchCodec<ReversePathMatch> = {
  place: 'module',
  modules: ['rpfilter'],
  options: { '--loose': 0, '--validmark': 0, '--accept-local': 0, '--invert': 0 },
  parse: (options) => ({
    kind: 'rpfilter',
    ...(optionOf(options, '--loose') && { loose: true }),
    ...(optionOf(options, '--validmark') && { validMark: true }),
    ...(optionOf(options, '--accept-local') && { acceptLocal: true }),
    ...(optionOf(options, '--invert') && { inverted: true }),
  }),
  write: spelled,
  save: spelled,
  list: (match) => ['rpfilter', ...words(match)].join(' '),
  test(match, packet, { environment }) {
    const { loose = false, acceptLocal = false } = match;
    const holds = environment.reversePathHolds?.(packet, { loose, acceptLocal });
    return holds === undefined ? UNKNOWN : verdictOf(holds, match.inverted);
  },
};
