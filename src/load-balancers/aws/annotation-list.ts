/** The annotations of AWS's controllers: those of the AWS Load Balancer Controller 2.13 and of cloud-provider-aws. */
import type { AnnotationList } from '../annotation-list.js';
import { entriesOf, readEntries } from '../read-annotations.js';

const LBC = 'https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide';

const HEALTH_CHECK = {
  'healthcheck-protocol': ['tcp', 'http', 'https'],
  'healthcheck-port': undefined,
  'healthcheck-path': undefined,
  'healthcheck-interval': { least: 1 },
  'healthcheck-timeout': { least: 1 },
  'healthcheck-healthy-threshold': { least: 1 },
  'healthcheck-unhealthy-threshold': { least: 1 },
} as const;

/** Network Load Balancers, of either controller. */
export const NLB_ANNOTATIONS: AnnotationList = {
  prefix: 'service.beta.kubernetes.io/aws-load-balancer-',
  source: ['AWS Load Balancer Controller, Service annotations', `${LBC}/service/annotations/`],
  entries: [
    ...readEntries({
      type: ['nlb', 'external', 'nlb-ip'],
      'nlb-target-type': ['instance', 'ip'],
      scheme: ['internal', 'internet-facing'],
      internal: undefined,
      'target-group-attributes': 'PAIRS',
      attributes: 'PAIRS',
      'cross-zone-load-balancing-enabled': 'SWITCH',
      'target-node-labels': 'PAIRS',
      'security-groups': undefined,
      ...HEALTH_CHECK,
    }),
    ...entriesOf(
      'NOT_READ',
      'subnets',
      'security-group-prefix-lists',
      'manage-backend-security-group-rules',
      'disable-nlb-sg',
      'multi-cluster-target-group',
      'enable-tcp-udp-listener',
      'quic-enabled-ports',
      'ip-address-type',
      'extra-security-groups',
      'enable-prefix-for-ipv6-source-nat',
      'source-nat-ipv6-prefixes',
      'enable-icmp-for-path-mtu-discovery',
    ),
    ...entriesOf(
      'NO_EFFECT',
      'name',
      'additional-resource-tags',
      'access-log-*',
      'ssl-*',
      'backend-protocol',
      'alpn-policy',
      // It changes what is sent, not where: the client's address is before the data.
      'proxy-protocol',
      'proxy-protocol-per-target-group',
      'eip-allocations',
      'private-ipv4-addresses',
      'ipv6-addresses',
      'healthcheck-success-codes',
      'inbound-sg-rules-on-private-link-traffic',
      'minimum-load-balancer-capacity',
      'listener-attributes.*',
      'connection-idle-timeout',
      'connection-draining-*',
    ),
  ],
};

/** Classic Load Balancers, of cloud-provider-aws. */
export const CLASSIC_ANNOTATIONS: AnnotationList = {
  prefix: 'service.beta.kubernetes.io/aws-load-balancer-',
  source: ['cloud-provider-aws, The Service Controller', 'https://cloud-provider-aws.sigs.k8s.io/service_controller/'],
  entries: [
    ...readEntries({
      internal: undefined,
      'cross-zone-load-balancing-enabled': 'SWITCH',
      'connection-draining-enabled': 'SWITCH',
      'connection-draining-timeout': { least: 1 },
      ...HEALTH_CHECK,
    }),
    ...entriesOf(
      'NOT_READ',
      'security-groups',
      'extra-security-groups',
      'target-node-labels',
      'subnets',
      'type',
      'scheme',
    ),
    ...entriesOf(
      'NO_EFFECT',
      'additional-resource-tags',
      'access-log-*',
      'ssl-*',
      'backend-protocol',
      'connection-idle-timeout',
      'proxy-protocol',
      'eip-allocations',
    ),
  ],
};

/** Application Load Balancers: annotations of an Ingress and of the Services behind it. */
export const ALB_ANNOTATIONS: AnnotationList = {
  prefix: 'alb.ingress.kubernetes.io/',
  source: ['AWS Load Balancer Controller, Ingress annotations', `${LBC}/ingress/annotations/`],
  entries: [
    ...readEntries({
      scheme: ['internal', 'internet-facing'],
      'target-type': ['instance', 'ip'],
      'target-group-attributes': 'PAIRS',
      'target-node-labels': 'PAIRS',
      'inbound-cidrs': 'CIDRS',
      'security-groups': undefined,
      'backend-protocol': ['HTTP', 'HTTPS'],
      'backend-protocol-version': ['HTTP1', 'HTTP2', 'GRPC'],
      'healthcheck-port': undefined,
      'healthcheck-protocol': ['HTTP', 'HTTPS'],
      'healthcheck-path': undefined,
      'healthcheck-interval-seconds': { least: 1 },
      'healthcheck-timeout-seconds': { least: 1 },
      'healthy-threshold-count': { least: 1 },
      'unhealthy-threshold-count': { least: 1 },
      'actions.*': 'JSON',
    }),
    ...entriesOf(
      'NOT_READ',
      'subnets',
      'ip-address-type',
      'security-group-prefix-lists',
      'manage-backend-security-group-rules',
      'multi-cluster-target-group',
      'conditions.*',
      'transforms.*',
      'use-regex-path-match',
      'auth-*',
      'jwt-validation',
      'mutual-authentication',
      'wafv2-acl-arn',
      'wafv2-acl-name',
      'waf-acl-id',
      'web-acl-id',
      'frontend-nlb-*',
      'enable-frontend-nlb',
      'ssl-redirect',
      'target-control-port.*',
    ),
    ...entriesOf(
      'NO_EFFECT',
      // All Ingresses of a group have one load balancer; each Service keeps a target group of its own.
      'group.name',
      'group.order',
      'load-balancer-name',
      'load-balancer-attributes',
      'load-balancer-capacity-reservation',
      'minimum-load-balancer-capacity',
      'listener-attributes.*',
      'listen-ports',
      'certificate-arn',
      'ssl-policy',
      'success-codes',
      'tags',
      'customer-owned-ipv4-pool',
      'ipam-ipv4-pool-id',
      'shield-advanced-protection',
    ),
  ],
};
