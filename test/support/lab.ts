/**
 * A small cluster as the path tests use it: three nodes 10.0.0.1 to .3 with pod CIDRs 10.180.1.0/24 to .3.0/24, one
 * endpoint pod and one client pod on each, cluster CIDR 10.180.0.0/16, and whatever Services a test adds.
 */
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';

export interface LabService {
  readonly name?: string;
  /** Merged into `spec`. */
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
  readonly annotations?: Record<string, string>;
  /** Endpoint pods: numbers 1 to 3 (`web-1` on node-1 …), with conditions where they are not ready. */
  readonly endpoints?: readonly (
    | number
    | {
        readonly on: number;
        readonly ready?: boolean;
        readonly serving?: boolean;
        readonly terminating?: boolean;
        readonly zones?: readonly string[];
        readonly nodes?: readonly string[];
      }
  )[];
}

export interface LabOptions {
  readonly services: readonly LabService[];
  readonly version?: string;
  readonly zones?: readonly string[];
  readonly nodes?: number;
}

const PORT = 8080;

interface LabPort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
  readonly targetPort?: number;
}

function node(index: number, zone: string | undefined, version: string) {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `node-${index}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { 'kubernetes.io/hostname': `node-${index}`, ...(zone ? { 'topology.kubernetes.io/zone': zone } : {}) },
    },
    spec: { podCIDR: `10.180.${index}.0/24`, podCIDRs: [`10.180.${index}.0/24`] },
    status: {
      addresses: [{ type: 'InternalIP', address: `10.0.0.${index}` }],
      allocatable: { cpu: '4', memory: '16Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { kubeletVersion: `v${version}`, operatingSystem: 'linux' },
    },
  };
}

function pod(name: string, on: number, address: string, labels: Record<string, string>) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, creationTimestamp: '2026-01-01T00:00:00Z', labels },
    spec: { nodeName: `node-${on}`, containers: [{ name: 'main', ports: [{ containerPort: PORT, protocol: 'TCP' }] }] },
    status: {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

function serviceObjects(service: LabService, index: number) {
  const name = service.name ?? (index === 0 ? 'svc' : `svc-${index + 1}`);
  const ports: readonly LabPort[] = (service.spec?.ports as LabPort[] | undefined) ?? [
    { port: 80, protocol: 'TCP', targetPort: PORT },
  ];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default', annotations: service.annotations ?? {} },
      spec: {
        type: 'ClusterIP',
        clusterIP: `172.30.0.${index + 1}`,
        clusterIPs: [`172.30.0.${index + 1}`],
        ipFamilies: ['IPv4'],
        selector: { app: name },
        sessionAffinity: 'None',
        ...service.spec,
        ports,
      },
      status: service.status ?? { loadBalancer: {} },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: ports.map((port) => ({ name: port.name ?? '', port: PORT, protocol: port.protocol ?? 'TCP' })),
      endpoints: (service.endpoints ?? [1, 2, 3]).map((entry) => {
        const endpoint = typeof entry === 'number' ? { on: entry } : entry;
        const {
          on,
          ready = true,
          serving = ready,
          terminating = false,
          zones,
          nodes,
        } = endpoint as Exclude<typeof entry, number>;
        return {
          addresses: [`10.180.${on}.2`],
          conditions: { ready, serving, terminating },
          nodeName: `node-${on}`,
          targetRef: { kind: 'Pod', namespace: 'default', name: `web-${on}` },
          ...(zones || nodes
            ? {
                hints: {
                  ...(zones ? { forZones: zones.map((zone) => ({ name: zone })) } : {}),
                  ...(nodes ? { forNodes: nodes.map((hinted) => ({ name: hinted })) } : {}),
                },
              }
            : {}),
        };
      }),
    },
  ];
}

/** The lab's objects as a v1 List, as kubectl prints it. */
export function labList(options: LabOptions): { kind: 'List'; apiVersion: 'v1'; items: unknown[] } {
  const count = options.nodes ?? 3;
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  return {
    kind: 'List',
    apiVersion: 'v1',
    items: [
      ...numbers.map((index) => node(index, options.zones?.[index - 1], options.version ?? '1.30.5')),
      ...numbers.flatMap((index) => [
        pod(`web-${index}`, index, `10.180.${index}.2`, { app: 'svc' }),
        pod(`client-${index}`, index, `10.180.${index}.9`, { app: 'client' }),
      ]),
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'kube-proxy', namespace: 'kube-system' },
        data: {
          'config.conf':
            'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclusterCIDR: 10.180.0.0/16\n',
        },
      },
      ...options.services.flatMap(serviceObjects),
    ],
  };
}

export function lab(options: LabOptions): Snapshot {
  return readSnapshot({ inline: labList(options) });
}
