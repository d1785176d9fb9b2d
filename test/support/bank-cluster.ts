/**
 * A dual-stack cluster for questions about network policies: nodes alder, birch and cedar; bank/teller-0 (alder),
 * bank/teller-1 and bank/ledger-0 (birch), lab/bench-0 (cedar), edge/gate-0 (alder), and lab/scan-0 in its node's
 * network (cedar). A node-port Service of its name stands before each: port 443 to web (9000/TCP), 53 to dns
 * (5353/UDP).
 */
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';

type Fields = Readonly<Record<string, unknown>>;
type Labels = Readonly<Record<string, string>>;

const NODES = ['alder', 'birch', 'cedar'] as const;
const RUNNING = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

interface BankPod {
  readonly node: (typeof NODES)[number];
  readonly labels: Labels;
  readonly v4: string;
  readonly v6: string;
  readonly hostNetwork?: true;
}

const PODS: Readonly<Record<string, BankPod>> = {
  'bank/teller-0': {
    node: 'alder',
    labels: { role: 'teller', zone: 'front' },
    v4: '10.60.1.20',
    v6: 'fd60:0:0:1::20',
  },
  'bank/teller-1': {
    node: 'birch',
    labels: { role: 'teller', zone: 'front' },
    v4: '10.60.2.21',
    v6: 'fd60:0:0:2::21',
  },
  'bank/ledger-0': {
    node: 'birch',
    labels: { role: 'ledger', zone: 'vault' },
    v4: '10.60.2.30',
    v6: 'fd60:0:0:2::30',
  },
  'lab/bench-0': { node: 'cedar', labels: { role: 'bench' }, v4: '10.60.3.40', v6: 'fd60:0:0:3::40' },
  'edge/gate-0': { node: 'alder', labels: { role: 'gate' }, v4: '10.60.1.50', v6: 'fd60:0:0:1::50' },
  'lab/scan-0': { node: 'cedar', labels: { role: 'scan' }, v4: '10.9.0.13', v6: 'fd00:9::13', hostNetwork: true },
};

function node(name: string, index: number, version: string, annotations: Labels) {
  const podCIDRs = [`10.60.${index + 1}.0/24`, `fd60:0:0:${index + 1}::/64`];
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name }, annotations },
    spec: { podCIDR: podCIDRs[0], podCIDRs },
    status: {
      nodeInfo: { kubeletVersion: version, kubeProxyVersion: version },
      conditions: [{ type: 'Ready', status: 'True' }],
      addresses: [`10.9.0.${11 + index}`, `fd00:9::${11 + index}`].map((address) => ({ type: 'InternalIP', address })),
    },
  };
}

function podsOf(changed: Readonly<Record<string, Fields>>) {
  return Object.entries(PODS).map(([key, { node: nodeName, labels, v4, v6, hostNetwork }]) => {
    const [namespace = '', name = ''] = key.split('/');
    const ports = [
      { name: 'web', containerPort: 9000, protocol: 'TCP' },
      { name: 'dns', containerPort: 5353, protocol: 'UDP' },
    ];
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: name.replace(/-\d+$/, ''), controller: true };
    const own = hostNetwork === undefined ? {} : { hostNetwork };
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, labels, ownerReferences: [owner] },
      spec: { nodeName, ...own, containers: [{ name: 'c', ports }], ...changed[key] },
      status: { ...RUNNING, podIP: v4, podIPs: [{ ip: v4 }, { ip: v6 }] },
    };
  });
}

const service = (key: string, index: number, more: Fields) => {
  const [namespace = '', name = ''] = key.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: {
      type: 'NodePort',
      clusterIP: `10.97.0.${index}`,
      clusterIPs: [`10.97.0.${index}`, `fd97::${index}`],
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'PreferDualStack',
      selector: { role: name },
      ports: [
        { name: 'web', port: 443, targetPort: 9000, protocol: 'TCP', nodePort: 31000 + index },
        { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP', nodePort: 31100 + index },
      ],
      ...more,
    },
  };
};

export const bankNamespace = (name: string, labels?: Labels) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, ...(labels === undefined ? {} : { labels: { 'kubernetes.io/metadata.name': name, ...labels } }) },
});

export const BANK_NAMESPACES = [
  bankNamespace('bank', { env: 'prod' }),
  bankNamespace('lab', { env: 'dev' }),
  bankNamespace('edge', {}),
  bankNamespace('kube-system', {}),
];

export const policy = (key: string, spec: Fields) => {
  const [namespace = '', name = ''] = key.split('/');
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace, name }, spec };
};

export const adminPolicy = (name: string, spec: Fields, kind = 'AdminNetworkPolicy', version = 'v1alpha1') => ({
  apiVersion: `policy.networking.k8s.io/${version}`,
  kind,
  metadata: { name },
  spec,
});

interface AgentOptions {
  readonly namespace?: string;
  readonly container?: string;
  readonly args?: readonly string[];
}

/** The pod of a DaemonSet on every node. */
export function agents(
  name: string,
  image: string,
  { namespace = 'kube-system', container = name, args }: AgentOptions = {},
) {
  return NODES.map((nodeName, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name: `${name}-x7k2${index}`,
      labels: { 'k8s-app': name },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name, controller: true }],
    },
    spec: {
      nodeName,
      hostNetwork: true,
      containers: [{ name: container, image, ...(args === undefined ? {} : { args }) }],
    },
    status: { ...RUNNING, podIP: `10.9.0.${11 + index}`, podIPs: [{ ip: `10.9.0.${11 + index}` }] },
  }));
}

export const configMap = (name: string, data: Labels) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'kube-system', name },
  data,
});

export interface BankOptions {
  readonly policies?: readonly unknown[];
  readonly namespaces?: readonly unknown[];
  /** Who enforces; Calico where it is not given. */
  readonly more?: readonly unknown[];
  /** Merged into the spec of every Service. */
  readonly service?: Fields;
  /** Merged into the spec of a pod. */
  readonly pods?: Readonly<Record<string, Fields>>;
  readonly version?: string;
  readonly annotations?: Labels;
}

function bankItems(options: BankOptions = {}): readonly unknown[] {
  const { policies = [], namespaces = BANK_NAMESPACES, service: spec = {}, pods = {} } = options;
  const { version = 'v1.33.2', annotations = {} } = options;
  const { more = agents('calico-node', 'docker.io/calico/node:v3.31.2') } = options;
  const names = ['bank/ledger', 'bank/teller', 'lab/bench', 'edge/gate', 'lab/scan'];
  return [
    ...NODES.map((name, index) => node(name, index, version, annotations)),
    ...namespaces,
    ...podsOf(pods),
    ...names.map((key, index) => service(key, index + 1, spec)),
    ...policies,
    ...more,
  ];
}

export const bankSnapshot = (options: BankOptions = {}): Snapshot =>
  readSnapshot({ inline: { kind: 'List', items: bankItems(options) } });
