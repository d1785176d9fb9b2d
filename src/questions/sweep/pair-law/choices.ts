/** Which endpoints an entry chooses among. */
import { remember } from '../../../base/remember.js';
import type { EntryClient } from '../../../probability/entry-clients.js';
import type { Candidate } from './candidates.js';

/**
 * How an entry takes its candidates: all, those of its node (IPVS: of every node, where its own has none), or those
 * that hints name for it.
 */
export type View = 'ALL' | 'NODE' | 'NODE_OR_ALL' | 'ZONE_HINTS' | 'HINTS';
export const VIEWS: readonly View[] = ['ALL', 'ZONE_HINTS', 'HINTS', 'NODE', 'NODE_OR_ALL'];

interface SetNames {
  readonly node: string;
  readonly hint: string;
  readonly zone: string;
}

const setNames = new WeakMap<EntryClient, SetNames>();

/** The sets that an entry may choose from, but for all endpoints. */
function namesOf(entry: EntryClient): SetNames {
  return remember(setNames, entry, () => ({
    node: `node ${entry.node}`,
    hint: `hint ${entry.node}`,
    zone: `zone ${entry.zone}`,
  }));
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
