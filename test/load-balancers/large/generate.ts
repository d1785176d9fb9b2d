/**
 * Large clusters of three providers as kubectl prints them: with managed fields, status, last applied configurations
 * and objects of other kinds.
 */

export type Provider = 'gke' | 'eks' | 'aks';

/** How the load balancer of a Service is made; each provider has some of these. */
export type Kind =
  | 'pool'
  | 'backend-service-weighted'
  | 'internal-subset'
  | 'container-native'
  | 'nlb'
  | 'nlb-cross-zone'
  | 'nlb-ip'
  | 'nlb-ip-cross-zone'
  | 'classic'
  | 'alb'
  | 'alb-ip'
  | 'azure'
  | 'azure-no-floating'
  | 'azure-internal';

export const KINDS: Readonly<Record<Provider, readonly Kind[]>> = {
  gke: ['pool', 'backend-service-weighted', 'internal-subset', 'container-native'],
  eks: ['nlb', 'nlb-cross-zone', 'nlb-ip', 'nlb-ip-cross-zone', 'classic', 'alb', 'alb-ip'],
  aks: ['azure', 'azure-no-floating', 'azure-internal'],
};

export interface NodeModel {
  readonly name: string;
  readonly zone: string;
  /** Its kubelet reports nothing: nothing there answers. */
  readonly down: boolean;
  /** A label or a taint keeps it out of load balancers. */
  readonly out: 'LABEL' | 'TAINT' | undefined;
  readonly address: string;
}

export interface PodModel {
  readonly name: string;
  readonly address: string;
  readonly node: NodeModel;
  readonly state: 'READY' | 'NOT_READY' | 'TERMINATING_SERVING' | 'TERMINATING';
}

export interface ServiceModel {
  readonly namespace: string;
  readonly name: string;
  readonly kind: Kind;
  readonly policy: 'Cluster' | 'Local';
  readonly pods: readonly PodModel[];
}

export interface ClusterModel {
  readonly provider: Provider;
  readonly nodes: readonly NodeModel[];
  readonly services: readonly ServiceModel[];
}

/** Numbers from 0 to 1 that follow from the seed alone. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x80000000;
  };
}

const ZONES: Readonly<Record<Provider, readonly string[]>> = {
  gke: ['europe-west1-b', 'europe-west1-c', 'europe-west1-d'],
  eks: ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'],
  aks: ['westeurope-1', 'westeurope-2', 'westeurope-3'],
};

/** A model of a cluster: nodes in three zones, Services of every kind with pods in every state. */
export function modelOf(provider: Provider, seed: number, nodeCount = 30, serviceCount = 150): ClusterModel {
  const random = numbers(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const nodes = Array.from({ length: nodeCount }, (_, index): NodeModel => {
    const chance = random();
    return {
      name: `${provider}-node-${index}`,
      // Zones of different sizes.
      zone: ZONES[provider][index % 7 === 0 ? 0 : index % 3] as string,
      down: index === 5 || chance > 0.97,
      out: index === 7 ? 'LABEL' : index === 11 ? 'TAINT' : undefined,
      address: `10.1.${index >> 8}.${(index & 255) + 1}`,
    };
  });
  let addresses = 0;
  const services = Array.from({ length: serviceCount }, (_, index): ServiceModel => {
    const name = `svc-${index}`;
    const count = index % 25 === 0 ? 0 : 1 + Math.floor(random() * (index % 10 === 0 ? 40 : 6));
    const mood = random();
    const pods = Array.from({ length: count }, (_unused, pod): PodModel => {
      const node = pick(nodes);
      const number = addresses++;
      const chance = random();
      const state =
        mood > 0.94
          ? chance > 0.5
            ? 'TERMINATING_SERVING'
            : 'TERMINATING'
          : chance > 0.92
            ? 'NOT_READY'
            : chance > 0.87
              ? 'TERMINATING_SERVING'
              : 'READY';
      return {
        name: `${name}-${pod}`,
        address: `10.${64 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`,
        node,
        // The node controller marks pods of nodes that report nothing.
        state: node.down ? 'NOT_READY' : state,
      };
    });
    return {
      namespace: `team-${index % 5}`,
      name,
      kind: pick(KINDS[provider]),
      policy: random() > 0.5 ? 'Local' : 'Cluster',
      pods,
    };
  });
  return { provider, nodes, services };
}

const TIME = '2026-03-01T10:00:00Z';

function metadata(name: string, namespace: string | undefined, more: object = {}): object {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: `uid-${namespace ?? ''}-${name}`,
    resourceVersion: String(name.length * 7919),
    generation: 3,
    creationTimestamp: TIME,
    managedFields: [
      {
        manager: 'kube-controller-manager',
        operation: 'Update',
        apiVersion: 'v1',
        time: TIME,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': { 'f:ports': { 'k:{"port":80}': {} } },
        },
      },
      {
        manager: 'kubelet',
        operation: 'Update',
        subresource: 'status',
        time: TIME,
        fieldsType: 'FieldsV1',
        fieldsV1: {},
      },
    ],
    ...more,
  };
}

const LAST_APPLIED = {
  'kubectl.kubernetes.io/last-applied-configuration': '{"apiVersion":"v1","spec":{"ports":[{"port":1}]}}\n',
};

function nodeObject(provider: Provider, node: NodeModel): object {
  const providerID = {
    gke: `gce://project/${node.zone}/${node.name}`,
    eks: `aws:///${node.zone}/i-0${node.name.length}${node.name.replace(/\D/g, '')}`,
    aks: `azure:///subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/pool/virtualMachines/${node.name}`,
  }[provider];
  const labels = {
    'kubernetes.io/hostname': node.name,
    'kubernetes.io/os': 'linux',
    'topology.kubernetes.io/zone': node.zone,
    'failure-domain.beta.kubernetes.io/zone': node.zone,
    ...(provider === 'gke' ? { 'cloud.google.com/gke-nodepool': 'default' } : {}),
    ...(provider === 'eks' ? { 'eks.amazonaws.com/nodegroup': 'default' } : {}),
    ...(provider === 'aks' ? { 'kubernetes.azure.com/cluster': 'g' } : {}),
    ...(node.out === 'LABEL' ? { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } : {}),
  };
  const heartbeat = { lastHeartbeatTime: TIME, lastTransitionTime: TIME };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metadata(node.name, undefined, { labels, annotations: { 'node.alpha.kubernetes.io/ttl': '0' } }),
    spec: {
      providerID,
      podCIDR: '10.64.0.0/10',
      podCIDRs: ['10.64.0.0/10'],
      ...(node.out === 'TAINT'
        ? { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', value: '1772359200', effect: 'NoSchedule' }] }
        : {}),
    },
    status: {
      addresses: [
        { type: 'InternalIP', address: node.address },
        { type: 'Hostname', address: node.name },
      ],
      allocatable: { cpu: '3920m', memory: '12Gi', pods: '110', 'ephemeral-storage': '47093746742' },
      capacity: { cpu: '4', memory: '16Gi', pods: '110' },
      conditions: [
        { type: 'MemoryPressure', status: node.down ? 'Unknown' : 'False', ...heartbeat },
        { type: 'Ready', status: node.down ? 'Unknown' : 'True', reason: 'x', message: 'y', ...heartbeat },
      ],
      images: [{ names: ['registry.example/image@sha256:0'], sizeBytes: 1234 }],
      nodeInfo: {
        kubeletVersion: { gke: 'v1.30.5-gke.1014001', eks: 'v1.30.5-eks-ce1d5eb', aks: 'v1.30.5' }[provider],
        kubeProxyVersion: 'v1.30.5',
        operatingSystem: 'linux',
        architecture: 'amd64',
        kernelVersion: '6.1.0',
        osImage: 'x',
        containerRuntimeVersion: 'containerd://1.7',
      },
    },
  };
}

function podObjects({ namespace, name, pods }: ServiceModel): object[] {
  return pods.map((pod) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata(pod.name, namespace, {
      labels: { app: name, 'pod-template-hash': '5d9c' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-5d9c`, uid: 'u', controller: true },
      ],
      ...(pod.state.startsWith('TERMINATING') ? { deletionTimestamp: TIME, deletionGracePeriodSeconds: 30 } : {}),
    }),
    spec: {
      nodeName: pod.node.name,
      serviceAccountName: 'default',
      containers: [
        {
          name: 'main',
          image: 'registry.example/image:1',
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
          resources: { requests: { cpu: '100m' } },
          volumeMounts: [{ name: 'kube-api-access', mountPath: '/var/run/secrets', readOnly: true }],
        },
      ],
      tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }],
      volumes: [{ name: 'kube-api-access', projected: { sources: [] } }],
    },
    status: {
      phase: 'Running',
      podIP: pod.address,
      podIPs: [{ ip: pod.address }],
      hostIP: pod.node.address,
      startTime: TIME,
      qosClass: 'Burstable',
      conditions: [{ type: 'Ready', status: pod.state === 'READY' ? 'True' : 'False', lastTransitionTime: TIME }],
      containerStatuses: [{ name: 'main', ready: pod.state === 'READY', restartCount: 2, image: 'x', imageID: 'y' }],
    },
  }));
}

const AWS = 'service.beta.kubernetes.io/aws-load-balancer-';
const AZURE = 'service.beta.kubernetes.io/azure-';

const ANNOTATIONS: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  pool: { 'cloud.google.com/neg': '{"ingress":true}' },
  'backend-service-weighted': {
    'cloud.google.com/l4-rbs': 'enabled',
    'networking.gke.io/weighted-load-balancing': 'pods-per-node',
  },
  'internal-subset': { 'networking.gke.io/load-balancer-type': 'Internal' },
  'container-native': {
    'cloud.google.com/neg': '{"ingress":true}',
    'cloud.google.com/neg-status': '{"network_endpoint_groups":{"80":"k8s1-x"},"zones":["europe-west1-b"]}',
  },
  nlb: { [`${AWS}type`]: 'nlb' },
  'nlb-cross-zone': {
    [`${AWS}type`]: 'external',
    [`${AWS}scheme`]: 'internet-facing',
    [`${AWS}attributes`]: 'deletion_protection.enabled=true,load_balancing.cross_zone.enabled=true',
  },
  'nlb-ip': { [`${AWS}type`]: 'external', [`${AWS}nlb-target-type`]: 'ip', [`${AWS}scheme`]: 'internet-facing' },
  'nlb-ip-cross-zone': {
    [`${AWS}type`]: 'external',
    [`${AWS}nlb-target-type`]: 'ip',
    [`${AWS}scheme`]: 'internet-facing',
    [`${AWS}target-group-attributes`]: 'load_balancing.cross_zone.enabled=true',
  },
  classic: {},
  alb: {},
  'alb-ip': {},
  azure: {},
  'azure-no-floating': { [`${AZURE}disable-load-balancer-floating-ip`]: 'true' },
  'azure-internal': { [`${AZURE}load-balancer-internal`]: 'true', [`${AZURE}load-balancer-internal-subnet`]: 'apps' },
};

const FINALIZERS: Partial<Record<Kind, readonly string[]>> = {
  'internal-subset': ['gke.networking.io/l4-ilb-v2'],
  'backend-service-weighted': ['gke.networking.io/l4-netlb-v2'],
};

/** Those whose load balancer is asked for by another object. */
const BEHIND: readonly Kind[] = ['container-native', 'alb', 'alb-ip'];

function statusOf({ kind, name, namespace }: ServiceModel, index: number): object {
  if (BEHIND.includes(kind)) return { loadBalancer: {} };
  if (kind === 'classic') return { loadBalancer: { ingress: [{ hostname: `a${index}.eu-west-1.elb.amazonaws.com` }] } };
  if (kind.startsWith('nlb')) {
    return { loadBalancer: { ingress: [{ hostname: `k8s-${namespace}-${name}-0.elb.eu-west-1.amazonaws.com` }] } };
  }
  return { loadBalancer: { ingress: [{ ip: `34.90.${index >> 8}.${index & 255}`, ipMode: 'VIP' }] } };
}

function serviceObject(service: ServiceModel, index: number): object {
  const { namespace, name, kind, policy } = service;
  const behind = BEHIND.includes(kind);
  const type = kind === 'alb' ? 'NodePort' : behind ? 'ClusterIP' : 'LoadBalancer';
  const external = type === 'ClusterIP' ? {} : { externalTrafficPolicy: policy };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(name, namespace, {
      labels: { app: name, team: namespace },
      annotations: { ...LAST_APPLIED, ...ANNOTATIONS[kind], 'prometheus.io/scrape': 'true' },
      ...(FINALIZERS[kind] === undefined
        ? {}
        : { finalizers: ['service.kubernetes.io/load-balancer-cleanup', ...(FINALIZERS[kind] ?? [])] }),
    }),
    spec: {
      type,
      clusterIP: `172.20.${index >> 8}.${index & 255}`,
      clusterIPs: [`172.20.${index >> 8}.${index & 255}`],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      selector: { app: name },
      ...external,
      ...(type === 'LoadBalancer' && policy === 'Local' ? { healthCheckNodePort: 32000 + index } : {}),
      ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
      ports: [
        {
          name: 'http',
          port: 80,
          protocol: 'TCP',
          targetPort: 'http',
          ...(type === 'ClusterIP' ? {} : { nodePort: 30000 + index }),
        },
      ],
    },
    status: statusOf(service, index),
  };
}

function sliceObjects({ namespace, name, pods }: ServiceModel): object[] {
  const slices: object[] = [];
  for (let at = 0; at === 0 || at < pods.length; at += 15) {
    slices.push({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: metadata(`${name}-${at}`, namespace, {
        labels: {
          'kubernetes.io/service-name': name,
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': TIME },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid: 'u', controller: true }],
      }),
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: pods.slice(at, at + 15).map((pod) => ({
        addresses: [pod.address],
        conditions: {
          ready: pod.state === 'READY',
          serving: pod.state === 'READY' || pod.state === 'TERMINATING_SERVING',
          terminating: pod.state.startsWith('TERMINATING'),
        },
        nodeName: pod.node.name,
        zone: pod.node.zone,
        targetRef: { kind: 'Pod', namespace, name: pod.name, uid: `uid-${namespace}-${pod.name}` },
      })),
    });
  }
  return slices;
}

function ingressObject({ namespace, name, kind }: ServiceModel): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: metadata(name, namespace, {
      finalizers: ['ingress.k8s.aws/resources'],
      annotations: {
        ...LAST_APPLIED,
        'alb.ingress.kubernetes.io/scheme': 'internet-facing',
        'alb.ingress.kubernetes.io/target-type': kind === 'alb-ip' ? 'ip' : 'instance',
      },
    }),
    spec: {
      ingressClassName: 'alb',
      rules: [
        {
          host: `${name}.example.com`,
          http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name, port: { name: 'http' } } } }] },
        },
      ],
    },
    status: { loadBalancer: { ingress: [{ hostname: `k8s-${namespace}-${name}.eu-west-1.elb.amazonaws.com` }] } },
  };
}

function noise({ services }: ClusterModel): object[] {
  const event = (index: number) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: metadata(`event-${index}`, 'team-0'),
    involvedObject: { kind: 'Pod', name: 'x', namespace: 'team-0' },
    reason: 'Killing',
    type: 'Normal',
  });
  return [
    ...Array.from({ length: 50 }, (_, index) => event(index)),
    ...services.slice(0, 40).map(({ name, namespace, pods }) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(name, namespace, {
        annotations: { 'deployment.kubernetes.io/revision': '4', ...LAST_APPLIED },
      }),
      spec: {
        replicas: pods.length,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } } },
      },
      status: { replicas: pods.length, observedGeneration: 3, conditions: [] },
    })),
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: metadata('node-1', 'kube-node-lease'), spec: {} },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('kube-root-ca.crt', 'team-1'), data: { 'ca.crt': 'x' } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata('default', 'team-1') },
    {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: metadata('c', 'team-1'),
      spec: { secretName: 's' },
    },
    { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: metadata('n', undefined), spec: { drivers: [] } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata('kube-proxy', 'kube-system'),
      data: {
        'config.conf':
          'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclusterCIDR: 10.64.0.0/10\n',
      },
    },
  ];
}

/** The cluster as `kubectl get … -o json` prints it, objects of all kinds mixed. */
export function listOf(model: ClusterModel): {
  readonly kind: 'List';
  readonly apiVersion: 'v1';
  readonly items: readonly object[];
} {
  const { provider, nodes, services } = model;
  const items = [
    ...noise(model),
    ...services.flatMap((service, index) => [
      serviceObject(service, index),
      ...sliceObjects(service),
      ...podObjects(service),
      ...(service.kind.startsWith('alb') ? [ingressObject(service)] : []),
    ]),
    ...nodes.map((node) => nodeObject(provider, node)),
  ];
  return JSON.parse(JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '' }, items }));
}
