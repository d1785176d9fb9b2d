/** The walks from pods to all destinations of a target: one row for pods of a node that are sent to others. */
import { remember } from '../../base/remember.js';
import type { Connecting, Walk, Walks } from './walks.js';

/** The walks of one pod to each destination, of which those that are alike are one. */
export interface WalkRow {
  readonly walks: readonly { readonly walk: Walk; readonly count: number }[];
}

/** What clients of one place share. */
interface OfPlace {
  readonly row?: WalkRow;
  /** Where they are sent. */
  readonly addresses?: ReadonlySet<string>;
}

/** The rows of one target. Rows whose walks are alike are one object. */
export class WalkRows {
  readonly #walks: readonly Walks[];
  readonly #rows = new Map<string, WalkRow>();
  /** By the place of clients; without a row: each client there has one of its own. */
  readonly #ofPlaces: OfPlace[] = [];

  constructor(walks: readonly Walks[]) {
    this.#walks = walks;
  }

  of(one: Connecting): WalkRow {
    const { client, place } = one;
    this.#ofPlaces[place] ??= this.#ofPlace(one);
    const shared = this.#ofPlaces[place];
    // A pod that is sent to itself is like no other.
    const isApart = one.isApart || (client.address !== undefined && shared.addresses?.has(client.address) !== false);
    return isApart || shared.row === undefined ? this.#rowOf(this.#walks.map((walks) => walks.of(one))) : shared.row;
  }

  #ofPlace(one: Connecting): OfPlace {
    const walks: Walk[] = [];
    const addresses = new Set<string>();
    for (const each of this.#walks) {
      const walk = each.ofPlace(one);
      if (walk === undefined) return {};
      walks.push(walk);
      for (const address of walk.journeys.keys()) addresses.add(address);
    }
    return { row: this.#rowOf(walks), addresses };
  }

  #rowOf(walks: readonly Walk[]): WalkRow {
    const alike = new Map<number, { walk: Walk; count: number }>();
    for (const walk of walks) {
      const known = alike.get(walk.number);
      if (known === undefined) alike.set(walk.number, { walk, count: 1 });
      else known.count += 1;
    }
    const key = [...alike].map(([number, { count }]) => `${number}*${count}`).join(',');
    return remember(this.#rows, key, () => ({ walks: [...alike.values()] }));
  }
}
