/** What becomes of packets to endpoints that a walk left out: what becomes of those to endpoints that are alike. */
import { joinHostPort } from '../../base/address.js';
import { add, type Fraction, formatFraction, fraction, multiply, ZERO } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import type { LeftOutShare } from '../../netfilter/left-out.js';
import { scaledTo } from '../../netfilter/walk/left-out.js';
import type { Chance } from '../../netfilter/walk/types.js';
import { beginningOf, type Journey } from '../../path/trail.js';
import type { ProxyEndpoint } from '../../proxy/service-port.js';
import type { Bundle, EndpointClasses } from './endpoint-classes.js';

/** Runs of endpoints of which each gets the same nominal share. */
interface Tally {
  readonly each: Fraction;
  /** The programmed share of each where it does not depend on the place. */
  readonly programmedEach: Fraction | undefined;
  readonly unit: bigint;
  readonly chance: Chance;
  /** By bundle: how many endpoints, and the sum of their parts. */
  readonly counts: Int32Array;
  readonly units: bigint[];
}

/** What bundles get, added up from runs. */
class BundleSums {
  readonly #tallies = new Map<string, Tally>();

  constructor(readonly classes: EndpointClasses) {}

  add({ first, count, parts, unit }: LeftOutShare, chance: Chance): void {
    const { bundles, bundleAt } = this.classes;
    const part = fraction(1, count);
    const each = multiply(chance.nominal, part);
    const programmedEach = parts === undefined ? multiply(chance.programmed, part) : undefined;
    const kind = programmedEach === undefined ? `of ${unit}` : formatFraction(programmedEach);
    const { counts, units } = remember(this.#tallies, `${formatFraction(each)} ${kind}`, () => ({
      ...{ each, programmedEach, unit, chance },
      counts: new Int32Array(bundles.length),
      units: new Array<bigint>(bundles.length).fill(0n),
    }));
    for (let i = 0; i < count; i++) {
      const number = bundleAt[first + i] as number;
      counts[number] = (counts[number] as number) + 1;
      if (parts !== undefined) units[number] = (units[number] as bigint) + (parts[i] as bigint);
    }
  }

  /** What one bundle gets; undefined for one of which nothing was left out. */
  of(number: number): (Pick<Journey, 'chance'> & { readonly count: number }) | undefined {
    let [all, nominal, programmed] = [0, ZERO, ZERO];
    let chance: Chance | undefined;
    for (const tally of this.#tallies.values()) {
      const count = tally.counts[number] as number;
      if (count === 0) continue;
      const times = fraction(count);
      all += count;
      nominal = add(nominal, multiply(tally.each, times));
      const { programmedEach, units, unit } = tally;
      const own =
        programmedEach === undefined ? fraction(units[number] as bigint, unit) : multiply(programmedEach, times);
      programmed = add(programmed, own);
      chance = tally.chance;
    }
    if (chance === undefined) return undefined;
    return { count: all, chance: { nominal, programmed, roundRobin: chance.roundRobin, basis: chance.basis } };
  }
}

/** A bundle's packets as one journey, like the one of an endpoint that is alike. */
function bundled(bundle: Bundle, { count, chance }: Pick<Journey, 'chance' | 'count'>, like: Journey): Journey {
  const { node, port } = bundle;
  const { packet, verdict, cause, rule, detail, receiver, reply } = like;
  return {
    chance,
    ...{ packet, trail: beginningOf(like), verdict, cause, rule, detail },
    receiver: receiver === undefined ? undefined : { address: '', port, node, endpoint: receiver.endpoint },
    ...{ reply, count, bundle },
  };
}

/**
 * The journeys of one client with those to endpoints that were left out, a bundle as one, behind the others. Undefined
 * where a packet to an endpoint that is followed has more ways than one, so that it does not say what becomes of
 * others.
 */
export function settle(
  journeys: readonly Journey[],
  endpoints: readonly ProxyEndpoint[],
  followed: readonly number[],
  classes: EndpointClasses,
): readonly Journey[] | undefined {
  const { bundles, bundleAt } = classes;
  const placeOf = new Map(
    followed.map((place) => {
      const { address, port } = endpoints[place] as ProxyEndpoint;
      return [joinHostPort(address, port), place];
    }),
  );
  const found: Journey[] = [];
  const known = new Map<string, Journey>();
  const seen = new Set<number>();
  const sums = new BundleSums(classes);
  for (const journey of journeys) {
    const { leftOut, packet, chance } = journey;
    if (leftOut !== undefined) {
      sums.add(scaledTo(leftOut, chance.programmed), chance);
      continue;
    }
    found.push(journey);
    const place = placeOf.get(joinHostPort(packet.destination, packet.destinationPort ?? 0));
    if (place === undefined) continue;
    if (seen.has(place)) return undefined;
    seen.add(place);
    const { like } = bundles[bundleAt[place] as number] ?? {};
    if (like !== undefined && !known.has(like)) known.set(like, journey);
  }
  for (const [number, bundle] of bundles.entries()) {
    const sum = sums.of(number);
    if (sum === undefined) continue;
    const like = known.get(bundle.like);
    if (like === undefined) return undefined;
    found.push(bundled(bundle, sum, like));
  }
  return found;
}
