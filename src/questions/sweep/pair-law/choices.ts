import type { EntryClient } from '../../../probability/entry-clients.js';
import type { Candidate } from './candidates.js';

/**
 * How an entry takes its candidates: all, those of its node (IPVS: of every node, where its own has none), or those
 * that hints name for it.
 */
export type View = 'ALL' | 'NODE' | 'NODE_OR_ALL' | 'ZONE_HINTS' | 'HINTS';
export const VIEWS: readonly View[] = ['ALL', 'ZONE_HINTS', 'HINTS', 'NODE', 'NODE_OR_ALL'];

interface SetNames {
  /** The zone of the node. */
  readonly of: string;
  readonly node: string;
  readonly hint: string;
  readonly zone: string;
}

// By node: each point of a sweep may have entries of its own on the same nodes.
const setNames = new Map<string, SetNames>();
const MOST_NAMES = 20_000;

/** The sets that an entry may choose from, but for all endpoints. */
function namesOf({ node, zone }: EntryClient): SetNames {
  const known = setNames.get(node);
  if (known?.of === zone) return known;
  if (setNames.size >= MOST_NAMES) setNames.clear();
  const names = { of: zone, node: `node ${node}`, hint: `hint ${node}`, zone: `zone ${zone}` };
  setNames.set(node, names);
  return names;
}

/** The endpoints that are there at one point, as entries look for them. */
export class There {
  readonly count: number;
  readonly byNode = new Map<string, number>();
  readonly #byZoneHint = new Map<string, number>();
  readonly #byNodeHint = new Map<string, number>();
  readonly #allZoneHinted: boolean;
  readonly #allNodeHinted: boolean;

  /** `likes`: one endpoint of each kind; `countOf`: how many of the kind at a place are there. */
  constructor(likes: readonly Candidate[], countOf: (place: number) => number) {
    const add = (map: Map<string, number>, key: string, count: number) => map.set(key, (map.get(key) ?? 0) + count);
    let all = 0;
    let zoned = true;
    let noded = true;
    for (const [place, { node, zoneHints, nodeHints }] of likes.entries()) {
      const count = countOf(place);
      if (count === 0) continue;
      all += count;
      add(this.byNode, node, count);
      for (const zone of zoneHints) add(this.#byZoneHint, zone, count);
      for (const name of nodeHints) add(this.#byNodeHint, name, count);
      zoned &&= zoneHints.length > 0;
      noded &&= nodeHints.length > 0;
    }
    this.count = all;
    this.#allZoneHinted = zoned;
    this.#allNodeHinted = noded;
  }

  /** The name of what an entry chooses among, and how many endpoints that are; undefined where it has none. */
  setOf(view: View, entry: EntryClient): { readonly name: string; readonly size: number } | undefined {
    const { node, zone } = entry;
    if (view === 'NODE' || view === 'NODE_OR_ALL') {
      const size = this.byNode.get(node);
      if (size !== undefined) return { name: namesOf(entry).node, size };
      return view === 'NODE' || this.count === 0 ? undefined : { name: 'all', size: this.count };
    }
    if (view === 'HINTS' && this.#allNodeHinted) {
      const size = this.#byNodeHint.get(node);
      if (size !== undefined) return { name: namesOf(entry).hint, size };
    }
    if (view !== 'ALL' && this.#allZoneHinted && zone !== '') {
      const size = this.#byZoneHint.get(zone);
      if (size !== undefined) return { name: namesOf(entry).zone, size };
    }
    return this.count === 0 ? undefined : { name: 'all', size: this.count };
  }
}

/** The names of the sets that an endpoint is in. */
export function setsWith({ node, zoneHints, nodeHints }: Candidate): readonly string[] {
  return [
    'all',
    `node ${node}`,
    ...zoneHints.map((zone) => `zone ${zone}`),
    ...nodeHints.map((name) => `hint ${name}`),
  ];
}
