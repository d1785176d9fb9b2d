import type { ProxyEndpoint } from '../../proxy/service-port.js';
import type { EndpointClasses } from './endpoint-classes.js';

/** The order in which answers list endpoints. */
function listedAs({ address, port }: ProxyEndpoint): string {
  return `${address} ${port}`;
}

/** The smallest keys with their places, ascending. */
class Smallest {
  readonly #most: number;
  readonly #found: { readonly key: string; readonly place: number }[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  offer(key: string, place: number): void {
    const found = this.#found;
    const last = found[found.length - 1];
    if (found.length === this.#most && (last === undefined || key >= last.key)) return;
    let [low, high] = [0, found.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((found[middle] as { key: string }).key < key) low = middle + 1;
      else high = middle;
    }
    found.splice(low, 0, { key, place });
    if (found.length > this.#most) found.pop();
  }

  get places(): readonly number[] {
    return this.#found.map(({ place }) => place);
  }
}

/** What an answer shows of the endpoints. */
export interface Shown {
  /** So many of the first of each class, in the order of the walk. */
  readonly walked: number;
  /** So many of the first in the order in which answers list endpoints. */
  readonly listed: number;
  /** The first of each node. */
  readonly ofNodes: boolean;
}

/**
 * The places of the endpoints that are followed, ascending: those that an answer shows, those that are like no other,
 * and of each class the first ones. A walk goes through places forwards or backwards: both ends are followed. What is
 * delivered is shown before what is not, so that an answer may show the first ones of one class alone.
 */
export function followedPlaces(
  endpoints: readonly ProxyEndpoint[],
  { bundles, bundleAt }: EndpointClasses,
  { walked, listed, ofNodes }: Shown,
): { readonly places: readonly number[]; readonly listed: readonly number[] } {
  const count = endpoints.length;
  const followed = new Set<number>();
  const least = new Map<string, { readonly key: string; readonly place: number }>();
  const keyOf = bundles.map(({ like, node }) => (ofNodes ? `${like} ${node}` : like));
  const shown = new Smallest(listed);
  for (let place = 0; place < count; place++) {
    const listedKey = listedAs(endpoints[place] as ProxyEndpoint);
    shown.offer(listedKey, place);
    const number = bundleAt[place] as number;
    if (number < 0) {
      followed.add(place);
      continue;
    }
    const key = keyOf[number] as string;
    const smallest = least.get(key);
    if (smallest === undefined || listedKey < smallest.key) least.set(key, { key: listedKey, place });
  }
  const most = Math.max(1, walked);
  const follow = (seen: Map<string, number>, place: number) => {
    const key = keyOf[bundleAt[place] as number];
    const before = key === undefined ? most : (seen.get(key) ?? 0);
    if (key === undefined || before >= most) return;
    seen.set(key, before + 1);
    followed.add(place);
  };
  const [forwards, backwards] = [new Map<string, number>(), new Map<string, number>()];
  for (let place = 0; place < count; place++) follow(forwards, place);
  for (let place = count - 1; place >= 0; place--) follow(backwards, place);
  for (const place of shown.places) followed.add(place);
  for (const { place } of least.values()) followed.add(place);
  return { places: [...followed].sort((a, b) => a - b), listed: shown.places };
}
