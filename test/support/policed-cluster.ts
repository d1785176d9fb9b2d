/**
 * Clusters with network policies: three nodes, workloads in two namespaces, a Service before each; and arbitrary
 * policies for them.
 */
import fc from 'fast-check';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import { pod } from './small-cluster.js';

type Fields = Readonly<Record<string, unknown>>;

const NODES = ['n1', 'n2', 'n3'] as const;

/** A workload: its pods, and the labels that policies select them by. */
export interface PolicedWorkload {
  readonly namespace: string;
  readonly name: string;
  /** The node of each pod. */
  readonly nodes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly hostNetwork?: boolean;
}

export const WORKLOADS: readonly PolicedWorkload[] = [
  { namespace: 'shop', name: 'web', nodes: ['n1', 'n2'], labels: { app: 'web', tier: 'front' } },
  { namespace: 'shop', name: 'api', nodes: ['n2', 'n3'], labels: { app: 'api', tier: 'back' } },
  { namespace: 'shop', name: 'db', nodes: ['n3'], labels: { app: 'db', tier: 'back' } },
  { namespace: 'ops', name: 'probe', nodes: ['n1'], labels: { app: 'probe' } },
  { namespace: 'ops', name: 'agent', nodes: ['n2'], labels: { app: 'agent' }, hostNetwork: true },
];

const node = (name: string, index: number) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'topology.kubernetes.io/zone': name === 'n3' ? 'b' : 'a' } },
  spec: { podCIDR: `10.244.${index + 1}.0/24` },
  status: {
    nodeInfo: { kubeletVersion: 'v1.30.5', kubeProxyVersion: 'v1.30.5' },
    conditions: [{ type: 'Ready', status: 'True' }],
    addresses: [{ type: 'InternalIP', address: `10.0.0.${index + 1}` }],
  },
});

export const namespace = (name: string, labels: Fields = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } },
});

export const networkPolicy = (name: string, spec: Fields, inNamespace = 'shop') => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: inNamespace },
  spec,
});

/** An agent on a node that enforces policies, as a DaemonSet's pod shows it. */
export const enforcer = (name: string, image: string) =>
  pod('kube-system', `${name}-x7k2p`, 'n1', {
    metadata: { labels: { 'k8s-app': name }, ownerReferences: [{ kind: 'DaemonSet', name, controller: true }] },
    spec: { hostNetwork: true, containers: [{ name, image }] },
    ip: '10.0.0.1',
  });

export const CALICO = enforcer('calico-node', 'docker.io/calico/node:v3.29.0');

/** The cluster's DNS: a pod, and its Service. */
export const CLUSTER_DNS = [
  pod('kube-system', 'coredns-0', 'n3', {
    metadata: { labels: { 'k8s-app': 'kube-dns' } },
    spec: { containers: [{ name: 'c', ports: [{ name: 'dns', containerPort: 53, protocol: 'UDP' }] }] },
    ip: '10.244.3.200',
  }),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'kube-system', name: 'kube-dns' },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.2',
      clusterIPs: ['10.96.0.2'],
      ipFamilies: ['IPv4'],
      selector: { 'k8s-app': 'kube-dns' },
      ports: [{ name: 'dns', port: 53, targetPort: 53, protocol: 'UDP' }],
    },
  },
];

/** The pods of a workload; the address tells node and place. */
function podsOf({ namespace: own, name, nodes, labels, hostNetwork = false }: PolicedWorkload, first: number) {
  return nodes.map((on, index) => {
    const at = NODES.indexOf(on as (typeof NODES)[number]) + 1;
    return pod(own, `${name}-${index}`, on, {
      metadata: { labels, ownerReferences: [{ kind: 'StatefulSet', name, controller: true }] },
      spec: {
        ...(hostNetwork ? { hostNetwork: true } : {}),
        containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] }],
      },
      ip: hostNetwork ? `10.0.0.${at}` : `10.244.${at}.${10 + first + index}`,
    });
  });
}

/** The Service of a workload: port 80 to the named port of its pods, also as node port. */
const serviceOf = ({ namespace: own, name, labels }: PolicedWorkload, index: number, more: Fields) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: own },
  spec: {
    type: 'NodePort',
    clusterIP: `10.96.0.${index + 10}`,
    clusterIPs: [`10.96.0.${index + 10}`],
    ipFamilies: ['IPv4'],
    selector: { app: labels.app },
    ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP', nodePort: 30000 + index }],
    ...more,
  },
});

export interface PolicedOptions {
  readonly workloads?: readonly PolicedWorkload[];
  readonly policies?: readonly unknown[];
  readonly namespaces?: readonly unknown[];
  /** Merged into the spec of every Service. */
  readonly service?: Fields;
  readonly more?: readonly unknown[];
}

export const NAMESPACES = [namespace('shop', { team: 'a' }), namespace('ops', { team: 'b' }), namespace('kube-system')];

/** The objects of such a cluster. */
export function policedItems(options: PolicedOptions = {}): readonly unknown[] {
  const { workloads = WORKLOADS, policies = [], namespaces = NAMESPACES, service = {}, more = [CALICO] } = options;
  let first = 0;
  const pods = workloads.flatMap((workload) => {
    const made = podsOf(workload, first);
    first += made.length;
    return made;
  });
  return [
    ...NODES.map(node),
    ...namespaces,
    ...pods,
    ...workloads.map((workload, index) => serviceOf(workload, index, service)),
    ...policies,
    ...more,
  ];
}

export function policedSnapshot(options: PolicedOptions = {}): Snapshot {
  return readSnapshot({ inline: { kind: 'List', items: policedItems(options) } });
}

const podSelector = fc.constantFrom<Fields>(
  {},
  { matchLabels: { app: 'web' } },
  { matchLabels: { app: 'api' } },
  { matchLabels: { tier: 'back' } },
  { matchLabels: { app: 'probe' } },
  { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['back'] }] },
  { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
);

const namespaceSelector = fc.constantFrom<Fields>(
  {},
  { matchLabels: { team: 'a' } },
  { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } },
);

const peer = fc.oneof(
  podSelector.map((one): Fields => ({ podSelector: one })),
  namespaceSelector.map((one): Fields => ({ namespaceSelector: one })),
  fc.record({ podSelector, namespaceSelector }),
  fc
    .constantFrom('0.0.0.0/0', '10.0.0.1/32', '10.0.0.0/30', '10.244.1.0/24', '203.0.113.0/24')
    .map((cidr): Fields => ({ ipBlock: { cidr } })),
  fc.constant<Fields>({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.244.2.0/24'] } }),
);

const port = fc.constantFrom<Fields>(
  { port: 8080 },
  { port: 'http' },
  { port: 80 },
  { port: 8000, endPort: 9000 },
  { protocol: 'UDP' },
);

const rule = (field: 'from' | 'to') =>
  fc.record(
    { [field]: fc.array(peer, { maxLength: 2 }), ports: fc.array(port, { maxLength: 2 }) },
    { requiredKeys: [] },
  );

/** The spec of some NetworkPolicy that the API server takes. */
export const anySpec: fc.Arbitrary<Fields> = fc.record({
  podSelector,
  policyTypes: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
  ingress: fc.array(rule('from'), { maxLength: 2 }),
  egress: fc.array(rule('to'), { maxLength: 2 }),
});

/** Some NetworkPolicies with names of their own, in both namespaces. */
export const anyPolicies: fc.Arbitrary<readonly ReturnType<typeof networkPolicy>[]> = fc
  .array(fc.tuple(anySpec, fc.constantFrom('shop', 'ops')), { maxLength: 4 })
  .map((all) => all.map(([spec, own], index) => networkPolicy(`p${index}`, spec, own)));

const adminPeer = fc.oneof(
  namespaceSelector.map((one): Fields => ({ namespaces: one })),
  fc.record({ namespaceSelector, podSelector }).map((one): Fields => ({ pods: one })),
);

const adminRule = (field: 'from' | 'to') =>
  fc.record({ action: fc.constantFrom('Allow', 'Deny', 'Deny', 'Pass'), [field]: adminPeer.map((one) => [one]) });

/** At most two policies of administrators, one of each kind. */
export const anyAdminPolicies: fc.Arbitrary<readonly Fields[]> = fc
  .record({
    admin: fc.option(
      fc.tuple(
        namespaceSelector,
        fc.array(adminRule('from'), { maxLength: 2 }),
        fc.array(adminRule('to'), { maxLength: 1 }),
      ),
    ),
    baseline: fc.option(fc.tuple(namespaceSelector, fc.array(adminRule('from'), { maxLength: 1 }))),
  })
  .map(({ admin, baseline }) => {
    const apiVersion = 'policy.networking.k8s.io/v1alpha1';
    const policies: Fields[] = [];
    if (admin !== null) {
      const [namespaces, ingress, egress] = admin;
      const spec = { priority: 10, subject: { namespaces }, ingress, egress };
      policies.push({ apiVersion, kind: 'AdminNetworkPolicy', metadata: { name: 'admin' }, spec });
    }
    if (baseline !== null) {
      const [namespaces, ingress] = baseline;
      const rules = ingress.filter(({ action }) => action !== 'Pass');
      const spec = { subject: { namespaces }, ingress: rules };
      policies.push({ apiVersion, kind: 'BaselineAdminNetworkPolicy', metadata: { name: 'default' }, spec });
    }
    return policies;
  });
