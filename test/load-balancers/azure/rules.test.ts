/**
 * Rules of Azure's load balancer by annotation, port by port. Source: cloud-provider-azure, Azure LoadBalancer;
 * pkg/consts/consts.go.
 */
import t from 'tap';
import type { BalancedOptions } from '../../support/balanced.js';
import { type Through, through } from '../through.js';

const PREFIX = 'service.beta.kubernetes.io/';
const AKS = { settings: { platform: 'aks' } } as const satisfies Through;
const PORTS = [
  { name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 },
  { name: 'https', port: 443, protocol: 'TCP', targetPort: 8080, nodePort: 30443 },
  { name: 'dns', port: 53, protocol: 'UDP', targetPort: 8080, nodePort: 30053 },
];
const asked = (
  annotations: Record<string, string>,
  port = 80,
  more: Through = {},
  options: Partial<BalancedOptions> = {},
) => through({ pods: [1, 1], annotations, spec: { ports: PORTS }, ...options }, { ...AKS, ...more, port });

t.test('rules and probes of one port', async (t) => {
  const noRule = { [`${PREFIX}port_80_no_lb_rule`]: 'true' };
  t.same(asked(noRule).verdicts, ['1 UNREACHABLE/NO_ROUTE']);
  t.match(asked(noRule, 443).verdicts, ['1 DELIVERED']);
  t.equal(asked({ [`${PREFIX}port_80_no_probe_rule`]: 'TRUE' }).balancer?.healthCheck.protocol, 'NONE');
  t.equal(asked({ [`${PREFIX}port_80_no_probe_rule`]: 'TRUE' }, 443).balancer?.healthCheck.protocol, 'TCP');
  const own = {
    [`${PREFIX}azure-load-balancer-health-probe-interval`]: '20',
    [`${PREFIX}port_443_health-probe_interval`]: '8',
    [`${PREFIX}port_443_health-probe_num-of-probe`]: '4',
    [`${PREFIX}port_443_health-probe_protocol`]: 'Http',
    [`${PREFIX}port_443_health-probe_request-path`]: '/live',
    [`${PREFIX}port_443_health-probe_port`]: 'http',
  };
  t.match(asked(own, 443).balancer?.healthCheck, {
    protocol: 'HTTP',
    port: 30080,
    path: '/live',
    intervalSeconds: 8,
    unhealthyAfter: 4,
  });
  t.match(asked(own, 80).balancer?.healthCheck, {
    protocol: 'TCP',
    port: 30080,
    intervalSeconds: 20,
    unhealthyAfter: 2,
  });
  t.equal(asked({}, 53).balancer?.healthCheck.protocol, 'NONE', 'UDP has no probe');
  for (const bad of ['-5', '0', '4', 'soon', '']) {
    const { balancer, assumed } = asked({ [`${PREFIX}port_80_health-probe_interval`]: bad });
    t.equal(balancer?.healthCheck.intervalSeconds, 5, `interval ${bad}`);
    t.same(assumed('annotations.invalid'), [`${PREFIX}port_80_health-probe_interval`], 'is said to be not valid');
  }
});

t.test('who is let in', async (t) => {
  const from = (address: string, annotations: Record<string, string>, spec: object = {}) =>
    asked(annotations, 80, { client: { address } }, { spec: { ports: PORTS, ...spec } }).verdicts;
  const ranges = { [`${PREFIX}azure-allowed-ip-ranges`]: '198.51.100.0/24, 10.0.0.0/8' };
  t.same(from('198.51.100.7', ranges), ['1 DELIVERED']);
  t.same(from('203.0.113.9', ranges), ['1 DROPPED/FIREWALLED']);
  const both = { loadBalancerSourceRanges: ['203.0.113.0/24'] };
  t.same(from('203.0.113.9', ranges, both), ['1 DELIVERED'], 'the field and the annotation together');
  t.same(from('192.0.2.1', ranges, both), ['1 DROPPED/FIREWALLED']);
  const tags = asked({ [`${PREFIX}azure-allowed-service-tags`]: 'AzureCloud' });
  t.equal(tags.assumed('sourceRanges'), 'everybody is let in', 'what a tag stands for is not in the snapshot');
  const internal = { [`${PREFIX}azure-load-balancer-internal`]: 'true' };
  t.same(from('8.8.8.8', internal), ['1 UNREACHABLE/NO_ROUTE'], 'the internet and an internal load balancer');
  t.same(from('10.1.1.1', internal), ['1 DELIVERED']);
});
