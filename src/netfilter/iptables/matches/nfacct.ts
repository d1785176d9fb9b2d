import { YES } from '../../walk/walk-context.js';
import { firstValue, type MatchCodec, RuleError } from '../match-codec.js';
import { quoteSaved, quoteWritten } from '../quoting.js';
import type { NfacctMatch } from '../statements.js';

/** `-m nfacct --nfacct-name NAME`: counts the packet and matches. */
export const nfacct: MatchCodec<NfacctMatch> = {
  place: 'module',
  modules: ['nfacct'],
  options: { '--nfacct-name': 1 },
  parse(options) {
    const name = firstValue(options, '--nfacct-name');
    if (name === undefined) throw new RuleError('-m nfacct needs --nfacct-name');
    return { kind: 'nfacct', name };
  },
  write: (match) => `-m nfacct --nfacct-name ${quoteWritten(match.name)}`,
  // libxt_nfacct puts a blank of its own before the one that every string gets.
  save: (match) => `-m nfacct --nfacct-name  ${quoteSaved(match.name)}`,
  list: (match) => `nfacct-name  ${quoteSaved(match.name)}`,
  test: () => YES,
};
