import type { NfacctMatch } from '../../statements.js';
import { YES } from '../../walk/context.js';
import { firstValue, type MatchCodec, RuleError } from '../codec.js';

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
  write: (match) => `-m nfacct --nfacct-name ${match.name}`,
  save: (match) => `-m nfacct --nfacct-name ${match.name}`,
  list: (match) => `nfacct-name  ${match.name}`,
  test: () => YES,
};
