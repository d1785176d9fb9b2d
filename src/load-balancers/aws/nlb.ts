import { matchesLabels } from '../../cluster/labels.js';
import type { Service } from '../../cluster/objects.js';
import type { Protocol } from '../../netfilter/packet.js';
import { annotationOf, numberOf, pairsOf, switchOf } from '../annotations.js';
import { isLocal } from '../checks.js';
import { toNodePort } from '../forward.js';
import type { Balanced, BalancedPort, HealthCheck, Implementation } from '../implementation.js';
import { nodeBackends } from '../node-filter.js';
import { ownAddress } from '../own-address.js';
import { podBackends, podPort, toPod } from '../pod-backends.js';
import { sourceRanges } from '../source-ranges.js';
import { weightsAcrossZones } from '../zonal.js';
import { NLB_ANNOTATIONS } from './annotation-list.js';
import {
  awsNodeFilter,
  controllerNodeFilter,
  hostNameOf,
  isInternal,
  runsOnAws,
  saysScheme,
  standInName,
} from './aws-names.js';
import { ANNOTATIONS, ATTRIBUTES, CLASSES, DRAIN_SECONDS, HOST_NAMES, NLB_TIMING } from './facts.js';

/** Whether the AWS Load Balancer Controller (or EKS Auto Mode) made it, rather than the cloud provider. */
function byController(service: Service): boolean {
  const type = annotationOf(service, ANNOTATIONS.type);
  return (
    service.spec?.loadBalancerClass !== undefined || type === 'external' || type === 'nlb-ip' || type === undefined
  );
}

function targetsPods(balanced: Balanced): boolean {
  const { service, options } = balanced;
  if (options.targetType !== undefined) return options.targetType === 'IP';
  const type = annotationOf(service, ANNOTATIONS.targetType);
  if (annotationOf(service, ANNOTATIONS.type) === 'nlb-ip' || type === 'ip') return true;
  if (type !== undefined || service.spec?.loadBalancerClass !== CLASSES.autoMode) return false;
  balanced.assume(
    'loadBalancer.targetType',
    'IP',
    'EKS Auto Mode registers pods unless an annotation says otherwise: its guide says so, not verified here.',
  );
  return true;
}

function attributesOf(service: Service): ReadonlyMap<string, string> {
  return pairsOf(service, ANNOTATIONS.targetGroupAttributes);
}

/**
 * Whether targets see the client's address. Default: yes, except for pods as targets of TCP; for UDP always (ELB guide,
 * "Client IP preservation").
 */
function keepsClient(balanced: Balanced, protocol: Protocol): boolean {
  if (protocol === 'UDP') return true;
  const said = attributesOf(balanced.service).get(ATTRIBUTES.preserve);
  return balanced.options.preserveClientAddress ?? (said === undefined ? !targetsPods(balanced) : said === 'true');
}

/**
 * Whether a zone's address leads to targets of all zones: a target group's own attribute wins over the load balancer's
 * (`elb`).
 */
function crossesZones({ service, options }: Balanced): boolean {
  const ofGroup = attributesOf(service).get(ATTRIBUTES.crossZone);
  if (options.crossZone === undefined && (ofGroup === 'true' || ofGroup === 'false')) return ofGroup === 'true';
  return (
    options.crossZone ??
    switchOf(service, ANNOTATIONS.crossZone) ??
    pairsOf(service, ANNOTATIONS.attributes).get(ATTRIBUTES.crossZone) === 'true'
  );
}

function healthCheck(balanced: Balanced, { port: number, nodePort }: BalancedPort): HealthCheck {
  const { service } = balanced;
  const { check } = ANNOTATIONS;
  const pods = targetsPods(balanced);
  const own = service.spec?.healthCheckNodePort ?? 0;
  const local = !pods && isLocal(balanced) && own !== 0;
  const timing = NLB_TIMING[`${byController(service) ? 'controller' : 'inTree'}${local ? 'Local' : ''}`];
  const said = annotationOf(service, check.protocol)?.toUpperCase();
  const protocol = said === 'HTTP' || said === 'HTTPS' || said === 'TCP' ? said : local ? 'HTTP' : 'TCP';
  // A target group for each port, whose check goes to the port that gets its traffic (lbc,
  // buildTargetGroupHealthCheckConfig).
  const traffic = pods ? podPort(balanced, number) : nodePort;
  const given = annotationOf(service, check.port);
  const port = numberOf(service, check.port) ?? (given === undefined && local ? own : (traffic ?? 0));
  const path = annotationOf(service, check.path) ?? (local ? '/healthz' : '/');
  return {
    protocol,
    port,
    ...(protocol === 'TCP' ? {} : { path }),
    intervalSeconds: numberOf(service, check.interval) ?? timing.intervalSeconds,
    timeoutSeconds: numberOf(service, check.timeout) ?? timing.timeoutSeconds ?? timing.intervalSeconds,
    unhealthyAfter: numberOf(service, check.unhealthy) ?? timing.unhealthyAfter,
    healthyAfter: numberOf(service, check.healthy) ?? timing.healthyAfter,
    sources: [],
    answeredBy: pods
      ? 'POD'
      : port === own && own !== 0
        ? 'SERVICE_HEALTH'
        : port === 10256
          ? 'KUBE_PROXY'
          : 'NODE_PORT',
  };
}

/**
 * AWS's Network Load Balancer over nodes (instance targets) or pods (IP targets), with an address in each zone.
 * Sources: aws/facts.ts.
 */
export const awsNlb: Implementation = {
  name: 'aws-nlb',
  title: 'AWS Network Load Balancer',
  options: [
    'targetType',
    'preserveClientAddress',
    'crossZone',
    'proxyAddress',
    'healthCheck',
    'probesPass',
    'enforcesSourceRanges',
    'failOpen',
  ],
  annotations: [NLB_ANNOTATIONS],
  takes(service, platform, cluster) {
    const { loadBalancerClass } = service.spec ?? {};
    if (loadBalancerClass === CLASSES.controller || loadBalancerClass === CLASSES.autoMode)
      return `loadBalancerClass ${loadBalancerClass}`;
    if (loadBalancerClass) return undefined;
    const type = annotationOf(service, ANNOTATIONS.type);
    if (type === 'nlb' || type === 'external' || type === 'nlb-ip') return `annotation ${ANNOTATIONS.type}: ${type}`;
    const name = hostNameOf(service);
    if (name === undefined || !HOST_NAMES.nlb.test(name) || runsOnAws(service, platform, cluster) === undefined)
      return undefined;
    return `host name ${name}, as Network Load Balancers have it`;
  },
  allocates: ({ service }) => ({
    scheme: isInternal(service, byController(service)) ? 'INTERNAL' : 'EXTERNAL',
    byDefault: !saysScheme(service),
    ipMode: 'VIP',
    hostname: `${standInName(service)}.elb.region.amazonaws.com`,
  }),
  backends(balanced) {
    if (targetsPods(balanced)) return podBackends(balanced, 'IP targets');
    const wanted = Object.fromEntries(pairsOf(balanced.service, ANNOTATIONS.targetNodeLabels));
    const suits = byController(balanced.service) ? controllerNodeFilter(balanced.cluster) : awsNodeFilter;
    return nodeBackends(balanced, 'instance targets', (node) => {
      const why = suits(node);
      if (why !== undefined || matchesLabels(node.metadata.labels, wanted)) return why;
      return `it has not the labels that annotation ${ANNOTATIONS.targetNodeLabels} asks for`;
    });
  },
  weights(balanced, candidates) {
    const policy = pairsOf(balanced.service, ANNOTATIONS.attributes).get(ATTRIBUTES.routing);
    if (policy !== undefined && policy !== 'any_availability_zone') {
      balanced.assume(
        'loadBalancer.clientRouting',
        'clients use the addresses of all zones alike',
        `Attribute ${ATTRIBUTES.routing} is ${policy}: clients that use the resolver of the VPC mostly get ` +
          'the address of their own zone. Who they are, a snapshot does not show.',
      );
    }
    return weightsAcrossZones(balanced, candidates, crossesZones(balanced));
  },
  forward(balanced, sent, backend) {
    const kept = keepsClient(balanced, sent.protocol);
    if (kept && sent.source === backend.address) {
      // ELB guide, "Troubleshoot your Network Load Balancer": requests time out for connections from a target to its
      // load balancer.
      return {
        refused:
          `${sent.source} is a client and the target chosen for it: with client addresses preserved it would ` +
          'get packets from itself, which AWS does not support (hairpinning)',
      };
    }
    const source = kept
      ? undefined
      : ownAddress(balanced, 'a private address of the Network Load Balancer in one of its subnets');
    return backend.kind === 'POD'
      ? toPod(balanced, sent, backend, source)
      : toNodePort(balanced, sent, backend, source);
  },
  healthCheck,
  failsOpen: ({ options }) => options.failOpen ?? true,
  affinity({ service }) {
    if (attributesOf(service).get(ATTRIBUTES.sticky) === 'true') {
      return {
        by: 'CLIENT_ADDRESS',
        detail: 'stickiness source_ip: connections of one client address keep to one target',
      };
    }
    const ignored =
      service.spec?.sessionAffinity === 'ClientIP'
        ? `; sessionAffinity ClientIP is not passed on to it (attribute ${ATTRIBUTES.sticky} would be)`
        : '';
    return { by: 'CONNECTION', detail: `each connection is hashed by its addresses, ports and protocol${ignored}` };
  },
  firewall(balanced) {
    const { service } = balanced;
    const ranges = sourceRanges(service);
    const pods = targetsPods(balanced);
    const listens = (service.spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${protocol} ${port}`).join(', ');
    const to = (service.spec?.ports ?? [])
      .map(({ port, nodePort, protocol = 'TCP' }) =>
        pods ? `the pods’ port for ${port}` : `${protocol} ${nodePort ?? '?'}`,
      )
      .join(', ');
    const internal = isInternal(service, byController(service));
    const from = ranges?.join(', ') ?? (internal ? 'the VPC' : '0.0.0.0/0');
    if (annotationOf(service, ANNOTATIONS.securityGroups) !== undefined) {
      balanced.assume(
        'loadBalancer.sourceRanges',
        'not enforced',
        'With security groups of one’s own the controller ignores source ranges; what those groups allow is ' +
          'not in the snapshot.',
      );
      return {
        allowed: undefined,
        rules: ['security groups named by an annotation: what they allow is not in the snapshot'],
      };
    }
    if (byController(service)) {
      return {
        allowed: ranges,
        rules: [
          `security group of the load balancer: allow ${listens} from ${from}`,
          `security group of ${pods ? 'the pods’ interfaces' : 'the nodes'}: allow ${to} and the health ` +
            'check from the load balancer’s group',
        ],
      };
    }
    return {
      allowed: ranges,
      rules: [
        `security group of the nodes: allow ${to} from ${from}`,
        'security group of the nodes: allow the health check port from the load balancer’s subnets',
      ],
    };
  },
  drain({ service }) {
    const said = attributesOf(service).get(ATTRIBUTES.drain) ?? '';
    const seconds = /^\d{1,4}$/.test(said) ? Number(said) : DRAIN_SECONDS;
    return {
      seconds,
      detail:
        `a target that is deregistered gets no new connections; open ones go on for ${seconds} seconds at ` +
        `least (${ATTRIBUTES.drain})`,
    };
  },
  reply: () => 'THROUGH',
  addressIsLocal: () => false,
};
