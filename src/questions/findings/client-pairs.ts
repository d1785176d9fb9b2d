/** The clients of a door before and after a change, matched by who they are. */
import { add, divide, type Fraction, fraction, multiply, sum } from '../../base/fraction.js';
import type { Door, DoorClient, DoorOutcome } from './door.js';

/** Clients that have the same outcomes among each other on both sides. */
export interface ClientPair {
  readonly before: DoorClient;
  readonly after: DoorClient;
  /** Their part of all the door's clients after the change. */
  readonly weight: Fraction;
  /** Who they are: nodes, or the clients' names. */
  readonly names: readonly string[];
}

function namesOf({ client, nodes }: DoorClient): readonly string[] {
  return nodes ?? [client.name];
}

/** A door's clients, those of one name (who come in by several backends of a load balancer) as one. */
function single({ from }: Door): readonly DoorClient[] {
  const byName = new Map<string, DoorClient>();
  for (const client of from) {
    const name = JSON.stringify(client.nodes ?? client.client.name);
    const known = byName.get(name);
    const merged =
      known === undefined
        ? client
        : { ...known, weight: add(known.weight, client.weight), outcomes: [...known.outcomes, ...client.outcomes] };
    byName.set(name, merged);
  }
  return byName.size === from.length ? from : [...byName.values()];
}

/**
 * The clients that both sides have. Groups of nodes may be other ones before and after: they are matched node by node.
 */
export function clientPairs(before: Door, after: Door): readonly ClientPair[] {
  const earlier = new Map<string, DoorClient>();
  for (const from of single(before)) for (const name of namesOf(from)) earlier.set(name, from);
  const pairs: ClientPair[] = [];
  for (const from of single(after)) {
    const names = namesOf(from);
    const byBefore = new Map<DoorClient, string[]>();
    for (const name of names) {
      const was = earlier.get(name);
      if (was === undefined) continue;
      const known = byBefore.get(was);
      if (known === undefined) byBefore.set(was, [name]);
      else known.push(name);
    }
    for (const [was, own] of byBefore) {
      const weight = multiply(from.weight, fraction(own.length, names.length));
      pairs.push({ before: was, after: from, weight, names: own });
    }
  }
  return pairs;
}

/** The part of one client's connections for which `which` holds. */
export function partWhere({ outcomes, weight }: DoorClient, which: (outcome: DoorOutcome) => boolean): Fraction {
  return divide(sum(outcomes.filter(which).map(({ share }) => share)), weight);
}

export interface DoorPair {
  readonly before: Door;
  readonly after: Door;
}

/** The doors that both sides have. */
export function doorPairs(before: readonly Door[], after: readonly Door[]): readonly DoorPair[] {
  const later = new Map(after.map((door) => [door.id, door]));
  return before.flatMap((door) => {
    const now = later.get(door.id);
    return now === undefined ? [] : [{ before: door, after: now }];
  });
}
