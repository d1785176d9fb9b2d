import { networkOf } from '../../base/address.js';
import { ONE } from '../../base/fraction.js';
import type { Node, Service } from '../../cluster/objects.js';
import { annotationOf, numberOf, switchOf } from '../annotations.js';
import { HEALTH_PATH, isLocal, NO_CHECK, nodeHealthCheck, PROXY_HEALTH_PORT, type Timing } from '../checks.js';
import { keepHeader, toNodePort } from '../forward.js';
import type { Balanced, BalancedPort, HealthCheck, Implementation } from '../implementation.js';
import { excludedFromAll, nodeBackends } from '../node-filter.js';
import { sourceRanges } from '../source-ranges.js';
import { AZURE_ANNOTATIONS } from './annotation-list.js';

/**
 * What Azure's load balancer does that is a number or a name. Source unless said otherwise:
 * kubernetes-sigs/cloud-provider-azure (pkg/consts/consts.go, pkg/provider/azure_loadbalancer.go,
 * azure_loadbalancer_healthprobe.go, azure_loadbalancer_accesscontrol.go).
 */
const prefix = 'service.beta.kubernetes.io/azure-';
const ANNOTATIONS = {
  internal: `${prefix}load-balancer-internal`,
  noFloating: `${prefix}disable-load-balancer-floating-ip`,
  noFirewall: `${prefix}disable-load-balancer-nsg-rule`,
  probeInterval: `${prefix}load-balancer-health-probe-interval`,
  probeCount: `${prefix}load-balancer-health-probe-num-of-probe`,
  probeProtocol: `${prefix}load-balancer-health-probe-protocol`,
  probePath: `${prefix}load-balancer-health-probe-request-path`,
  idleMinutes: `${prefix}load-balancer-tcp-idle-timeout`,
  allowedRanges: `${prefix}allowed-ip-ranges`,
  allowedTags: `${prefix}allowed-service-tags`,
} as const;
/** HealthProbeDefaultProbeInterval and HealthProbeDefaultNumOfProbe: the least that Azure allows. */
const PROBE = { interval: 5, count: 2 } as const;
/** Where probes come from (Azure documentation, "What is IP address 168.63.129.16?"). */
const PROBE_SOURCES = ['168.63.129.16/32'];
/** Minutes after which idle TCP connections are forgotten (Azure documentation). */
const IDLE_MINUTES = 4;
/** `false`: a machine that Azure's controller does not look after. */
const MANAGED_LABEL = 'kubernetes.azure.com/managed';

function isInternal(service: Service): boolean {
  return switchOf(service, ANNOTATIONS.internal) ?? false;
}

/**
 * Floating IP ("direct server return"): nodes get packets with the load balancer's address. On unless it is disabled.
 */
function floats({ service, options }: Balanced): boolean {
  return options.floatingIP ?? !(switchOf(service, ANNOTATIONS.noFloating) ?? false);
}

function nodeFilter(node: Node): string | undefined {
  const unmanaged = node.metadata.labels?.[MANAGED_LABEL] === 'false';
  return excludedFromAll(node) ?? (unmanaged ? `label ${MANAGED_LABEL}=false` : undefined);
}

/**
 * What an annotation says of one port: `service.beta.kubernetes.io/port_PORT_WHAT` (consts.go,
 * GetAttributeValueInSvcAnnotation).
 */
function ofPort(service: Service, port: number, what: string): string | undefined {
  return annotationOf(service, `service.beta.kubernetes.io/port_${port}_${what}`);
}

function isOn(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true';
}

/** A whole number from `least` on: what is said of the port, else of the Service, else the default. */
function numberFor(service: Service, port: number, what: string, annotation: string, usual: number): number {
  const own = ofPort(service, port, `health-probe_${what}`) ?? '';
  if (/^\d{1,6}$/.test(own) && Number(own) >= usual) return Number(own);
  return numberOf(service, annotation, usual) ?? usual;
}

/**
 * By which protocol a port is probed: what is said of it, its appProtocol, what is said of the Service; others are TCP.
 */
function protocolFor(service: Service, { port, appProtocol }: BalancedPort): 'TCP' | 'HTTP' | 'HTTPS' {
  const said =
    ofPort(service, port, 'health-probe_protocol') ?? appProtocol ?? annotationOf(service, ANNOTATIONS.probeProtocol);
  const upper = said?.toUpperCase();
  return upper === 'HTTP' || upper === 'HTTPS' ? upper : 'TCP';
}

/** The node port that a port's probe goes to: its own, or that of the port which an annotation names. */
function probedNodePort(service: Service, own: BalancedPort): number {
  const said = ofPort(service, own.port, 'health-probe_port');
  const named = service.spec?.ports?.find(
    ({ name, port }) => said !== undefined && (name === said || String(port) === said),
  );
  return (named ?? own).nodePort ?? 0;
}

/** The probe of one port (azure_loadbalancer_healthprobe.go, buildHealthProbeRulesForPort). */
function healthCheck(balanced: Balanced, port: BalancedPort): HealthCheck {
  const { service, options } = balanced;
  if (isOn(ofPort(service, port.port, 'no_probe_rule'))) return NO_CHECK;
  const timing: Timing = {
    intervalSeconds: numberFor(service, port.port, 'interval', ANNOTATIONS.probeInterval, PROBE.interval),
    unhealthyAfter: numberFor(service, port.port, 'num-of-probe', ANNOTATIONS.probeCount, PROBE.count),
    healthyAfter: 1,
  };
  if (isLocal(balanced) && service.spec?.healthCheckNodePort) return nodeHealthCheck(balanced, timing, PROBE_SOURCES);
  if (options.sharedProbe === true)
    return nodeHealthCheck({ service: { ...service, spec: {} } }, timing, PROBE_SOURCES);
  balanced.assume(
    'loadBalancer.sharedProbe',
    false,
    `Whether the cluster probes kube-proxy (port ${PROXY_HEALTH_PORT}${HEALTH_PATH}, ` +
      'clusterServiceLoadBalancerHealthProbeMode: shared) or node ports is not in the snapshot.',
  );
  // Azure probes by TCP and HTTP alone: rules of other protocols have no probe, and every node takes their packets.
  if ((port.protocol ?? 'TCP') !== 'TCP') return NO_CHECK;
  const protocol = protocolFor(service, port);
  const path =
    ofPort(service, port.port, 'health-probe_request-path') ?? annotationOf(service, ANNOTATIONS.probePath) ?? '/';
  return {
    protocol,
    port: probedNodePort(service, port),
    ...(protocol === 'TCP' ? {} : { path }),
    ...timing,
    sources: PROBE_SOURCES,
    answeredBy: 'NODE_PORT',
  };
}

/**
 * The networks that the network security group lets in: the source ranges and those of annotation
 * `azure-allowed-ip-ranges`, and service tags, whose networks no snapshot holds (cloud-provider-azure,
 * pkg/provider/loadbalancer/accesscontrol.go).
 */
function allowedRanges(balanced: Balanced): readonly string[] | undefined {
  const { service } = balanced;
  const more = (annotationOf(service, ANNOTATIONS.allowedRanges) ?? '').split(',').map((text) => text.trim());
  const ranges = [...(sourceRanges(service) ?? []), ...more.filter((text) => networkOf(text) !== undefined)];
  const everybody = ranges.some((text) => networkOf(text)?.length === 0);
  const tags = annotationOf(service, ANNOTATIONS.allowedTags);
  if (tags !== undefined && tags !== '') {
    balanced.assume(
      'loadBalancer.sourceRanges',
      'everybody is let in',
      `Annotation ${ANNOTATIONS.allowedTags} lets in the networks of ${tags}, which are not in the snapshot: ` +
        'that others are dropped is not modelled.',
    );
    return undefined;
  }
  return ranges.length === 0 || everybody ? undefined : ranges;
}

/** Azure's Standard Load Balancer as its cloud provider sets it up, external or internal. */
export const azure: Implementation = {
  name: 'azure',
  title: 'Azure Load Balancer',
  options: ['floatingIP', 'sharedProbe', 'healthCheck', 'probesPass', 'enforcesSourceRanges', 'failOpen'],
  annotations: AZURE_ANNOTATIONS,
  takes(service, platform) {
    if (platform !== 'aks' || service.spec?.loadBalancerClass) return undefined;
    return `platform aks, ${isInternal(service) ? `annotation ${ANNOTATIONS.internal}` : 'no class'}`;
  },
  allocates: ({ service }) => ({ scheme: isInternal(service) ? 'INTERNAL' : 'EXTERNAL', ipMode: 'VIP' }),
  backends: (balanced) => nodeBackends(balanced, 'backend pool', nodeFilter),
  weights: (_balanced, candidates) => candidates.map(() => ONE),
  forward(balanced, sent, backend) {
    const without = isOn(ofPort(balanced.service, sent.destinationPort ?? 0, 'no_lb_rule'));
    if (without)
      return {
        refused: `annotation port_${sent.destinationPort}_no_lb_rule: the load balancer has no rule for the port`,
      };
    return floats(balanced) ? keepHeader(sent, backend) : toNodePort(balanced, sent, backend);
  },
  healthCheck,
  failsOpen: ({ options }) => options.failOpen ?? false,
  affinity: ({ service }) =>
    service.spec?.sessionAffinity === 'ClientIP'
      ? {
          by: 'CLIENT_ADDRESS',
          detail: 'load distribution SourceIP: connections of one client address keep to one node',
        }
      : { by: 'CONNECTION', detail: 'load distribution Default: each connection is hashed by its five fields' },
  firewall(balanced) {
    const { service } = balanced;
    const allowed = allowedRanges(balanced);
    if (switchOf(service, ANNOTATIONS.noFirewall) === true) {
      return { allowed: undefined, rules: [`network security group: no rule (annotation ${ANNOTATIONS.noFirewall})`] };
    }
    const floating = floats(balanced);
    const ports = (service.spec?.ports ?? []).map(
      ({ port, nodePort, protocol = 'TCP' }) => `${protocol} ${floating ? port : (nodePort ?? '?')}`,
    );
    const from = allowed?.join(', ') ?? (isInternal(service) ? 'service tag VirtualNetwork' : 'service tag Internet');
    const to = floating ? 'the load balancer’s address' : 'the nodes’ addresses';
    return { allowed, rules: [`network security group: allow ${ports.join(', ')} from ${from} to ${to}`] };
  },
  drain({ service }) {
    const minutes = numberOf(service, ANNOTATIONS.idleMinutes) ?? IDLE_MINUTES;
    return {
      seconds: undefined,
      detail:
        `open TCP connections to a node that fails its probe go on; idle ones are forgotten after ${minutes} ` +
        'minutes',
    };
  },
  reply: (balanced) => (floats(balanced) ? 'DIRECT' : 'THROUGH'),
  addressIsLocal: () => false,
};
