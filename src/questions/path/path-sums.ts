/** What a client's ways to a port come to together, kept for all ports of a kind: nothing but chances decides it. */
import { compare, formatFraction } from '../../base/fraction.js';
import type { PathResult, Probability, VerdictShare } from '../../contract/answers.js';
import type { Chance } from '../../netfilter/walk/types.js';
import type { Journey } from '../../path/trail.js';
import { probability, total } from '../chances.js';
import type { ZoneShares } from '../findings/zones.js';
import { imbalanceOf, type Reached } from '../probability/endpoint-shares.js';
import { verdictShares } from '../probability/verdict-shares.js';

/** Who of those that are reached comes first in lists. */
function firstOf(journeys: readonly Journey[], places: readonly number[]): number {
  let [first = 0] = places;
  let id: string | undefined;
  for (const place of places) {
    const { receiver } = journeys[place] as Journey;
    const own = `${receiver?.address} ${receiver?.port ?? ''}`;
    if (id !== undefined && id <= own) continue;
    first = place;
    id = own;
  }
  return first;
}

/** The sums of ways that are all delivered, each to an endpoint of its own, with these chances. */
export class PathSums {
  readonly probabilities: readonly Probability[];
  readonly verdicts: readonly VerdictShare[];
  readonly imbalance: Reached['imbalance'];
  /** Places of the ways in the order in which answers have traces: most likely first, then as they are walked. */
  readonly order: readonly number[];
  /** Those of the least and of the most likely ones. */
  readonly #least: readonly number[];
  readonly #most: readonly number[];
  /** By the zones of the endpoints. */
  readonly zones = new Map<string, ZoneShares>();

  constructor(chances: readonly Chance[]) {
    const places = chances.map((_, place) => place);
    const at = (place: number) => (chances[place] as Chance).nominal;
    this.probabilities = chances.map(probability);
    this.verdicts = verdictShares(chances.map((chance) => ({ chance, verdict: 'DELIVERED' })));
    this.imbalance = imbalanceOf(chances);
    this.order = [...places].sort((a, b) => compare(at(b), at(a)));
    const [most = 0, least = 0] = [this.order[0], this.order.at(-1)];
    this.#most = places.filter((place) => compare(at(place), at(most)) === 0);
    this.#least = places.filter((place) => compare(at(place), at(least)) === 0);
    const all = formatFraction(total(chances).nominal);
    if (all !== '1') throw new Error(`chances sum to ${all}, not 1`);
  }

  /** How many endpoints these journeys reach, and what the least and the most likely of them gets. */
  reached(journeys: readonly Journey[]): NonNullable<PathResult['reached']> {
    const shareOf = (places: readonly number[]) => this.probabilities[firstOf(journeys, places)] as Probability;
    return { endpoints: journeys.length, smallest: shareOf(this.#least), largest: shareOf(this.#most) };
  }
}
