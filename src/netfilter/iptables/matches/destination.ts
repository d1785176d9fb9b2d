import { verdictOf } from '../../walk/walk-context.js';
import { type MatchCodec, negation } from '../match-codec.js';
import { checkNetwork, networkHolds } from '../networks.js';
import type { DestinationMatch } from '../statements.js';
import { saved } from './source.js';

/** `[!] -d ADDRESS[/LENGTH]`. Listed in a column of its own, so the last one has nothing of it. */
export const destination: MatchCodec<DestinationMatch> = {
  place: 'rule',
  options: { '-d': 1, '--destination': 1, '--dst': 1 },
  parse([option], { family }) {
    return { kind: 'destination', address: checkNetwork(option?.values[0] ?? '', family), ...negation(option) };
  },
  write: (match) => (match.negated === true ? `! -d ${match.address}` : `-d ${match.address}`),
  save: (match) => saved('-d', match),
  list: () => '',
  test: (match, packet) => verdictOf(networkHolds(match.address, packet.destination), match.negated),
};
