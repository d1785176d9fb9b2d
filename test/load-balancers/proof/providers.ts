/** How a snapshot shows each load balancer: class, annotations, provider IDs, objects. */
import type { Shown } from './observe.js';

const HOSTNAME = (hostname: string) => ({ loadBalancer: { ingress: [{ hostname }] } });
const metallb = (kind: string, spec: object = {}) => [
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'pool', namespace: 'metallb-system' },
    spec: { addresses: ['203.0.113.0/24'] },
  },
  { apiVersion: 'metallb.io/v1beta1', kind, metadata: { name: 'all', namespace: 'metallb-system' }, spec },
];
const POOL = { annotations: { 'metallb.io/ip-allocated-from-pool': 'pool' } };
const ALB_INGRESS = (annotations: Record<string, string>) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: {
    name: 'front',
    namespace: 'default',
    annotations: { 'alb.ingress.kubernetes.io/scheme': 'internet-facing', ...annotations },
  },
  spec: { ingressClassName: 'alb', defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
});
const NLB = 'service.beta.kubernetes.io/aws-load-balancer-';
const AWS_NAME = HOSTNAME('k8s-default-web-1.elb.eu-west-1.amazonaws.com');

export const PROVIDERS = {
  'gke-external-passthrough': { options: { gke: true } },
  'gke-internal-passthrough': {
    options: { gke: true, annotations: { 'networking.gke.io/load-balancer-type': 'Internal' } },
  },
  'gke-container-native': {
    options: {
      gke: true,
      status: {},
      spec: { type: 'ClusterIP' },
      annotations: {
        'cloud.google.com/neg-status': '{"network_endpoint_groups":{"80":"k8s1-x"},"zones":["europe-west1-b"]}',
      },
    },
  },
  'aws-nlb': {
    options: { annotations: { [`${NLB}type`]: 'nlb' }, status: AWS_NAME },
    providerID: 'aws:///eu-west-1a/i-',
  },
  'aws-nlb, IP targets': {
    options: {
      annotations: { [`${NLB}type`]: 'external', [`${NLB}nlb-target-type`]: 'ip', [`${NLB}scheme`]: 'internet-facing' },
      status: AWS_NAME,
    },
    providerID: 'aws:///eu-west-1a/i-',
  },
  'aws-classic': {
    options: { status: HOSTNAME('a1b2.eu-west-1.elb.amazonaws.com') },
    providerID: 'aws:///eu-west-1a/i-',
  },
  'aws-alb': { options: { status: {}, spec: { type: 'NodePort' } }, objects: [ALB_INGRESS({})] },
  'aws-alb, IP targets': {
    options: { status: {}, spec: { type: 'ClusterIP' } },
    objects: [ALB_INGRESS({ 'alb.ingress.kubernetes.io/target-type': 'ip' })],
  },
  azure: { providerID: 'azure:///subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/' },
  'metallb-l2': { options: POOL, objects: metallb('L2Advertisement') },
  'metallb-bgp': { options: POOL, objects: metallb('BGPAdvertisement') },
  'k3s-servicelb': { options: { version: '1.30.5+k3s1' } },
  octavia: { providerID: 'openstack:///' },
  'octavia, OVN': { providerID: 'openstack:///', settings: { loadBalancer: { options: { provider: 'OVN' } } } },
  hetzner: { providerID: 'hcloud://' },
  digitalocean: { providerID: 'digitalocean://' },
  'digitalocean, REGIONAL_NETWORK': {
    options: { annotations: { 'service.beta.kubernetes.io/do-loadbalancer-type': 'REGIONAL_NETWORK' } },
    providerID: 'digitalocean://',
  },
  oracle: { providerID: 'ocid1.instance.oc1.iad.' },
  'oracle, nlb': {
    options: { annotations: { 'oci.oraclecloud.com/load-balancer-type': 'nlb' } },
    providerID: 'ocid1.instance.oc1.iad.',
  },
  linode: { providerID: 'linode://' },
  scaleway: { providerID: 'scaleway://instance/fr-par-1/' },
  'kube-vip': { options: { annotations: { 'kube-vip.io/vipHost': 'n1' } } },
  keepalived: {
    options: { annotations: { 'keepalived-operator.redhat-cop.io/keepalivedgroup': 'ns/group' } },
    settings: { loadBalancer: { options: { leader: 'n1' } } },
  },
  'cilium-l2': {
    objects: [
      {
        apiVersion: 'cilium.io/v2alpha1',
        kind: 'CiliumL2AnnouncementPolicy',
        metadata: { name: 'all' },
        spec: { loadBalancerIPs: true },
      },
    ],
    settings: { loadBalancer: { options: { leader: 'n1' } } },
  },
  'cilium-bgp': {
    objects: [
      {
        apiVersion: 'cilium.io/v2',
        kind: 'CiliumBGPClusterConfig',
        metadata: { name: 'all' },
        spec: { nodeSelector: { matchLabels: {} } },
      },
      {
        apiVersion: 'cilium.io/v2',
        kind: 'CiliumBGPAdvertisement',
        metadata: { name: 'services' },
        spec: {
          advertisements: [
            {
              advertisementType: 'Service',
              service: { addresses: ['LoadBalancerIP'] },
              selector: { matchExpressions: [{ key: 'somekey', operator: 'NotIn', values: ['never-used-value'] }] },
            },
          ],
        },
      },
    ],
  },
  proxy: { options: { status: { loadBalancer: { ingress: [{ ip: '203.0.113.80', ipMode: 'Proxy' }] } } } },
  generic: {},
} as const satisfies Readonly<Record<string, Shown>>;

export type ProviderName = keyof typeof PROVIDERS;
