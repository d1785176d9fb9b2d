/**
 * AWS's Application Load Balancer in front of a Service: a proxy for HTTP, over pods (IP targets) or node ports
 * (instance targets). Sources: `lbc` = AWS Load Balancer Controller, "Ingress annotations"
 * (kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/),
 * pkg/ingress/model_build_target_group.go; `alb` = user guide for Application Load Balancers
 * (docs.aws.amazon.com/elasticloadbalancing/latest/application/): "Target groups for your Application Load Balancers",
 * "Health checks", "HTTP headers and Application Load Balancers".
 */
import { fieldsOf } from '../../base/record.js';
import { matchesLabels, matchesSelector } from '../../cluster/labels.js';

import { pairsIn, wholeNumber } from '../annotations.js';
import { NO_CHECK } from '../checks.js';
import { listOf, selectorOf, textOf } from '../fields.js';
import { toNodePort } from '../forward.js';
import type { Balanced, BalancedPort, HealthCheck, Implementation } from '../implementation.js';
import { nodeBackends } from '../node-filter.js';
import { ownAddress } from '../own-address.js';
import { podBackends, podPort, toPod } from '../pod-backends.js';
import { weightsAcrossZones } from '../zonal.js';
import { ALB_ANNOTATIONS } from './annotation-list.js';
import { controllerNodeFilter, standInName } from './aws-names.js';
import { ATTRIBUTES, DRAIN_SECONDS } from './facts.js';
import { ALB_PREFIX, type Front, frontsOf } from './ingress.js';

/** `lbc`: defaults of the controller for target groups of an Ingress. */
const CHECK = { intervalSeconds: 15, timeoutSeconds: 5, unhealthyAfter: 2, healthyAfter: 2 } as const;
const GRPC_PATH = '/AWS.ALB/healthcheck';

/** The object that asks for the load balancer; the first where there are several. */
function frontOf(balanced: Balanced): Front | undefined {
  const [first, ...others] = frontsOf(balanced.cluster, balanced.service);
  if (first !== undefined && others.length > 0) {
    balanced.assume(
      'loadBalancer.front',
      first.name,
      `${others.map(({ name }) => name).join(', ')} sends to ${balanced.key} too, each with a target group ` +
        'of its own: the answer is about the first.',
    );
  }
  if (first === undefined) {
    balanced.assume(
      'loadBalancer.front',
      'none in the snapshot',
      `No Ingress of an ALB class and no TargetGroupBinding in the snapshot names ${balanced.key}: the ` +
        "Service's annotations and the defaults count.",
    );
  }
  return first;
}

/** An annotation `alb.ingress.kubernetes.io/NAME`: that of the Service wins over that of the Ingress (`lbc`). */
function said(balanced: Balanced, name: string): string | undefined {
  const own = balanced.service.metadata.annotations?.[ALB_PREFIX + name];
  return (own ?? frontOf(balanced)?.object.metadata.annotations?.[ALB_PREFIX + name])?.trim();
}

function targetsPods(balanced: Balanced): boolean {
  const { options } = balanced;
  if (options.targetType !== undefined) return options.targetType === 'IP';
  const front = frontOf(balanced);
  const type =
    front?.kind === 'BINDING'
      ? textOf(fieldsOf(front.object.spec).targetType)
      : (textOf(fieldsOf(front?.params?.spec).targetType) ?? said(balanced, 'target-type'));
  if (type === 'ip' || type === 'instance') return type === 'ip';
  const auto = front?.controller === 'AUTO_MODE';
  balanced.assume(
    'loadBalancer.targetType',
    auto ? 'IP' : 'INSTANCE',
    `${front?.name ?? 'The Service'} names no target type: ${
      auto
        ? 'EKS Auto Mode registers pods'
        : 'nodes are the default, unless the controller runs with --default-target-type=ip'
    }. Option targetType says otherwise.`,
  );
  return auto;
}

function attributesOf(balanced: Balanced): ReadonlyMap<string, string> {
  return pairsIn(said(balanced, 'target-group-attributes'));
}

/** Whether the load balancer sends to this port of the Service. */
function serves(balanced: Balanced, { port, name }: BalancedPort): boolean {
  const front = frontOf(balanced);
  return front === undefined || front.ports.some((one) => one === port || one === name || one === String(port));
}

function portOf({ service }: Balanced, number: number | undefined): BalancedPort | undefined {
  return service.spec?.ports?.find(({ port, protocol = 'TCP' }) => port === number && protocol === 'TCP');
}

/** Where probes go: the port that gets the traffic, a number, or a port of the Service by its name (`lbc`). */
function checkPort(balanced: Balanced, { port: number, nodePort }: BalancedPort): number {
  const pods = targetsPods(balanced);
  const asked = said(balanced, 'healthcheck-port');
  const given = wholeNumber(asked);
  if (given !== undefined) return given;
  const named = balanced.service.spec?.ports?.find(({ name }) => name !== undefined && name === asked);
  if (pods) return podPort(balanced, named?.port ?? number) ?? 0;
  return (named ?? { nodePort }).nodePort ?? 0;
}

function healthCheck(balanced: Balanced, port: BalancedPort): HealthCheck {
  if ((port.protocol ?? 'TCP') !== 'TCP') return NO_CHECK;
  const front = frontOf(balanced);
  if (front?.kind === 'BINDING') {
    balanced.assume(
      'loadBalancer.healthCheck',
      { protocol: 'HTTP', path: '/', ...CHECK },
      'The health check of a target group that a TargetGroupBinding names is not in the snapshot: taken to ' +
        'be as the controller makes it.',
    );
  }
  const grpc = said(balanced, 'backend-protocol-version')?.toUpperCase() === 'GRPC';
  const protocol = (said(balanced, 'healthcheck-protocol') ?? said(balanced, 'backend-protocol'))?.toUpperCase();
  return {
    protocol: protocol === 'HTTPS' ? 'HTTPS' : 'HTTP',
    port: checkPort(balanced, port),
    path: said(balanced, 'healthcheck-path') ?? (grpc ? GRPC_PATH : '/'),
    intervalSeconds: wholeNumber(said(balanced, 'healthcheck-interval-seconds')) ?? CHECK.intervalSeconds,
    timeoutSeconds: wholeNumber(said(balanced, 'healthcheck-timeout-seconds')) ?? CHECK.timeoutSeconds,
    unhealthyAfter: wholeNumber(said(balanced, 'unhealthy-threshold-count')) ?? CHECK.unhealthyAfter,
    healthyAfter: wholeNumber(said(balanced, 'healthy-threshold-count')) ?? CHECK.healthyAfter,
    sources: [],
    answeredBy: targetsPods(balanced) ? 'POD' : 'NODE_PORT',
  };
}

/** `alb`: cross-zone balancing is on for every Application Load Balancer; a target group may turn it off. */
function crossesZones(balanced: Balanced): boolean {
  return balanced.options.crossZone ?? attributesOf(balanced).get(ATTRIBUTES.crossZone) !== 'false';
}

function schemeOf(balanced: Balanced): string | undefined {
  return textOf(fieldsOf(frontOf(balanced)?.params?.spec).scheme) ?? said(balanced, 'scheme');
}

function isInternal(balanced: Balanced): boolean {
  const front = frontOf(balanced);
  const scheme = schemeOf(balanced);
  // A binding does not say what is before its target group.
  return front?.kind === 'BINDING' ? false : scheme !== 'internet-facing';
}

/** The networks that the load balancer's security group lets in; undefined: everybody, or not known. */
function inboundCidrs(balanced: Balanced): readonly string[] | undefined {
  const params = listOf(fieldsOf(frontOf(balanced)?.params?.spec).inboundCIDRs).map(String);
  const annotated = (said(balanced, 'inbound-cidrs') ?? '').split(',').map((text) => text.trim());
  const all = params.length > 0 ? params : annotated.filter((text) => text !== '');
  return all.length === 0 || all.some((text) => /\/0+$/.test(text)) ? undefined : all;
}

const STICKY: Readonly<Record<string, string>> = {
  lb_cookie: 'a cookie of the load balancer',
  app_cookie: 'a cookie of the application',
};

export const awsAlb: Implementation = {
  name: 'aws-alb',
  title: 'AWS Application Load Balancer',
  options: ['targetType', 'crossZone', 'proxyAddress', 'healthCheck', 'probesPass', 'enforcesSourceRanges', 'failOpen'],
  annotations: [ALB_ANNOTATIONS],
  annotatedBeside: (balanced) => [frontOf(balanced)?.object.metadata.annotations],
  takes(service, _platform, cluster) {
    if (service.spec?.type === 'LoadBalancer') return undefined;
    const [front] = frontsOf(cluster, service);
    return front === undefined ? undefined : `${front.name} sends to it`;
  },
  allocates: (balanced) => ({
    scheme: isInternal(balanced) ? 'INTERNAL' : 'EXTERNAL',
    byDefault: schemeOf(balanced) === undefined,
    ipMode: 'Proxy',
    hostname: `${standInName(balanced.service)}.region.elb.amazonaws.com`,
  }),
  backends(balanced) {
    if (frontOf(balanced)?.kind === 'BINDING') {
      balanced.assume(
        'loadBalancer.kind',
        'Application Load Balancer',
        'A TargetGroupBinding does not say which kind of load balancer its target group belongs to. ' +
          'Implementation aws-nlb says the other.',
      );
    }
    if (targetsPods(balanced)) {
      const { members, excluded, group } = podBackends(balanced, 'IP targets');
      const served = members.map((member) => ({
        ...member,
        ports: new Map(
          [...(member.ports ?? [])].filter(([number]) => {
            const port = portOf(balanced, number);
            return port !== undefined && serves(balanced, port);
          }),
        ),
      }));
      return { members: served, excluded, group };
    }
    const wanted = Object.fromEntries(pairsIn(said(balanced, 'target-node-labels')));
    const front = frontOf(balanced);
    const selector = front?.kind === 'BINDING' ? fieldsOf(front.object.spec).nodeSelector : undefined;
    const suits = controllerNodeFilter(balanced.cluster);
    return nodeBackends(balanced, 'instance targets', (node) => {
      const why = suits(node);
      if (why !== undefined) return why;
      if (!matchesLabels(node.metadata.labels, wanted))
        return 'it has not the labels that annotation target-node-labels asks for';
      const selected = selector === undefined || matchesSelector(node.metadata.labels, selectorOf(selector));
      return selected ? undefined : `nodeSelector of ${front?.name} does not match it`;
    });
  },
  weights(balanced, candidates) {
    const algorithm = attributesOf(balanced).get('load_balancing.algorithm.type') ?? 'round_robin';
    if (algorithm !== 'round_robin') {
      balanced.assume(
        'loadBalancer.spread',
        'targets alike',
        `Attribute load_balancing.algorithm.type is ${algorithm}: targets that answer faster get more ` +
          'requests, which no snapshot shows.',
      );
    }
    return weightsAcrossZones(balanced, candidates, crossesZones(balanced));
  },
  forward(balanced, sent, backend) {
    if (sent.protocol !== 'TCP') {
      return { refused: `an Application Load Balancer takes HTTP over TCP only, not ${sent.protocol}` };
    }
    const port = portOf(balanced, sent.destinationPort);
    if (port === undefined || !serves(balanced, port)) {
      return {
        refused:
          `${frontOf(balanced)?.name ?? 'the load balancer'} does not send to port ` +
          `${sent.destinationPort ?? '?'} of ${balanced.key}`,
      };
    }
    const source = ownAddress(
      balanced,
      'a private address of the Application Load Balancer in one of its subnets; the client’s is in header ' +
        'X-Forwarded-For',
    );
    return backend.kind === 'POD'
      ? toPod(balanced, sent, backend, source)
      : toNodePort(balanced, sent, backend, source);
  },
  healthCheck,
  // `alb`, "Health checks": requests go to all targets of a group without healthy ones.
  failsOpen: ({ options }) => options.failOpen ?? true,
  // Without any target it answers 503 itself.
  refusesWithoutBackends: () => true,
  affinity(balanced) {
    const attributes = attributesOf(balanced);
    if (attributes.get(ATTRIBUTES.sticky) === 'true') {
      const type = attributes.get('stickiness.type') ?? 'lb_cookie';
      const by = STICKY[type] ?? type;
      return {
        by: 'CONNECTION',
        detail: `stickiness: requests with ${by} keep to one target; the first of a client goes to any`,
      };
    }
    const ignored =
      balanced.service.spec?.sessionAffinity === 'ClientIP' ? '; sessionAffinity ClientIP is not passed on to it' : '';
    return { by: 'CONNECTION', detail: `requests go to the targets in turn${ignored}` };
  },
  firewall(balanced) {
    if (said(balanced, 'security-groups') !== undefined || frontOf(balanced)?.kind === 'BINDING') {
      balanced.assume(
        'loadBalancer.sourceRanges',
        'not enforced',
        'The security groups of the load balancer are not made by the controller: what they allow is not in ' +
          'the snapshot.',
      );
      return { allowed: undefined, rules: ['security groups of the user: what they allow is not in the snapshot'] };
    }
    const allowed = inboundCidrs(balanced);
    return {
      allowed,
      rules: [
        'security group of the load balancer: allow its listeners’ ports from ' +
          `${allowed?.join(', ') ?? '0.0.0.0/0'} (annotation inbound-cidrs)`,
        `security group of ${targetsPods(balanced) ? 'the pods’ interfaces' : 'the nodes'}: allow all TCP ` +
          'from the load balancer’s group',
      ],
    };
  },
  drain(balanced) {
    const seconds = wholeNumber(attributesOf(balanced).get(ATTRIBUTES.drain), 0) ?? DRAIN_SECONDS;
    return {
      seconds,
      detail:
        `a target that is deregistered gets no new requests; open ones go on for up to ${seconds} seconds ` +
        `(${ATTRIBUTES.drain})`,
    };
  },
  reply: () => 'THROUGH',
  addressIsLocal: () => false,
};
