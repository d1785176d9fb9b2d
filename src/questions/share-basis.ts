/** What kind of numbers the shares of an answer are. */
import type { ShareBasis } from '../contract/answers.js';
import { basisOf, weaker } from '../netfilter/walk/basis.js';
import type { Chance, ChanceBasis } from '../netfilter/walk/types.js';

/**
 * What two clients reach who connect by turns, and nobody else does: every other connection of the cycle is the first
 * one's.
 */
function byTurns<T>(cycle: readonly T[]): { readonly firstOfTwo: readonly T[]; readonly secondOfTwo: readonly T[] } {
  const of = (turn: number) => {
    const met = new Set<T>();
    // After two rounds both clients begin anew at the same place.
    for (let step = turn; step < 2 * cycle.length; step += 2) met.add(cycle[step % cycle.length] as T);
    return [...met];
  };
  return { firstOfTwo: of(0), secondOfTwo: of(1) };
}

const texts = new WeakMap<ChanceBasis, ShareBasis>();

/** A kind of chance as answers carry it. */
function basisWord(basis: ChanceBasis): ShareBasis {
  let known = texts.get(basis);
  if (known === undefined) {
    const { kind, why, cycle } = basis;
    known = { kind, why, ...(cycle === undefined || cycle.length < 2 ? {} : { cycle, ...byTurns(cycle) }) };
    texts.set(basis, known);
  }
  return known;
}

/**
 * A kind of chance as answers carry it, for endpoints that are known by their places: what {@link basisWord} says of
 * a basis whose cycle has their names.
 */
export class PlacedBasis {
  readonly #word: Pick<ShareBasis, 'kind' | 'why'>;
  readonly #cycle: readonly number[] | undefined;
  readonly #turns: ReturnType<typeof byTurns<number>> | undefined;

  /** `cycle`: the places of the endpoints in turns. */
  constructor({ kind, why }: ChanceBasis, cycle: readonly number[] | undefined) {
    this.#word = { kind, why };
    this.#cycle = cycle !== undefined && cycle.length < 2 ? undefined : cycle;
    this.#turns = this.#cycle && byTurns(this.#cycle);
  }

  /** `nameOf`: the name of the endpoint in a place. */
  of(nameOf: (place: number) => string): ShareBasis {
    const { kind, why } = this.#word;
    if (this.#cycle === undefined || this.#turns === undefined) return this.#word;
    const { firstOfTwo, secondOfTwo } = this.#turns;
    const cycle = this.#cycle.map(nameOf);
    return { kind, why, cycle, firstOfTwo: firstOfTwo.map(nameOf), secondOfTwo: secondOfTwo.map(nameOf) };
  }
}

/** The kind of one chance as answers carry it; undefined where no balancer of a node and no counting rule chose. */
export function shareBasis(chance: Chance): ShareBasis | undefined {
  const basis = basisOf(chance);
  return basis === undefined ? undefined : basisWord(basis);
}

/**
 * The kind of shares that several chances make up: that of the least certain, with a cycle where all have the same one.
 */
export function chanceBasisOfAll(chances: readonly Chance[]): ChanceBasis | undefined {
  let found: ChanceBasis | undefined;
  const cycles = new Set<string>();
  // Most chances share their basis, and its cycle may be long.
  const seen = new Set<ChanceBasis | undefined>();
  for (const chance of chances) {
    const basis = basisOf(chance);
    if (seen.has(basis)) continue;
    seen.add(basis);
    found = weaker(found, basis);
    cycles.add(JSON.stringify(basis?.cycle ?? []));
  }
  if (found === undefined || cycles.size === 1) return found;
  const { kind, why } = found;
  return { kind, why };
}

/** The same as answers carry it; undefined where no balancer of a node and no counting rule chose. */
export function basisOfAll(chances: readonly Chance[]): ShareBasis | undefined {
  const found = chanceBasisOfAll(chances);
  return found === undefined ? undefined : basisWord(found);
}
