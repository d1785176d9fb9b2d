import type { Timing } from '../checks.js';

/**
 * What AWS's load balancers do that is a number or a name. One place to correct. Sources: `lbc` =
 * kubernetes-sigs/aws-load-balancer-controller (docs/guide/service/annotations.md, pkg/service/model_builder.go,
 * model_build_target_group.go, 2.x), `ccm` = kubernetes/cloud-provider-aws (pkg/providers/v1/aws_loadbalancer.go,
 * aws.go), `elb` = the user guides of Elastic Load Balancing.
 */

const prefix = 'service.beta.kubernetes.io/aws-load-balancer-';

/** `lbc` and `ccm`. */
export const ANNOTATIONS = {
  /** `nlb`: the cloud provider's own NLB; `external` or `nlb-ip`: left to the AWS Load Balancer Controller. */
  type: `${prefix}type`,
  targetType: `${prefix}nlb-target-type`,
  scheme: `${prefix}scheme`,
  internal: `${prefix}internal`,
  /** `*`: the client's address is in a header of the proxy protocol. */
  proxyProtocol: `${prefix}proxy-protocol`,
  targetGroupAttributes: `${prefix}target-group-attributes`,
  attributes: `${prefix}attributes`,
  crossZone: `${prefix}cross-zone-load-balancing-enabled`,
  targetNodeLabels: `${prefix}target-node-labels`,
  securityGroups: `${prefix}security-groups`,
  drainEnabled: `${prefix}connection-draining-enabled`,
  drainTimeout: `${prefix}connection-draining-timeout`,
  check: {
    protocol: `${prefix}healthcheck-protocol`,
    port: `${prefix}healthcheck-port`,
    path: `${prefix}healthcheck-path`,
    interval: `${prefix}healthcheck-interval`,
    timeout: `${prefix}healthcheck-timeout`,
    healthy: `${prefix}healthcheck-healthy-threshold`,
    unhealthy: `${prefix}healthcheck-unhealthy-threshold`,
  },
} as const;

/** Classes of the AWS Load Balancer Controller and of EKS Auto Mode (`lbc`; EKS user guide). */
export const CLASSES = { controller: 'service.k8s.aws/nlb', autoMode: 'eks.amazonaws.com/nlb' } as const;

/** Keys of `target-group-attributes` and `attributes` (`elb`). */
export const ATTRIBUTES = {
  preserve: 'preserve_client_ip.enabled',
  crossZone: 'load_balancing.cross_zone.enabled',
  sticky: 'stickiness.enabled',
  routing: 'dns_record.client_routing_policy',
  drain: 'deregistration_delay.timeout_seconds',
} as const;

export const NLB_TIMING: Readonly<Record<'controller' | 'controllerLocal' | 'inTree' | 'inTreeLocal', Timing>> = {
  controller: { intervalSeconds: 10, timeoutSeconds: 10, unhealthyAfter: 3, healthyAfter: 3 },
  controllerLocal: { intervalSeconds: 10, timeoutSeconds: 6, unhealthyAfter: 2, healthyAfter: 2 },
  inTree: { intervalSeconds: 30, timeoutSeconds: 10, unhealthyAfter: 3, healthyAfter: 3 },
  inTreeLocal: { intervalSeconds: 10, timeoutSeconds: 10, unhealthyAfter: 2, healthyAfter: 2 },
};

/** `ccm`: TCP to the first node port, or under Local HTTP to the health check node port. */
export const CLASSIC_TIMING: Timing = { intervalSeconds: 10, timeoutSeconds: 5, unhealthyAfter: 6, healthyAfter: 2 };

/**
 * `elb`: the default of deregistration_delay.timeout_seconds, and of a Classic Load Balancer's draining where it is on.
 */
export const DRAIN_SECONDS = 300;

/**
 * How host names end that AWS gives out (`elb`): `NAME-ID.elb.REGION.amazonaws.com` and
 * `NAME-ID.REGION.elb.amazonaws.com`.
 */
export const HOST_NAMES = {
  nlb: /\.elb\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/,
  classic: /\.[a-z0-9-]+\.elb\.amazonaws\.com(?:\.cn)?$/,
} as const;

/** Nodes of this compute type have no host of their own to send node ports to (`lbc` default node selector). */
export const FARGATE_LABEL = { key: 'eks.amazonaws.com/compute-type', value: 'fargate' } as const;
