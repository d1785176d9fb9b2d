import type { IPFamily } from '../base/address.js';
import { parseAddress, parseCidr } from '../base/address.js';
import type { Service } from '../cluster/objects.js';
import { namespacedName } from '../cluster/objects.js';
import type { Reading } from './reading.js';
import type { ServicePort } from './service-port.js';

/** A Service or slice with this label (any value) is another proxy's. */
export const PROXY_NAME_LABEL = 'service.kubernetes.io/service-proxy-name';
/** Endpoints of headless Services carry it, so that kube-proxy need not watch them. */
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';
const HINTS_ANNOTATION = 'service.kubernetes.io/topology-aware-hints';
const MODE_ANNOTATION = 'service.kubernetes.io/topology-mode';
/** What the API server writes when a request names none. */
const DEFAULT_STICKY_SECONDS = 10800;

const NONE: readonly string[] = [];

/** The cluster IP of a family: '' when the Service has none (util.GetClusterIPByFamily). */
function clusterIPOf(service: Service, family: IPFamily): string {
  const { clusterIP = '', clusterIPs = [], ipFamilies = [] } = service.spec ?? {};
  if (ipFamilies.length === 0) return parseAddress(clusterIP)?.family === family ? clusterIP : '';
  const index = ipFamilies.indexOf(family);
  // Lists of before dual stack carry ipFamilies without clusterIPs: the first family is that of clusterIP.
  return index < 0 ? '' : (clusterIPs[index] ?? (index === 0 ? clusterIP : ''));
}

/** Whether kube-proxy never sees the Service, or skips it (util.ShouldSkipService and the watch's selectors). */
function isSkipped(service: Service, reading: Reading): boolean {
  const labels = service.metadata.labels ?? {};
  if (labels[PROXY_NAME_LABEL] !== undefined) return true;
  if (reading.selectors === 'BOTH' && labels[HEADLESS_LABEL] !== undefined) return true;
  const { clusterIP = '', type } = service.spec ?? {};
  return clusterIP === '' || clusterIP === 'None' || type === 'ExternalName';
}

function addresses(texts: readonly string[], family: IPFamily, canonical: boolean): readonly string[] {
  if (texts.length === 0) return NONE;
  const kept: string[] = [];
  for (const text of texts) {
    const address = parseAddress(text);
    if (address?.family === family) kept.push(canonical ? address.text : text);
  }
  return kept;
}

function sourceRanges(service: Service, family: IPFamily, reading: Reading): readonly string[] {
  const ranges = service.spec?.loadBalancerSourceRanges ?? NONE;
  if (ranges.length === 0) return NONE;
  const kept: string[] = [];
  for (const untrimmed of ranges) {
    const text = untrimmed.trim();
    const cidr = parseCidr(text);
    if (cidr?.family !== family) continue;
    if (cidr.length === 0 && reading.zeroRangeMeansNone) return NONE;
    kept.push(reading.canonicalServices ? cidr.text : text);
  }
  return kept;
}

function loadBalancerVIPs(service: Service, family: IPFamily, reading: Reading): readonly string[] {
  const ingress = service.status?.loadBalancer?.ingress;
  if (!ingress) return NONE;
  const ips = ingress
    .filter(({ ip, ipMode }) => ip && !(reading.ipMode && (ipMode ?? 'VIP') !== 'VIP'))
    .map(({ ip }) => ip as string);
  return addresses(ips, family, reading.canonicalServices);
}

function externalPolicyLocal(service: Service, reading: Reading): boolean {
  const { type = 'ClusterIP', externalTrafficPolicy, externalIPs = [] } = service.spec ?? {};
  if (externalTrafficPolicy !== 'Local') return false;
  if (type === 'LoadBalancer' || type === 'NodePort') return true;
  return reading.externalPolicyOfExternalIPs && type === 'ClusterIP' && externalIPs.length > 0;
}

function hintsAnnotation(service: Service, reading: Reading): string {
  const annotations = service.metadata.annotations ?? {};
  return annotations[HINTS_ANNOTATION] ?? (reading.topologyMode ? annotations[MODE_ANNOTATION] : undefined) ?? '';
}

function protocolOf(text: string | undefined): ServicePort['protocol'] {
  return text === 'UDP' || text === 'SCTP' ? text : 'TCP';
}

/** Byte order of `id`, then of the protocol: the fixed order in which this project takes Service ports. */
export function compareServicePorts(a: ServicePort, b: ServicePort): number {
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  if (a.protocol !== b.protocol) return a.protocol < b.protocol ? -1 : 1;
  return 0;
}

/**
 * The ports of a Service as kube-proxy of one family reads them, in order (kube-proxy's `newBaseServiceInfo`,
 * pkg/proxy/service.go). Empty for a Service that it skips.
 */
export function portsOfService(service: Service, family: IPFamily, reading: Reading): readonly ServicePort[] {
  const specs = service.spec?.ports ?? [];
  if (specs.length === 0 || isSkipped(service, reading)) return [];
  const clusterIP = parseAddress(clusterIPOf(service, family));
  if (clusterIP === undefined) return [];
  const spec = service.spec ?? {};
  const key = namespacedName(service);
  const externalIPs = addresses(spec.externalIPs ?? [], family, reading.canonicalServices);
  const shared = {
    service: key,
    namespace: service.metadata.namespace ?? 'default',
    name: service.metadata.name,
    family,
    type: spec.type ?? 'ClusterIP',
    clusterIP: clusterIP.text,
    externalIPs: reading.externalIPs ? externalIPs : NONE,
    loadBalancerVIPs: loadBalancerVIPs(service, family, reading),
    sourceRanges: sourceRanges(service, family, reading),
    externalPolicyLocal: externalPolicyLocal(service, reading),
    internalPolicyLocal: reading.internalTrafficPolicy && spec.internalTrafficPolicy === 'Local',
    stickyMaxAge:
      spec.sessionAffinity === 'ClientIP'
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_STICKY_SECONDS)
        : 0,
    healthCheckNodePort:
      spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local' ? (spec.healthCheckNodePort ?? 0) : 0,
    hintsAnnotation: hintsAnnotation(service, reading),
  };
  const refused = !reading.externalIPs && externalIPs.length > 0 ? { externalIPsRefused: true } : undefined;
  const ports = new Map<string, ServicePort>();
  for (const port of specs) {
    const portName = port.name ?? '';
    const protocol = protocolOf(port.protocol);
    // Field by field: what is made by spreading gets a hidden class of its own, one for each Service.
    const own: ServicePort = {
      service: shared.service,
      namespace: shared.namespace,
      name: shared.name,
      portName,
      id: portName === '' ? key : `${key}:${portName}`,
      protocol,
      family: shared.family,
      type: shared.type,
      clusterIP: shared.clusterIP,
      port: port.port,
      nodePort: port.nodePort ?? 0,
      externalIPs: shared.externalIPs,
      loadBalancerVIPs: shared.loadBalancerVIPs,
      sourceRanges: shared.sourceRanges,
      externalPolicyLocal: shared.externalPolicyLocal,
      internalPolicyLocal: shared.internalPolicyLocal,
      stickyMaxAge: shared.stickyMaxAge,
      healthCheckNodePort: shared.healthCheckNodePort,
      hintsAnnotation: shared.hintsAnnotation,
    };
    // kube-proxy keeps ports by name and protocol: the later of two counts.
    ports.set(`${protocol} ${portName}`, refused === undefined ? own : { ...own, ...refused });
  }
  return ports.size === 1 ? [...ports.values()] : [...ports.values()].sort(compareServicePorts);
}
