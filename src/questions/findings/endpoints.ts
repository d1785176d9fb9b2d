/** Services that have no endpoint to send anything to, at all or on some nodes. */

import { nodeZone } from '../../cluster/addresses.js';
import { FAMILIES } from '../../cluster/settings.js';
import type { Finding } from '../../contract/answers.js';
import { endpointsAreUnknown } from '../../control-plane/endpoint-sources.js';
import { isBalanced } from '../../load-balancers/balancer-addresses.js';
import { headlessEndpoints } from '../../path/dns.js';
import { probedBalancer } from '../../path/probed-balancer.js';
import { serviceFamilies } from '../../path/service-target.js';
import type { ProxyEndpoint, ServicePort } from '../../proxy/service-port.js';
import { topologyMode } from '../../proxy/topology.js';
import { externallyAccessible } from '../../proxy/traffic-policies.js';
import type { Door } from './door.js';
import type { DifferenceFinder, StateFinder, View } from './finders.js';
import { finding, listed, MAX_LISTED, portEvidence, portText } from './finding.js';
import { podsOf } from './selectors.js';
import {
  everyPortOf,
  type FamilyPort,
  headlessOf,
  isTranslatedByRules,
  isUsable,
  portPairs,
  portsOf,
  proxyOfCluster,
  refOf,
  unmodelledOf,
  workingNodes,
} from './service-facts.js';
import { whyNotReady } from './why-not-ready.js';

/** The ports of headless Services of which DNS has no address. */
const headlessWithout: StateFinder = (view) =>
  headlessOf(view).flatMap(([key, service]) => {
    if (service.spec?.type === 'ExternalName') return [];
    const [namespace = '', name = ''] = key.split('/');
    const target = { service, key, port: undefined, portNumber: 0, protocol: 'TCP', via: 'DNS' } as const;
    const families = serviceFamilies(view.cluster, { ...target, node: undefined, address: undefined });
    return FAMILIES.filter((family) => families.includes(family)).flatMap((family) => {
      if (headlessEndpoints(view.cluster, key, family, undefined).length > 0) return [];
      if (endpointsAreUnknown(view.cluster, key, family)) return [];
      const message = `Headless Service ${key} has no ready ${family} endpoint: DNS has no address for its name.`;
      return [finding('SERVICE_WITHOUT_ENDPOINTS', message, portEvidence({ namespace, name }, family))];
    });
  });

/** The nodes of a Service's endpoints, which are those that may see duplicates otherwise than the others. */
function nodesOf(service: string, { cluster }: View): readonly string[] {
  const names = cluster.slicesOf(service).flatMap(({ endpoints }) => endpoints.map(({ nodeName }) => nodeName ?? ''));
  return [...new Set(names)].filter((node) => cluster.nodes.has(node));
}

/** Service ports that have no endpoint that may be used. */
export const servicesWithoutEndpoints: StateFinder = (view, thresholds) => [
  ...everyPortOf(view)
    .filter(({ port, services }) => !services.endpointsOf(port).some(isUsable))
    .flatMap((one) => withoutUsable(view, one)),
  ...headlessWithout(view, thresholds),
];

/** What is said of a port none of whose endpoints may be used, but for duplicates. */
function withoutUsable(view: View, { port, services }: FamilyPort): readonly Finding[] {
  const { service: key, family } = port;
  // Up to 1.35 kube-proxies keep different ones of duplicates: one node may deliver where another refuses.
  const seen = nodesOf(key, view).flatMap((node) => services.endpointsSeenFrom(node, port));
  if (seen.some(isUsable) || endpointsAreUnknown(view.cluster, key, family)) return [];
  const { length } = services.endpointsOf(port);
  const others = length === 0 ? '' : `; ${length} that it has are not ready`;
  const service = view.cluster.services.get(key);
  const why = service === undefined ? undefined : whyNotReady(podsOf(view.cluster, service));
  const because = why === undefined ? '' : ` Of those that its selector matches, ${why}.`;
  // What a client meets is reported where it is known: another data plane may drop what kube-proxy rejects.
  const known = unmodelledOf(view) === undefined ? 'connections to it are refused' : 'no connection to it is delivered';
  const message = `${portText(refOf(port))} has no ${family} endpoint that may be used${others}: ${known}.${because}`;
  const evidence = { ...portEvidence(refOf(port), family), notReady: length, why };
  return [finding('SERVICE_WITHOUT_ENDPOINTS', message, evidence)];
}

type Policy = 'externalTrafficPolicy' | 'internalTrafficPolicy';

const NO_POLICIES: readonly Policy[] = [];

/** The Local policies of a port that say something about connections it can get. */
function localPolicies(port: ServicePort): readonly Policy[] {
  if (!port.externalPolicyLocal && !port.internalPolicyLocal) return NO_POLICIES;
  return [
    ...(port.externalPolicyLocal && externallyAccessible(port) ? (['externalTrafficPolicy'] as const) : []),
    ...(port.internalPolicyLocal ? (['internalTrafficPolicy'] as const) : []),
  ];
}

/** Whether the load balancer of a Service sends to pods, past the rules of nodes. */
function sendsToPods({ cluster, settings }: View, { service: key, family }: ServicePort): boolean {
  const service = cluster.services.get(key);
  if (service === undefined || !isBalanced(service, cluster)) return false;
  return probedBalancer(cluster, settings, family, service).sendsToPods;
}

/**
 * Whether connections from outside come through a load balancer that finds the nodes without endpoints and leaves them
 * out.
 */
function isAvoided({ cluster, settings }: View, port: ServicePort): boolean {
  const service = cluster.services.get(port.service);
  if (service === undefined || !isBalanced(service, cluster) || (service.spec?.externalIPs ?? []).length > 0)
    return false;
  const { answeredBy } = probedBalancer(cluster, settings, port.family, service).healthCheckOf(port);
  return answeredBy === 'SERVICE_HEALTH' || answeredBy === 'ANNOUNCEMENT' || answeredBy === 'POD';
}

/**
 * Whether the load balancer of a door's Service leaves out the nodes at which its connections find no local endpoint.
 */
export function isAvoidedBy(view: View, { service, family }: Pick<Door, 'service' | 'family'>): boolean {
  if (service === undefined) return false;
  return portsOf(view, `${service.namespace}/${service.name}`).some(
    ({ port }) =>
      port.port === service.port &&
      port.protocol === service.protocol &&
      port.family === family &&
      isAvoided(view, port),
  );
}

/** What becomes of connections on a node that has no endpoint which a policy Local lets it use. */
function fateOfLocal(view: View, port: ServicePort, policy: string): string {
  const { mode, version } = proxyOfCluster(view) ?? {};
  if (mode !== 'ipvs' || version === undefined) return 'are dropped there';
  // Since 1.24 the virtual server keeps the endpoints of other nodes (kube-proxy in mode ipvs, syncEndpoint).
  const keepsOthers = version.minor >= 24 && (policy === 'externalTrafficPolicy' || externallyAccessible(port));
  if (!keepsOthers) return 'are refused there';
  return policy === 'externalTrafficPolicy'
    ? 'are sent to endpoints of other nodes there, with the address of the client: replies go past the node ' +
        'and are lost'
    : 'are sent to endpoints of other nodes there, as in mode ipvs a Service that is reached from outside keeps them';
}

function localFinding(view: View, port: ServicePort, endpoints: readonly ProxyEndpoint[]): readonly Finding[] {
  const policies = localPolicies(port);
  const usable = endpoints.filter(isUsable);
  if (usable.length === 0) return [];
  const served = new Set(usable.map(({ node }) => node));
  const nodes = workingNodes(view.cluster).map(({ metadata }) => metadata.name);
  // An endpoint is local to a kube-proxy by the name that it goes by itself.
  const without = nodes.filter((node) => !served.has(view.settings.proxyOf(node).hostnameOverride ?? node));
  if (without.length === 0) return [];
  return policies.map((policy) => {
    const which = policy === 'externalTrafficPolicy' ? 'from outside' : 'from within the cluster';
    const pastNodes = policy === 'externalTrafficPolicy' && sendsToPods(view, port);
    const whose = pastNodes ? 'to its node ports' : which;
    const message =
      `${portText(refOf(port))} has ${policy} Local, and ${without.length} of ${nodes.length} nodes have no ` +
      `${port.family} endpoint of it (${listed(without)}): connections ${whose} ${fateOfLocal(view, port, policy)}.`;
    const avoided = policy === 'externalTrafficPolicy' && isAvoided(view, port);
    const whole = pastNodes
      ? `${message} Its load balancer sends to pods, past the nodes: the policy does not apply to it.`
      : avoided
        ? `${message} The health check of its load balancer leaves these nodes out.`
        : message;
    const one = finding('LOCAL_POLICY_WITHOUT_ENDPOINTS', whole, {
      ...portEvidence(refOf(port), port.family),
      policy,
      nodes: without.slice(0, MAX_LISTED),
      nodeCount: without.length,
      ofNodes: nodes.length,
    });
    return avoided ? { ...one, severity: 'INFO' as const } : one;
  });
}

/** Nodes on which a Local policy leaves connections without an endpoint, though the Service has some. */
export const localWithoutEndpoints: StateFinder = (view) =>
  // By other data planes these connections need not be dropped.
  (isTranslatedByRules(view) ? everyPortOf(view) : [])
    .filter(({ port }) => localPolicies(port).length > 0)
    .flatMap(({ port, services }) => localFinding(view, port, services.endpointsOf(port)));

/** The nodes whose kube-proxies keep traffic of a port near, by its endpoints' hints. */
function nodesWithHints({ cluster, settings }: View, { port, services }: FamilyPort): ReadonlySet<string> {
  const endpoints = services.endpointsOf(port);
  if (!endpoints.some(({ zoneHints, nodeHints }) => zoneHints.length + nodeHints.length > 0)) return new Set();
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  const nodes = workingNodes(cluster).filter((node) => {
    const { name } = node.metadata;
    const proxy = settings.proxyOf(name);
    const place = { name, zone: nodeZone(node) ?? '' };
    return topologyMode(proxy.version.minor < 23 ? endpoints : ready, port, place, proxy) !== 'NONE';
  });
  return new Set(nodes.map(({ metadata }) => metadata.name));
}

/** Hints that kept traffic near, and no longer do, or newly do. */
export const hintDifferences: DifferenceFinder = (before, after) =>
  (isTranslatedByRules(before) && isTranslatedByRules(after) ? portPairs(before, after) : []).flatMap((pair) => {
    const [was, is] = [nodesWithHints(before, pair.before), nodesWithHints(after, pair.after)];
    const { port } = pair.after;
    const tell = (code: 'HINTS_LOST' | 'HINTS_GAINED', nodes: readonly string[], done: string): Finding[] => {
      if (nodes.length === 0) return [];
      const message =
        `${nodes.length} nodes (${listed(nodes)}) ${done} ${port.family} connections to ` +
        `${portText(refOf(port))} near by hints.`;
      const evidence = { nodes: nodes.slice(0, MAX_LISTED), nodeCount: nodes.length };
      return [finding(code, message, { ...portEvidence(refOf(port), port.family), ...evidence })];
    };
    const common = (node: string) => before.cluster.nodes.has(node) && after.cluster.nodes.has(node);
    return [
      ...tell(
        'HINTS_LOST',
        [...was].filter((node) => common(node) && !is.has(node)),
        'no longer keep',
      ),
      ...tell(
        'HINTS_GAINED',
        [...is].filter((node) => common(node) && !was.has(node)),
        'newly keep',
      ),
    ];
  });
