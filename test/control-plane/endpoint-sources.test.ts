import t from 'tap';
import { Cluster, type ClusterObjects } from '../../src/cluster/cluster.js';
import type { EndpointSlice, Endpoints, Service } from '../../src/cluster/objects.js';
import { endpointsAreUnknown, withEndpointSources } from '../../src/control-plane/endpoint-sources.js';
import { syncEndpointSlices } from '../../src/control-plane/endpointslices.js';
import { article, node, pod, service } from '../changes/fixture.js';

const EMPTY: ClusterObjects = {
  nodes: [],
  pods: [],
  services: [],
  endpointSlices: [],
  endpoints: [],
  workloads: [],
  configMaps: [],
};

function bare(name: string): Service {
  const { selector: _selector, ...spec } = service(name, {}).spec as NonNullable<Service['spec']>;
  return { ...service(name, {}), spec };
}

const plain = (made: Cluster, key: string) =>
  made.slicesOf(key).map(({ addressType, ports, endpoints }) => ({ addressType, ports, endpoints }));

t.test('a snapshot with slices is left as it is', async (t) => {
  const before = article();
  const { cluster, assumptions } = withEndpointSources(before);
  t.equal(cluster, before);
  t.same(assumptions, []);
  // The controller keeps a slice for every Service with a selector: one without is a gap of the snapshot.
  const gap = before.with({ services: new Map([['default/late', service('late', { app: 'nginx' })]]) });
  t.same(
    withEndpointSources(gap).assumptions.map(({ field, value }) => [field, value]),
    [['snapshot.servicesWithoutEndpoints', ['default/late']]],
  );
});

t.test('without slices and Endpoints they are derived from pods, as the controller would', async (t) => {
  const full = article();
  const objects = { ...EMPTY, nodes: [...full.nodes.values()], pods: [...full.pods.values()] };
  const services = [...full.services.values(), bare('by-hand'), bare('kubernetes')];
  const { cluster, assumptions } = withEndpointSources(Cluster.of({ ...objects, services }));
  t.same(plain(cluster, 'default/nginx-svc'), plain(full, 'default/nginx-svc'));
  t.equal(cluster.slicesOf('default/other').length, 1, 'a Service without pods gets its empty slice');
  t.same(cluster.slicesOf('default/by-hand'), []);
  t.same(
    assumptions.map(({ field, value }) => [field, value]),
    [
      ['snapshot.endpointSlices', 'derived from pods'],
      ['snapshot.servicesWithoutEndpoints', ['default/by-hand', 'default/kubernetes']],
    ],
  );
  t.same(
    withEndpointSources(Cluster.of({ ...objects, pods: [], services })).assumptions.map(({ field, value }) => [
      field,
      value,
    ]),
    [['snapshot.endpointSlices', 'none']],
    'no pods: nothing to derive from, and the answer says so',
  );
  const nodeless = withEndpointSources(
    Cluster.of({ ...objects, nodes: [node(0)], services: [...full.services.values()] }),
  );
  t.equal(nodeless.cluster.slicesOf('default/nginx-svc')[0]?.endpoints.length, 1);
  t.same(nodeless.assumptions.find(({ field }) => field === 'snapshot.podsWithoutNode')?.value, [
    'default/nginx-deployment-6gsvrqfl8-dtm6m',
    'default/nginx-deployment-6gsvrqfl8-px5d8',
  ]);
});

t.test('Endpoints stand in for missing slices', async (t) => {
  const endpoints = (name: string): Endpoints => ({
    kind: 'Endpoints',
    metadata: { name, namespace: 'default' },
    subsets: [
      {
        addresses: [
          { ip: '192.168.0.6', nodeName: 'node-1', targetRef: { kind: 'Pod', namespace: 'default', name: 'web-1' } },
          { ip: 'FD00:0::1' },
        ],
        notReadyAddresses: [{ ip: '192.168.1.6', nodeName: 'node-2' }],
        ports: [{ port: 8080 }, { name: 'metrics', port: 9090, protocol: 'UDP' }],
      },
      { addresses: [{ ip: '192.168.2.5' }], ports: [{ port: 8081 }] },
      { addresses: null, notReadyAddresses: null, ports: null },
    ],
  });
  const slice: EndpointSlice = {
    kind: 'EndpointSlice',
    metadata: { name: 'c-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'c' } },
    addressType: 'IPv4',
    endpoints: [],
    ports: [],
  };
  const { cluster, assumptions } = withEndpointSources(
    Cluster.of({
      ...EMPTY,
      nodes: [node(0, { zone: 'a' })],
      services: [bare('a'), service('b', { app: 'b' }), bare('c'), bare('d')],
      endpoints: [endpoints('a'), endpoints('b'), endpoints('c'), endpoints('gone')],
      endpointSlices: [slice],
    }),
  );
  const mirrored = plain(cluster, 'default/a');
  t.same(
    mirrored.map(({ addressType, ports }) => [addressType, ports.map(({ port }) => port).sort()]),
    [
      ['IPv4', [8080, 9090]],
      ['IPv4', [8081]],
      ['IPv6', [8080, 9090]],
    ],
  );
  t.same(mirrored[0]?.endpoints, [
    {
      addresses: ['192.168.0.6'],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'node-1',
      targetRef: { kind: 'Pod', namespace: 'default', name: 'web-1' },
    },
    {
      addresses: ['192.168.1.6'],
      conditions: { ready: false, serving: false, terminating: false },
      nodeName: 'node-2',
    },
  ]);
  t.same(mirrored[2]?.endpoints[0]?.addresses, ['fd00::1']);
  t.equal(plain(cluster, 'default/b')[0]?.endpoints[0]?.zone, 'a', 'the slices of a Service with selector know zones');
  t.same(cluster.slicesOf('default/c'), [slice], 'existing slices win');
  t.same(cluster.slicesOf('default/d'), []);
  t.same(
    assumptions.map(({ value }) => value),
    [['default/a', 'default/b']],
  );
});

t.test('hints come with the version that knows them', async (t) => {
  const zones = [node(0, { zone: 'a' }), node(1, { zone: 'b' })];
  const pods = [pod('p-1', 'node-1', '192.168.0.2'), pod('p-2', 'node-2', '192.168.1.2')];
  const hintsWith = (
    change: NonNullable<Service['spec']> | { readonly annotation: [string, string] },
    minor: number,
    gates = {},
  ) => {
    const base = service('web', { app: 'nginx' });
    const made: Service =
      'annotation' in change
        ? { ...base, metadata: { ...base.metadata, annotations: Object.fromEntries([change.annotation]) } }
        : { ...base, spec: { ...base.spec, ...change } };
    const before = Cluster.of({ ...EMPTY, nodes: zones, pods, services: [made] });
    const { edit } = syncEndpointSlices(before, made, { version: { major: 1, minor, patch: 0 }, featureGates: gates });
    const hints = [...edit.values()][0]?.endpoints[0]?.hints;
    return [hints?.forZones?.[0]?.name, hints?.forNodes?.[0]?.name].filter((one) => one !== undefined).join();
  };
  const oldKey: [string, string] = ['service.kubernetes.io/topology-aware-hints', 'auto'];
  const newKey: [string, string] = ['service.kubernetes.io/topology-mode', 'Auto'];
  const gate = { ServiceTrafficDistribution: true };
  const cases: [string, string, string][] = [
    ['PreferClose 1.23', hintsWith({ trafficDistribution: 'PreferClose' }, 23), ''],
    ['PreferClose 1.30', hintsWith({ trafficDistribution: 'PreferClose' }, 30), ''],
    ['PreferClose 1.30 gated', hintsWith({ trafficDistribution: 'PreferClose' }, 30, gate), 'a'],
    ['PreferClose 1.31', hintsWith({ trafficDistribution: 'PreferClose' }, 31), 'a'],
    ['PreferSameZone 1.33', hintsWith({ trafficDistribution: 'PreferSameZone' }, 33), ''],
    ['PreferSameZone 1.34', hintsWith({ trafficDistribution: 'PreferSameZone' }, 34), 'a'],
    ['PreferSameNode 1.34', hintsWith({ trafficDistribution: 'PreferSameNode' }, 34), 'a,node-1'],
    ['annotation 1.23', hintsWith({ annotation: oldKey }, 23), ''],
    ['annotation 1.24', hintsWith({ annotation: oldKey }, 24), 'a'],
    ['newer annotation 1.26', hintsWith({ annotation: newKey }, 26), ''],
    ['newer annotation 1.27', hintsWith({ annotation: newKey }, 27), 'a'],
  ];
  for (const [what, got, wanted] of cases) t.equal(got, wanted, what);
});

t.test('an Endpoints object carries one family', async (t) => {
  const meta = { name: 'web', namespace: 'default' };
  const service = {
    kind: 'Service',
    metadata: meta,
    spec: {
      selector: { app: 'web' },
      clusterIP: '10.96.0.1',
      clusterIPs: ['10.96.0.1', 'fd00::1'],
      ipFamilies: ['IPv4', 'IPv6'],
      ports: [{ port: 80, targetPort: 8080 }],
    },
  } as const;
  const endpoints = {
    kind: 'Endpoints',
    metadata: meta,
    subsets: [{ addresses: [{ ip: '10.0.0.5', nodeName: 'n' }], ports: [{ port: 8080 }] }],
  } as const;
  const pod = {
    kind: 'Pod',
    metadata: { name: 'web-1', namespace: 'default', labels: { app: 'web' } },
    spec: { nodeName: 'n' },
    status: {
      phase: 'Running',
      podIP: '10.0.0.5',
      podIPs: [{ ip: '10.0.0.5' }, { ip: 'fd00:1::5' }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  } as const;
  const node = { kind: 'Node', metadata: { name: 'n' } } as const;
  const none = { pods: [], services: [], endpointSlices: [], endpoints: [], workloads: [], configMaps: [] };
  const all = { ...none, nodes: [node], services: [service], endpoints: [endpoints] };
  const known = withEndpointSources(Cluster.of({ ...all, pods: [pod] } as never));
  const addresses = known.cluster
    .slicesOf('default/web')
    .flatMap((slice) => slice.endpoints.flatMap((one) => one.addresses));
  t.same(addresses.sort(), ['10.0.0.5', 'fd00:1::5'], 'the other one is derived from pods');
  t.ok(known.assumptions.some(({ field }) => field === 'snapshot.endpoints.otherFamily'));
  t.notOk(endpointsAreUnknown(known.cluster, 'default/web', 'IPv6'));
  const unknown = withEndpointSources(Cluster.of(all as never));
  t.ok(endpointsAreUnknown(unknown.cluster, 'default/web', 'IPv6'), 'without pods it is not known');
  t.notOk(endpointsAreUnknown(unknown.cluster, 'default/web', 'IPv4'));
  t.ok(unknown.assumptions.some(({ field }) => field === 'snapshot.endpoints.unknownFamily'));
});
