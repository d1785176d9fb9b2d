import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import type { EndpointSlice, Node, Service, SliceEndpoint } from '../../../src/cluster/objects.js';
import { pickNodes, type SubsetOptions, splitByZone, subsetOf } from '../../../src/load-balancers/gke/subset.js';
import { clusterOf } from '../../support/cluster-of.js';

const SALT = 'web/default';

function names(zone: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${zone}-${index + 1}`);
}

function node(name: string, zone: string, more: { labels?: Record<string, string>; taint?: string } = {}): Node {
  return {
    kind: 'Node',
    metadata: { name, labels: more.labels ?? {} },
    spec: {
      providerID: zone === '' ? 'gce://project//name' : `gce://project/${zone}/${name}`,
      ...(more.taint === undefined ? {} : { taints: [{ key: more.taint, effect: 'NoSchedule' }] }),
    },
  };
}

function service(policy: 'Cluster' | 'Local'): Service {
  return {
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { type: 'LoadBalancer', externalTrafficPolicy: policy, ipFamilies: ['IPv4'] },
  };
}

function slice(endpoints: readonly SliceEndpoint[]): EndpointSlice {
  return {
    kind: 'EndpointSlice',
    metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints,
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
  };
}

function endpoint(nodeName: string, more: Partial<SliceEndpoint> = {}): SliceEndpoint {
  return { addresses: ['10.0.0.1'], nodeName, targetRef: { kind: 'Pod', name: `on-${nodeName}` }, ...more };
}

t.test('zones share the limit, the smallest served first', async (t) => {
  const table: [string, Record<string, number>, number, Record<string, [quota: number, picked: number]>][] = [
    [
      'what small zones cannot fill goes to the large ones',
      { a: 1, b: 5, c: 20, d: 40 },
      24,
      { a: [6, 1], b: [7, 5], c: [9, 9], d: [9, 9] },
    ],
    ['thirty nodes of three zones', { a: 10, b: 10, c: 10 }, 24, { a: [8, 8], b: [8, 8], c: [8, 8] }],
    ['ties by name', { b: 3, a: 3 }, 5, { a: [2, 2], b: [3, 3] }],
    ['fewer nodes than places', { a: 2, b: 3 }, 24, { a: [12, 2], b: [22, 3] }],
    ['no zone', {}, 24, {}],
  ];
  for (const [title, counts, limit, wanted] of table) {
    const candidates = new Map(Object.entries(counts).map(([zone, count]) => [zone, names(zone, count)]));
    const split = splitByZone(candidates, limit, SALT);
    t.same(Object.fromEntries(split.map(({ zone, quota, nodes }) => [zone, [quota, nodes.length]])), wanted, title);
  }
});

t.test('a zone picks the lowest hashes, after those that are members already', async (t) => {
  const candidates = names('n', 6);
  const byHash = candidates
    .map((name) => [createHash('sha256').update(`${name}:web/default`).digest('hex'), name] as const)
    .sort()
    .map(([, name]) => name);
  const pick = (quota: number, previous: string[] = [], from = candidates) =>
    pickNodes(from, SALT, quota, new Set(previous));
  t.same(pick(3), byHash.slice(0, 3));
  t.same(pick(6), byHash, 'as many as there are: still by hash');
  t.same(pick(7), candidates, 'fewer than wanted: all, as they come');
  t.same(pick(0), []);
  const last = byHash[5] as string;
  t.same(pick(3, [last, 'gone']), [last, byHash[0], byHash[1]], 'a member stays, one that is gone does not');
  t.same(pick(2, ['n-3', 'n-1', 'n-2']), ['n-1', 'n-2'], 'too many members: cut by name');
  t.not(byHash.join(), pickNodes(candidates, 'api/default', 6, new Set()).join(), 'another Service, another order');
});

t.test('which nodes become members', async (t) => {
  const zone = (name: string, count: number) => names(name, count).map((each) => node(each, name));
  const table: [
    title: string,
    nodes: Node[],
    policy: 'Cluster' | 'Local',
    endpoints: SliceEndpoint[],
    options: SubsetOptions,
    wanted: { limit: number; sizes: number[]; nodes?: string[]; leftOut?: Record<string, string> },
  ][] = [
    [
      'internal, Cluster: 24 of 30, 8 in each zone',
      [...zone('a', 10), ...zone('b', 10), ...zone('c', 10)],
      'Cluster',
      [endpoint('a-1')],
      { kind: 'INTERNAL' },
      { limit: 24, sizes: [8, 8, 8] },
    ],
    [
      'internal, Cluster, five zones: 25',
      ['a', 'b', 'c', 'd', 'e'].flatMap((name) => zone(name, 6)),
      'Cluster',
      [],
      { kind: 'INTERNAL' },
      { limit: 25, sizes: [5, 5, 5, 5, 5] },
    ],
    [
      'internal, Local: the nodes that endpoints name, ready or not, not those that only terminate',
      zone('a', 5),
      'Local',
      [
        endpoint('a-4'),
        endpoint('a-2', { conditions: { ready: false } }),
        endpoint('a-3', { conditions: { terminating: true, serving: true, ready: false } }),
        endpoint('a-4'),
        { addresses: ['10.9.9.9'], nodeName: 'a-5' },
        endpoint('elsewhere'),
      ],
      { kind: 'INTERNAL' },
      { limit: 250, sizes: [2], nodes: ['a-4', 'a-2'] },
    ],
    [
      'Local without endpoints: no members',
      zone('a', 5),
      'Local',
      [],
      { kind: 'EXTERNAL' },
      { limit: 3000, sizes: [] },
    ],
    [
      'external, Cluster: at least three of each zone',
      [...zone('a', 10), ...zone('b', 10)],
      'Cluster',
      [endpoint('a-1')],
      { kind: 'EXTERNAL' },
      { limit: 6, sizes: [3, 3] },
    ],
    [
      'external, Cluster: a zone with two subnets counts twice',
      [...zone('a', 5), node('a-6', 'a', { labels: { 'cloud.google.com/gke-node-pool-subnet': 'more' } })],
      'Cluster',
      [],
      { kind: 'EXTERNAL' },
      { limit: 6, sizes: [6] },
    ],
    [
      'external, Cluster: as many as endpoints',
      [...zone('a', 10), ...zone('b', 10)],
      'Cluster',
      names('a', 9).map((name) => endpoint(name)),
      { kind: 'EXTERNAL' },
      { limit: 9, sizes: [4, 5] },
    ],
    [
      'external, Cluster: never shrinks by itself',
      zone('a', 10),
      'Cluster',
      [],
      { kind: 'EXTERNAL', previous: names('a', 7) },
      { limit: 7, sizes: [7], nodes: names('a', 7) },
    ],
    [
      'who is left out',
      [
        node('kept', 'a'),
        node('labelled', 'a', { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': 'false' } }),
        node('dying', 'a', { taint: 'ToBeDeletedByClusterAutoscaler' }),
        node('draining', 'a', { labels: { 'operation.gke.io/type': 'drain' } }),
        node('nowhere', ''),
        { ...node('down', 'a'), status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } },
      ],
      'Cluster',
      [],
      { kind: 'INTERNAL', keepDraining: true },
      {
        limit: 24,
        sizes: [2],
        nodes: ['kept', 'down'],
        leftOut: { labelled: 'EXCLUDE_LABEL', dying: 'TO_BE_DELETED', draining: 'DRAINING', nowhere: 'NO_ZONE' },
      },
    ],
    [
      'draining nodes stay for Local where the controller is configured so',
      [node('draining', 'a', { labels: { 'operation.gke.io/type': 'drain' } })],
      'Local',
      [endpoint('draining')],
      { kind: 'INTERNAL', keepDraining: true },
      { limit: 250, sizes: [1], nodes: ['draining'] },
    ],
  ];
  for (const [title, nodes, policy, endpoints, options, wanted] of table) {
    const subset = subsetOf(clusterOf([...nodes, slice(endpoints)]), service(policy), options);
    t.equal(subset.limit, wanted.limit, `${title}: limit`);
    t.same(
      subset.zones.map((zone) => zone.nodes.length),
      wanted.sizes,
      `${title}: sizes`,
    );
    if (wanted.nodes !== undefined) t.same(subset.nodes, wanted.nodes, `${title}: nodes`);
    if (wanted.leftOut !== undefined) t.same(Object.fromEntries(subset.leftOut), wanted.leftOut, `${title}: left out`);
  }
});

t.test('a subset given back as the previous one stays as it is', async () => {
  const counts = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 60 }), (zones, limit) => {
      const candidates = new Map(zones.map((count, index) => [`z${index}`, names(`z${index}`, count)]));
      const once = splitByZone(candidates, limit, SALT).flatMap(({ nodes }) => nodes);
      const again = splitByZone(candidates, limit, SALT, new Set(once)).flatMap(({ nodes }) => nodes);
      const total = zones.reduce((sum, count) => sum + count, 0);
      return once.length === Math.min(limit, total) && new Set(once).size === once.length && sameMembers(once, again);
    }),
  );
});

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join() === [...b].sort().join();
}
