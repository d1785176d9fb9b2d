import { verdictOf } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not } from '../match-codec.js';
import { checkNetwork, networkHolds, savedNetwork } from '../networks.js';
import type { SourceMatch } from '../statements.js';

/** `[!] -s ADDRESS[/LENGTH]`. Listed in a column of its own, so the last one has nothing of it. */
export const source: MatchCodec<SourceMatch> = {
  place: 'rule',
  options: { '-s': 1, '--source': 1, '--src': 1 },
  parse([option], { family }) {
    return { kind: 'source', address: checkNetwork(option?.values[0] ?? '', family), ...negation(option) };
  },
  write: (match) => (match.negated === true ? `! -s ${match.address}` : `-s ${match.address}`),
  save: (match) => saved('-s', match),
  list: () => '',
  test: (match, packet) => verdictOf(networkHolds(match.address, packet.source), match.negated),
};

/** A whole family (`/0`) is left out, as it matches everything. */
export function saved(option: '-s' | '-d', match: { readonly address: string; readonly negated?: boolean }): string {
  const network = savedNetwork(match.address);
  if (network.endsWith('/0') && match.negated !== true) return '';
  return `${not(match.negated)}${option} ${network}`;
}
