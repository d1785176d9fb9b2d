/**
 * Objects and annotations of load balancers with anything in them: an answer, or an error that says what is wrong;
 * never a fault.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { LOAD_BALANCERS } from '../../src/cluster/load-balancer-settings.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { ALB_ANNOTATIONS, CLASSIC_ANNOTATIONS, NLB_ANNOTATIONS } from '../../src/load-balancers/aws/annotation-list.js';
import { AZURE_ANNOTATIONS } from '../../src/load-balancers/azure/annotation-list.js';
import { GKE_ANNOTATIONS } from '../../src/load-balancers/gke/annotation-list.js';
import { ask } from '../../src/questions/ask.js';
import { balancedList, WEB } from '../support/balanced.js';
import { runs } from '../support/runs.js';

const NAMES = [
  ...[ALB_ANNOTATIONS, CLASSIC_ANNOTATIONS, NLB_ANNOTATIONS, ...AZURE_ANNOTATIONS, ...GKE_ANNOTATIONS].flatMap(
    ({ prefix, entries }) => entries.map(({ name }) => prefix + name.replace('*', '80')),
  ),
  'metallb.io/allow-shared-ip',
  'metallb.io/loadBalancerIPs',
  'metallb.io/ip-allocated-from-pool',
  'kube-vip.io/vipHost',
  'loadbalancer.openstack.org/enable-health-monitor',
  'loadbalancer.openstack.org/health-monitor-delay',
  'load-balancer.hetzner.cloud/health-check-interval',
  'load-balancer.hetzner.cloud/health-check-port',
  'service.beta.kubernetes.io/do-loadbalancer-healthcheck-check-interval-seconds',
  'service.beta.kubernetes.io/linode-loadbalancer-check-type',
  'service.beta.kubernetes.io/oci-load-balancer-health-check-interval',
  'service.beta.kubernetes.io/scw-loadbalancer-health-check-type',
  'service.beta.kubernetes.io/scw-loadbalancer-health-check-port',
  'service.beta.kubernetes.io/load-balancer-source-ranges',
];
const KINDS: readonly (readonly [kind: string, apiVersion: string])[] = [
  ['Ingress', 'networking.k8s.io/v1'],
  ['IngressClass', 'networking.k8s.io/v1'],
  ['IngressClassParams', 'elbv2.k8s.aws/v1beta1'],
  ['TargetGroupBinding', 'elbv2.k8s.aws/v1beta1'],
  ['IPAddressPool', 'metallb.io/v1beta1'],
  ['L2Advertisement', 'metallb.io/v1beta1'],
  ['BGPAdvertisement', 'metallb.io/v1beta1'],
  ['BGPPeer', 'metallb.io/v1beta2'],
  ['ServiceL2Status', 'metallb.io/v1beta1'],
  ['CiliumL2AnnouncementPolicy', 'cilium.io/v2alpha1'],
  ['CiliumBGPClusterConfig', 'cilium.io/v2'],
  ['CiliumBGPAdvertisement', 'cilium.io/v2'],
  ['CiliumBGPPeeringPolicy', 'cilium.io/v2alpha1'],
  ['Lease', 'coordination.k8s.io/v1'],
];
/** Fields that are read, so that random values come where somebody looks. */
const FIELDS = [
  ...[
    'addresses',
    'ipAddressPools',
    'ipAddressPoolSelectors',
    'serviceSelectors',
    'nodeSelectors',
    'peers',
    'interfaces',
  ],
  ...[
    'aggregationLength',
    'aggregationLengthV6',
    'localPref',
    'myASN',
    'peerASN',
    'node',
    'serviceName',
    'serviceNamespace',
  ],
  ...['serviceSelector', 'nodeSelector', 'loadBalancerIPs', 'advertisements', 'virtualRouters', 'holderIdentity'],
  ...[
    'ingressClassName',
    'defaultBackend',
    'rules',
    'controller',
    'parameters',
    'scheme',
    'targetType',
    'inboundCIDRs',
  ],
  ...['serviceRef', 'matchLabels', 'matchExpressions', 'service', 'name', 'port', 'number', 'http', 'paths', 'backend'],
];
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    'web',
    'default',
    'n1',
    'alb',
    'ip',
    'true',
    '-1',
    '203.0.113.0/24',
    '10.0.0.1-10.0.0.9',
    'x-y',
  ),
  fc.constantFrom<unknown>(null, true, false, 0, -80, 80, 1.5, 2 ** 40, 32, 24),
  fc.string({ maxLength: 8 }),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...FIELDS), tie('tree'), { maxKeys: 4 }),
  ),
}));
const object = fc
  .tuple(fc.constantFrom(...KINDS), tree, tree, fc.boolean())
  .map(([[kind, apiVersion], spec, status, named]) => ({
    apiVersion,
    kind,
    metadata: { name: named ? 'web' : 'x', namespace: 'default', annotations: {} },
    spec,
    status,
  }));
const value = fc.oneof(
  fc.constantFrom(
    '',
    '-1',
    '0',
    '99999999999',
    'true',
    'TRUE ',
    'ip',
    'a=b,c',
    '=',
    ',',
    '{',
    '[]',
    '{"exposed_ports":7}',
    '0.0.0.0/0',
    '10.0.0.0/99',
  ),
  fc.string({ maxLength: 12 }),
);
const port = fc.record({
  name: fc.constantFrom('http', 'x', ''),
  port: fc.constantFrom(80, 443, 65535),
  protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
  nodePort: fc.constantFrom(undefined, 0, 30080),
  targetPort: fc.constantFrom<unknown>(8080, 'http'),
});
const drawn = fc.record({
  objects: fc.array(object, { maxLength: 4 }),
  annotations: fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 5 }),
  implementation: fc.constantFrom(undefined, ...LOAD_BALANCERS),
  policy: fc.constantFrom('Cluster' as const, 'Local' as const),
  type: fc.constantFrom('LoadBalancer', 'NodePort', 'ClusterIP'),
  ports: fc.array(port, { minLength: 1, maxLength: 3 }),
});

t.test('an answer, or an error that says what is wrong', async (t) => {
  let answered = 0;
  fc.assert(
    fc.property(drawn, ({ objects, annotations, implementation, policy, type, ports }) => {
      const list = balancedList({ pods: [1, 1, 0], annotations, policy, spec: { type, ports } });
      const items = JSON.parse(JSON.stringify([...list.items, ...objects])) as unknown[];
      const settings = implementation === undefined ? {} : { settings: { loadBalancer: { implementation } } };
      const questions = [
        ['probability', { probability: { services: [WEB], clients: { loadBalancer: {} } } }],
        ['path', { path: { source: { healthCheck: { service: WEB } } } }],
        ['inspect', { inspect: {} }],
      ] as const;
      for (const [kind, question] of questions) {
        try {
          const snapshot = readSnapshot({ inline: { kind: 'List', apiVersion: 'v1', items } });
          const answer = ask(kind, { ...settings, ...question } as never, snapshot);
          assert.ok(answer.summary.length > 0);
          answered++;
        } catch (error) {
          if (!(error instanceof QuestionError)) throw error;
          assert.ok(error.message.length > 0);
        }
      }
    }),
    { numRuns: runs(300) },
  );
  t.ok(answered > 100, `${answered} questions were answered`);
});
