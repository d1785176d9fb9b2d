import { addressFamily, canonicalAddress, type IPFamily } from '../base/address.js';
import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import { requireNode, requireService } from '../cluster/lookup.js';
import { namespacedName, type Service, type ServicePortSpec } from '../cluster/objects.js';
import type { ServiceDestination, Via } from '../contract/requests.js';
import { publishedAs } from '../load-balancers/balancer-addresses.js';
import type { Protocol } from '../netfilter/packet.js';
export type ServiceSpec = ServiceDestination;

/** A Service destination whose names have been checked. */
export interface ServiceTarget {
  readonly service: Service;
  /** `namespace/name` */
  readonly key: string;
  /** Absent: a port number that the Service does not have, asked for on purpose. */
  readonly port: ServicePortSpec | undefined;
  readonly portNumber: number;
  /**
   * The number that the request itself gives: a client of a headless Service connects to exactly this port of a pod.
   */
  readonly askedPort?: number | undefined;
  readonly protocol: Protocol;
  readonly via: Via;
  readonly node: string | undefined;
  readonly address: string | undefined;
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None' || service.spec?.clusterIPs?.[0] === 'None';
}

function describePorts(service: Service): string {
  const ports = (service.spec?.ports ?? []).map(
    (port) => `${port.name ? `${port.name}=` : ''}${port.port}/${port.protocol ?? 'TCP'}`,
  );
  return ports.length === 0 ? 'it lists no ports' : `it has ${ports.join(', ')}`;
}

function choosePort(
  service: Service,
  spec: ServiceSpec,
  protocol: Protocol | undefined,
  pointer: string,
): ServicePortSpec | undefined {
  const ports = service.spec?.ports ?? [];
  const key = namespacedName(service);
  const fits = (port: ServicePortSpec) => protocol === undefined || (port.protocol ?? 'TCP') === protocol;
  if (spec.portName !== undefined) {
    const named = ports.find(
      (port) => (port.name ?? '') === spec.portName && (spec.port === undefined || port.port === spec.port),
    );
    if (named === undefined || !fits(named)) {
      throw new QuestionError(
        'NOT_FOUND',
        `Service ${key} has no port named ${spec.portName}${protocol ? ` on ${protocol}` : ''}.`,
        [{ pointer: `${pointer}/portName`, detail: `Service ${key} has no such port: ${describePorts(service)}.` }],
      );
    }
    return named;
  }
  if (spec.port !== undefined) {
    const numbered = ports.filter((port) => port.port === spec.port && fits(port));
    // The same number on TCP and UDP (DNS): TCP unless the request says otherwise.
    return numbered.find((port) => (port.protocol ?? 'TCP') === 'TCP') ?? numbered[0];
  }
  const candidates = ports.filter(fits);
  if (candidates.length === 1) return candidates[0];
  if (candidates.length === 0 && isHeadless(service)) return undefined;
  if (candidates.length === 0 && ports.length > 0) {
    throw new QuestionError('NOT_FOUND', `Service ${key} has no ${protocol} port.`, [
      { pointer, detail: `No port of Service ${key} is of protocol ${protocol}: ${describePorts(service)}.` },
    ]);
  }
  const which = ports.length === 0 ? 'Name the port to connect to' : `Name a port or portName of Service ${key}`;
  throw new QuestionError('INVALID_REQUEST', `Which port of Service ${key}?`, [
    { pointer: `${pointer}/port`, detail: `${which}: ${describePorts(service)}.` },
  ]);
}

/** Checks a Service destination's names. Throws NOT_FOUND (saying what is close) or INVALID_REQUEST. */
export function checkServiceSpec(
  cluster: Cluster,
  spec: ServiceSpec,
  protocol: Protocol | undefined,
  pointer: string,
): ServiceTarget {
  const service = requireService(cluster, spec.namespace, spec.name, `${pointer}/name`);
  return targetOfService(cluster, service, spec, protocol, pointer);
}

/** {@link checkServiceSpec} where the Service of the cluster that the destination names is known. */
export function targetOfService(
  cluster: Cluster,
  service: Service,
  spec: ServiceSpec,
  protocol: Protocol | undefined,
  pointer: string,
): ServiceTarget {
  const key = namespacedName(service);
  const port = choosePort(service, spec, protocol, pointer);
  const via = spec.via ?? (isHeadless(service) || service.spec?.type === 'ExternalName' ? 'DNS' : 'CLUSTER_IP');
  if (spec.node !== undefined) requireNode(cluster, spec.node, `${pointer}/node`);
  const wrong = (detail: string): QuestionError =>
    new QuestionError('INVALID_REQUEST', `Service ${key} cannot be reached via ${via}.`, [
      { pointer: `${pointer}/via`, detail },
    ]);
  if (via === 'NODE_PORT' && !port?.nodePort) {
    throw wrong(
      port === undefined
        ? `Service ${key} has no such port: ${describePorts(service)}.`
        : `Port ${port.port} of Service ${key} has no node port (type ${service.spec?.type ?? 'ClusterIP'}).`,
    );
  }
  if (via === 'EXTERNAL_IP' && (service.spec?.externalIPs ?? []).length === 0)
    throw wrong(`Service ${key} has no externalIPs.`);
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  if (via === 'LOAD_BALANCER' && publishedAs(service, cluster) === undefined && !ingress.some((entry) => entry.ip)) {
    const pending =
      service.spec?.type === 'LoadBalancer'
        ? ': it is pending (a change of kind loadBalancer, or loadBalancerIngress of a service change, gives it one)'
        : '';
    throw wrong(`Service ${key} has no load balancer address in status.loadBalancer.ingress${pending}.`);
  }
  if (via === 'CLUSTER_IP' && (isHeadless(service) || !service.spec?.clusterIP)) {
    throw wrong(`Service ${key} has no cluster IP${isHeadless(service) ? ' (it is headless): ask via DNS' : ''}.`);
  }
  return {
    service,
    key,
    port,
    portNumber: port?.port ?? spec.port ?? 0,
    // Who looks up a port by its name (DNS SRV) gets the endpoints' own.
    ...(spec.portName === undefined && spec.port !== undefined ? { askedPort: spec.port } : {}),
    protocol: (port?.protocol as Protocol | undefined) ?? protocol ?? 'TCP',
    via,
    node: spec.node,
    address: spec.address,
  };
}

/** The addresses of one family that the destination can be reached under, in the Service's own order. */
export function serviceAddresses(target: ServiceTarget, family: IPFamily): readonly string[] {
  const wanted = target.address === undefined ? undefined : canonicalAddress(target.address);
  const found: string[] = [];
  for (const text of listedAddresses(target)) {
    if (addressFamily(text) !== family) continue;
    const address = canonicalAddress(text);
    if (wanted === undefined || address === wanted) found.push(address);
  }
  return found;
}

/** The addresses that a destination can be reached under, as its Service lists them. */
function listedAddresses({ service: { spec, status }, via }: ServiceTarget): readonly string[] {
  if (via === 'EXTERNAL_IP') return spec?.externalIPs ?? [];
  if (via === 'LOAD_BALANCER') return (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip ?? '');
  return spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : []);
}

/** The families a Service destination has addresses of. */
export function serviceFamilies(cluster: Cluster, target: ServiceTarget): readonly IPFamily[] {
  const all: readonly IPFamily[] = ['IPv4', 'IPv6'];
  const { via, service } = target;
  const named = via === 'LOAD_BALANCER' && publishedAs(service, cluster) !== undefined;
  if (named || via === 'NODE_PORT' || via === 'DNS' || via === 'CLUSTER_IP') {
    const given = target.service.spec?.ipFamilies;
    if (given !== undefined && given.length > 0) return all.filter((family) => given.includes(family));
    if (isHeadless(target.service)) {
      const types = new Set(cluster.slicesOf(target.key).map((slice) => slice.addressType));
      const known = all.filter((family) => types.has(family));
      return known.length > 0 ? known : ['IPv4'];
    }
    return [addressFamily(target.service.spec?.clusterIP ?? '') ?? 'IPv4'];
  }
  return all.filter((family) => serviceAddresses(target, family).length > 0);
}
