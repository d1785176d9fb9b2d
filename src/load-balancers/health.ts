import { remember } from '../base/remember.js';
import { bindsTo } from '../cluster/bind-address.js';
import type { Node } from '../cluster/objects.js';
import { atLeast, type NodeProxySettings } from '../cluster/settings.js';
import { gateEnabled } from '../proxy/feature-gates.js';
import { primaryAddress } from '../proxy/node-addresses.js';
import { serviceMap } from '../proxy/service-map.js';
import type { ServiceMap } from '../proxy/service-port.js';
import { isLocal, PROXY_HEALTH_PORT } from './checks.js';
import type { Backend, Balanced, HealthCheck, ProbeResult } from './implementation.js';
import { BEING_DELETED_TAINT } from './node-filter.js';

const localCounts = new WeakMap<ServiceMap, Map<string, ReadonlyMap<string, number>>>();

/**
 * The ready endpoints of a Service by node: what kube-proxy's health server counts (distinct addresses over all ports;
 * terminating ones are not ready). Source: pkg/proxy/endpointschangetracker.go `localReadyEndpoints`.
 */
function readyByNode(services: ServiceMap, service: string): ReadonlyMap<string, number> {
  const known = remember(localCounts, services, () => new Map<string, ReadonlyMap<string, number>>());
  return remember(known, service, () => {
    const addresses = new Map<string, Set<string>>();
    for (const port of services.portsOf(service)) {
      for (const endpoint of services.endpointsOf(port)) {
        if (!endpoint.ready || endpoint.node === '') continue;
        remember(addresses, endpoint.node, () => new Set<string>()).add(endpoint.address);
      }
    }
    return new Map([...addresses].map(([node, set]) => [node, set.size]));
  });
}

/** The ready endpoints of the Service on a node, as that node's kube-proxy counts them. */
export function readyEndpointsOn({ cluster, settings, family, key }: Balanced, node: string): number {
  const proxy = settings.proxyOf(node);
  return readyByNode(serviceMap(cluster, family, proxy), key).get(proxy.hostnameOverride ?? node) ?? 0;
}

/** Whether the node's kubelet reports nothing: it is taken to be down, and so is what listens there. */
export function isSilent(node: Node): boolean {
  return (
    node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'Unknown') ?? false
  );
}

/** Who answers a probe, in a sentence: where kube-proxy does not run, what answers in its place is an assumption. */
function answering({ settings }: Balanced): string {
  return settings.unsupportedDataplane === undefined ? 'kube-proxy answers' : 'the node is taken to answer';
}

/** kube-proxy's own health, 10256/healthz. Up to date is taken for granted; a node that goes away fails it. */
function proxyHealth(balanced: Balanced, node: Node, proxy: NodeProxySettings): ProbeResult {
  const leaving =
    node.metadata.deletionTimestamp !== undefined && node.metadata.deletionTimestamp !== null
      ? 'is being deleted'
      : node.spec?.taints?.some(({ key }) => key === BEING_DELETED_TAINT)
        ? `has taint ${BEING_DELETED_TAINT}`
        : undefined;
  if (leaving !== undefined && gateEnabled(proxy.version, proxy.featureGates, 'KubeProxyDrainingTerminatingNodes')) {
    return { healthy: false, status: 503, detail: `${answering(balanced)} 503: the node ${leaving}` };
  }
  const current = balanced.settings.unsupportedDataplane === undefined ? ': its rules are up to date' : '';
  return { healthy: true, status: 200, detail: `${answering(balanced)} 200${current}` };
}

/** What a probe finds where kube-proxy serves its health elsewhere (`healthzBindAddress`); undefined where it is asked there. */
function silentProxy(
  { family, settings }: Balanced,
  { port }: HealthCheck,
  node: Node,
  { healthzBindAddress }: NodeProxySettings,
): ProbeResult | undefined {
  const address = primaryAddress(node, family);
  if (settings.unsupportedDataplane !== undefined) return undefined;
  if (healthzBindAddress === undefined || address === undefined) return undefined;
  if (bindsTo(healthzBindAddress, PROXY_HEALTH_PORT, address, port)) return undefined;
  const detail = `no answer: kube-proxy serves /healthz on ${healthzBindAddress}, not on ${address}:${port}`;
  return { healthy: false, status: undefined, detail };
}

/** kube-proxy's server on the Service's health check node port. */
function serviceHealth(balanced: Balanced, node: string, proxy: NodeProxySettings): ProbeResult {
  const count = readyEndpointsOn(balanced, node);
  const told = atLeast(proxy.version, 28) ? { weight: count } : {};
  const pods = `${count} ready ${count === 1 ? 'endpoint' : 'endpoints'} of ${balanced.key} on ${node}`;
  if (count > 0) return { healthy: true, status: 200, detail: `${answering(balanced)} 200: ${pods}`, ...told };
  return {
    healthy: false,
    status: 503,
    detail: `${answering(balanced)} 503: no ready endpoint of ${balanced.key} on ${node}`,
    ...told,
  };
}

/** Whether any endpoint of the Service is ready, as the kube-proxy of a node has it. */
function hasReadyEndpoint({ cluster, settings, family, key }: Balanced, node: string): boolean {
  const services = serviceMap(cluster, family, settings.proxyOf(node));
  return services.portsOf(key).some((port) => services.endpointsOf(port).some(({ ready }) => ready));
}

/**
 * Whether a connection to the Service's node port is answered: where the node's rules reach a ready endpoint, under Local
 * one of its own. A Service without endpoints rejects, one without local ones drops.
 */
function nodePortHealth(balanced: Balanced, node: string): ProbeResult {
  const local = isLocal(balanced);
  const healthy = local ? readyEndpointsOn(balanced, node) > 0 : hasReadyEndpoint(balanced, node);
  const which = local ? `ready endpoint of ${balanced.key} on ${node}` : `ready endpoint of ${balanced.key}`;
  const detail = healthy
    ? `the node port is answered: its rules reach a ${which}`
    : `the node port is not answered: no ${which}`;
  return { healthy, status: undefined, detail };
}

/**
 * What the health check of a backend finds. Source of kube-proxy's answers: pkg/proxy/healthcheck, Kubernetes 1.20 to
 * 1.36: the Service's server counts ready local endpoints; since 1.28 it tells their number in
 * X-Load-Balancing-Endpoint-Weight.
 */
export function probe(balanced: Balanced, check: HealthCheck, backend: Backend): ProbeResult {
  const node = balanced.cluster.nodes.get(backend.node);
  if (node !== undefined && isSilent(node)) {
    return {
      healthy: false,
      status: undefined,
      detail: `no answer: ${backend.node} is down (its Ready condition is Unknown)`,
    };
  }
  if (backend.kind === 'POD') {
    const healthy = backend.ready ?? false;
    return { healthy, status: undefined, detail: healthy ? 'the pod is ready' : 'the pod is not ready' };
  }
  if (node === undefined)
    return { healthy: false, status: undefined, detail: `${backend.node} is not in the snapshot` };
  const proxy = balanced.settings.proxyOf(backend.node);
  if (check.answeredBy === 'SERVICE_HEALTH') return serviceHealth(balanced, backend.node, proxy);
  if (check.answeredBy === 'NODE_PORT') return nodePortHealth(balanced, backend.node);
  return silentProxy(balanced, check, node, proxy) ?? proxyHealth(balanced, node, proxy);
}

/** Seconds that pass until every probe has told the present state: the longest of failing and of succeeding. */
export function secondsToConverge({ intervalSeconds, unhealthyAfter, healthyAfter }: HealthCheck): number {
  return intervalSeconds * Math.max(unhealthyAfter, healthyAfter);
}
