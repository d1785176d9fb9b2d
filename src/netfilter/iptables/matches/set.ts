import { UNKNOWN, verdictOf } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, optionOf, RuleError } from '../match-codec.js';
import type { SetMatch } from '../statements.js';

/** `-m set [!] --match-set NAME src|dst[,…]`. */
export const set: MatchCodec<SetMatch> = {
  place: 'module',
  modules: ['set'],
  options: { '--match-set': 2 },
  parse(options) {
    const option = optionOf(options, '--match-set');
    const [name, written] = option?.values ?? [];
    if (name === undefined || written === undefined) throw new RuleError('-m set needs --match-set NAME DIRECTIONS');
    const directions = written.split(',').map((direction) => {
      if (direction !== 'src' && direction !== 'dst') {
        throw new RuleError(`"${written}" are no directions: src and dst, separated by commas, would be`);
      }
      return direction;
    });
    return { kind: 'set', name, directions, ...negation(option) };
  },
  write: (match) => `-m set ${not(match.negated)}--match-set ${match.name} ${match.directions.join()}`,
  save: (match) => `-m set ${not(match.negated)}--match-set ${match.name} ${match.directions.join()}`,
  list: (match) => `${not(match.negated)}match-set ${match.name} ${match.directions.join()}`,
  test(match, packet, { environment }) {
    const holds = environment.setHolds(match.name, packet, match.directions);
    return holds === undefined ? UNKNOWN : verdictOf(holds, match.negated);
  },
};
