/** Connections that leave their client's zone. */

import {
  compare,
  divide,
  type Fraction,
  formatFraction,
  fraction,
  isZero,
  multiply,
  ZERO,
} from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import { nodeZone } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import { type Share, ShareSum } from '../../probability/distribution.js';
import { doorPairs } from './client-pairs.js';
import type { Door, DoorClient, DoorOutcome } from './door.js';
import type { DifferenceFinder, StateFinder } from './finders.js';
import { doorEvidence, doorText, finding, findingWhenRead, partOf } from './finding.js';
import { hasZones } from './service-facts.js';

type ZoneCounts = ReadonlyMap<string, number>;

// Most Services share the same long list of nodes.
const countsOf = new WeakMap<Cluster, WeakMap<readonly string[], ZoneCounts>>();

const zones = new WeakMap<Cluster['nodes'], ReadonlyMap<string, string | undefined>>();

function zoneOf(cluster: Cluster, node: string): string | undefined {
  const all = remember(zones, cluster.nodes, () => {
    return new Map([...cluster.nodes.entries()].map(([name, object]) => [name, nodeZone(object)]));
  });
  return all.get(node);
}

function counted(cluster: Cluster, nodes: readonly string[]): ZoneCounts {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const zone = zoneOf(cluster, node);
    if (zone !== undefined) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  }
  return counts;
}

/**
 * How many of the nodes that a client's connections are translated on are in each zone that is known: its own node or
 * those that it stands for; of an outside client that comes through a load balancer the one at which this packet came
 * in.
 */
function zonesOf(cluster: Cluster, nodes: readonly string[]): ZoneCounts {
  const byNodes = remember(countsOf, cluster, () => new WeakMap<readonly string[], ZoneCounts>());
  return remember(byNodes, nodes, () => counted(cluster, nodes));
}

const totals = new WeakMap<ZoneCounts, number>();

function allOf(zones: ZoneCounts): number {
  return remember(totals, zones, () => [...zones.values()].reduce((sum, count) => sum + count, 0));
}

export interface ZoneShares {
  /** What is delivered between places whose zones are known. */
  readonly known: Share;
  /** What of it goes to another zone than the one it is translated in. */
  readonly crossing: Share;
  /** Whether every zone is known. */
  readonly complete: boolean;
  /** The part of `known` that `crossing` is; undefined where nothing is known. */
  readonly part: Fraction | undefined;
  /** The zones, as far as they are known, that something is delivered in. */
  readonly reached: ReadonlySet<string>;
}

/** Sums of shares by the part of each that counts: one of them is multiplied, and not every share. */
class Parts {
  readonly #sums = new Map<string, { readonly part: Fraction; readonly sum: ShareSum }>();

  add({ share, programmed }: DoorOutcome, count: number, size: number): void {
    const { sum } = remember(this.#sums, `${count} ${size}`, () => ({
      part: fraction(count, size),
      sum: new ShareSum(),
    }));
    sum.add({ nominal: share, programmed });
  }

  get share(): Share {
    const total = new ShareSum();
    for (const { part, sum } of this.#sums.values()) {
      const { nominal, programmed } = sum.share;
      total.add({ nominal: multiply(nominal, part), programmed: multiply(programmed, part) });
    }
    return total.share;
  }
}

// The clients of a door are those of one cluster; an answer and its findings ask of the same ones.
const sharesOf = new WeakMap<readonly DoorClient[], ZoneShares>();

/** What of the delivered connections stays in a zone, and what does not. */
export function zoneShares(cluster: Cluster, clients: readonly DoorClient[]): ZoneShares {
  return remember(sharesOf, clients, () => sumZones(cluster, clients));
}

function sumZones(cluster: Cluster, clients: readonly DoorClient[]): ZoneShares {
  const [known, crossing] = [new Parts(), new Parts()];
  const reached = new Set<string>();
  let complete = true;
  for (const from of clients) {
    const own = from.nodes ?? [from.client.node];
    for (const outcome of from.outcomes) {
      const { verdict, receiver, entries = own } = outcome;
      if (verdict !== 'DELIVERED' || receiver?.node === undefined) continue;
      const zone = zoneOf(cluster, receiver.node);
      if (zone !== undefined) reached.add(zone);
      const zones = zonesOf(cluster, entries);
      const size = entries.length;
      const there = allOf(zones);
      if (zone === undefined || there < size) complete = false;
      if (zone === undefined || there === 0) continue;
      known.add(outcome, there, size);
      const away = there - (zones.get(zone) ?? 0);
      if (away > 0) crossing.add(outcome, away, size);
    }
  }
  const [all, away] = [known.share, crossing.share];
  const part = isZero(all.nominal) ? undefined : divide(away.nominal, all.nominal);
  return { known: all, crossing: away, complete, part, reached };
}

function zonesOfDoor(cluster: Cluster, { from, zoneShares: known }: Door): ZoneShares {
  return known ?? zoneShares(cluster, from);
}

/**
 * The part of a door's delivered connections that go to another zone, of those whose two zones are known; undefined
 * where there are none.
 */
function crossZoneShare(cluster: Cluster, door: Door): Fraction | undefined {
  return hasZones(cluster) ? zonesOfDoor(cluster, door).part : undefined;
}

/**
 * What would leave the zone if the connections of the door's clients were spread evenly over the zones that have
 * endpoints: nothing can be near for a client whose zone has none.
 */
function evenShare(cluster: Cluster, door: Door): Fraction {
  const zones = zonesOfDoor(cluster, door).reached;
  return zones.size === 0 ? ZERO : fraction(zones.size - 1, zones.size);
}

/**
 * Doors whose connections mostly leave the zone, beside what even spreading over the zones of their endpoints gives.
 */
export const crossZone: StateFinder = ({ cluster, doors }, { crossZoneShare: threshold }) =>
  doors
    .filter((door) => compare(crossZoneShare(cluster, door) ?? ZERO, threshold) > 0)
    .map((door) =>
      findingWhenRead('CROSS_ZONE_SHARE', () => {
        const share = crossZoneShare(cluster, door) ?? ZERO;
        const [is, even] = [formatFraction(share), formatFraction(evenShare(cluster, door))];
        const message =
          `${partOf(share)} of the connections to ${doorText(door)} that are delivered go to another zone; ` +
          `even spreading over the zones of its endpoints gives ${even}.`;
        const evidence = { ...doorEvidence(door), share: is, even, threshold: formatFraction(threshold) };
        return { message, evidence };
      }),
    );

/** Doors whose connections mostly leave the zone since the change. */
export const crossZoneDifferences: DifferenceFinder = (before, after, { crossZoneShare: threshold }) =>
  doorPairs(before.doors, after.doors).flatMap((pair) => {
    const [was, is] = [crossZoneShare(before.cluster, pair.before), crossZoneShare(after.cluster, pair.after)];
    if (was === undefined || is === undefined) return [];
    if (compare(was, threshold) > 0 || compare(is, threshold) <= 0) return [];
    const even = evenShare(after.cluster, pair.after);
    const message =
      `${partOf(is)} of the connections to ${doorText(pair.after)} that are delivered go to another ` +
      `zone; it was ${formatFraction(was)}, and even spreading over the zones of its endpoints gives ` +
      `${formatFraction(even)}.`;
    return [
      finding('CROSS_ZONE_SHARE_GROWN', message, {
        ...doorEvidence(pair.after),
        share: { before: formatFraction(was), after: formatFraction(is) },
        even: formatFraction(even),
        threshold: formatFraction(threshold),
      }),
    ];
  });
