import { addressOf } from '../../base/address.js';
import { ONE } from '../../base/fraction.js';
import { nodeAddresses } from '../../cluster/addresses.js';
import type { Node } from '../../cluster/objects.js';
import { announcement, isLocal } from '../checks.js';
import { isSilent, readyEndpointsOn } from '../health.js';
import type { Backends, Balanced, Implementation, ProbeResult } from '../implementation.js';
import { nodeBackends } from '../node-filter.js';
import { holderOf, leftOutByLabels } from './host-ports.js';

/** The Service's status follows endpoints within about this long; clients and DNS keep addresses longer. */
const STATUS_SECONDS = 1;

function backends(balanced: Balanced): Backends {
  const { cluster, service } = balanced;
  const byLabels = leftOutByLabels(cluster, service);
  return nodeBackends(balanced, 'nodes that hold the port', (node) => {
    const why = byLabels(node);
    if (why !== undefined) return why;
    const holder = holderOf(cluster, service, node);
    return holder === undefined ? undefined : `${holder} there: the pod of ServiceLB stays pending`;
  });
}

/** The address of a node that is published: its ExternalIP where any node has one, else its InternalIP. */
function published({ cluster, family }: Balanced, name: string): string | undefined {
  const external = (node: Node) => (node.status?.addresses ?? []).filter(({ type }) => type === 'ExternalIP');
  const anyExternal = [...cluster.nodes.values()].some((node) => external(node).length > 0);
  const node = cluster.nodes.get(name);
  const texts = !node ? [] : anyExternal ? external(node).map(({ address }) => address) : nodeAddresses(node);
  return texts.map((text) => addressOf(text)).find((address) => address?.family === family)?.text;
}

function probe(balanced: Balanced, name: string): ProbeResult {
  const node = balanced.cluster.nodes.get(name);
  const why =
    node !== undefined && isSilent(node)
      ? 'the node is down (its Ready condition is Unknown)'
      : isLocal(balanced) && readyEndpointsOn(balanced, name) === 0
        ? `no ready endpoint of ${balanced.key} there`
        : undefined;
  const detail = `the address of ${name} is ${why === undefined ? 'published' : `not published: ${why}`}`;
  return { healthy: why === undefined, status: undefined, detail };
}

/**
 * k3s' ServiceLB (klipper-lb): no load balancer at all. A DaemonSet holds the Service's ports as host ports on the
 * nodes, whose own addresses are published; kube-proxy's rules for these addresses take the packets before the host
 * ports do.
 */
export const k3sServicelb: Implementation = {
  name: 'k3s-servicelb',
  title: 'k3s ServiceLB',
  options: ['enforcesSourceRanges'],
  takes: (service, platform) =>
    platform === 'k3s' && !service.spec?.loadBalancerClass ? 'platform k3s, no class' : undefined,
  allocates(balanced) {
    const holding = backends(balanced).members.filter(({ node }) => probe(balanced, node).healthy);
    const addresses = holding.map(({ node }) => published(balanced, node)).filter((address) => address !== undefined);
    return { scheme: 'EXTERNAL', ipMode: 'VIP', addresses: [...new Set(addresses)].sort() };
  },
  backends,
  weights(balanced, candidates) {
    balanced.assume(
      'loadBalancer.spread',
      'clients use the published addresses alike',
      'ServiceLB publishes the addresses of nodes; which one a client takes is its own or its DNS’ choice.',
    );
    return candidates.map(() => ONE);
  },
  probe: (balanced, { node }) => probe(balanced, node),
  forward(balanced, sent, { node }) {
    const destination = published(balanced, node);
    if (destination === undefined) return { refused: `${node} has no ${balanced.family} address that is published` };
    const detail = `is no hop of its own: the client connects to ${destination}, an address of ${node}`;
    return { ...sent, destination, detail, byClient: true };
  },
  healthCheck: () => announcement(STATUS_SECONDS),
  failsOpen: () => false,
  affinity: () => ({ by: 'CONNECTION', detail: 'the client chooses the node' }),
  // kube-proxy applies source ranges, before the rules of the host ports could.
  firewall: () => ({ allowed: undefined, rules: [] }),
  drain: () => ({
    seconds: 0,
    detail: 'a node that goes takes its connections along; clients must take another address',
  }),
  reply: () => 'DIRECT',
  addressIsLocal: () => false,
};
