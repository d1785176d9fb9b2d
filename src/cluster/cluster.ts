import type { ConfigMap, EndpointSlice, Endpoints, Node, Pod, Service, Workload } from './objects.js';
import { namespacedName, SERVICE_NAME_LABEL } from './objects.js';
import { OverlayMap } from './overlay-map.js';
import { type Resource, resourceKey } from './resources.js';

/** What a change replaces: objects by key; undefined removes. Keys are as in the {@link Cluster}'s maps. */
export interface ClusterEdit {
  readonly nodes?: ReadonlyMap<string, Node | undefined>;
  readonly pods?: ReadonlyMap<string, Pod | undefined>;
  readonly services?: ReadonlyMap<string, Service | undefined>;
  readonly endpointSlices?: ReadonlyMap<string, EndpointSlice | undefined>;
  readonly workloads?: ReadonlyMap<string, Workload | undefined>;
  readonly endpoints?: ReadonlyMap<string, Endpoints | undefined>;
  readonly configMaps?: ReadonlyMap<string, ConfigMap | undefined>;
  readonly resources?: ReadonlyMap<string, Resource | undefined>;
}

export interface ClusterObjects {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly endpoints: readonly Endpoints[];
  readonly workloads: readonly Workload[];
  readonly configMaps: readonly ConfigMap[];
  /** Policies, namespaces and settings of data planes. */
  readonly resources?: readonly Resource[];
}

/** `Kind/namespace/name`, the key of a workload. */
export function workloadKey(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

function keyed<V>(objects: readonly V[], key: (object: V) => string): OverlayMap<V> {
  return new OverlayMap(new Map(objects.map((object) => [key(object), object])));
}

/** The pod's addresses, canonical or not, as its status lists them. */
export function podAddresses(pod: Pod): readonly string[] {
  const listed = pod.status?.podIPs?.map((entry) => entry.ip) ?? [];
  if (listed.length > 0) return listed;
  return pod.status?.podIP ? [pod.status.podIP] : [];
}

/** The Service that a slice belongs to (`namespace/name`), undefined when the slice is not labelled. */
function sliceServiceKey(slice: EndpointSlice): string | undefined {
  const name = slice.metadata.labels?.[SERVICE_NAME_LABEL];
  return name ? `${slice.metadata.namespace ?? 'default'}/${name}` : undefined;
}

type Grouped<V> = OverlayMap<readonly V[]>;

function grouped<V>(objects: Iterable<V>, keysOf: (object: V) => readonly string[]): Grouped<V> {
  const groups = new Map<string, V[]>();
  for (const object of objects) {
    for (const key of keysOf(object)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [object]);
      else group.push(object);
    }
  }
  return new OverlayMap<readonly V[]>(groups);
}

function regroup<V>(
  index: Grouped<V>,
  map: OverlayMap<V>,
  edit: ReadonlyMap<string, V | undefined> | undefined,
  keysOf: (object: V) => readonly string[],
): Grouped<V> {
  if (edit === undefined || edit.size === 0) return index;
  const replaced = new Map<string, V[]>();
  const group = (key: string) => {
    let list = replaced.get(key);
    if (list === undefined) {
      list = [...(index.get(key) ?? [])];
      replaced.set(key, list);
    }
    return list;
  };
  for (const [key, next] of edit) {
    const before = map.get(key);
    const places = new Map<string, number>();
    if (before !== undefined) {
      for (const name of keysOf(before)) {
        const list = group(name);
        const at = list.indexOf(before);
        if (at >= 0) {
          list.splice(at, 1);
          places.set(name, at);
        }
      }
    }
    if (next !== undefined) {
      for (const name of keysOf(next)) {
        const list = group(name);
        // A replacement stays where its predecessor stood, so that order does not tell how an object came to be.
        list.splice(places.get(name) ?? list.length, 0, next);
      }
    }
  }
  return index.with(new Map([...replaced].map(([key, list]) => [key, list.length > 0 ? list : undefined])));
}

const sliceKeys = (slice: EndpointSlice) => {
  const key = sliceServiceKey(slice);
  return key === undefined ? [] : [key];
};
const podNodeKeys = (pod: Pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []);
const podNamespaceKeys = (pod: Pod) => [pod.metadata.namespace ?? 'default'];
const podOwnerKeys = (pod: Pod) => {
  const owner =
    pod.metadata.ownerReferences?.find((reference) => reference.controller) ?? pod.metadata.ownerReferences?.[0];
  return owner === undefined ? [] : [workloadKey(owner.kind, pod.metadata.namespace ?? 'default', owner.name)];
};

interface Indexes {
  readonly slicesByService: Grouped<EndpointSlice>;
  readonly podsByNode: Grouped<Pod>;
  readonly podsByNamespace: Grouped<Pod>;
  readonly podsByOwner: Grouped<Pod>;
}

/**
 * A cluster at one moment: immutable. {@link Cluster.with} gives a changed cluster that shares everything it does not
 * replace; {@link Cluster.parent} and {@link Cluster.touchedServices} let indexes built on top be carried over.
 */
export class Cluster {
  readonly nodes: OverlayMap<Node>;
  /** By `namespace/name`. */
  readonly pods: OverlayMap<Pod>;
  /** By `namespace/name`. */
  readonly services: OverlayMap<Service>;
  /** By `namespace/name`. */
  readonly endpointSlices: OverlayMap<EndpointSlice>;
  /** By `namespace/name` of the Service. */
  readonly endpoints: OverlayMap<Endpoints>;
  /** By `Kind/namespace/name`. */
  readonly workloads: OverlayMap<Workload>;
  /** By `namespace/name`. */
  readonly configMaps: OverlayMap<ConfigMap>;
  /** By {@link resourceKey}. */
  readonly resources: OverlayMap<Resource>;
  /** The cluster that this one is an edit of; undefined for one read from a snapshot. */
  readonly parent: Cluster | undefined;
  /** `namespace/name` of the Services that differ from the parent's, themselves or in their slices. */
  readonly touchedServices: ReadonlySet<string>;
  readonly #indexes: Indexes;

  private constructor(
    maps: Pick<
      Cluster,
      'nodes' | 'pods' | 'services' | 'endpointSlices' | 'endpoints' | 'workloads' | 'configMaps' | 'resources'
    >,
    indexes: Indexes,
    parent: Cluster | undefined,
    touchedServices: ReadonlySet<string>,
  ) {
    this.nodes = maps.nodes;
    this.pods = maps.pods;
    this.services = maps.services;
    this.endpointSlices = maps.endpointSlices;
    this.endpoints = maps.endpoints;
    this.workloads = maps.workloads;
    this.configMaps = maps.configMaps;
    this.resources = maps.resources;
    this.#indexes = indexes;
    this.parent = parent;
    this.touchedServices = touchedServices;
  }

  /** A cluster of these objects. Of two with one key the later counts (validation refuses duplicates before). */
  static of(objects: ClusterObjects): Cluster {
    return new Cluster(
      {
        nodes: keyed(objects.nodes, (node) => node.metadata.name),
        pods: keyed(objects.pods, namespacedName),
        services: keyed(objects.services, namespacedName),
        endpointSlices: keyed(objects.endpointSlices, namespacedName),
        endpoints: keyed(objects.endpoints, namespacedName),
        workloads: keyed(objects.workloads, (workload) =>
          workloadKey(workload.kind, workload.metadata.namespace ?? 'default', workload.metadata.name),
        ),
        configMaps: keyed(objects.configMaps, namespacedName),
        resources: keyed(objects.resources ?? [], resourceKey),
      },
      {
        slicesByService: grouped(objects.endpointSlices, sliceKeys),
        podsByNode: grouped(objects.pods, podNodeKeys),
        podsByNamespace: grouped(objects.pods, podNamespaceKeys),
        podsByOwner: grouped(objects.pods, podOwnerKeys),
      },
      undefined,
      new Set(),
    );
  }

  /** This cluster with some objects replaced. Costs what the edit costs, not what the cluster costs. */
  with(edit: ClusterEdit): Cluster {
    const touched = new Set<string>(edit.services?.keys());
    for (const [key, next] of edit.endpointSlices ?? []) {
      for (const slice of [this.endpointSlices.get(key), next]) {
        const service = slice === undefined ? undefined : sliceServiceKey(slice);
        if (service !== undefined) touched.add(service);
      }
    }
    const replace = <V>(map: OverlayMap<V>, replacements: ReadonlyMap<string, V | undefined> | undefined) =>
      replacements === undefined ? map : map.with(replacements);
    return new Cluster(
      {
        nodes: replace(this.nodes, edit.nodes),
        pods: replace(this.pods, edit.pods),
        services: replace(this.services, edit.services),
        endpointSlices: replace(this.endpointSlices, edit.endpointSlices),
        endpoints: replace(this.endpoints, edit.endpoints),
        workloads: replace(this.workloads, edit.workloads),
        configMaps: replace(this.configMaps, edit.configMaps),
        resources: replace(this.resources, edit.resources),
      },
      {
        slicesByService: regroup(this.#indexes.slicesByService, this.endpointSlices, edit.endpointSlices, sliceKeys),
        podsByNode: regroup(this.#indexes.podsByNode, this.pods, edit.pods, podNodeKeys),
        podsByNamespace: regroup(this.#indexes.podsByNamespace, this.pods, edit.pods, podNamespaceKeys),
        podsByOwner: regroup(this.#indexes.podsByOwner, this.pods, edit.pods, podOwnerKeys),
      },
      this,
      touched,
    );
  }

  /** The EndpointSlices labelled with a Service (`namespace/name`), in snapshot order. */
  slicesOf(service: string): readonly EndpointSlice[] {
    return this.#indexes.slicesByService.get(service) ?? [];
  }

  podsOn(node: string): readonly Pod[] {
    return this.#indexes.podsByNode.get(node) ?? [];
  }

  podsIn(namespace: string): readonly Pod[] {
    return this.#indexes.podsByNamespace.get(namespace) ?? [];
  }

  /** The pods whose controller (or first owner) is this workload itself: a ReplicaSet's, not its Deployment's. */
  podsOwnedBy(kind: string, namespace: string, name: string): readonly Pod[] {
    return this.#indexes.podsByOwner.get(workloadKey(kind, namespace, name)) ?? [];
  }
}
