/**
 * Endpoints of a very large Service port by what tells them apart: the node, the port, and what is known of the pod.
 * Those of one class on one node are a bundle: what becomes of a packet to one of them becomes of it to the others.
 */
import { remember } from '../../base/remember.js';
import { serviceOfAddress } from '../../load-balancers/balancer-addresses.js';
import { insideNetworks } from '../../path/alike-endpoints.js';
import type { Fabric } from '../../path/fabric.js';
import { canonicalEndpoint } from '../../path/known-endpoints.js';
import { podListens } from '../../path/pod-listeners.js';
import { serviceHolding } from '../../path/service-addresses.js';
import type { WeightedClient } from '../../path/sources.js';
import type { ProxyEndpoint, ServicePort } from '../../proxy/service-port.js';
import { NodesOfPods } from '../probability/port-kind.js';

/** Endpoints of one class on one node. */
export interface Bundle {
  readonly node: string;
  readonly port: number;
  /** Equal for bundles of nodes that nothing tells apart. */
  readonly like: string;
}

export interface EndpointClasses {
  readonly bundles: readonly Bundle[];
  /** By place: the number of its bundle; -1 for an endpoint that is like no other. */
  readonly bundleAt: Int32Array;
}

/** What is known of the pod behind an endpoint, as far as the end of a packet's way depends on it. */
function podWord(fabric: Fabric, name: string | undefined, protocol: ServicePort['protocol'], port: number): string {
  const object = name === undefined ? undefined : fabric.cluster.pods.get(name);
  if (object === undefined) return name === undefined ? '' : 'named';
  const listening = podListens(object, { protocol, port, loopback: false }, true);
  return listening.kind === 'UNKNOWN'
    ? `unknown ${name}`
    : `${listening.kind} ${'assumed' in listening && listening.assumed}`;
}

/** Puts the endpoints that a node uses for a port into classes, for packets of these clients. */
export function classify(
  fabric: Fabric,
  { protocol }: ServicePort,
  endpoints: readonly ProxyEndpoint[],
  clients: readonly WeightedClient[],
): EndpointClasses {
  const { cluster, book, settings } = fabric;
  const nodes = new NodesOfPods(fabric, clients);
  const own = new Set(clients.map(({ client }) => client.address));
  const bundles: Bundle[] = [];
  const bundleAt = new Int32Array(endpoints.length).fill(-1);
  const known = new Map<string, Map<string, number>>();
  const hasPods = cluster.pods.size > 0;
  for (let place = 0; place < endpoints.length; place++) {
    const { address, port, node: named, pod } = canonicalEndpoint(endpoints[place] as ProxyEndpoint);
    const found = book.known(address);
    const isSpecial =
      own.has(address) ||
      serviceHolding(cluster, address) !== undefined ||
      serviceOfAddress(cluster, address) !== undefined;
    if (isSpecial) continue;
    const location = found ?? (named === '' ? book.derive(address) : fabric.places.listed(address, named, pod));
    if (location.kind !== 'POD') continue;
    const { node } = location;
    const name = pod ?? ('pod' in location ? location.pod : undefined);
    const word = hasPods || name !== undefined ? podWord(fabric, name, protocol, port) : '';
    const inside = insideNetworks(settings, address);
    const kind = `${port} ${inside} ${word}`;
    const ofNode = remember(known, node, () => new Map<string, number>());
    let number = ofNode.get(kind);
    if (number === undefined) {
      number = bundles.length;
      ofNode.set(kind, number);
      bundles.push({ node, port, like: `${nodes.of(node).likeness ?? `node ${node}`} ${kind}` });
    }
    bundleAt[place] = number;
  }
  return { bundles, bundleAt };
}
