/** Whether endpoints see who talks to them. */

import { add, compare, divide, type Fraction, formatFraction, isZero, multiply, ZERO } from '../../base/fraction.js';
import type { Finding } from '../../contract/answers.js';
import { type ClientPair, clientPairs, type DoorPair, doorPairs, partWhere } from './client-pairs.js';
import type { Door, DoorClient, DoorOutcome } from './door.js';
import { shareWhere } from './door.js';
import type { DifferenceFinder } from './finders.js';
import { doorEvidence, doorText, finding, listed, MAX_LISTED } from './finding.js';

/** A pod that reaches itself is masqueraded, so that the reply comes back the same way: nobody else is concerned. */
function reachesOther({ client }: DoorClient, { verdict, receiver }: DoorOutcome): boolean {
  return verdict === 'DELIVERED' && !(receiver?.pod !== undefined && client.name === `pod/${receiver.pod}`);
}

const receiverOf = ({ receiver }: DoorOutcome) => `${receiver?.address} ${receiver?.port}`;

/**
 * The part of a client's connections to some endpoints in which its own address is seen; undefined where nothing is
 * delivered.
 */
function keptPart(from: DoorClient, to: ReadonlySet<string> | undefined): Fraction | undefined {
  const isMeant = (outcome: DoorOutcome) =>
    reachesOther(from, outcome) && (to === undefined || to.has(receiverOf(outcome)));
  const delivered = partWhere(from, isMeant);
  if (isZero(delivered)) return undefined;
  return divide(
    partWhere(from, (outcome) => outcome.kept && isMeant(outcome)),
    delivered,
  );
}

/**
 * The endpoints that the client reaches on both sides: whether its address is kept may depend on which one it is, and
 * that they come and go is another matter. Undefined where there is none.
 */
function commonReceivers({ before, after }: ClientPair): ReadonlySet<string> | undefined {
  const reached = (from: DoorClient) => new Set(from.outcomes.filter((one) => reachesOther(from, one)).map(receiverOf));
  const [was, is] = [reached(before), reached(after)];
  const common = new Set([...was].filter((receiver) => is.has(receiver)));
  return common.size === 0 ? undefined : common;
}

/** The part of a door's delivered connections in which the client's own address is seen; undefined where none is. */
export function keptShare(door: Door): Fraction | undefined {
  const delivered = shareWhere(door, (outcome, from) => reachesOther(from, outcome));
  if (isZero(delivered)) return undefined;
  return divide(
    shareWhere(door, (outcome, from) => outcome.kept && reachesOther(from, outcome)),
    delivered,
  );
}

function compareClients({ before, after }: DoorPair, isMeant: (was: Fraction, is: Fraction) => boolean) {
  const names: string[] = [];
  let [weight, earlier, later] = [ZERO, ZERO, ZERO];
  for (const pair of clientPairs(before, after)) {
    const common = commonReceivers(pair);
    const [was, is] = [keptPart(pair.before, common), keptPart(pair.after, common)];
    if (was === undefined || is === undefined || !isMeant(was, is)) continue;
    names.push(...pair.names);
    weight = add(weight, pair.weight);
    earlier = add(earlier, multiply(pair.weight, was));
    later = add(later, multiply(pair.weight, is));
  }
  if (names.length === 0) return undefined;
  return {
    names,
    kept: { before: formatFraction(divide(earlier, weight)), after: formatFraction(divide(later, weight)) },
  };
}

/** Clients whose address endpoints no longer see, or newly do, where something is delivered on both sides. */
export const sourceAddressDifferences: DifferenceFinder = (before, after) =>
  doorPairs(before.doors, after.doors).flatMap((pair) => {
    const tell = (
      code: 'SOURCE_ADDRESS_LOST' | 'SOURCE_ADDRESS_GAINED',
      isMeant: (was: Fraction, is: Fraction) => boolean,
      words: string,
    ): readonly Finding[] => {
      const found = compareClients(pair, isMeant);
      if (found === undefined) return [];
      const { names, kept } = found;
      const message =
        `Endpoints of ${doorText(pair.after)} ${words} the address of clients: from ${listed(names)}, in ` +
        `${kept.before} → ${kept.after} of their connections.`;
      return [
        finding(code, message, {
          ...doorEvidence(pair.after),
          kept,
          from: names.slice(0, MAX_LISTED),
          fromCount: names.length,
        }),
      ];
    };
    return [
      ...tell('SOURCE_ADDRESS_LOST', (was, is) => compare(is, was) < 0, 'no longer see'),
      ...tell('SOURCE_ADDRESS_GAINED', (was, is) => compare(is, was) > 0, 'newly see'),
    ];
  });
