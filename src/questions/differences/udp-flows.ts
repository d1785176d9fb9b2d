/**
 * What kube-proxy does with the conntrack entries of a UDP Service when its endpoints change (of SCTP too, up to 1.26).
 *
 * Up to 1.31 it deletes the entries of each endpoint that leaves or is no longer ready, and those of a cluster IP that
 * goes. Since
 * 1.32 it deletes, of Services that have a serving endpoint, the entries to any that does not serve, and of others none
 * (pkg/proxy/conntrack/cleanup.go; kubernetes/kubernetes#126847, and #139628 for Services without serving endpoints).
 */
import { type IPFamily, joinHostPort } from '../../base/address.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { KubernetesVersion, Settings } from '../../cluster/settings.js';
import type { EndpointRef, ServiceRef } from '../../contract/answers.js';
import { serviceMap } from '../../proxy/service-map.js';
import { isUsable, workingNodes } from '../findings/service-facts.js';

/**
 * KEPT: conntrack goes on sending to the endpoint. RECHOSEN: the next packet gets an endpoint anew. LOST: it gets none.
 */
export type FlowFate = 'KEPT' | 'RECHOSEN' | 'LOST';

export interface Side {
  readonly cluster: Cluster;
  readonly settings: Settings;
}

/** Since which minor version of 1.x entries are compared with what serves, rather than deleted as endpoints leave. */
const COMPARED_SINCE = 32;

function versionOf({ cluster, settings }: Side): KubernetesVersion | undefined {
  const [node] = workingNodes(cluster);
  return node === undefined ? undefined : settings.proxyOf(node.metadata.name).version;
}

/** Whether kube-proxy of this version looks after entries of the protocol. */
function isCleaned(protocol: string, version: KubernetesVersion): boolean {
  return protocol === 'UDP' || (protocol === 'SCTP' && version.minor <= 26);
}

function endpointsOf(
  { cluster, settings }: Side,
  { namespace, name, port, portName, protocol }: ServiceRef,
  family: IPFamily,
) {
  const [node] = workingNodes(cluster);
  if (node === undefined) return undefined;
  const services = serviceMap(cluster, family, settings.proxyOf(node.metadata.name));
  const own = services
    .portsOf(`${namespace}/${name}`)
    .find(
      (one) => one.protocol === protocol && (portName === undefined ? one.port === port : one.portName === portName),
    );
  return own === undefined ? undefined : services.endpointsOf(own);
}

/**
 * What becomes of the flows to one endpoint, where the Service port's protocol has no connections; undefined for TCP,
 * and where no rule translates (a headless Service). `gone`: the endpoint's pod or node is no longer there.
 */
export function flowFates(
  before: Side,
  after: Side,
  service: ServiceRef | undefined,
  family: IPFamily,
): ((endpoint: EndpointRef, gone: boolean) => FlowFate) | undefined {
  const version = versionOf(after) ?? versionOf(before);
  if (service !== undefined && tracksByIpvs(before) && tracksByIpvs(after))
    return ipvsFates(before, after, service, family);
  if (service === undefined || version === undefined || !isCleaned(service.protocol ?? 'TCP', version))
    return undefined;
  if (endpointsOf(before, service, family) === undefined) return undefined;
  const now = endpointsOf(after, service, family) ?? [];
  const idOf = ({ address, port }: EndpointRef) => joinHostPort(address, port ?? 0);
  const rechosen: FlowFate = now.some(isUsable) ? 'RECHOSEN' : 'LOST';
  if (version.minor < COMPARED_SINCE) {
    const ready = new Set(now.filter((one) => one.ready).map(({ id }) => id));
    return (endpoint, gone) => (ready.has(idOf(endpoint)) ? (gone ? 'LOST' : 'KEPT') : rechosen);
  }
  const serving = new Set(now.filter((one) => one.serving || one.ready).map(({ id }) => id));
  return (endpoint, gone) => (serving.size > 0 && !serving.has(idOf(endpoint)) ? rechosen : gone ? 'LOST' : 'KEPT');
}

/**
 * In ipvs mode a real server of UDP or SCTP is deleted at once, and its connections with it (expire_nodest_conn): the
 * next packet gets another one. One of TCP drains: it gets weight 0 and keeps what it has.
 */
function ipvsFates(
  before: Side,
  after: Side,
  service: ServiceRef,
  family: IPFamily,
): ((endpoint: EndpointRef, gone: boolean) => FlowFate) | undefined {
  if ((service.protocol ?? 'TCP') === 'TCP' || endpointsOf(before, service, family) === undefined) return undefined;
  const usable = (endpointsOf(after, service, family) ?? []).filter(isUsable);
  const there = new Set(usable.map(({ id }) => id));
  const rechosen: FlowFate = usable.length > 0 ? 'RECHOSEN' : 'LOST';
  return ({ address, port }, gone) =>
    there.has(joinHostPort(address, port ?? 0)) ? (gone ? 'LOST' : 'KEPT') : rechosen;
}

/** Whether kube-proxy decides about connections: of another data plane it is not known what they keep. */
export function tracksByRules({ settings }: Side): boolean {
  return settings.unsupportedDataplane === undefined;
}

/** Whether IPVS holds the connections. */
export function tracksByIpvs({ cluster, settings }: Side): boolean {
  const [node] = workingNodes(cluster);
  return node !== undefined && settings.proxyOf(node.metadata.name).mode === 'ipvs';
}

/** The same in a sentence; undefined where kube-proxy does nothing with entries of the protocol. */
export function flowsExplanation(after: Side, protocol: string): string | undefined {
  const version = versionOf(after);
  if (after.settings.unsupportedDataplane !== undefined || version === undefined || !isCleaned(protocol, version)) {
    return undefined;
  }
  if (tracksByIpvs(after)) return undefined;
  return version.minor < COMPARED_SINCE
    ? `Of ${protocol}, kube-proxy deletes the entries of endpoints that leave or are no longer ready: the next ` +
        'packet chooses anew, and is refused where the Service has no endpoint left.'
    : `Of ${protocol}, kube-proxy deletes the entries of endpoints that no longer serve, and the next packet ` +
        'chooses anew; of a Service without any serving endpoint it deletes none (since 1.32), so that packets ' +
        'go on to the old address: lost in silence where its pod is gone, delivered where it is there.';
}
