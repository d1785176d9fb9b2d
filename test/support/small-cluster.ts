/**
 * Two nodes n1 and n2, pods `client` (n1), `web-1` and `web-2` of Deployment default/web, and Service default/web
 * before them, in a cluster whose data plane a test adds: as it would be in a snapshot.
 */
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';

type Fields = Readonly<Record<string, unknown>>;

export interface SmallOptions {
  /** The mode of kube-proxy's ConfigMap; absent: there is none. */
  readonly mode?: string;
  readonly version?: string;
  readonly more?: readonly unknown[];
  /** Merged into the metadata of both nodes. */
  readonly node?: Fields;
  /** Merged into the client's pod. */
  readonly client?: { readonly metadata?: Fields; readonly spec?: Fields };
  readonly service?: Fields;
  readonly protocol?: 'TCP' | 'UDP';
}

const template = { metadata: { labels: { app: 'web' } } };

/** A pod as the API server prints it. */
export function pod(
  namespace: string,
  name: string,
  node: string,
  more: { metadata?: Fields; spec?: Fields; ip?: string } = {},
) {
  const { ip } = more;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, ...more.metadata },
    spec: { nodeName: node, containers: [{ name: 'c' }], ...more.spec },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      ...(ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] }),
    },
  };
}

/** A pod of the system whose name, labels and containers tell an agent. */
export const agent = (
  namespace: string,
  name: string,
  labels: Fields = {},
  containers: readonly Fields[] = [{ name: 'c' }],
) => pod(namespace, name, 'n1', { metadata: { labels }, spec: { hostNetwork: true, containers } });

export const config = (namespace: string, name: string, data: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data,
});

export function small(options: SmallOptions = {}): Snapshot {
  const { mode, version = '1.30.5', more = [], node = {}, client = {}, service = {}, protocol = 'TCP' } = options;
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-a', controller: true };
  const made = (name: string, on: string, ip: string) =>
    pod('default', name, on, {
      ip,
      metadata: { labels: { app: 'web' }, ownerReferences: [owner] },
      spec: { containers: [{ name: 'c', ports: [{ containerPort: 8080, protocol }] }] },
    });
  const items = [
    ...['n1', 'n2'].map((name, index) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, ...node },
      spec: { podCIDR: `10.1.${index + 1}.0/24`, podCIDRs: [`10.1.${index + 1}.0/24`] },
      status: {
        addresses: [{ type: 'InternalIP', address: `192.168.0.${index + 1}` }],
        allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
        conditions: [{ type: 'Ready', status: 'True' }],
        nodeInfo: { kubeletVersion: `v${version}`, operatingSystem: 'linux' },
      },
    })),
    pod('default', 'client', 'n1', { ip: '10.1.1.9', ...client }),
    made('web-1', 'n1', '10.1.1.5'),
    made('web-2', 'n2', '10.1.2.5'),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: 'default', name: 'web' },
      spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        namespace: 'default',
        name: 'web-a',
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }],
      },
      spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'default', name: 'web' },
      spec: {
        type: 'NodePort',
        clusterIP: '10.96.0.10',
        clusterIPs: ['10.96.0.10'],
        ipFamilies: ['IPv4'],
        selector: { app: 'web' },
        ports: [{ port: 80, protocol, targetPort: 8080, nodePort: 30080 }],
        ...service,
      },
    },
    ...(mode === undefined
      ? []
      : [
          config('kube-system', 'kube-proxy', {
            'config.conf': `kind: KubeProxyConfiguration\nmode: ${mode}\nclusterCIDR: 10.1.0.0/16\n`,
          }),
        ]),
    ...more,
  ];
  return readSnapshot({ inline: { kind: 'List', apiVersion: 'v1', items } });
}
