import { Sha256 } from '#platform';
import type { Cluster } from '../../cluster/cluster.js';
import { type Node, namespacedName, type Service, type SliceEndpoint } from '../../cluster/objects.js';
import { networkOfService, notConnected } from './networks.js';
import { countedNode, type LeftOut, leftOut, subnetOf, subsetSalt, zoneOf } from './node-filter.js';

/**
 * Which nodes GKE makes members of a Service's GCE_VM_IP NEGs ("subsetting"): ingress-gce pkg/neg/syncers/subsets.go
 * and endpoints_calculator.go, as of 2026.
 */

/** How many nodes the NEGs of one Service may hold in all. */
const SUBSET_LIMITS = {
  /** Internal load balancer, policy Local. */
  internalLocal: 250,
  /** Internal, policy Cluster: the first where it divides evenly by the zones, else the second. */
  internalCluster: { even: 24, otherwise: 25 },
  /** External (backend service) load balancer, policy Local. */
  externalLocal: 3000,
  /** External, policy Cluster: as many as there are endpoints, at least `perZoneAndSubnet` of each, at most `most`. */
  externalCluster: { most: 250, perZoneAndSubnet: 3 },
} as const;

export type SubsetKind = 'INTERNAL' | 'EXTERNAL';

export interface SubsetOptions {
  readonly kind: SubsetKind;
  /** The members so far, by node name: they stay where they can, which makes the choice depend on history. */
  readonly previous?: readonly string[];
  /** The controller keeps draining nodes for policy Local. Default false. */
  readonly keepDraining?: boolean;
}

export interface ZoneSubset {
  readonly zone: string;
  /** How many nodes of the zone could be chosen. */
  readonly candidates: number;
  /** How many were to be picked here. */
  readonly quota: number;
  /** Names, in the order of their choice. */
  readonly nodes: readonly string[];
}

export interface Subset {
  /** The most that all zones together may hold. */
  readonly limit: number;
  /** In the order in which zones were served: those with the fewest candidates first. */
  readonly zones: readonly ZoneSubset[];
  /** All members, zone by zone. */
  readonly nodes: readonly string[];
  /** Nodes that might have been candidates but for this. */
  readonly leftOut: ReadonlyMap<string, LeftOut>;
}

/** Whether a node is connected to the network of a Service (always, where the Service selects none). */
const isConnected = (node: Node, service: Service) => notConnected(node, networkOfService(service)) === undefined;

/** Lower-case hexadecimal SHA-256 of `NODE:SALT`: nodes with low values are taken first. */
function hashOf(node: string, salt: string): string {
  return new Sha256().update(`${node}:${salt}`).hex();
}

/**
 * Picks `quota` of a zone's candidates: those of `previous` that are still there, in the order of their names, and then
 * by lowest hash. Fewer candidates than the quota are all taken, in their own order.
 */
export function pickNodes(
  candidates: readonly string[],
  salt: string,
  quota: number,
  previous: ReadonlySet<string>,
): readonly string[] {
  if (candidates.length < quota) return candidates;
  const kept = candidates.filter((name) => previous.has(name)).sort();
  if (kept.length >= quota) return kept.slice(0, quota);
  const byHash = candidates
    .filter((name) => !previous.has(name))
    .map((name) => ({ name, hash: hashOf(name, salt) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1));
  return [...kept, ...byHash.slice(0, quota - kept.length).map(({ name }) => name)];
}

/**
 * Shares `limit` among zones: the zone with the fewest candidates first (ties by name), each gets an even part of what
 * is left, so that what small zones cannot fill goes to the large ones.
 */
export function splitByZone(
  candidates: ReadonlyMap<string, readonly string[]>,
  limit: number,
  salt: string,
  previous: ReadonlySet<string> = new Set(),
): readonly ZoneSubset[] {
  const zones = [...candidates].sort(([a, of], [b, other]) => of.length - other.length || (a < b ? -1 : 1));
  let left = limit;
  return zones.map(([zone, names], served) => {
    const quota = Math.floor(left / (zones.length - served));
    const nodes = pickNodes(names, salt, quota, previous);
    left -= nodes.length;
    return { zone, candidates: names.length, quota, nodes };
  });
}

function endpointsOf(cluster: Cluster, service: Service): readonly SliceEndpoint[] {
  const slices = cluster.slicesOf(namespacedName(service));
  const family = service.spec?.ipFamilies?.[0] ?? slices[0]?.addressType;
  return slices.filter(({ addressType }) => addressType === family).flatMap(({ endpoints }) => endpoints);
}

function limitOf(
  kind: SubsetKind,
  local: boolean,
  zones: number,
  pairs: number,
  endpoints: number,
  current: number,
): number {
  if (local) return kind === 'INTERNAL' ? SUBSET_LIMITS.internalLocal : SUBSET_LIMITS.externalLocal;
  if (kind === 'INTERNAL') {
    const { even, otherwise } = SUBSET_LIMITS.internalCluster;
    return zones !== 0 && even % zones === 0 ? even : otherwise;
  }
  const { most, perZoneAndSubnet } = SUBSET_LIMITS.externalCluster;
  // It never shrinks by itself: taking a backend away would need its connections drained.
  return Math.max(current, Math.min(most, Math.max(endpoints, perZoneAndSubnet * pairs)));
}

/**
 * The members of a Service's NEGs. Policy Cluster: any node of the cluster; Local: the nodes that its endpoints name. A
 * Service of policy Local without any endpoint has NEGs without members. A pure function of the cluster, the Service
 * and the options.
 */
export function subsetOf(cluster: Cluster, service: Service, options: SubsetOptions): Subset {
  const local = service.spec?.externalTrafficPolicy === 'Local';
  const counted = endpointsOf(cluster, service)
    .map(countedNode)
    .filter((name): name is string => name !== undefined);
  const asked: readonly (Node | undefined)[] = local
    ? [...new Set(counted)].map((name) => cluster.nodes.get(name))
    : [...cluster.nodes.values()];
  const out = new Map<string, LeftOut>();
  const byZone = new Map<string, string[]>();
  const pairs = new Set<string>();
  for (const node of asked) {
    if (node === undefined) continue;
    const { name } = node.metadata;
    const draining = local && options.keepDraining === true;
    const why = isConnected(node, service) ? leftOut(node, draining) : 'NOT_CONNECTED';
    const zone = zoneOf(node);
    if (why !== undefined || zone === undefined) {
      out.set(name, why ?? 'NO_ZONE');
      continue;
    }
    const names = byZone.get(zone);
    if (names === undefined) byZone.set(zone, [name]);
    else names.push(name);
    pairs.add(`${zone}:${subnetOf(node)}`);
  }
  const previous = new Set(options.previous);
  const limit = limitOf(options.kind, local, byZone.size, pairs.size, counted.length, previous.size);
  const zones = splitByZone(byZone, limit, subsetSalt(service), previous);
  return { limit, zones, nodes: zones.flatMap(({ nodes }) => nodes), leftOut: out };
}
