import { addressOf, cidrContains, parseCidr } from '../base/address.js';
import { namespacedName, type Service, type ServicePortSpec } from '../cluster/objects.js';
import type { KubernetesVersion } from '../cluster/settings.js';
import type { EndpointSliceFeatures } from './features.js';
import { FIRST_NODE_PORT, LAST_NODE_PORT, type NodePorts } from './node-ports.js';
import {
  hasExternalPolicy,
  isHeadless,
  mayHaveNodePorts,
  needsClusterIP,
  needsHealthCheckNodePort,
  typeOf,
} from './service-fields.js';

/** What an update is judged by beside the two states of the Service. */
export interface ServiceRules {
  /** The node ports of all other Services. */
  readonly nodePorts: NodePorts;
  readonly version: KubernetesVersion;
  readonly features: EndpointSliceFeatures;
}

/** A place in the Service (JSON Pointer) and what would be right there. */
export interface ServiceFault {
  readonly pointer: string;
  readonly detail: string;
}

type Report = (pointer: string, detail: string) => void;

const TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'];
const KUBELET_PORT = 10250;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** A port's name in a container: a service name as IANA registers them. */
const PORT_NAME = /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/;

function oneOf(value: string | null | undefined, values: readonly string[], pointer: string, report: Report): void {
  if (value && !values.includes(value)) {
    report(pointer, `${JSON.stringify(value)} is not known; it must be one of ${values.join(', ')}.`);
  }
}

function checkNodePort(
  port: ServicePortSpec,
  at: string,
  before: Service,
  after: Service,
  rules: ServiceRules,
  report: Report,
): void {
  const { nodePort } = port;
  if (!nodePort) return;
  const pointer = `${at}/nodePort`;
  if (!mayHaveNodePorts(after)) {
    report(
      pointer,
      `A Service of type ${typeOf(after)} has no node ports; leave nodePort out or make the type NodePort.`,
    );
    return;
  }
  const owner = rules.nodePorts.ownerOf(nodePort);
  const own = namespacedName(after);
  if (owner !== undefined && owner !== own) {
    report(pointer, `Node port ${nodePort} belongs to Service ${owner}; name another, or none to get a free one.`);
  }
  const had = (before.spec?.ports ?? []).some((one) => one.nodePort === nodePort);
  if (!had && (nodePort < FIRST_NODE_PORT || nodePort > LAST_NODE_PORT)) {
    report(
      pointer,
      `Node port ${nodePort} is outside the API server's range; it must be ${FIRST_NODE_PORT} to ${LAST_NODE_PORT}.`,
    );
  }
}

function checkTarget(target: ServicePortSpec['targetPort'], pointer: string, report: Report): void {
  if (typeof target === 'number' && (target < 1 || target > 65535)) {
    report(pointer, `targetPort is ${target}; it must be a port from 1 to 65535, or the name of a container port.`);
  }
  if (typeof target === 'string' && !PORT_NAME.test(target)) {
    const detail = `targetPort is ${JSON.stringify(target)}; the name of a container port has at most 15 lower-case letters, digits and dashes.`;
    report(pointer, detail);
  }
}

function checkPorts(before: Service, after: Service, rules: ServiceRules, report: Report): void {
  const ports = after.spec?.ports ?? [];
  if (ports.length === 0 && !isHeadless(after) && typeOf(after) !== 'ExternalName') {
    report('/spec/ports', 'The Service would have no port; only a headless one may have none.');
  }
  const seen = new Map<string, string>();
  const unique = (key: string, pointer: string, detail: (first: string) => string) => {
    const first = seen.get(key);
    if (first === undefined) seen.set(key, pointer);
    else report(pointer, detail(first));
  };
  for (const [index, port] of ports.entries()) {
    const at = `/spec/ports/${index}`;
    const { name, protocol = 'TCP' } = port;
    if (name) {
      if (!DNS_LABEL.test(name)) {
        report(
          `${at}/name`,
          `name is ${JSON.stringify(name)}; it must be lower-case letters, digits and dashes, at most 63.`,
        );
      }
      unique(`name ${name}`, `${at}/name`, () => `Two ports are named ${name}; each needs a name of its own.`);
    } else if (ports.length > 1) {
      report(at, 'The port has no name; with several ports each needs one.');
    }
    unique(
      `port ${port.port}/${protocol}`,
      at,
      () => `Port ${port.port}/${protocol} is there twice; each may stand once.`,
    );
    if (port.nodePort) {
      const key = `node ${port.nodePort}/${protocol}`;
      unique(
        key,
        `${at}/nodePort`,
        () => `Node port ${port.nodePort}/${protocol} is there twice; each port needs its own.`,
      );
    }
    checkTarget(port.targetPort, `${at}/targetPort`, report);
    if (typeOf(after) === 'LoadBalancer' && port.port === KUBELET_PORT) {
      report(`${at}/port`, `A load balancer may not expose port ${KUBELET_PORT}, which is kubelet's.`);
    }
    checkNodePort(port, at, before, after, rules, report);
  }
}

function checkClusterIP(before: Service, after: Service, report: Report): void {
  const { clusterIP = '' } = after.spec ?? {};
  const former = before.spec?.clusterIP ?? '';
  if (needsClusterIP(after) && clusterIP === '') {
    report('/spec/type', 'The Service has no cluster IP, and needs one.');
  }
  if (needsClusterIP(before) && needsClusterIP(after) && former !== '' && clusterIP !== former) {
    report('/spec/clusterIP', `The cluster IP is ${former} and cannot be changed.`);
  }
  if (isHeadless(after) && mayHaveNodePorts(after)) {
    report('/spec/type', `A headless Service cannot be of type ${typeOf(after)}, which needs a cluster IP.`);
  }
}

function checkPolicies(before: Service, after: Service, rules: ServiceRules, report: Report): void {
  const { externalTrafficPolicy, internalTrafficPolicy, sessionAffinity, trafficDistribution } = after.spec ?? {};
  if (externalTrafficPolicy && !hasExternalPolicy(after, rules.version)) {
    report(
      '/spec/externalTrafficPolicy',
      `externalTrafficPolicy is for Services that are seen from outside, this one is of type ${typeOf(after)}${(after.spec?.externalIPs ?? []).length > 0 ? ' (before Kubernetes 1.29 external IPs do not count)' : ' without external IPs'}; make it NodePort or LoadBalancer, or leave the policy out.`,
    );
  }
  oneOf(externalTrafficPolicy, ['Cluster', 'Local'], '/spec/externalTrafficPolicy', report);
  oneOf(internalTrafficPolicy, ['Cluster', 'Local'], '/spec/internalTrafficPolicy', report);
  oneOf(sessionAffinity, ['None', 'ClientIP'], '/spec/sessionAffinity', report);
  const { timeoutSeconds } = after.spec?.sessionAffinityConfig?.clientIP ?? {};
  if (
    timeoutSeconds !== undefined &&
    !(Number.isInteger(timeoutSeconds) && timeoutSeconds >= 1 && timeoutSeconds <= 86400)
  ) {
    const pointer = '/spec/sessionAffinityConfig/clientIP/timeoutSeconds';
    report(pointer, `The timeout is ${timeoutSeconds} seconds; it must be an integer from 1 to 86400.`);
  }
  if (trafficDistribution !== undefined && trafficDistribution !== before.spec?.trafficDistribution) {
    const { preferClose, preferSame } = rules.features;
    const known = [
      ...(preferClose ? ['PreferClose'] : []),
      ...(preferSame ? ['PreferSameZone', 'PreferSameNode'] : []),
    ];
    if (!known.includes(trafficDistribution)) {
      const allowed = known.length === 0 ? 'it knows no trafficDistribution' : `it must be one of ${known.join(', ')}`;
      report(
        '/spec/trafficDistribution',
        `${JSON.stringify(trafficDistribution)} is unknown to Kubernetes 1.${rules.version.minor}; ${allowed}.`,
      );
    }
  }
}

const SPECIAL = [
  '0.0.0.0/32',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/24',
  '::/128',
  '::1/128',
  'fe80::/10',
  'ff02::/16',
];

function checkAddresses(before: Service, after: Service, report: Report): void {
  const special = SPECIAL.flatMap((text) => parseCidr(text) ?? []);
  for (const [index, text] of (after.spec?.externalIPs ?? []).entries()) {
    const address = addressOf(text);
    const pointer = `/spec/externalIPs/${index}`;
    if (address === undefined) report(pointer, `${JSON.stringify(text)} is no IP address.`);
    else if (special.some((cidr) => cidrContains(cidr, address))) {
      report(pointer, `${text} cannot be an external IP: it is unspecified, loopback or link-local.`);
    }
  }
  const { loadBalancerSourceRanges: ranges = [] } = after.spec ?? {};
  if (ranges.length > 0 && typeOf(after) !== 'LoadBalancer') {
    report(
      '/spec/loadBalancerSourceRanges',
      `loadBalancerSourceRanges are for type LoadBalancer, this Service is of type ${typeOf(after)}; make them [].`,
    );
  }
  const former = new Set(before.spec?.loadBalancerSourceRanges ?? []);
  for (const [index, text] of ranges.entries()) {
    if (!former.has(text) && parseCidr(text.trim()) === undefined) {
      report(`/spec/loadBalancerSourceRanges/${index}`, `${JSON.stringify(text)} is no CIDR such as 203.0.113.0/24.`);
    }
  }
}

function checkLoadBalancer(before: Service, after: Service, rules: ServiceRules, report: Report): void {
  const ingress = after.status?.loadBalancer?.ingress ?? [];
  if (
    ingress.length > 0 &&
    typeOf(after) !== 'LoadBalancer' &&
    JSON.stringify(ingress) !== JSON.stringify(before.status?.loadBalancer?.ingress)
  ) {
    report(
      '/status/loadBalancer/ingress',
      `Only a Service of type LoadBalancer has a load balancer's addresses; this one is of type ${typeOf(after)}.`,
    );
  }
  for (const [index, { ip, ipMode }] of ingress.entries()) {
    const at = `/status/loadBalancer/ingress/${index}`;
    if (ip && addressOf(ip) === undefined) report(`${at}/ip`, `${JSON.stringify(ip)} is no IP address.`);
    oneOf(ipMode, ['VIP', 'Proxy'], `${at}/ipMode`, report);
  }
  const { healthCheckNodePort } = after.spec ?? {};
  if (!healthCheckNodePort) return;
  const pointer = '/spec/healthCheckNodePort';
  const former = before.spec?.healthCheckNodePort;
  if (!needsHealthCheckNodePort(after)) {
    report(pointer, 'healthCheckNodePort is for type LoadBalancer with externalTrafficPolicy Local; leave it out.');
  } else if (needsHealthCheckNodePort(before) && former && former !== healthCheckNodePort) {
    report(pointer, `The health check node port is ${former} and cannot be changed.`);
  } else if (former !== healthCheckNodePort) {
    const owner = rules.nodePorts.ownerOf(healthCheckNodePort);
    if (owner !== undefined && owner !== namespacedName(after))
      report(pointer, `Node port ${healthCheckNodePort} belongs to Service ${owner}.`);
    if (healthCheckNodePort < FIRST_NODE_PORT || healthCheckNodePort > LAST_NODE_PORT) {
      report(
        pointer,
        `Node port ${healthCheckNodePort} is outside the API server's range, ${FIRST_NODE_PORT} to ${LAST_NODE_PORT}.`,
      );
    }
  }
}

/**
 * Why the API server would refuse the update of a Service; empty when it would not. `after` is completed already. Where
 * Kubernetes puts up with what a Service had before (addresses, ranges, node ports), so does this.
 * Source: Kubernetes 1.36 pkg/apis/core/validation (`ValidateService`, `ValidateServiceUpdate`).
 */
export function serviceFaults(before: Service, after: Service, rules: ServiceRules): ServiceFault[] {
  const faults: ServiceFault[] = [];
  const report: Report = (pointer, detail) => faults.push({ pointer, detail });
  oneOf(after.spec?.type, TYPES, '/spec/type', report);
  checkClusterIP(before, after, report);
  checkPorts(before, after, rules, report);
  checkPolicies(before, after, rules, report);
  checkAddresses(before, after, report);
  checkLoadBalancer(before, after, rules, report);
  return faults;
}
