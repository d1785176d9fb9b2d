import { QuestionError } from '../../src/base/errors.js';
import type { ChangeContext } from '../../src/changes/change.js';
import { type AppliedChanges, applyChanges } from '../../src/changes/index.js';
import { Cluster, type ClusterObjects } from '../../src/cluster/cluster.js';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import type { EndpointSlice, Node, Pod, Service, Workload } from '../../src/cluster/objects.js';
import type { Settings } from '../../src/cluster/settings.js';
import type { Change } from '../../src/contract/requests.js';
import { syncEndpointSlices } from '../../src/control-plane/endpointslices.js';
import { iptablesProgram } from '../../src/proxy/iptables/program.js';

export const AT = Date.parse('2026-11-22T12:00:00Z');

export function node(index: number, more: { readonly cidrs?: readonly string[]; readonly zone?: string } = {}): Node {
  const name = `node-${index + 1}`;
  const podCIDRs = more.cidrs ?? [`192.168.${index}.0/24`];
  return {
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        ...(more.zone === undefined ? {} : { 'topology.kubernetes.io/zone': more.zone }),
      },
    },
    spec: podCIDRs.length > 0 ? { podCIDR: podCIDRs[0] as string, podCIDRs } : {},
    status: {
      addresses: [{ type: 'InternalIP', address: `10.128.${Math.floor(index / 250)}.${(index % 250) + 4}` }],
      allocatable: { cpu: '4', memory: '16374516Ki', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { kubeletVersion: 'v1.30.5' },
    },
  };
}

export const HASH = '6gsvrqfl8';

export function pod(name: string, onNode: string, address: string, owner = `nginx-deployment-${HASH}`): Pod {
  return {
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      labels: { app: 'nginx', 'pod-template-hash': HASH },
      creationTimestamp: '2026-11-22T10:00:00Z',
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, controller: true }],
    },
    spec: { nodeName: onNode, containers: [{ name: 'nginx', image: 'nginx:1.25', ports: [{ containerPort: 80 }] }] },
    status: {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-11-22T10:00:05Z' }],
    },
  };
}

export function deployment(replicas: number, name = 'nginx-deployment'): Workload {
  return {
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'nginx' } },
      template: {
        metadata: { labels: { app: 'nginx' } },
        spec: { containers: [{ name: 'nginx', image: 'nginx:1.25' }] },
      },
    },
    status: { replicas, readyReplicas: replicas },
  };
}

export function replicaSet(replicas: number, hash = HASH, revision = 1): Workload {
  return {
    kind: 'ReplicaSet',
    metadata: {
      name: `nginx-deployment-${hash}`,
      namespace: 'default',
      annotations: { 'deployment.kubernetes.io/revision': String(revision) },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'nginx-deployment', controller: true }],
    },
    spec: { replicas, selector: { matchLabels: { app: 'nginx', 'pod-template-hash': hash } } },
  };
}

export function service(name: string, selector: Readonly<Record<string, string>>): Service {
  return {
    kind: 'Service',
    metadata: { name, namespace: 'default', uid: `uid-${name}` },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.0.0.10',
      clusterIPs: ['10.0.0.10'],
      ipFamilies: ['IPv4'],
      selector,
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    },
  };
}

/** A cluster of these objects, with the slices that the controller would have written for its Services. */
export function cluster(objects: Partial<ClusterObjects>): Cluster {
  const made = Cluster.of({
    nodes: [],
    pods: [],
    services: [],
    endpointSlices: [],
    endpoints: [],
    workloads: [],
    configMaps: [],
    ...objects,
  });
  const edit = new Map<string, EndpointSlice | undefined>();
  for (const one of made.services.values()) for (const entry of syncEndpointSlices(made, one).edit) edit.set(...entry);
  return edit.size === 0
    ? made
    : Cluster.of({ ...emptied(made), endpointSlices: [...edit.values()].filter((one) => one !== undefined) });
}

function emptied(made: Cluster): ClusterObjects {
  return {
    nodes: [...made.nodes.values()],
    pods: [...made.pods.values()],
    services: [...made.services.values()],
    endpointSlices: [],
    endpoints: [],
    workloads: [...made.workloads.values()],
    configMaps: [],
  };
}

export function context(made: Cluster): ChangeContext {
  return { settings: inferSettings(made, undefined), at: AT };
}

/** The endpoint addresses of a Service, in slice order. */
export function addressesOf(made: Cluster, key: string): string[] {
  return made.slicesOf(key).flatMap((slice) => slice.endpoints.flatMap((endpoint) => endpoint.addresses));
}

/** Three nodes and a Deployment of three pods behind a Service, beside a Service that selects nothing of it. */
export function article(): Cluster {
  return cluster({
    nodes: [node(0), node(1), node(2)],
    pods: [
      pod(`nginx-deployment-${HASH}-xqg9b`, 'node-1', '192.168.0.6'),
      pod(`nginx-deployment-${HASH}-px5d8`, 'node-2', '192.168.1.6'),
      pod(`nginx-deployment-${HASH}-dtm6m`, 'node-3', '192.168.2.5'),
    ],
    services: [service('nginx-svc', { app: 'nginx' }), service('other', { app: 'other' })],
    workloads: [deployment(3), replicaSet(3)],
  });
}

/** Changes made one after the other, with the settings that the cluster shows. */
export function changed(before: Cluster, ...changes: readonly Change[]): AppliedChanges {
  return applyChanges(before, changes, context(before));
}

/** The code and first place of the error that something throws; code `none` where it throws nothing. */
export function refusal(act: () => unknown): {
  readonly code: string;
  readonly pointer: string;
  readonly detail: string;
  readonly message: string;
} {
  try {
    act();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    const { code, problems, message } = error;
    const [first] = problems;
    return { code, pointer: first?.pointer ?? '', detail: first?.detail ?? '', message };
  }
  return { code: 'none', pointer: '', detail: '', message: '' };
}

/** What kube-proxy writes on every node, for all Services or some, under settings that stay as they are. */
export function rulesOf(made: Cluster, settings: Settings, ...services: readonly string[]): string {
  const only = services.length === 0 ? undefined : new Set(services);
  return [...made.nodes.values()]
    .map((one) => {
      const program = iptablesProgram({
        cluster: made,
        node: one,
        family: 'IPv4',
        settings: settings.proxyOf(one.metadata.name),
      });
      return `# ${one.metadata.name}\n${program.restore(only)}`;
    })
    .join('');
}
