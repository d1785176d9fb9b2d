import fc from 'fast-check';
import t from 'tap';
import { Cluster, type ClusterEdit, type ClusterObjects } from '../../src/cluster/cluster.js';
import { nodeOfAddress, podOfAddress } from '../../src/cluster/lookup.js';
import type { EndpointSlice, Node, Pod, Service, Workload } from '../../src/cluster/objects.js';
import { OverlayMap } from '../../src/cluster/overlay-map.js';
import { podsOfWorkload } from '../../src/cluster/workload-pods.js';
import { runs } from '../support/runs.js';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
const name = fc.constantFrom(...NAMES);
const namespace = fc.constantFrom('default', 'shop');

const node: fc.Arbitrary<Node> = fc.record({ name, address: fc.constantFrom(...ADDRESSES) }).map((made) => ({
  kind: 'Node',
  metadata: { name: made.name },
  status: { addresses: [{ type: 'InternalIP', address: made.address }] },
}));
const pod: fc.Arbitrary<Pod> = fc
  .record({
    name,
    namespace,
    node: fc.option(name),
    owner: fc.option(name),
    address: fc.constantFrom(...ADDRESSES),
    host: fc.boolean(),
  })
  .map((made) => ({
    kind: 'Pod',
    metadata: {
      name: made.name,
      namespace: made.namespace,
      ...(made.owner === null ? {} : { ownerReferences: [{ kind: 'ReplicaSet', name: made.owner, controller: true }] }),
    },
    spec: { ...(made.node === null ? {} : { nodeName: made.node }), hostNetwork: made.host },
    status: { podIP: made.address },
  }));
const service: fc.Arbitrary<Service> = fc
  .record({ name, namespace, type: fc.constantFrom('ClusterIP', 'NodePort') })
  .map(({ type, ...metadata }) => ({ kind: 'Service', metadata, spec: { type } }));
const slice: fc.Arbitrary<EndpointSlice> = fc.record({ name, namespace, service: fc.option(name) }).map((made) => ({
  kind: 'EndpointSlice',
  metadata: {
    name: made.name,
    namespace: made.namespace,
    ...(made.service === null ? {} : { labels: { 'kubernetes.io/service-name': made.service } }),
  },
  addressType: 'IPv4',
  endpoints: [],
  ports: [],
}));
const workload: fc.Arbitrary<Workload> = fc
  .record({ name, namespace, replicas: fc.nat(5) })
  .map(({ replicas, ...metadata }) => ({
    kind: 'ReplicaSet',
    metadata,
    spec: { replicas },
  }));

const keyOf = (object: { kind: string; metadata: { name: string; namespace?: string } }) =>
  object.kind === 'Node'
    ? object.metadata.name
    : object.kind === 'ReplicaSet'
      ? `ReplicaSet/${object.metadata.namespace}/${object.metadata.name}`
      : `${object.metadata.namespace}/${object.metadata.name}`;

type Keyed = Node | Pod | Service | EndpointSlice | Workload;
const distinct = <T extends Keyed>(objects: readonly T[]) => [
  ...new Map(objects.map((object) => [keyOf(object), object])).values(),
];

/** Objects of one kind and what is done to them in turn: each step puts some in or takes some away. */
function history<T extends Keyed>(objects: fc.Arbitrary<T>) {
  const step = fc.array(fc.tuple(objects, fc.boolean()), { maxLength: 4 });
  return fc.record({
    first: fc.array(objects, { maxLength: 8 }).map(distinct),
    steps: fc.array(step, { minLength: 3, maxLength: 3 }),
  });
}

function editOf<T extends Keyed>(step: readonly (readonly [T, boolean])[]): Map<string, T | undefined> {
  return new Map(step.map(([object, keep]) => [keyOf(object), keep ? object : undefined]));
}

/** The same edit done to a plain list: replacements stay in place, what is new goes to the end. */
function edited<T extends Keyed>(objects: readonly T[], edit: ReadonlyMap<string, T | undefined>): T[] {
  const known = new Set(objects.map(keyOf));
  const kept = objects.flatMap((object) => {
    const key = keyOf(object);
    const next = edit.has(key) ? edit.get(key) : object;
    return next === undefined ? [] : [next];
  });
  return [...kept, ...[...edit].flatMap(([key, next]) => (next === undefined || known.has(key) ? [] : [next]))];
}

/**
 * Everything a cluster tells. Groups as sets: an edit may bring an object into a group at another place in its order.
 */
function shown(cluster: Cluster) {
  const sorted = (objects: readonly Keyed[]) => objects.map((object) => JSON.stringify(object)).sort();
  const services = NAMES.flatMap((one) => [`default/${one}`, `shop/${one}`]);
  const maps = [cluster.nodes, cluster.pods, cluster.services, cluster.endpointSlices, cluster.workloads];
  return {
    maps: maps.map((map) => [map.size, sorted([...map.values()])]),
    slices: services.map((one) => sorted(cluster.slicesOf(one))),
    byNode: NAMES.map((one) => sorted(cluster.podsOn(one))),
    byNamespace: ['default', 'shop'].map((one) => sorted(cluster.podsIn(one))),
    byOwner: NAMES.flatMap((one) =>
      ['default', 'shop'].map((ns) => sorted(cluster.podsOwnedBy('ReplicaSet', ns, one))),
    ),
    workloads: NAMES.map((one) => sorted(podsOfWorkload(cluster, 'ReplicaSet', 'shop', one))),
  };
}

const histories = fc.record({
  nodes: history(node),
  pods: history(pod),
  services: history(service),
  endpointSlices: history(slice),
  workloads: history(workload),
});

t.test('an edited cluster tells what one built from the edited objects tells', async (t) => {
  fc.assert(
    fc.property(histories, (all) => {
      let objects: ClusterObjects = {
        nodes: all.nodes.first,
        pods: all.pods.first,
        services: all.services.first,
        endpointSlices: all.endpointSlices.first,
        workloads: all.workloads.first,
        endpoints: [],
        configMaps: [],
      };
      const base = Cluster.of(objects);
      const before = JSON.stringify(shown(base));
      let cluster = base;
      for (let i = 0; i < 3; i++) {
        const edit = {
          nodes: editOf(all.nodes.steps[i] ?? []),
          pods: editOf(all.pods.steps[i] ?? []),
          services: editOf(all.services.steps[i] ?? []),
          endpointSlices: editOf(all.endpointSlices.steps[i] ?? []),
          workloads: editOf(all.workloads.steps[i] ?? []),
        } satisfies ClusterEdit;
        const parent = cluster;
        cluster = cluster.with(edit);
        objects = {
          ...objects,
          nodes: edited(objects.nodes, edit.nodes),
          pods: edited(objects.pods, edit.pods),
          services: edited(objects.services, edit.services),
          endpointSlices: edited(objects.endpointSlices, edit.endpointSlices),
          workloads: edited(objects.workloads, edit.workloads),
        };
        const rebuilt = Cluster.of(objects);
        t.equal(cluster.parent, parent);
        if (JSON.stringify(shown(cluster)) !== JSON.stringify(shown(rebuilt))) return false;
        for (const address of ADDRESSES) {
          // Where several hold one address the order decides, and an object that came back is elsewhere in it.
          const holders = objects.pods.filter((one) => one.status?.podIP === address && !one.spec?.hostNetwork);
          const found = podOfAddress(cluster, address);
          if (found === undefined ? holders.length > 0 : !holders.includes(found)) return false;
          const hosts = objects.nodes.filter((one) => one.status?.addresses?.[0]?.address === address);
          const host = nodeOfAddress(cluster, address);
          if (host === undefined ? hosts.length > 0 : !hosts.includes(host)) return false;
        }
        // Every Service whose own object or slices differ is reported as touched.
        for (const key of NAMES.flatMap((one) => [`default/${one}`, `shop/${one}`])) {
          const differs =
            cluster.services.get(key) !== parent.services.get(key) ||
            cluster.slicesOf(key).length !== parent.slicesOf(key).length ||
            cluster.slicesOf(key).some((one, at) => one !== parent.slicesOf(key)[at]);
          if (differs && !cluster.touchedServices.has(key)) return false;
        }
      }
      return JSON.stringify(shown(base)) === before;
    }),
    { numRuns: runs(300) },
  );
  t.pass('no counterexample');
});

t.test('an overlay map is the map with the replacements made', async (t) => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const edits = fc.array(fc.array(fc.tuple(key, fc.option(fc.integer(), { nil: undefined })), { maxLength: 4 }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.integer())), edits, (base, steps) => {
      const model = new Map<string, number>(base);
      let map = new OverlayMap<number>(new Map(base));
      for (const step of steps) {
        map = map.with(new Map(step));
        for (const [name, value] of new Map(step)) {
          if (value === undefined) model.delete(name);
          else model.set(name, value);
        }
      }
      const sorted = (entries: Iterable<[string, number]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
      return (
        map.size === model.size &&
        JSON.stringify(sorted(map.entries())) === JSON.stringify(sorted(model)) &&
        [...map.keys()].length === map.size &&
        [...map.values()].length === map.size &&
        ['a', 'b', 'c', 'd', 'e', 'f'].every(
          (name) => map.get(name) === model.get(name) && map.has(name) === model.has(name),
        )
      );
    }),
    { numRuns: runs(1000) },
  );
  const map = new OverlayMap(
    new Map([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]),
  );
  const changed = map.with(
    new Map<string, number | undefined>([
      ['d', 4],
      ['b', 20],
      ['a', undefined],
    ]),
  );
  t.same(
    [...changed.entries()],
    [
      ['b', 20],
      ['c', 3],
      ['d', 4],
    ],
    'replacements keep their place',
  );
  t.same([...map.keys()], ['a', 'b', 'c'], 'the map before is as it was');
  t.equal(map.with(new Map()), map, 'nothing to replace: nothing new');
});
