import { Sha256 } from '#platform';
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import { type Node, namespacedName, type Service } from '../../cluster/objects.js';
import { serviceMap } from '../../proxy/service-map.js';
import type { ProxyEndpoint } from '../../proxy/service-port.js';
import { annotationOf } from '../annotations.js';
import { isLocal } from '../checks.js';
import { isSilent } from '../health.js';
import type { Backends, Balanced } from '../implementation.js';
import { EXCLUDE_LABEL, nodeBackends } from '../node-filter.js';
import { announcedBy, type Mode } from './advertisements.js';
import { losesTo, othersAt, sharingConflict } from './sharing.js';

/** Written on a Service by MetalLB's controller, by either name (metallb/metallb internal/k8s/annotations). */
const POOL_ANNOTATIONS = ['metallb.io/ip-allocated-from-pool', 'metallb.universe.tf/ip-allocated-from-pool'];
/** The DaemonSet of speakers: as the manifests name it, and as the Helm chart does. */
const SPEAKERS = ['speaker', 'metallb-speaker'];

/** What shows that MetalLB takes a Service; undefined: nothing does. */
export function shownMetallb(service: Service, cluster: Cluster): string | undefined {
  const annotation = POOL_ANNOTATIONS.find((name) => annotationOf(service, name) !== undefined);
  if (annotation !== undefined) return `annotation ${annotation}`;
  if (service.spec?.loadBalancerClass?.includes('metallb'))
    return `loadBalancerClass ${service.spec.loadBalancerClass}`;
  if (service.spec?.loadBalancerClass) return undefined;
  for (const { kind, metadata } of cluster.workloads.values()) {
    if (kind === 'DaemonSet' && metadata.namespace?.includes('metallb') && SPEAKERS.includes(metadata.name)) {
      return `DaemonSet ${namespacedName({ metadata })} runs MetalLB’s speakers`;
    }
  }
  return undefined;
}

/** Nodes on which a speaker runs, as far as the snapshot shows its pods; undefined: it shows none. */
function speakerNodes(cluster: Cluster): ReadonlySet<string> | undefined {
  const found = new Set<string>();
  for (const pod of cluster.pods.values()) {
    const { namespace, name } = pod.metadata;
    if (!namespace?.includes('metallb') || !SPEAKERS.some((speaker) => name.startsWith(`${speaker}-`))) continue;
    if (pod.spec?.nodeName && pod.status?.phase === 'Running') found.add(pod.spec.nodeName);
  }
  return found.size > 0 ? found : undefined;
}

function networkUnavailable({ status }: Node): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'NetworkUnavailable' && is === 'True') ?? false;
}

/** The nodes whose speakers may announce the Service's address (speaker/layer2_controller.go speakersForPool, 0.15). */
export function speakers(balanced: Balanced, group: string, mode: Mode): Backends {
  const { cluster, options, service } = balanced;
  const announced = announcedBy(cluster, service);
  const running = speakerNodes(cluster);
  if (running === undefined) {
    balanced.assume('loadBalancer.speakers', 'on every node', 'The snapshot shows no pods of MetalLB’s speakers.');
  }
  if (options.announcingNodes === undefined && announced === undefined) {
    balanced.assume(
      'loadBalancer.announcingNodes',
      'every node with a speaker',
      'The snapshot holds no L2Advertisement and no BGPAdvertisement of MetalLB, which say the nodes that ' +
        'announce the address.',
    );
  }
  return nodeBackends(balanced, group, (node) => {
    const { name, labels } = node.metadata;
    if (labels?.[EXCLUDE_LABEL] !== undefined) return `label ${EXCLUDE_LABEL}`;
    if (networkUnavailable(node)) return 'its condition NetworkUnavailable is True';
    if (running !== undefined && !running.has(name)) return 'no speaker runs there';
    if (options.announcingNodes !== undefined) {
      return options.announcingNodes.includes(name) ? undefined : 'its speaker is not to announce the address';
    }
    return announced?.leftOut(mode, node);
  });
}

/** Ready, or still serving while it terminates (internal/k8s/epslices EndpointCanServe). */
function canServe({ ready, serving }: ProxyEndpoint): boolean {
  return ready || serving;
}

const serving = new WeakMap<Balanced, ReadonlySet<string>>();

/** The nodes with endpoints that can serve; '' stands for endpoints without a node. */
function servingNodes(balanced: Balanced): ReadonlySet<string> {
  return remember(serving, balanced, () => {
    const { cluster, settings, family, key, service } = balanced;
    const [anyNode] = cluster.nodes.keys();
    if (anyNode === undefined) return new Set();
    const services = serviceMap(cluster, family, settings.proxyOf(anyNode));
    // Services that share an address are one announcement: it goes on as long as one of them is announced.
    const sharers = othersAt(cluster, service).filter((other) => sharingConflict(service, other) === undefined);
    const keys = [key, ...sharers.map(namespacedName)];
    const endpoints = keys.flatMap((one) => services.portsOf(one)).flatMap((port) => services.endpointsOf(port));
    return new Set(endpoints.filter(canServe).map(({ node }) => node));
  });
}

/** Whether the node's kubelet reports nothing. */
export function isDown({ cluster }: Balanced, name: string): boolean {
  const node = cluster.nodes.get(name);
  return node !== undefined && isSilent(node);
}

/**
 * Why the speaker of a node announces nothing for the Service; undefined: it may. Under Local only nodes with
 * endpoints.
 */
export function whyNotAnnouncing(balanced: Balanced, node: string): string | undefined {
  if (isDown(balanced, node)) return `${node} is down (its Ready condition is Unknown): nobody announces from there`;
  const winner = losesTo(balanced.cluster, balanced.service);
  if (winner !== undefined) {
    return `MetalLB gives the address to ${namespacedName(winner)}: nobody announces it for ${balanced.key}`;
  }
  const nodes = servingNodes(balanced);
  if (nodes.size === 0) return `no endpoint of ${balanced.key} can serve: nobody announces the address`;
  if (!isLocal(balanced) || nodes.has(node)) return undefined;
  return `no endpoint of ${balanced.key} on ${node}: its speaker does not announce the address`;
}

/**
 * The order in which speakers come to announce an address in layer 2: by SHA-256 of `NODE#ADDRESS`, the first one leads
 * (speaker/layer2_controller.go ShouldAnnounce).
 */
export function leaderOf(nodes: readonly string[], address: string): string | undefined {
  const hash = (node: string) => new Sha256().update(`${node}#${address}`).hex();
  return [...nodes].map((node) => ({ node, hash: hash(node) })).sort((a, b) => (a.hash < b.hash ? -1 : 1))[0]?.node;
}

/**
 * Seconds until a change of who announces has come through: about one where an endpoint came or went, `silent` where a
 * node fell silent, which others only miss after a while.
 */
export function convergence(balanced: Balanced, silent: number): number {
  return [...balanced.cluster.nodes.values()].some(isSilent) ? silent : 1;
}
