/**
 * Which nodes MetalLB's own objects let announce a Service's address, and how. Sources: metallb.io, configuration
 * ("Advanced L2 configuration", "Advanced BGP configuration"), API reference; metallb/metallb
 * internal/config/config.go, speaker/bgp_controller.go.
 */

import { addressOf, addressWidth, type IPFamily } from '../../base/address.js';
import { fieldsOf } from '../../base/record.js';
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Node, Service } from '../../cluster/objects.js';
import type { Resource } from '../../cluster/resources.js';
import { annotationOf } from '../annotations.js';
import { anySelectorMatches, listOf } from '../fields.js';
import { poolHolds, rangeOf } from '../pools.js';

const POOL_ANNOTATIONS = ['metallb.io/ip-allocated-from-pool', 'metallb.universe.tf/ip-allocated-from-pool'];
const DEFAULT_LOCAL_PREF = 100;

export type Mode = 'L2' | 'BGP';

interface Objects {
  readonly pools: readonly Resource[];
  readonly l2: readonly Resource[];
  readonly bgp: readonly Resource[];
  readonly peers: readonly Resource[];
  readonly statuses: readonly Resource[];
}

const known = new WeakMap<Cluster['resources'], Objects>();

function objectsOf({ resources }: Cluster): Objects {
  return remember(known, resources, () => {
    const all = [...resources.values()].filter(({ apiVersion }) => apiVersion.startsWith('metallb.io/'));
    const of = (kind: string) => all.filter((one) => one.kind === kind);
    return {
      pools: of('IPAddressPool'),
      l2: of('L2Advertisement'),
      bgp: of('BGPAdvertisement'),
      peers: of('BGPPeer'),
      statuses: of('ServiceL2Status'),
    };
  });
}

/** Whether a pool's range (`A-B` or a network) holds the address. */
function rangeHolds(text: string, address: string): boolean {
  const [parsed, range] = [addressOf(address), rangeOf(text)];
  return parsed !== undefined && range !== undefined && poolHolds({ name: '', ranges: [range] }, parsed);
}

/** The pool that the Service's address is from: as its annotation says, else the one whose ranges hold it. */
function poolOf(
  { pools }: Objects,
  service: Service,
): { readonly name: string; readonly pool: Resource | undefined } | undefined {
  const named = POOL_ANNOTATIONS.map((name) => annotationOf(service, name)).find((name) => name !== undefined);
  if (named !== undefined) return { name: named, pool: pools.find(({ metadata }) => metadata.name === named) };
  const addresses = (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  const pool = pools.find(({ spec }) =>
    listOf(fieldsOf(spec).addresses).some((range) => addresses.some((address) => rangeHolds(String(range), address))),
  );
  return pool === undefined ? undefined : { name: pool.metadata.name, pool };
}

function selectsPool(advertisement: Resource, name: string, pool: Resource | undefined): boolean {
  const { ipAddressPools, ipAddressPoolSelectors } = fieldsOf(advertisement.spec);
  const [names, selectors] = [listOf(ipAddressPools), listOf(ipAddressPoolSelectors)];
  if (names.length === 0 && selectors.length === 0) return true;
  if (names.includes(name)) return true;
  return selectors.length > 0 && pool !== undefined && anySelectorMatches(selectors, pool.metadata.labels);
}

/** How the address of a Service is announced, as far as MetalLB's objects in the snapshot tell. */
export interface Announced {
  readonly modes: ReadonlySet<Mode>;
  /** Why a node does not announce it in this mode; undefined: it may. */
  leftOut(mode: Mode, node: Node): string | undefined;
  /** L2: network interfaces that it is announced on alone. */
  readonly interfaces: readonly string[];
  /** BGP: the routes that the speaker of a node may announce, one for each advertisement that takes the node. */
  routes(node: Node, family: IPFamily): readonly Route[];
}

/** A route that a speaker may announce for the address of a Service. */
export interface Route {
  /** The length of its prefix; the full length of an address unless the advertisement aggregates. */
  readonly length: number;
  readonly isAggregate: boolean;
  /** LOCAL_PREF, which peers of the same autonomous system get alone. */
  readonly localPref: number;
  /** Whether the advertisement serves a Service too. */
  serves(service: Service): boolean;
}

/** Undefined: the snapshot holds no advertisement at all, so that nothing is known. */
export function announcedBy(cluster: Cluster, service: Service): Announced | undefined {
  const objects = objectsOf(cluster);
  if (objects.l2.length + objects.bgp.length === 0) return undefined;
  const found = poolOf(objects, service);
  const serves = (one: Resource, other: Service) => {
    const from = other === service ? found : poolOf(objects, other);
    return (
      anySelectorMatches(fieldsOf(one.spec).serviceSelectors, other.metadata.labels) &&
      (from === undefined || selectsPool(one, from.name, from.pool))
    );
  };
  const serving = (one: Resource) => serves(one, service);
  const own = { L2: objects.l2.filter(serving), BGP: objects.bgp.filter(serving) };
  const modes = new Set<Mode>((['L2', 'BGP'] as const).filter((mode) => own[mode].length > 0));
  const takesNode = (one: Resource, { metadata: { labels } }: Node) =>
    anySelectorMatches(fieldsOf(one.spec).nodeSelectors, labels);
  const peersOf = (one: Resource, node: Node) =>
    objects.peers.filter(({ metadata: { name }, spec }) => {
      const wanted = listOf(fieldsOf(one.spec).peers);
      return (
        (wanted.length === 0 || wanted.includes(name)) &&
        anySelectorMatches(fieldsOf(spec).nodeSelectors, node.metadata.labels)
      );
    });
  // LOCAL_PREF goes to peers of the same autonomous system alone; without BGPPeers it is taken to go to some.
  const pref = (one: Resource, node: Node) => {
    const { localPref } = fieldsOf(one.spec);
    const peers = peersOf(one, node);
    const isInternal = ({ spec }: Resource) => {
      const { myASN, peerASN, dynamicASN } = fieldsOf(spec);
      return dynamicASN === 'internal' || (myASN !== undefined && myASN === peerASN);
    };
    const goes = peers.length === 0 || peers.some(isInternal);
    return goes && typeof localPref === 'number' && localPref > 0 ? localPref : DEFAULT_LOCAL_PREF;
  };
  const pool = found === undefined ? 'its address' : `pool ${found.name}`;
  return {
    modes,
    leftOut(mode, node) {
      const all = own[mode];
      const kind = mode === 'L2' ? 'L2Advertisement' : 'BGPAdvertisement';
      if (all.length === 0) return `no ${kind} selects ${pool}: nobody announces it`;
      const taking = all.filter((one) => takesNode(one, node));
      if (taking.length === 0) return `no ${kind} of ${pool} selects the node`;
      if (mode === 'L2' || objects.peers.length === 0) return undefined;
      return taking.some((one) => peersOf(one, node).length > 0) ? undefined : 'no BGPPeer selects the node';
    },
    interfaces: [...new Set(own.L2.flatMap((one) => listOf(fieldsOf(one.spec).interfaces).map(String)))],
    routes: (node, family) =>
      own.BGP.filter((one) => takesNode(one, node))
        .filter((one) => objects.peers.length === 0 || peersOf(one, node).length > 0)
        .map((one) => {
          const { aggregationLength, aggregationLengthV6 } = fieldsOf(one.spec);
          const full = addressWidth(family);
          const said = family === 'IPv4' ? aggregationLength : aggregationLengthV6;
          const length = Number.isInteger(said) && (said as number) >= 0 ? Math.min(full, said as number) : full;
          return {
            length,
            isAggregate: length < full,
            localPref: pref(one, node),
            serves: (other: Service) => serves(one, other),
          };
        }),
  };
}

/** The node that a ServiceL2Status of the snapshot says leads for the Service. */
export function statedLeader(cluster: Cluster, { metadata }: Service): string | undefined {
  for (const { status } of objectsOf(cluster).statuses) {
    const { node, serviceName, serviceNamespace } = fieldsOf(status);
    if (serviceName !== metadata.name || serviceNamespace !== (metadata.namespace ?? 'default')) continue;
    if (typeof node === 'string' && node !== '') return node;
  }
  return undefined;
}
