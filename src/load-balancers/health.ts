import { remember } from '../base/remember.js';
import { whenRead } from '../base/when-read.js';
import { bindsTo } from '../cluster/bind-address.js';
import type { Node } from '../cluster/objects.js';
import { atLeast, type NodeProxySettings } from '../cluster/settings.js';
import { gateEnabled } from '../proxy/feature-gates.js';
import { primaryAddress } from '../proxy/node-addresses.js';
import { serviceMap } from '../proxy/service-map.js';
import type { ProxyEndpoint, ServiceMap } from '../proxy/service-port.js';
import { isLocal, PROXY_HEALTH_PORT } from './checks.js';
import type {
  Backend,
  Balanced,
  BalancedPort,
  HealthCheck,
  ProbeResult,
  WalkedProbe,
  WalkProbe,
} from './implementation.js';
import { BEING_DELETED_TAINT } from './node-filter.js';

const localCounts = new WeakMap<ServiceMap, Map<string, ReadonlyMap<string, number>>>();

/**
 * The ready endpoints of a Service by node: what kube-proxy's health server counts (distinct addresses over all ports;
 * terminating ones are not ready). Source: pkg/proxy/endpointschangetracker.go `localReadyEndpoints`.
 */
function readyByNode(services: ServiceMap, service: string): ReadonlyMap<string, number> {
  const known = remember(localCounts, services, () => new Map<string, ReadonlyMap<string, number>>());
  return remember(known, service, () => {
    const ports = services.portsOf(service);
    const [only] = ports;
    if (ports.length === 1 && only !== undefined) return readyOfPort(services.endpointsOf(only));
    const addresses = new Map<string, Set<string>>();
    for (const port of ports) {
      for (const endpoint of services.endpointsOf(port)) {
        if (!endpoint.ready || endpoint.node === '') continue;
        remember(addresses, endpoint.node, () => new Set<string>()).add(endpoint.address);
      }
    }
    return new Map([...addresses].map(([node, set]) => [node, set.size]));
  });
}

// The nodes of a cluster mostly share their kube-proxy's settings: what these count is looked up once for all of them.
const countsOf = new WeakMap<Balanced, WeakMap<NodeProxySettings, ReadonlyMap<string, number>>>();

/** The distinct addresses of one port's ready endpoints, by node. Endpoints of one address stand side by side. */
function readyOfPort(endpoints: readonly ProxyEndpoint[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  let last = '';
  /** The nodes that have the last address. */
  let nodes: string[] = [];
  for (const { ready, node, address } of endpoints) {
    if (!ready || node === '') continue;
    if (address !== last) [last, nodes] = [address, []];
    else if (nodes.includes(node)) continue;
    nodes.push(node);
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return counts;
}

/** Counts the ready endpoints of the Service on a node, as that node's kube-proxy does. */
export function readyEndpointsBy(balanced: Balanced): (node: string) => number {
  const { cluster, settings, family, key } = balanced;
  const known = remember(countsOf, balanced, () => new WeakMap<NodeProxySettings, ReadonlyMap<string, number>>());
  return (node) => {
    const proxy = settings.proxyOf(node);
    const counts = remember(known, proxy, () => readyByNode(serviceMap(cluster, family, proxy), key));
    return counts.get(proxy.hostnameOverride ?? node) ?? 0;
  };
}

/** The ready endpoints of the Service on a node, as that node's kube-proxy counts them. */
export function readyEndpointsOn(balanced: Balanced, node: string): number {
  return readyEndpointsBy(balanced)(node);
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

/**
 * What a probe finds where kube-proxy serves its health elsewhere (`healthzBindAddress`); undefined where it is asked
 * there.
 */
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

/** kube-proxy's server on the Service's health check node port. The sentence is written when it is read. */
function serviceHealth(balanced: Balanced, node: string, proxy: NodeProxySettings): ProbeResult {
  const count = readyEndpointsOn(balanced, node);
  const healthy = count > 0;
  const weight = atLeast(proxy.version, 28) ? { weight: count } : {};
  return whenRead({ healthy, status: healthy ? 200 : 503, ...weight }, 'detail', () => {
    const found = healthy ? `200: ${count} ready ${count === 1 ? 'endpoint' : 'endpoints'}` : '503: no ready endpoint';
    return `${answering(balanced)} ${found} of ${balanced.key} on ${node}`;
  });
}

/**
 * Which nodes pass kube-proxy's server on the Service's health check node port: what {@link probe} says of them,
 * without an object for each. A sweep asks about hundreds of nodes at each point.
 */
export function passServiceHealth(balanced: Balanced): (node: string) => boolean {
  const { nodes } = balanced.cluster;
  const readyOn = readyEndpointsBy(balanced);
  return (name) => {
    const node = nodes.get(name);
    return node !== undefined && !isSilent(node) && readyOn(name) > 0;
  };
}

/** The port of the Service whose node port is probed; undefined: the probed port is not one of its node ports. */
function probedPort({ service }: Balanced, check: HealthCheck): BalancedPort | undefined {
  return service.spec?.ports?.find(({ nodePort, protocol = 'TCP' }) => nodePort === check.port && protocol === 'TCP');
}

/**
 * Whether a connection to a node port is answered, by the endpoints that the node's rules send it to: under Local those
 * of the node. A Service without endpoints rejects, one without local ones drops. Where the node's rules are not
 * modelled, ready endpoints count.
 */
function byEndpoints(balanced: Balanced, check: HealthCheck, node: string): WalkedProbe {
  const { cluster, settings, family, key, service } = balanced;
  const port = probedPort(balanced, check);
  if (port === undefined) {
    const own = service.spec?.ports?.some(({ nodePort }) => nodePort === check.port) ?? false;
    return own
      ? {
          answered: 'NO',
          detail: `${key} has node port ${check.port} for another protocol, and nothing listens there by TCP`,
        }
      : { answered: 'UNKNOWN', detail: `port ${check.port} is no TCP node port of ${key}` };
  }
  const services = serviceMap(cluster, family, settings.proxyOf(node));
  const local = isLocal(balanced);
  const own = services.portsOf(key).filter((one) => one.port === port.port && one.protocol === 'TCP');
  const name = settings.proxyOf(node).hostnameOverride ?? node;
  const answers = own.some((one) =>
    services
      .endpointsOf(one)
      .some((endpoint) => (endpoint.ready || endpoint.serving) && (!local || endpoint.node === name)),
  );
  const which = `endpoint of ${key}:${port.name ?? port.port}${local ? ` on ${node}` : ''}`;
  return answers
    ? { answered: 'YES', detail: `its rules reach an ${which}` }
    : { answered: 'NO', detail: `no ${which} may be used` };
}

/**
 * What a probe of a node port finds: whether the connection is answered and, by HTTP, what the application is taken to
 * say.
 */
function nodePortHealth(
  balanced: Balanced,
  check: HealthCheck,
  backend: Backend,
  walk: WalkProbe | undefined,
): ProbeResult {
  // Where the data plane is not modelled, a walk finds nothing: the endpoints decide, as they are documented to.
  const { answered, detail } =
    walk === undefined || balanced.settings.unsupportedDataplane !== undefined
      ? byEndpoints(balanced, check, backend.node)
      : walk(balanced, check, backend);
  if (answered === 'NO') {
    return { healthy: false, status: undefined, detail: `node port ${check.port} is not answered: ${detail}` };
  }
  if (answered === 'UNKNOWN') {
    const healthy = balanced.options.probesPass ?? true;
    balanced.assume(
      'loadBalancer.probesPass',
      healthy,
      `What answers port ${check.port} of the nodes is not known (${detail}): option probesPass says whether ` +
        'probes pass.',
    );
    return { healthy, status: undefined, detail: `not known: ${detail}`, assumed: true };
  }
  if (check.protocol === 'TCP')
    return { healthy: true, status: undefined, detail: `node port ${check.port} is answered: ${detail}` };
  return saidByApplication(balanced, check);
}

/**
 * What the application answers to a probe by HTTP, which no snapshot shows: taken to be good unless the request says
 * otherwise.
 */
function saidByApplication({ options, assume }: Balanced, { protocol, path = '/' }: HealthCheck): ProbeResult {
  const healthy = options.probesPass ?? true;
  if (options.probesPass === undefined) {
    assume(
      'loadBalancer.probesPass',
      true,
      `What the application answers to ${protocol} GET ${path} is not in the snapshot: taken to be a status ` +
        'that passes. Option probesPass says otherwise.',
    );
  }
  const shown =
    options.probesPass === undefined ? 'not known' : healthy ? 'a status that passes' : 'a status that fails';
  const detail = `the application answers ${protocol} GET ${path} itself: ${shown}`;
  return { healthy, status: undefined, detail, ...(options.probesPass === undefined ? { assumed: true } : {}) };
}

/** What a probe of a pod finds: a pod that is not ready fails it; by HTTP the application decides for one that is. */
function podHealth(balanced: Balanced, check: HealthCheck, backend: Backend): ProbeResult {
  if (backend.ready !== true) return { healthy: false, status: undefined, detail: 'the pod is not ready' };
  if (check.protocol === 'TCP') return { healthy: true, status: undefined, detail: 'the pod is ready' };
  const said = saidByApplication(balanced, check);
  return { ...said, detail: `the pod is ready; ${said.detail}` };
}

/**
 * What the health check of a backend finds. Source of kube-proxy's answers: pkg/proxy/healthcheck, Kubernetes 1.20 to
 * 1.36: the Service's server counts ready local endpoints; since 1.28 it reports their number in
 * X-Load-Balancing-Endpoint-Weight.
 */
export function probe(
  balanced: Balanced,
  check: HealthCheck,
  backend: Backend,
  walk: WalkProbe | undefined,
): ProbeResult {
  if (check.answeredBy === 'NOBODY') {
    return { healthy: true, status: undefined, detail: 'in use: nobody checks it' };
  }
  const node = balanced.cluster.nodes.get(backend.node);
  if (node !== undefined && isSilent(node)) {
    return {
      healthy: false,
      status: undefined,
      detail: `no answer: ${backend.node} is down (its Ready condition is Unknown)`,
    };
  }
  if (backend.kind === 'POD') {
    return podHealth(balanced, check, backend);
  }
  if (node === undefined)
    return { healthy: false, status: undefined, detail: `${backend.node} is not in the snapshot` };
  const proxy = balanced.settings.proxyOf(backend.node);
  if (check.answeredBy === 'SERVICE_HEALTH') return serviceHealth(balanced, backend.node, proxy);
  if (check.answeredBy === 'NODE_PORT') return nodePortHealth(balanced, check, backend, walk);
  return silentProxy(balanced, check, node, proxy) ?? proxyHealth(balanced, node, proxy);
}

/** Seconds that pass until every probe has seen the present state: the longest of failing and of succeeding. */
export function secondsToConverge({ intervalSeconds, unhealthyAfter, healthyAfter }: HealthCheck): number {
  return intervalSeconds * Math.max(unhealthyAfter, healthyAfter);
}
