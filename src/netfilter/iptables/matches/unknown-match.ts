import { UNKNOWN } from '../../walk/walk-context.js';
import type { MatchCodec } from '../match-codec.js';
import { quoteSaved, quoteToken } from '../quoting.js';
import type { UnknownMatch } from '../statements.js';

/** The transport modules are as statements of their own, and rule options (`-f`) belong to none. */
function prefix(match: UnknownMatch): string {
  const loaded = match.module === '' || match.module === 'tcp' || match.module === 'udp' || match.module === 'sctp';
  return loaded ? '' : `-m ${match.module}`;
}

function joined(match: UnknownMatch, quote: (token: string) => string): string {
  const words = match.tokens.map(quote).join(' ');
  const module = prefix(match);
  return module === '' ? words : words === '' ? module : `${module} ${words}`;
}

/** A string among the tokens is quoted as `iptables-save` would, an option or other value is left as it is. */
function saved(token: string): string {
  return /[\s"'\\]/.test(token) || token === '' ? quoteSaved(token) : token;
}

/** A match that no file here reads, kept word by word. How `iptables -L` shows it is the extension's own affair. */
export const unknownMatch: MatchCodec<UnknownMatch> = {
  place: 'module',
  options: {},
  parse: () => undefined,
  write: (match) => joined(match, quoteToken),
  save: (match) => joined(match, saved),
  list: (match) => [match.module, ...match.tokens].filter((word) => word !== '').join(' '),
  test: () => UNKNOWN,
};
