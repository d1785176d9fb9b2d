/** The load of a sweep's points: the same question as probability's, of groups of endpoints in place of single ones. */
import { isZero, toNumber } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import { nodeZone } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Settings } from '../../cluster/settings.js';
import type { SweptShares } from '../../contract/answers.js';
import type { DoorClient } from '../findings/door.js';
import { groupsIn } from '../sweep/summary.js';
import type { LoadedPods } from './capacity.js';
import { type Law, lawOf } from './law.js';
import { type Load, loadOf } from './load-answer.js';
import type { Offered } from './offered.js';

/** What a point's load needs beside its shares. */
export interface SweptDoor {
  readonly law: Law;
  /**
   * Where clients are: the part of them on each node, and in each zone. Absent: not known, or they choose in different
   * ways.
   */
  readonly clients?:
    | { readonly nodes: ReadonlyMap<string, number>; readonly zones: ReadonlyMap<string, number> | undefined }
    | undefined;
  /** Of all connections, where every client was walked. */
  readonly crossZone?: number | undefined;
  readonly crossNode?: number | undefined;
  /** CPU that a pod of the workload requests, in thousandths. */
  readonly cpuMilli?: number | undefined;
}

/** Where the clients of a door are, for clients that choose among all endpoints alike. */
export function clientPlaces(cluster: Cluster, from: readonly DoorClient[]): SweptDoor['clients'] {
  const nodes = new Map<string, number>();
  for (const { client, nodes: own, weight, outcomes } of from) {
    if (client.through !== undefined || outcomes.some(({ entries }) => entries !== undefined)) return undefined;
    const names = own ?? [client.node];
    for (const name of names) nodes.set(name, (nodes.get(name) ?? 0) + toNumber(weight) / names.length);
  }
  const zones = new Map<string, number>();
  for (const [name, part] of nodes) {
    const node = cluster.nodes.get(name);
    const zone = node === undefined ? undefined : nodeZone(node);
    if (zone === undefined) return { nodes, zones: undefined };
    zones.set(zone, (zones.get(zone) ?? 0) + part);
  }
  return { nodes, zones };
}

const lawsOf = new WeakMap<readonly DoorClient[], Law>();

/** The law of a walked door; one law for the same clients. */
export function doorLaw(settings: Settings, from: readonly DoorClient[], stickySeconds: number): Law {
  return remember(lawsOf, from, () => lawOf({ settings, from, stickySeconds }));
}

/**
 * What leaves a place where every client chooses among all endpoints alike: of each place's clients, what is elsewhere.
 */
function leaving(clients: ReadonlyMap<string, number>, there: ReadonlyMap<string, number>): number {
  let stays = 0;
  let all = 0;
  for (const share of there.values()) all += share;
  for (const [place, part] of clients) stays += part * (there.get(place) ?? 0);
  return all - stays;
}

/** The load of a Service port at a point; undefined where nothing is delivered. */
export function sweptLoad(shares: SweptShares, door: SweptDoor, offered: Offered): Load | undefined {
  const groups = groupsIn(shares);
  const delivered = shares.delivered.value;
  if (groups === undefined || delivered === 0) return undefined;
  const pods = groups
    .filter(({ share }) => !isZero(share))
    .map(
      ({ node, zone, share, count }): LoadedPods => ({
        count,
        share: toNumber(share) / delivered,
        node,
        zone,
        cpuMilli: door.cpuMilli,
      }),
    );
  const sums = (key: 'node' | 'zone') => {
    const found = new Map<string, number>();
    for (const pod of pods) found.set(pod[key], (found.get(pod[key]) ?? 0) + pod.count * pod.share * delivered);
    return found;
  };
  const { clients } = door;
  const zoned = clients?.zones !== undefined && pods.every(({ zone }) => zone !== '');
  const crossNode = door.crossNode ?? (clients === undefined ? undefined : leaving(clients.nodes, sums('node')));
  const crossZone = door.crossZone ?? (zoned ? leaving(clients.zones, sums('zone')) : undefined);
  return loadOf({ pods, delivered, crossZone, crossNode, law: door.law, listed: false }, offered);
}
