/** The annotations of cloud-provider-azure: pkg/consts/consts.go and its documentation, of 1.31. */
import type { AnnotationList } from '../annotation-list.js';
import { entriesOf, readEntries } from '../read-annotations.js';

const SOURCE = [
  'cloud-provider-azure, Azure LoadBalancer',
  'https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/',
] as const;

export const AZURE_ANNOTATIONS: readonly AnnotationList[] = [
  {
    prefix: 'service.beta.kubernetes.io/azure-',
    source: SOURCE,
    entries: [
      ...readEntries({
        'load-balancer-internal': 'SWITCH',
        'disable-load-balancer-floating-ip': 'SWITCH',
        'disable-load-balancer-nsg-rule': 'SWITCH',
        'load-balancer-health-probe-interval': { least: 5 },
        'load-balancer-health-probe-num-of-probe': { least: 2 },
        'load-balancer-health-probe-protocol': ['tcp', 'http', 'https'],
        'load-balancer-health-probe-request-path': undefined,
        'load-balancer-tcp-idle-timeout': { least: 4 },
        'allowed-ip-ranges': 'CIDRS',
        'allowed-service-tags': undefined,
        'load-balancer-ipv4': undefined,
        'load-balancer-ipv6': undefined,
      }),
      ...entriesOf(
        'NOT_READ',
        // One rule for all ports and protocols.
        'load-balancer-enable-high-availability-ports',
        // Which pool of nodes, where the cluster has several load balancers.
        'load-balancer-mode',
        'load-balancer-configurations',
        'deny-all-except-load-balancer-source-ranges',
        // Clients of a private link come from addresses of its subnet.
        'pls-*',
        'additional-public-ips',
      ),
      ...entriesOf(
        'NO_EFFECT',
        'load-balancer-internal-subnet',
        'load-balancer-resource-group',
        'load-balancer-disable-tcp-reset',
        'dns-label-name',
        'shared-securityrule',
        'pip-*',
      ),
    ],
  },
  {
    prefix: 'service.beta.kubernetes.io/port_',
    source: SOURCE,
    entries: readEntries({
      '*_no_lb_rule': 'SWITCH',
      '*_no_probe_rule': 'SWITCH',
      '*_health-probe_protocol': ['tcp', 'http', 'https'],
      '*_health-probe_port': undefined,
      '*_health-probe_interval': { least: 5 },
      '*_health-probe_num-of-probe': { least: 2 },
      '*_health-probe_request-path': undefined,
    }),
  },
];
