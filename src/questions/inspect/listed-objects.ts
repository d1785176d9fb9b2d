/** The objects of a cluster by name, with what tells them apart: what a person chooses from. */
import { nodeZone } from '../../cluster/addresses.js';
import { type Cluster, podAddresses } from '../../cluster/cluster.js';
import type { Node, Pod, Service, Workload } from '../../cluster/objects.js';
import { namespacedName } from '../../cluster/objects.js';
import { type RunningWorkload, runningWorkloads } from '../../cluster/running-workloads.js';
import type { ListedObjects } from '../../contract/answers.js';

type Listed<K extends keyof ListedObjects> = ListedObjects[K][number];

const present = <K extends string>(name: K, value: string | null | undefined): { readonly [P in K]?: string } =>
  value ? ({ [name]: value } as { readonly [P in K]?: string }) : {};

const byName = (a: { readonly key: string }, b: { readonly key: string }) => (a.key < b.key ? -1 : 1);

/** Each object under its key, sorted by that key, of which only the object is left. */
function sorted<O, L>(objects: Iterable<O>, keyOf: (object: O) => string, list: (object: O) => L): L[] {
  return [...objects]
    .map((object) => ({ key: keyOf(object), object }))
    .sort(byName)
    .map(({ object }) => list(object));
}

function isReady({ status }: Node | Pod, silent: boolean): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'Ready');
  return condition === undefined ? silent : condition.status === 'True';
}

function listedNode(node: Node): Listed<'nodes'> {
  const addresses = (node.status?.addresses ?? []).filter(({ type }) => type.endsWith('IP'));
  return {
    name: node.metadata.name,
    ...present('zone', nodeZone(node)),
    addresses: addresses.map(({ address }) => address),
    ready: isReady(node, true),
  };
}

/** Different addresses of endpoints that are ready, in slices or, where there are none, in Endpoints. */
function readyEndpoints(cluster: Cluster, key: string): number {
  const slices = cluster.slicesOf(key);
  const addresses =
    slices.length > 0
      ? slices.flatMap(({ endpoints }) =>
          endpoints.flatMap((one) => (one.conditions?.ready === false ? [] : one.addresses)),
        )
      : (cluster.endpoints.get(key)?.subsets ?? []).flatMap((subset) => (subset.addresses ?? []).map(({ ip }) => ip));
  return new Set(addresses).size;
}

function listedService(cluster: Cluster, service: Service): Listed<'services'> {
  const { metadata, spec = {}, status } = service;
  const ingress = status?.loadBalancer?.ingress ?? [];
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    type: spec.type ?? 'ClusterIP',
    addresses: [...(spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []))],
    outsideAddresses: [...(spec.externalIPs ?? []), ...ingress.flatMap(({ ip, hostname }) => ip ?? hostname ?? [])],
    ports: (spec.ports ?? []).map(({ name, port, protocol, nodePort }) => ({
      ...present('name', name),
      port,
      protocol: protocol ?? 'TCP',
      ...(nodePort ? { nodePort } : {}),
    })),
    ...present('externalTrafficPolicy', spec.externalTrafficPolicy),
    ...present('internalTrafficPolicy', spec.internalTrafficPolicy),
    ...present('sessionAffinity', spec.sessionAffinity),
    ...present('trafficDistribution', spec.trafficDistribution),
    readyEndpoints: readyEndpoints(cluster, namespacedName(service)),
  };
}

const named = ({
  kind,
  namespace,
  name,
}: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}) => `${kind} ${namespace}/${name}`;

/** Workloads of the snapshot, also those without a pod, and owners that only their pods tell of. */
function listedWorkloads(cluster: Cluster, running: readonly RunningWorkload[]): Listed<'workloads'>[] {
  const found = new Map<string, Listed<'workloads'>>();
  const isOwned = ({ metadata }: Workload) => (metadata.ownerReferences ?? []).length > 0;
  for (const workload of cluster.workloads.values()) {
    if (workload.kind === 'ReplicaSet' && isOwned(workload)) continue;
    const { kind, metadata, spec } = workload;
    const replicas = kind === 'DaemonSet' ? undefined : spec?.replicas;
    const one = { kind, namespace: metadata.namespace ?? 'default', name: metadata.name, pods: 0 };
    found.set(named(one), { ...one, ...(typeof replicas === 'number' ? { replicas } : {}) });
  }
  for (const { pods, ...one } of running) {
    if (one.kind !== 'Pod') found.set(named(one), { ...found.get(named(one)), ...one, pods: pods.length });
  }
  return sorted(
    found.values(),
    ({ namespace, name, kind }) => `${namespace}/${name} ${kind}`,
    (one) => one,
  );
}

/** Everything that a question can be about. A pure function of the cluster. */
export function listedObjects(cluster: Cluster): ListedObjects {
  const running = runningWorkloads(cluster);
  const owners = new Map<Pod, string>();
  for (const workload of running) {
    if (workload.kind !== 'Pod') for (const pod of workload.pods) owners.set(pod, named(workload));
  }
  return {
    nodes: sorted(cluster.nodes.values(), ({ metadata }) => metadata.name, listedNode),
    workloads: listedWorkloads(cluster, running),
    pods: sorted(cluster.pods.values(), namespacedName, (pod) => ({
      namespace: pod.metadata.namespace ?? 'default',
      name: pod.metadata.name,
      ...present('node', pod.spec?.nodeName),
      addresses: podAddresses(pod),
      ready: isReady(pod, false),
      ...present('workload', owners.get(pod)),
    })),
    services: sorted(cluster.services.values(), namespacedName, (service) => listedService(cluster, service)),
  };
}
