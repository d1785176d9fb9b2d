/**
 * Clusters as six distributions show them to kubectl: nodes, the pods and settings of their data plane, a workload
 * `shop/frontend` behind a ClusterIP and a LoadBalancer Service, a client, and as many other Services as wanted.
 */
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';

export const PLATFORMS = ['kubeadm', 'gke', 'eks', 'k3s', 'kind', 'openshift'] as const;
export type WrittenPlatform = (typeof PLATFORMS)[number];

type Fields = Readonly<Record<string, unknown>>;

interface Traits {
  readonly version: string;
  /** Of the node of this number, from 1. */
  readonly node: (index: number) => { readonly name: string; readonly labels?: Fields; readonly providerID?: string };
  /** DaemonSets in this namespace, each with a pod on each node: name and image. */
  readonly agents: readonly (readonly [namespace: string, name: string, image: string])[];
  /**
   * A DaemonSet whose pods take port 80 of their node, as K3s' ServiceLB does; the balancer's addresses are those of
   * the nodes.
   */
  readonly hostPorts?: readonly [namespace: string, name: string, image: string];
  /** The ConfigMap `kube-system/kube-proxy` with this configuration, where there is one. */
  readonly kubeProxy?: string;
  readonly balancerAnnotations?: Readonly<Record<string, string>>;
}

const PROXY_CONFIG = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: 10.244.0.0/16
`;

const TRAITS: Readonly<Record<WrittenPlatform, Traits>> = {
  kubeadm: {
    version: 'v1.31.4',
    node: (index) => ({ name: `worker-${index}` }),
    agents: [
      ['kube-system', 'kube-proxy', 'registry.k8s.io/kube-proxy:v1.31.4'],
      ['kube-flannel', 'kube-flannel-ds', 'ghcr.io/flannel-io/flannel:v0.26.1'],
    ],
    kubeProxy: PROXY_CONFIG,
  },
  gke: {
    version: 'v1.31.5-gke.1023000',
    node: (index) => ({
      name: `gke-prod-pool-1-8f2c1a3b-${String(index).padStart(4, 'x')}`,
      labels: { 'cloud.google.com/gke-nodepool': 'pool-1', 'cloud.google.com/gke-os-distribution': 'cos' },
      providerID: `gce://prod/europe-west1-b/gke-prod-pool-1-8f2c1a3b-${String(index).padStart(4, 'x')}`,
    }),
    agents: [['kube-system', 'kube-proxy', 'gke.gcr.io/kube-proxy-amd64:v1.31.5-gke.1023000']],
  },
  eks: {
    version: 'v1.31.4-eks-aeac579',
    node: (index) => ({
      name: `ip-10-0-1-${index}.eu-west-1.compute.internal`,
      labels: { 'eks.amazonaws.com/nodegroup': 'workers' },
      providerID: `aws:///eu-west-1a/i-0a1b2c3d4e5f6${String(index).padStart(4, '0')}`,
    }),
    agents: [
      [
        'kube-system',
        'kube-proxy',
        '602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/kube-proxy:v1.31.3-minimal-eksbuild.2',
      ],
      ['kube-system', 'aws-node', '602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.19.2'],
    ],
    balancerAnnotations: {
      'service.beta.kubernetes.io/aws-load-balancer-type': 'external',
      'service.beta.kubernetes.io/aws-load-balancer-nlb-target-type': 'instance',
    },
  },
  k3s: {
    version: 'v1.31.4+k3s1',
    node: (index) => ({
      name: `k3s-${index}`,
      labels: { 'node.kubernetes.io/instance-type': 'k3s' },
      providerID: `k3s://k3s-${index}`,
    }),
    agents: [],
    hostPorts: ['kube-system', 'svclb-frontend-public-1a2b3c4d', 'rancher/klipper-lb:v0.4.9'],
  },
  kind: {
    version: 'v1.31.2',
    node: (index) => ({
      name: index === 1 ? 'kind-control-plane' : `kind-worker${index === 2 ? '' : index - 1}`,
      providerID: `kind://docker/kind/kind-${index}`,
    }),
    agents: [
      ['kube-system', 'kube-proxy', 'registry.k8s.io/kube-proxy:v1.31.2'],
      ['kube-system', 'kindnet', 'docker.io/kindest/kindnetd:v20241007-36f62932'],
    ],
    kubeProxy: PROXY_CONFIG,
  },
  openshift: {
    version: 'v1.30.7',
    node: (index) => ({
      name: `worker-${index}.ocp.example.com`,
      labels: { 'node.openshift.io/os_id': 'rhcos' },
    }),
    agents: [['openshift-ovn-kubernetes', 'ovnkube-node', 'quay.io/openshift-release-dev/ocp-v4.0-art-dev']],
  },
};

const NODES = 6;
const CREATED = '2026-01-05T08:00:00Z';
const HASH = '6d4cf56db6';

const named = (namespace: string, name: string, labels: Fields = {}, more: Fields = {}) => ({
  name,
  namespace,
  uid: `uid-${name}`,
  creationTimestamp: CREATED,
  labels,
  ...more,
});

const controlledBy = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: `uid-${name}`, controller: true }],
});

function pod(metadata: Fields, nodeName: string, ip: string, container: Fields, hostNetwork = false) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { nodeName, ...(hostNetwork ? { hostNetwork } : {}), containers: [container] },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

interface Endpoint {
  readonly ip: string;
  readonly nodeName: string;
  readonly pod: string;
  readonly zone: string;
}

function service(name: string, clusterIP: string, spec: Fields, more: Fields = {}, annotations: Fields = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: named('shop', name, {}, { annotations }),
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
      ...spec,
    },
    ...more,
  };
}

function slice(name: string, endpoints: readonly (Omit<Endpoint, 'pod'> & Partial<Pick<Endpoint, 'pod'>>)[]) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: named('shop', `${name}-x7k2p`, { 'kubernetes.io/service-name': name }),
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: endpoints.map(({ ip, nodeName, pod: podName, zone }) => ({
      addresses: [ip],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName,
      zone,
      ...(podName === undefined ? {} : { targetRef: { kind: 'Pod', namespace: 'shop', name: podName } }),
    })),
  };
}

/**
 * The objects, as `kubectl get -A -o json` prints them: so many endpoints of `shop/frontend`, so many Services beside
 * it.
 */
function writtenCluster(platform: WrittenPlatform, endpoints: number, services: number): object {
  const traits = TRAITS[platform];
  const zones = ['a', 'b', 'c'].map((letter) => `zone-${letter}`);
  const nodes = Array.from({ length: NODES }, (_, at) => {
    const { name, labels, providerID } = traits.node(at + 1);
    const zone = zones[at % zones.length] as string;
    return { name, labels, providerID, zone, address: `10.0.1.${at + 1}`, cidr: `10.244.${at + 1}.0/24` };
  });
  const nodeObjects = nodes.map(({ name, labels, providerID, zone, address, cidr }) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      uid: `uid-${name}`,
      creationTimestamp: CREATED,
      labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zone, ...labels },
    },
    spec: { podCIDR: cidr, podCIDRs: [cidr], ...(providerID === undefined ? {} : { providerID }) },
    status: {
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      allocatable: { cpu: '4', memory: '16Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: {
        kubeletVersion: traits.version,
        kubeProxyVersion: traits.version,
        kernelVersion: '6.1.0',
        operatingSystem: 'linux',
      },
    },
  }));
  const agents = traits.agents.flatMap(([namespace, name, image]) => {
    const labels = { 'k8s-app': name };
    const container = { name, image };
    return [
      {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: named(namespace, name, labels),
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { hostNetwork: true, containers: [container] } },
        },
      },
      ...nodes.map((node, at) =>
        pod(
          named(namespace, `${name}-${'abcdef'[at]}x${at}qz`, labels, controlledBy('DaemonSet', name)),
          node.name,
          node.address,
          container,
          true,
        ),
      ),
    ];
  });
  if (traits.hostPorts !== undefined) {
    const [namespace, name, image] = traits.hostPorts;
    const own = {
      app: name,
      'svccontroller.k3s.cattle.io/svcname': 'frontend-public',
      'svccontroller.k3s.cattle.io/svcnamespace': 'shop',
    };
    const ports = [{ name: 'lb-tcp-80', containerPort: 80, hostPort: 80, protocol: 'TCP' }];
    for (const [at, node] of nodes.entries()) {
      const metadata = named(namespace, `${name}-${'abcdef'[at]}x${at}qz`, own, controlledBy('DaemonSet', name));
      agents.push(pod(metadata, node.name, node.cidr.replace('0/24', '5'), { name: 'lb-tcp-80', image, ports }));
    }
  }
  const container = {
    name: 'main',
    image: 'registry.example.com/frontend:1',
    ports: [{ name: 'http', containerPort: 8080 }],
  };
  const template = { metadata: { labels: { app: 'frontend' } }, spec: { containers: [container] } };
  const labels = { app: 'frontend', 'pod-template-hash': HASH };
  const replicaSet = `frontend-${HASH}`;
  const backends: Endpoint[] = Array.from({ length: endpoints }, (_, at) => {
    const node = nodes[at % nodes.length] as (typeof nodes)[number];
    const ip = node.cidr.replace('0/24', String(10 + Math.floor(at / nodes.length)));
    return { ip, nodeName: node.name, pod: `${replicaSet}-${String(at).padStart(5, 'x')}`, zone: node.zone };
  });
  const addresses =
    platform === 'eks'
      ? [{ hostname: 'k8s-shop-1a2b.elb.eu-west-1.amazonaws.com' }]
      : traits.hostPorts === undefined
        ? [{ ip: '203.0.113.10' }]
        : nodes.map(({ address }) => ({ ip: address }));
  const balancer = { status: { loadBalancer: { ingress: addresses } } };
  const selector = { app: 'frontend' };
  const items: object[] = [
    ...nodeObjects,
    ...agents,
    ...['default', 'kube-system', 'shop'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    })),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named('shop', 'frontend'),
      spec: { replicas: endpoints, selector: { matchLabels: selector }, template },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: named('shop', replicaSet, labels, controlledBy('Deployment', 'frontend')),
      spec: { replicas: endpoints, selector: { matchLabels: labels }, template: { ...template, metadata: { labels } } },
    },
    ...backends.map((one) =>
      pod(named('shop', one.pod, labels, controlledBy('ReplicaSet', replicaSet)), one.nodeName, one.ip, container),
    ),
    pod(named('shop', 'client'), nodes[0]?.name ?? '', '10.244.1.200', { name: 'shell', image: 'busybox:1.36' }),
    service('frontend', '10.96.1.10', { selector }, { status: { loadBalancer: {} } }),
    slice('frontend', backends),
    service(
      'frontend-public',
      '10.96.1.11',
      {
        selector,
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: 32001,
        ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP', nodePort: 30080 }],
      },
      balancer,
      traits.balancerAnnotations ?? {},
    ),
    slice('frontend-public', backends),
    ...Array.from({ length: services - 1 }, (_, at) => {
      const name = `service-${at}`;
      // They have endpoints of their own, of no pod that another Service has.
      const own = [0, 1, 2].map((more) => {
        const number = (at + more) % NODES;
        const { name: nodeName, zone } = nodes[number] as (typeof nodes)[number];
        return { ip: `10.244.${number + 1}.${100 + (at % 100)}`, nodeName, zone };
      });
      return [
        service(name, `10.96.${2 + Math.floor(at / 250)}.${(at % 250) + 1}`, {}, { status: { loadBalancer: {} } }),
        slice(name, own),
      ];
    }).flat(),
  ];
  if (traits.kubeProxy !== undefined) {
    items.push({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: named('kube-system', 'kube-proxy'),
      data: { 'config.conf': traits.kubeProxy },
    });
  }
  return { apiVersion: 'v1', kind: 'List', items };
}

/** The same, read. */
export function writtenSnapshot(platform: WrittenPlatform, endpoints: number, services: number): Snapshot {
  const bytes = Buffer.from(JSON.stringify(writtenCluster(platform, endpoints, services)));
  return readSnapshot({ files: [{ name: 'cluster.json', bytes }] });
}
