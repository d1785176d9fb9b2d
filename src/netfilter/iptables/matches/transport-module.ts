import { verdictOf } from '../../walk/walk-context.js';
import type { MatchCodec } from '../match-codec.js';
import type { ModuleMatch } from '../statements.js';

/**
 * `-m tcp`, `-m udp`, `-m sctp`. Their options are statements of their own; the canonical spelling puts them behind the
 * module, wherever they were written.
 */
export const transportModule: MatchCodec<ModuleMatch> = {
  place: 'module',
  modules: ['tcp', 'udp', 'sctp'],
  options: {},
  parse: (_options, { name }) => ({ kind: 'module', name }),
  write: (match) => `-m ${match.name}`,
  save: (match) => `-m ${match.name}`,
  list: (match) => match.name,
  test: (match, packet) => verdictOf(match.name === packet.protocol.toLowerCase(), false),
};
