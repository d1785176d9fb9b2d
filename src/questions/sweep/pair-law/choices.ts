import { remember } from '../../../base/remember.js';
import type { EntryClient } from '../../../probability/entry-clients.js';
import type { Candidate } from './candidates.js';

/**
 * How an entry takes its candidates: all, those of its node (IPVS: of every node, where its own has none), or those
 * that hints name for it.
 */
export type View = 'ALL' | 'NODE' | 'NODE_OR_ALL' | 'ZONE_HINTS' | 'HINTS';
export const VIEWS: readonly View[] = ['ALL', 'ZONE_HINTS', 'HINTS', 'NODE', 'NODE_OR_ALL'];

/** The number of the set of all endpoints. */
const ALL = 0;

/** Stands for no set. */
export const NO_SET = -1;

/** The sets that an entry may choose from beside all endpoints, by their numbers. */
export interface EntrySets {
  readonly node: number;
  readonly nodeHint: number;
  /** {@link NO_SET} where the zone of its node is not known. */
  readonly zoneHint: number;
}

/** The sets that an endpoint is in, by their numbers. */
export interface EndpointSets {
  readonly all: readonly number[];
  readonly node: number;
  readonly hasZoneHints: boolean;
  readonly hasNodeHints: boolean;
}

/**
 * Numbers of the sets of endpoints that entries choose from: all, those on a node, those with a hint for a zone or a
 * node. A sweep looks at them at each of its points: numbers stand for names.
 */
export class SetNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #entries = new Map<string, EntrySets & { readonly of: string }>();

  #of(name: string): number {
    return remember(this.#numbers, name, () => this.#numbers.size + 1);
  }

  /** How many numbers there are. */
  get size(): number {
    return this.#numbers.size + 1;
  }

  /** The sets that an entry may choose from. */
  ofEntry({ node, zone }: Pick<EntryClient, 'node' | 'zone'>): EntrySets {
    const known = this.#entries.get(node);
    if (known?.of === zone) return known;
    const zoneHint = zone === '' ? NO_SET : this.#of(`zone ${zone}`);
    const found = { of: zone, node: this.#of(`node ${node}`), nodeHint: this.#of(`hint ${node}`), zoneHint };
    this.#entries.set(node, found);
    return found;
  }

  /** The sets that an endpoint is in. */
  ofEndpoint({ node, zoneHints, nodeHints }: Candidate): EndpointSets {
    const own = this.#of(`node ${node}`);
    const hints = [...zoneHints.map((zone) => `zone ${zone}`), ...nodeHints.map((name) => `hint ${name}`)];
    return {
      all: [ALL, own, ...hints.map((name) => this.#of(name))],
      node: own,
      hasZoneHints: zoneHints.length > 0,
      hasNodeHints: nodeHints.length > 0,
    };
  }
}

/** The endpoints that are there at one point, as entries look for them. */
export class There {
  /** How many endpoints are there. */
  readonly count: number;
  readonly #sizes: Int32Array;
  readonly #allZoneHinted: boolean;
  readonly #allNodeHinted: boolean;

  /** `kinds`: the sets of endpoints that are there, with how many are in the very same sets. */
  constructor(numbers: SetNumbers, kinds: readonly { readonly sets: EndpointSets; readonly count: number }[]) {
    this.#sizes = new Int32Array(numbers.size);
    let zoned = true;
    let noded = true;
    for (const { sets, count } of kinds) {
      for (const set of sets.all) this.#sizes[set] = this.sizeOf(set) + count;
      zoned &&= sets.hasZoneHints;
      noded &&= sets.hasNodeHints;
    }
    this.count = this.sizeOf(ALL);
    this.#allZoneHinted = zoned;
    this.#allNodeHinted = noded;
  }

  /** How many endpoints are in a set. */
  sizeOf(set: number): number {
    return this.#sizes[set] ?? 0;
  }

  /** The set that an entry chooses from; {@link NO_SET} where it has none. */
  setOf(view: View, { node, nodeHint, zoneHint }: EntrySets): number {
    const all = this.count === 0 ? NO_SET : ALL;
    if (view === 'NODE' || view === 'NODE_OR_ALL') {
      if (this.sizeOf(node) > 0) return node;
      return view === 'NODE' ? NO_SET : all;
    }
    if (view === 'HINTS' && this.#allNodeHinted && this.sizeOf(nodeHint) > 0) return nodeHint;
    if (view !== 'ALL' && this.#allZoneHinted && this.sizeOf(zoneHint) > 0) return zoneHint;
    return all;
  }
}
