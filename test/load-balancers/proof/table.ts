/**
 * The proof table: what each load balancer does, with the source of every cell and what the answers of public questions
 * must say of it. docs/load-balancers.md holds the same table; proof.test.ts compares both with this one.
 */
import type { Property } from './observe.js';
import type { ProviderName } from './providers.js';

/** Documents that cells rest on. */
const SOURCES = {
  gke: ['GKE, LoadBalancer Services', 'https://cloud.google.com/kubernetes-engine/docs/concepts/service-load-balancer'],
  'gke-parameters': [
    'GKE, LoadBalancer Service parameters',
    'https://cloud.google.com/kubernetes-engine/docs/concepts/service-load-balancer-parameters',
  ],
  'ingress-gce': ['ingress-gce, pkg/l4 and pkg/neg', 'https://github.com/kubernetes/ingress-gce/tree/master/pkg/l4'],
  'gcp-external': [
    'Google Cloud, External passthrough Network Load Balancer overview',
    'https://cloud.google.com/load-balancing/docs/network',
  ],
  'gcp-internal': [
    'Google Cloud, Internal passthrough Network Load Balancer overview',
    'https://cloud.google.com/load-balancing/docs/internal',
  ],
  'gcp-pool': ['Google Cloud, Target pools', 'https://cloud.google.com/load-balancing/docs/target-pools'],
  'gke-neg': [
    'GKE, Container-native load balancing',
    'https://cloud.google.com/kubernetes-engine/docs/concepts/container-native-load-balancing',
  ],
  'gke-ingress': [
    'GKE, Ingress configuration on Google Cloud',
    'https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration',
  ],
  'gcp-alb': [
    'Google Cloud, External Application Load Balancer overview',
    'https://cloud.google.com/load-balancing/docs/https',
  ],
  lbc: [
    'AWS Load Balancer Controller, Service annotations',
    'https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/',
  ],
  'lbc-ingress': [
    'AWS Load Balancer Controller, Ingress annotations',
    'https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/',
  ],
  'aws-ccm': [
    'cloud-provider-aws, pkg/providers/v1/aws_loadbalancer.go',
    'https://github.com/kubernetes/cloud-provider-aws/blob/master/pkg/providers/v1/aws_loadbalancer.go',
  ],
  nlb: [
    'User guide for Network Load Balancers, Target groups',
    'https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html',
  ],
  'nlb-health': [
    'User guide for Network Load Balancers, Health checks',
    'https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html',
  ],
  elb: [
    'User guide for Elastic Load Balancing, How Elastic Load Balancing works',
    'https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html',
  ],
  clb: [
    'User guide for Classic Load Balancers',
    'https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/introduction.html',
  ],
  alb: [
    'User guide for Application Load Balancers, Target groups',
    'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html',
  ],
  'alb-health': [
    'User guide for Application Load Balancers, Health checks',
    'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html',
  ],
  'alb-headers': [
    'User guide for Application Load Balancers, HTTP headers',
    'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html',
  ],
  'azure-ccm': [
    'cloud-provider-azure, Azure LoadBalancer',
    'https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/',
  ],
  'azure-probe': [
    'Azure Load Balancer health probes',
    'https://learn.microsoft.com/en-us/azure/load-balancer/load-balancer-custom-probe-overview',
  ],
  'azure-mode': [
    'Azure Load Balancer distribution modes',
    'https://learn.microsoft.com/en-us/azure/load-balancer/distribution-mode-concepts',
  ],
  'azure-floating': [
    'Azure Load Balancer Floating IP configuration',
    'https://learn.microsoft.com/en-us/azure/load-balancer/load-balancer-floating-ip',
  ],
  metallb: ['MetalLB, Concepts', 'https://metallb.io/concepts/'],
  'metallb-l2': ['MetalLB, Layer 2 mode', 'https://metallb.io/concepts/layer2/'],
  'metallb-bgp': ['MetalLB, BGP mode', 'https://metallb.io/concepts/bgp/'],
  'metallb-usage': ['MetalLB, Usage', 'https://metallb.io/usage/'],
  k3s: ['K3s, Networking services, Service Load Balancer', 'https://docs.k3s.io/networking/networking-services'],
  'k3s-source': [
    'k3s, pkg/cloudprovider/servicelb.go',
    'https://github.com/k3s-io/k3s/blob/master/pkg/cloudprovider/servicelb.go',
  ],
  cpo: [
    'cloud-provider-openstack, Exposing applications using services of LoadBalancer type',
    'https://github.com/kubernetes/cloud-provider-openstack/blob/master/docs/openstack-cloud-controller-manager/expose-applications-using-loadbalancer-type-service.md',
  ],
  'cpo-config': [
    'cloud-provider-openstack, OpenStack Cloud Controller Manager, Load Balancer',
    'https://github.com/kubernetes/cloud-provider-openstack/blob/master/docs/openstack-cloud-controller-manager/using-openstack-cloud-controller-manager.md',
  ],
  'octavia-ovn': [
    'OVN as a provider driver for Octavia',
    'https://docs.openstack.org/ovn-octavia-provider/latest/admin/driver.html',
  ],
  hcloud: [
    'hcloud-cloud-controller-manager, internal/annotation/load_balancer.go',
    'https://github.com/hetznercloud/hcloud-cloud-controller-manager/blob/main/internal/annotation/load_balancer.go',
  ],
  'hetzner-docs': ['Hetzner Docs, Load Balancers', 'https://docs.hetzner.com/cloud/load-balancers/overview/'],
  do: [
    'digitalocean-cloud-controller-manager, Service annotations',
    'https://github.com/digitalocean/digitalocean-cloud-controller-manager/blob/master/docs/controllers/services/annotations.md',
  ],
  'do-docs': [
    'DigitalOcean, Load Balancers, Features',
    'https://docs.digitalocean.com/products/networking/load-balancers/details/features/',
  ],
  oci: [
    'oci-cloud-controller-manager, Load balancer annotations',
    'https://github.com/oracle/oci-cloud-controller-manager/blob/master/docs/load-balancer-annotations.md',
  ],
  'oci-nlb': [
    'OCI, Provisioning network load balancers',
    'https://docs.oracle.com/en-us/iaas/Content/ContEng/Tasks/contengcreatingnetworkloadbalancers.htm',
  ],
  linode: [
    'linode-cloud-controller-manager, Annotations',
    'https://github.com/linode/linode-cloud-controller-manager/blob/main/docs/configuration/annotations.md',
  ],
  scaleway: [
    'scaleway-cloud-controller-manager, Load balancer annotations',
    'https://github.com/scaleway/scaleway-cloud-controller-manager/blob/master/docs/loadbalancer-annotations.md',
  ],
  'kube-vip': ['kube-vip, Kubernetes Load-Balancer Service', 'https://kube-vip.io/docs/usage/kubernetes-services/'],
  vrrp: ['RFC 5798, VRRP', 'https://www.rfc-editor.org/rfc/rfc5798'],
  keepalived: ['keepalived-operator, README', 'https://github.com/redhat-cop/keepalived-operator'],
  cilium: ['Cilium, L2 Announcements', 'https://docs.cilium.io/en/stable/network/l2-announcements/'],
  'cilium-bgp': [
    'Cilium, BGP Control Plane Resources',
    'https://docs.cilium.io/en/stable/network/bgp-control-plane/bgp-control-plane-v2/',
  ],
  kep1860: [
    'KEP-1860, Make Kubernetes aware of the load balancer behaviour',
    'https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/1860-kube-proxy-IP-node-binding',
  ],
  service: ['Kubernetes, Service', 'https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer'],
  kubeproxy: [
    'Kubernetes, pkg/proxy/healthcheck',
    'https://github.com/kubernetes/kubernetes/tree/master/pkg/proxy/healthcheck',
  ],
  assumed: ['no source: an assumption of the answer, with the option that sets it', ''],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

type SourceName = keyof typeof SOURCES;

interface Cell {
  /** What the documentation says, as the table shows it. */
  readonly text: string;
  readonly sources: readonly SourceName[];
  /** What the answers must say: a text for each case of the property, or a pattern. */
  readonly expect: readonly (string | RegExp)[];
}

function cell(
  text: string,
  sources: SourceName | readonly SourceName[],
  ...expect: readonly (string | RegExp)[]
): Cell {
  return { text, sources: typeof sources === 'string' ? [sources] : sources, expect };
}

const VIP = "the load balancer's address, port 80";
const NODE_PORT = 'a node, port 30080';
const POD = 'a pod, port 8080';

/** Cases: under Cluster, under Local. Nodes have two, one and no pods; the first two are in one zone. */
const EVEN = '1/3 1/3 1/3';
const WITH_PODS = '1/2 1/2 0';

const NOBODY = 'UNREACHABLE/NO_BACKENDS';
const REFUSED = 'REJECTED/NO_BACKENDS';
/** Connections reach nodes whose rules have no endpoint. */
const AT_NODES = 'REJECTED/NO_ENDPOINTS';

type Row = Readonly<Record<Property, Cell>>;

/** Proxies over node ports, whose nodes are alike. */
function proxied(sources: SourceName | readonly SourceName[]): Pick<Row, 'destination' | 'source' | 'reply'> {
  return {
    destination: cell('node port', sources, NODE_PORT),
    source: cell('replaced', sources, 'replaced'),
    reply: cell('through', sources, 'THROUGH'),
  };
}

/** One node holds the address. */
function held(sources: SourceName | readonly SourceName[]): Omit<Row, 'fail mode'> {
  return {
    destination: cell('VIP', sources, VIP),
    source: cell('kept', sources, 'kept'),
    'health check': cell('none', sources, 'NONE', 'NONE'),
    spread: cell('all at the holder', sources, '1 0 0', '1 0 0'),
    affinity: cell('the holder', sources, /holds the address/, /holds the address/),
    drain: cell('none', sources, '0'),
    reply: cell('direct', sources, 'DIRECT'),
  };
}

const GKE_CHECK = cell(
  'HTTP 10256 every 8 s, 3; Local: node port of its own every 3 s, 2',
  ['ingress-gce', 'kubeproxy'],
  'HTTP 10256/healthz every 8 s, out after 3, in after 1',
  'HTTP 32000/healthz every 3 s, out after 2, in after 1',
);
const GKE_AFFINITY = cell('ClientIP: by client address', 'gke-parameters', /five fields/, /CLIENT_IP/);

export const TABLE: Readonly<Record<ProviderName, Row>> = {
  'gke-external-passthrough': {
    destination: cell('VIP', ['gke', 'gcp-external'], VIP),
    source: cell('kept', ['gke', 'gcp-external'], 'kept'),
    'health check': GKE_CHECK,
    spread: cell('nodes alike', 'gcp-pool', EVEN, WITH_PODS),
    affinity: GKE_AFFINITY,
    drain: cell('target pool: none', 'gcp-pool', '0'),
    'fail mode': cell('to all', ['gcp-pool', 'gcp-external'], AT_NODES),
    reply: cell('direct', 'gcp-external', 'DIRECT'),
  },
  'gke-internal-passthrough': {
    destination: cell('VIP', ['gke', 'gcp-internal'], VIP),
    source: cell('kept', ['gke', 'gcp-internal'], 'kept'),
    'health check': GKE_CHECK,
    spread: cell('nodes alike', 'gcp-internal', EVEN, WITH_PODS),
    affinity: GKE_AFFINITY,
    drain: cell('30 s', 'ingress-gce', '30'),
    'fail mode': cell('to all', 'gcp-internal', AT_NODES),
    reply: cell('direct', 'gcp-internal', 'DIRECT'),
  },
  'gke-container-native': {
    destination: cell('pod', 'gke-neg', POD),
    source: cell('replaced (Google Front End or proxy-only subnet)', 'gcp-alb', 'replaced'),
    'health check': cell(
      'HTTP at the pod every 15 s, 2',
      'gke-ingress',
      'HTTP 8080/ every 15 s, out after 2, in after 1',
      'HTTP 8080/ every 15 s, out after 2, in after 1',
    ),
    spread: cell('pods alike, also under Local', ['gke-neg', 'assumed'], EVEN, EVEN),
    affinity: cell('not the Service’s', 'gke-ingress', /does not apply/, /does not apply/),
    drain: cell('0 s unless a BackendConfig says so', 'gke-ingress', '0'),
    'fail mode': cell('refused (HTTP 502, 503)', 'gcp-alb', REFUSED),
    reply: cell('through', 'gcp-alb', 'THROUGH'),
  },
  'aws-nlb': {
    destination: cell('node port', ['aws-ccm', 'nlb'], NODE_PORT),
    source: cell('kept', 'nlb', 'kept'),
    'health check': cell(
      'TCP at the node port every 30 s, 3; Local: HTTP at the node port of its own every 10 s, 2',
      'aws-ccm',
      'TCP 30080 every 30 s, out after 3, in after 3',
      'HTTP 32000/healthz every 10 s, out after 2, in after 2',
    ),
    spread: cell('zones alike, nodes alike within', 'elb', '1/4 1/4 1/2', WITH_PODS),
    affinity: cell('none; attribute stickiness.enabled', 'nlb', /hashed/, /not passed on/),
    drain: cell('300 s', 'nlb', '300'),
    'fail mode': cell('to all', 'nlb-health', AT_NODES),
    reply: cell('through', 'nlb', 'THROUGH'),
  },
  'aws-nlb, IP targets': {
    destination: cell('pod', ['lbc', 'nlb'], POD),
    source: cell('replaced (TCP), kept (UDP)', 'nlb', 'replaced'),
    'health check': cell(
      'TCP at the pod every 10 s, 3',
      'lbc',
      'TCP 8080 every 10 s, out after 3, in after 3',
      'TCP 8080 every 10 s, out after 3, in after 3',
    ),
    spread: cell('zones alike, pods alike within', 'elb', EVEN, EVEN),
    affinity: cell('none; attribute stickiness.enabled', 'nlb', /hashed/, /not passed on/),
    drain: cell('300 s', 'nlb', '300'),
    'fail mode': cell('to all', 'nlb-health', 'DELIVERED'),
    reply: cell('through', 'nlb', 'THROUGH'),
  },
  'aws-classic': {
    ...proxied('clb'),
    'health check': cell(
      'TCP at the node port every 10 s, 6; Local: HTTP at the node port of its own',
      'aws-ccm',
      'TCP 30080 every 10 s, out after 6, in after 2',
      'HTTP 32000/healthz every 10 s, out after 6, in after 2',
    ),
    spread: cell('zones alike, nodes alike within', 'elb', '1/4 1/4 1/2', WITH_PODS),
    affinity: cell('none: ClientIP is refused', 'aws-ccm', /in turn/, /refuses/),
    drain: cell('off', 'aws-ccm', '0'),
    'fail mode': cell('refused (HTTP 503)', 'clb', REFUSED),
  },
  'aws-alb': {
    ...proxied(['lbc-ingress', 'alb-headers']),
    'health check': cell(
      'HTTP / at the node port every 15 s, 2',
      'lbc-ingress',
      'HTTP 30080/ every 15 s, out after 2, in after 2',
      'HTTP 30080/ every 15 s, out after 2, in after 2',
    ),
    spread: cell('nodes alike (cross-zone)', 'alb', EVEN, WITH_PODS),
    affinity: cell('none; cookies by attribute', 'alb', /in turn/, /not passed on/),
    drain: cell('300 s', 'alb', '300'),
    'fail mode': cell('to all', 'alb-health', AT_NODES),
  },
  'aws-alb, IP targets': {
    destination: cell('pod', 'lbc-ingress', POD),
    source: cell('replaced; X-Forwarded-For', 'alb-headers', 'replaced'),
    'health check': cell(
      'HTTP / at the pod every 15 s, 2',
      'lbc-ingress',
      'HTTP 8080/ every 15 s, out after 2, in after 2',
      'HTTP 8080/ every 15 s, out after 2, in after 2',
    ),
    spread: cell('pods alike (cross-zone)', 'alb', EVEN, EVEN),
    affinity: cell('none; cookies by attribute', 'alb', /in turn/, /not passed on/),
    drain: cell('300 s', 'alb', '300'),
    'fail mode': cell('to all', 'alb-health', 'DELIVERED'),
    reply: cell('through', 'alb-headers', 'THROUGH'),
  },
  azure: {
    destination: cell('VIP (floating IP)', 'azure-floating', VIP),
    source: cell('kept', 'azure-floating', 'kept'),
    'health check': cell(
      'TCP at the node port every 5 s, 2; Local: HTTP at the node port of its own',
      'azure-ccm',
      'TCP 30080 every 5 s, out after 2, in after 1',
      'HTTP 32000/healthz every 5 s, out after 2, in after 1',
    ),
    spread: cell('nodes alike', 'azure-mode', EVEN, WITH_PODS),
    affinity: cell('ClientIP: by client address', 'azure-mode', /five fields/, /SourceIP/),
    drain: cell('TCP goes on', 'azure-probe', 'not known'),
    'fail mode': cell('nobody', 'azure-probe', NOBODY),
    reply: cell('direct', 'azure-floating', 'DIRECT'),
  },
  'metallb-l2': {
    destination: cell('VIP', 'metallb-l2', VIP),
    source: cell('kept', 'metallb-usage', 'kept'),
    'health check': cell('none', 'metallb-l2', 'NONE', 'NONE'),
    spread: cell('all at the leader', 'metallb-l2', '1 0 0', '1 0 0'),
    affinity: cell('the leader', 'metallb-l2', /leads/, /leads/),
    drain: cell('none', 'metallb-l2', '0'),
    'fail mode': cell('nobody: not announced', 'metallb-usage', NOBODY),
    reply: cell('direct', 'metallb-l2', 'DIRECT'),
  },
  'metallb-bgp': {
    destination: cell('VIP', 'metallb-bgp', VIP),
    source: cell('kept', 'metallb-usage', 'kept'),
    'health check': cell('none', 'metallb-bgp', 'NONE', 'NONE'),
    spread: cell('announcing nodes alike (ECMP)', ['metallb-bgp', 'assumed'], EVEN, WITH_PODS),
    affinity: cell('routers’ hash', 'metallb-bgp', /routers hash/, /routers hash/),
    drain: cell('none', 'metallb-bgp', '0'),
    'fail mode': cell('nobody: not announced', 'metallb-usage', NOBODY),
    reply: cell('direct', 'metallb-bgp', 'DIRECT'),
  },
  'k3s-servicelb': {
    destination: cell('the node’s own address, Service port', 'k3s', 'a node, port 80'),
    source: cell('kept', 'k3s', 'kept'),
    'health check': cell('none', 'k3s-source', 'NONE', 'NONE'),
    spread: cell('published nodes alike', ['k3s-source', 'assumed'], EVEN, WITH_PODS),
    affinity: cell('the client’s choice', 'k3s', /client chooses/, /client chooses/),
    drain: cell('none', 'k3s-source', '0'),
    'fail mode': cell('nobody: not published', 'k3s-source', NOBODY),
    reply: cell('direct', 'k3s', 'DIRECT'),
  },
  octavia: {
    ...proxied('cpo'),
    'health check': cell('none unless asked for', 'cpo-config', 'NONE', 'NONE'),
    spread: cell('members alike', 'cpo-config', EVEN, EVEN),
    affinity: cell('ClientIP: by client address', 'cpo', /round robin/, /one client address/),
    drain: cell('not known', 'assumed', 'not known'),
    'fail mode': cell('without monitor: to all', 'cpo-config', AT_NODES),
  },
  'octavia, OVN': {
    destination: cell('node port', 'octavia-ovn', NODE_PORT),
    source: cell('kept', 'octavia-ovn', 'kept'),
    'health check': cell('none unless asked for', 'cpo-config', 'NONE', 'NONE'),
    spread: cell('members alike (hash)', 'octavia-ovn', EVEN, EVEN),
    affinity: cell('ClientIP: by client address', 'cpo', /hashed/, /one client address/),
    drain: cell('not known', 'assumed', 'not known'),
    'fail mode': cell('without monitor: to all', 'cpo-config', AT_NODES),
    reply: cell('through', 'octavia-ovn', 'THROUGH'),
  },
  hetzner: {
    ...proxied('hetzner-docs'),
    'health check': cell(
      'TCP at the node port every 15 s, 3',
      'hcloud',
      'TCP 30080 every 15 s, out after 3, in after 3',
      'TCP 30080 every 15 s, out after 3, in after 3',
    ),
    spread: cell('nodes alike', 'hetzner-docs', EVEN, WITH_PODS),
    affinity: cell('none', 'hcloud', /round robin/, /not passed on/),
    drain: cell('not known', 'assumed', 'not known'),
    'fail mode': cell('refused', 'assumed', REFUSED),
  },
  digitalocean: {
    ...proxied('do-docs'),
    'health check': cell(
      'HTTP 10256 every 3 s, 3; Local: node port of its own',
      'do',
      'HTTP 10256/healthz every 3 s, out after 3, in after 5',
      'HTTP 32000/healthz every 3 s, out after 3, in after 5',
    ),
    spread: cell('nodes alike', 'do', EVEN, WITH_PODS),
    affinity: cell('none; cookies by annotation', 'do', /round robin/, /not passed on/),
    drain: cell('not known', 'assumed', 'not known'),
    'fail mode': cell('refused', 'assumed', REFUSED),
  },
  'digitalocean, REGIONAL_NETWORK': {
    destination: cell('VIP', 'do-docs', VIP),
    source: cell('kept', 'do-docs', 'kept'),
    'health check': cell(
      'HTTP 10256 every 3 s, 3; Local: node port of its own',
      'do',
      'HTTP 10256/healthz every 3 s, out after 3, in after 5',
      'HTTP 32000/healthz every 3 s, out after 3, in after 5',
    ),
    spread: cell('nodes alike', 'do-docs', EVEN, WITH_PODS),
    affinity: cell('none', 'do-docs', /hashed/, /not passed on/),
    drain: cell('not known', 'assumed', 'not known'),
    'fail mode': cell('nobody', 'assumed', NOBODY),
    reply: cell('direct', 'do-docs', 'DIRECT'),
  },
  oracle: {
    ...proxied('oci'),
    'health check': cell(
      'HTTP 10256 every 10 s, 3; Local: node port of its own',
      'oci',
      'HTTP 10256/healthz every 10 s, out after 3, in after 3',
      'HTTP 32000/healthz every 10 s, out after 3, in after 3',
    ),
    spread: cell('nodes alike', 'oci', EVEN, WITH_PODS),
    affinity: cell('none', 'oci', /round robin/, /not passed on/),
    drain: cell('not known', 'assumed', 'not known'),
    'fail mode': cell('refused', 'assumed', REFUSED),
  },
  'oracle, nlb': {
    destination: cell('node port', 'oci-nlb', NODE_PORT),
    source: cell('replaced; Local: kept', 'oci-nlb', 'replaced'),
    'health check': cell(
      'HTTP 10256 every 10 s, 3; Local: node port of its own',
      'oci',
      'HTTP 10256/healthz every 10 s, out after 3, in after 3',
      'HTTP 32000/healthz every 10 s, out after 3, in after 3',
    ),
    spread: cell('nodes alike (hash)', 'oci-nlb', EVEN, WITH_PODS),
    affinity: cell('none', 'oci-nlb', /hashed/, /not passed on/),
    drain: cell('not known', 'assumed', 'not known'),
    'fail mode': cell('nobody', 'assumed', NOBODY),
    reply: cell('through', 'oci-nlb', 'THROUGH'),
  },
  linode: {
    ...proxied('linode'),
    'health check': cell(
      'TCP at the node port every 5 s, 2',
      'linode',
      'TCP 30080 every 5 s, out after 2, in after 1',
      'TCP 30080 every 5 s, out after 2, in after 1',
    ),
    spread: cell('nodes alike', 'linode', EVEN, WITH_PODS),
    affinity: cell('none; by annotation', 'linode', /round robin/, /not passed on/),
    drain: cell('not known', 'assumed', 'not known'),
    'fail mode': cell('refused', 'assumed', REFUSED),
  },
  scaleway: {
    ...proxied('scaleway'),
    'health check': cell(
      'TCP at the node port every 5 s, 5',
      'scaleway',
      'TCP 30080 every 5 s, out after 5, in after 1',
      'TCP 30080 every 5 s, out after 5, in after 1',
    ),
    spread: cell('nodes alike', 'scaleway', EVEN, WITH_PODS),
    affinity: cell('none; by annotation', 'scaleway', /round robin/, /not passed on/),
    drain: cell('not known', 'assumed', 'not known'),
    'fail mode': cell('refused', 'assumed', REFUSED),
  },
  'kube-vip': {
    ...held('kube-vip'),
    'fail mode': cell('the holder keeps the address', 'kube-vip', AT_NODES),
  },
  keepalived: {
    ...held(['keepalived', 'vrrp']),
    'fail mode': cell('the holder keeps the address', 'keepalived', AT_NODES),
  },
  'cilium-l2': {
    ...held('cilium'),
    'fail mode': cell('the holder keeps the address', 'cilium', AT_NODES),
  },
  'cilium-bgp': {
    destination: cell('VIP', 'cilium-bgp', VIP),
    source: cell('kept', 'cilium-bgp', 'kept'),
    'health check': cell('none', 'cilium-bgp', 'NONE', 'NONE'),
    spread: cell('announcing nodes alike (ECMP)', ['cilium-bgp', 'assumed'], EVEN, WITH_PODS),
    affinity: cell('routers’ hash', 'cilium-bgp', /routers hash/, /routers hash/),
    drain: cell('none', 'cilium-bgp', '0'),
    'fail mode': cell('nobody: not announced', 'cilium-bgp', NOBODY),
    reply: cell('direct', 'cilium-bgp', 'DIRECT'),
  },
  proxy: {
    ...proxied('kep1860'),
    'health check': cell(
      'HTTP 10256 every 10 s, 3; Local: node port of its own',
      ['service', 'assumed'],
      'HTTP 10256/healthz every 10 s, out after 3, in after 2',
      'HTTP 32000/healthz every 10 s, out after 3, in after 2',
    ),
    spread: cell('nodes alike', 'assumed', EVEN, WITH_PODS),
    affinity: cell('none', 'assumed', /anew/, /anew/),
    drain: cell('not known', 'assumed', 'not known'),
    'fail mode': cell('refused', 'assumed', REFUSED),
  },
  generic: {
    destination: cell('node port', ['service', 'assumed'], NODE_PORT),
    source: cell('kept', 'assumed', 'kept'),
    'health check': cell(
      'HTTP 10256 every 10 s, 3; Local: node port of its own',
      ['service', 'assumed'],
      'HTTP 10256/healthz every 10 s, out after 3, in after 2',
      'HTTP 32000/healthz every 10 s, out after 3, in after 2',
    ),
    spread: cell('nodes alike', 'assumed', EVEN, WITH_PODS),
    affinity: cell('none', 'assumed', /anew/, /anew/),
    drain: cell('not known', 'assumed', 'not known'),
    'fail mode': cell('nobody', 'assumed', NOBODY),
    reply: cell('through', 'assumed', 'THROUGH'),
  },
};

/** The table and its sources as Markdown. */
export function tableMarkdown(properties: readonly Property[]): string {
  const used = [...new Set(Object.values(TABLE).flatMap((row) => properties.flatMap((one) => row[one].sources)))];
  const numberOf = (name: SourceName) => used.indexOf(name) + 1;
  const rows = Object.entries(TABLE).map(([provider, row]) => {
    const cells = properties.map((property) => {
      const { text, sources } = row[property];
      return `${text} ${sources.map((name) => `[${numberOf(name)}]`).join('')}`;
    });
    return `| ${[provider, ...cells].join(' | ')} |`;
  });
  const list = used.map((name) => {
    const [title, url] = SOURCES[name];
    return `${numberOf(name)}. ${url === '' ? title : `[${title}](${url})`}`;
  });
  return [
    `| load balancer | ${properties.join(' | ')} |`,
    `| --- |${' --- |'.repeat(properties.length)}`,
    ...rows,
    '',
    ...list,
  ].join('\n');
}
