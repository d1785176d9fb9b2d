/** What becomes of packets to endpoints that a walk left out: what becomes of those to endpoints that are alike. */
import { joinHostPort } from '../../base/address.js';
import { add, type Fraction, fraction, multiply, ZERO } from '../../base/fraction.js';
import type { LeftOutShare } from '../../netfilter/left-out.js';
import { scaledTo } from '../../netfilter/walk/left-out.js';
import { beginningOf, type Journey } from '../../path/trail.js';
import type { ProxyEndpoint } from '../../proxy/service-port.js';
import type { Bundle, EndpointClasses } from './endpoint-classes.js';

/** What the endpoints of a bundle get together. */
class BundleSum {
  count = 0;
  nominal: Fraction = ZERO;
  programmed: Fraction = ZERO;
  chance: Journey['chance'] | undefined;
}

/** Adds what the endpoints of one run get to their bundles. */
function addRun(
  sums: (BundleSum | undefined)[],
  bundleAt: Int32Array,
  { chance }: Journey,
  { first, count, parts, unit }: LeftOutShare,
): void {
  const counts = new Map<number, number>();
  const units = new Map<number, bigint>();
  if (parts === undefined) {
    for (let i = 0; i < count; i++) {
      const number = bundleAt[first + i] as number;
      counts.set(number, (counts.get(number) ?? 0) + 1);
    }
  } else {
    for (let i = 0; i < count; i++) {
      const number = bundleAt[first + i] as number;
      counts.set(number, (counts.get(number) ?? 0) + 1);
      units.set(number, (units.get(number) ?? 0n) + (parts[i] as bigint));
    }
  }
  for (const [number, own] of counts) {
    const part = fraction(own, count);
    sums[number] ??= new BundleSum();
    const sum = sums[number] as BundleSum;
    sum.count += own;
    sum.nominal = add(sum.nominal, multiply(chance.nominal, part));
    const programmed =
      parts === undefined ? multiply(chance.programmed, part) : fraction(units.get(number) ?? 0n, unit);
    sum.programmed = add(sum.programmed, programmed);
    sum.chance = chance;
  }
}

/** A bundle's packets as one journey, like the one of an endpoint that is alike. */
function bundled(bundle: Bundle, { count, nominal, programmed, chance }: BundleSum, like: Journey): Journey {
  const { node, port } = bundle;
  const { packet, verdict, cause, rule, detail, receiver, reply } = like;
  return {
    chance: { nominal, programmed, roundRobin: chance?.roundRobin, basis: chance?.basis },
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
  { bundles, bundleAt }: EndpointClasses,
): readonly Journey[] | undefined {
  const placeOf = new Map(
    followed.map((place) => {
      const { address, port } = endpoints[place] as ProxyEndpoint;
      return [joinHostPort(address, port), place];
    }),
  );
  const found: Journey[] = [];
  const known = new Map<string, Journey>();
  const seen = new Set<number>();
  const sums: (BundleSum | undefined)[] = [];
  for (const journey of journeys) {
    const { leftOut, packet, chance } = journey;
    if (leftOut !== undefined) {
      addRun(sums, bundleAt, journey, scaledTo(leftOut, chance.programmed));
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
  for (const [number, sum] of sums.entries()) {
    if (sum === undefined) continue;
    const bundle = bundles[number] as Bundle;
    const like = known.get(bundle.like);
    if (like === undefined) return undefined;
    found.push(bundled(bundle, sum, like));
  }
  return found;
}
