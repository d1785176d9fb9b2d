/** A small cluster in which every field that is read is set, and the values that may be in the place of each. */

type Json = Readonly<Record<string, unknown>>;

const time = '2026-11-20T10:00:00Z';
const SECOND = 'kubectl.kubernetes.io/last-applied-configuration';

const podSpec: Json = {
  nodeName: 'n1',
  hostNetwork: false,
  hostname: 'web-0',
  subdomain: 'web',
  schedulerName: 'default-scheduler',
  priority: 0,
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoSchedule' }],
  readinessGates: [{ conditionType: 'x/y' }],
  overhead: { cpu: '10m' },
  resources: { requests: { cpu: '10m' } },
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          {
            matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }],
            matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['n9'] }],
          },
        ],
      },
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } },
      ],
    },
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 2,
          podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
        },
      ],
    },
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          topologyKey: 'kubernetes.io/hostname',
          namespaces: ['other'],
          labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['none'] }] },
        },
      ],
    },
  },
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      minDomains: 1,
      matchLabelKeys: ['app'],
      labelSelector: { matchLabels: { app: 'web' } },
    },
  ],
  initContainers: [{ name: 'i', image: 'i:1', restartPolicy: 'Always', resources: { requests: { cpu: '1m' } } }],
  containers: [
    {
      name: 'c',
      image: 'c:1',
      command: ['c'],
      args: ['--x'],
      ports: [{ name: 'http', containerPort: 8080, hostPort: 0, hostIP: '10.0.0.1', protocol: 'TCP' }],
      resources: { requests: { cpu: '1m', memory: '1Mi', 'ephemeral-storage': '1Mi' }, limits: { cpu: '1' } },
    },
  ],
};

const owner = (kind: string, name: string): Json => ({
  apiVersion: 'apps/v1',
  kind,
  name,
  uid: `u-${kind}-${name}`,
  controller: true,
});

function workload(kind: string, name: string, more: Json, owners: readonly Json[] = []): Json {
  const labels = { app: name };
  // What a pod's spec may hold is tried once.
  const spec = kind === 'Deployment' ? podSpec : { containers: [{ name: 'c', image: 'c:1' }] };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: {
      name,
      namespace: 'default',
      uid: `u-${kind}-${name}`,
      generation: 1,
      creationTimestamp: time,
      labels,
      annotations: {
        'deployment.kubernetes.io/revision': '1',
        'deployment.kubernetes.io/desired-replicas': '2',
        'deployment.kubernetes.io/max-replicas': '3',
        [SECOND]: '{"spec":{"replicas":2},"metadata":{"annotations":{}}}',
      },
      ownerReferences: owners,
    },
    spec: {
      selector: { matchLabels: labels, matchExpressions: [{ key: 'app', operator: 'In', values: [name] }] },
      template: { metadata: { labels, annotations: { a: 'b' } }, spec: { ...spec, nodeName: '' } },
      minReadySeconds: 0,
      ...more,
    },
    status: { replicas: 2, readyReplicas: 2 },
  };
}

function pod(name: string, address: string, owners: readonly Json[], labels: Json): Json {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: 'web-',
      namespace: 'default',
      uid: `u-${name}`,
      creationTimestamp: time,
      labels,
      annotations: { 'controller.kubernetes.io/pod-deletion-cost': '1' },
      ownerReferences: owners,
    },
    spec: podSpec,
    status: {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      hostIP: '10.0.0.1',
      startTime: time,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: time }],
      containerStatuses: [{ name: 'c', ready: true, restartCount: 0 }],
      initContainerStatuses: [{ name: 'i', ready: true, restartCount: 0 }],
    },
  };
}

const node = (name: string, address: string, range: string): Json => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    uid: `u-${name}`,
    creationTimestamp: time,
    labels: {
      'kubernetes.io/os': 'linux',
      'kubernetes.io/hostname': name,
      'topology.kubernetes.io/zone': 'a',
      'topology.kubernetes.io/region': 'r',
    },
    annotations: { 'projectcalico.org/IPv4Address': `${address}/24` },
  },
  spec: {
    podCIDR: range,
    podCIDRs: [range],
    providerID: 'aws:///a/i-1',
    unschedulable: false,
    taints: [{ key: 'a', value: 'b', effect: 'PreferNoSchedule' }],
  },
  status: {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
    allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
    capacity: { cpu: '4' },
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: time }],
    images: [{ names: ['c:1'], sizeBytes: 1 }],
    nodeInfo: {
      kubeletVersion: 'v1.30.5',
      kubeProxyVersion: 'v1.30.5',
      kernelVersion: '6.1.0',
      operatingSystem: 'linux',
      containerRuntimeVersion: 'containerd://1.7',
    },
  },
});

/** A List of one object or two of each kind. */
export const CLUSTER: Json = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    node('n1', '10.0.0.1', '10.244.0.0/24'),
    {
      kind: 'Node',
      metadata: { name: 'n2' },
      status: { addresses: [{ type: 'InternalIP', address: '10.0.0.2' }], conditions: [] },
    },
    workload('Deployment', 'web', {
      replicas: 2,
      paused: false,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } },
    }),
    workload('ReplicaSet', 'web', { replicas: 2 }, [owner('Deployment', 'web')]),
    workload('StatefulSet', 'db', {
      replicas: 1,
      serviceName: 'db',
      podManagementPolicy: 'OrderedReady',
      ordinals: { start: 0 },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 1 } },
    }),
    workload('DaemonSet', 'agent', {
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    }),
    pod('web-1', '10.244.0.5', [owner('ReplicaSet', 'web')], { app: 'web' }),
    {
      kind: 'Pod',
      metadata: {
        name: 'db-0',
        namespace: 'default',
        labels: { app: 'db' },
        ownerReferences: [owner('StatefulSet', 'db')],
      },
      spec: { nodeName: 'n1' },
      status: { phase: 'Running', podIP: '10.244.0.6' },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'web',
        namespace: 'default',
        uid: 'u-web',
        creationTimestamp: time,
        labels: { app: 'web' },
        annotations: {
          'service.kubernetes.io/topology-mode': 'Auto',
          'service.beta.kubernetes.io/aws-load-balancer-type': 'external',
          'metallb.universe.tf/allow-shared-ip': 'a',
          [SECOND]: '{"spec":{"type":"LoadBalancer","ports":[{"port":80}]},"metadata":{"annotations":{"a":"b"}}}',
        },
      },
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.10',
        clusterIPs: ['10.96.0.10'],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        selector: { app: 'web' },
        ports: [
          {
            name: 'http',
            port: 80,
            protocol: 'TCP',
            targetPort: 'http',
            nodePort: 30080,
            appProtocol: 'http',
          },
        ],
        externalIPs: ['198.51.100.7'],
        externalName: '',
        externalTrafficPolicy: 'Local',
        internalTrafficPolicy: 'Cluster',
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
        loadBalancerSourceRanges: ['203.0.113.0/24'],
        loadBalancerClass: 'service.k8s.aws/nlb',
        loadBalancerIP: '203.0.113.9',
        allocateLoadBalancerNodePorts: true,
        healthCheckNodePort: 30081,
        publishNotReadyAddresses: false,
        trafficDistribution: 'PreferClose',
        topologyKeys: ['*'],
      },
      status: {
        loadBalancer: {
          ingress: [{ ip: '203.0.113.9', hostname: 'lb.example', ipMode: 'VIP', ports: [{ port: 80 }] }],
        },
        conditions: [{ type: 'x', status: 'True' }],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'web-a',
        namespace: 'default',
        uid: 'u-slice',
        generateName: 'web-',
        creationTimestamp: time,
        labels: {
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'u-web', controller: true }],
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'http' }],
      endpoints: [
        {
          addresses: ['10.244.0.5'],
          conditions: { ready: true, serving: true, terminating: false },
          hostname: 'web-0',
          nodeName: 'n1',
          zone: 'a',
          hints: { forZones: [{ name: 'a' }], forNodes: [{ name: 'n1' }] },
          targetRef: { kind: 'Pod', namespace: 'default', name: 'web-1', uid: 'u-web-1' },
          topology: { 'kubernetes.io/hostname': 'n1' },
          deprecatedTopology: { a: 'b' },
        },
      ],
    },
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
      subsets: [
        {
          addresses: [
            {
              ip: '10.244.0.5',
              hostname: 'h',
              nodeName: 'n1',
              targetRef: { kind: 'Pod', namespace: 'default', name: 'web-1', uid: 'u-web-1' },
            },
          ],
          notReadyAddresses: [{ ip: '10.244.0.9' }],
          ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        },
      ],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-proxy', namespace: 'kube-system' },
      data: { 'config.conf': 'kind: KubeProxyConfiguration\nmode: iptables\nclusterCIDR: 10.244.0.0/16\n' },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ip-masq-agent', namespace: 'kube-system' },
      data: { config: '{"nonMasqueradeCIDRs":["10.0.0.0/8"],"masqLinkLocal":false,"resyncInterval":"60s"}' },
    },
  ],
};

/** What may be where another value belongs; each is made anew, since objects are used as they are. */
export const HOSTILE: readonly (readonly [name: string, make: () => unknown])[] = [
  ['toString', () => ({ toString: 1 })],
  ['valueOf', () => ({ valueOf: null, toString: null })],
  ['toJSON', () => ({ toJSON: 1, length: -1 })],
  ['constructor', () => ({ constructor: { name: 1 }, hasOwnProperty: 1 })],
  ['__proto__', () => JSON.parse('{"__proto__":{"polluted":1}}')],
  ['the name __proto__', () => '__proto__'],
  ['the name constructor', () => 'constructor'],
  ['null', () => null],
  ['true', () => true],
  ['an array', () => []],
  ['arrays', () => [[[]]]],
  ['an array of null', () => [null]],
  ['an array of objects', () => [{ toString: 1 }]],
  ['an empty object', () => ({})],
  ['0', () => 0],
  ['-1', () => -1],
  ['1.5', () => 1.5],
  ['1e308', () => 1e308],
  ['2^53', () => 2 ** 53],
  ['nothing', () => ''],
  ['a long text', () => 'a'.repeat(70_000)],
  ['a lone surrogate', () => '\ud800'],
];

type Container = Record<string, unknown>;
const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** Every place of a document as a list of keys. */
export function placesOf(root: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (!isContainer(root)) return [];
  return Object.keys(root).flatMap((key) => [[...path, key], ...placesOf(root[key], [...path, key])]);
}

/** A document with another value at a place; what is not on the way there is shared. */
export function replaced<T>(document: T, path: readonly string[], value: unknown): T {
  const [key, ...rest] = path;
  if (key === undefined) return value as T;
  const copy = (Array.isArray(document) ? [...document] : { ...document }) as Container;
  copy[key] = replaced(copy[key], rest, value);
  return copy as T;
}
