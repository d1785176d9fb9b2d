import fc from 'fast-check';
import t from 'tap';
import { generateSnapshot } from '../../bench/generate.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { EndpointSlice, KubernetesObject, Node, Service } from '../../src/cluster/objects.js';
import { namespacedName } from '../../src/cluster/objects.js';
import { iptablesProgram } from '../../src/proxy/iptables/program.js';
import { programNode } from '../../src/proxy/program.js';
import { serviceMap } from '../../src/proxy/service-map.js';
import { clusterOf } from '../support/cluster-of.js';
import { proxySettings } from '../support/proxy-settings.js';
import { runs } from '../support/runs.js';

const SIZE = { services: 12, endpointsPerService: 3, nodes: 4 };

/** The same objects, read anew. */
function reread(cluster: Cluster): Cluster {
  const items: KubernetesObject[] = [...cluster.nodes.values(), ...cluster.services.values()];
  return clusterOf([...items, ...cluster.endpointSlices.values()]);
}

type Edit = { readonly at: number; readonly kind: string; readonly number: number };

function apply(cluster: Cluster, { at, kind, number }: Edit): Cluster {
  const service = [...cluster.services.values()][at % Math.max(1, cluster.services.size)] as Service;
  const key = namespacedName(service);
  const slice = cluster.slicesOf(key)[0] as EndpointSlice | undefined;
  const services = (spec: Partial<NonNullable<Service['spec']>>) =>
    cluster.with({ services: new Map([[key, { ...service, spec: { ...service.spec, ...spec } }]]) });
  switch (kind) {
    case 'remove':
      return cluster.services.size < 2 ? cluster : cluster.with({ services: new Map([[key, undefined]]) });
    case 'node port':
      return services({
        type: 'NodePort',
        ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30_000 + (number % 8) }],
      });
    case 'cluster IP':
      return services({ clusterIP: `10.200.0.${number % 12}`, clusterIPs: [`10.200.0.${number % 12}`] });
    case 'external IP':
      return services({ externalIPs: [`198.51.100.${number % 4}`] });
    case 'no slice':
      return slice === undefined
        ? cluster
        : cluster.with({ endpointSlices: new Map([[namespacedName(slice), undefined]]) });
    case 'ports':
      return services({
        ports: [80, 81].map((port) => ({ name: port === 80 ? 'http' : 'more', port, protocol: 'TCP' })),
      });
    default: {
      const name = `svc-${at % SIZE.services}-extra`;
      const namespace = service.metadata.namespace ?? 'default';
      const endpoints = Array.from({ length: number % 5 }, (_, i) => ({ addresses: [`10.0.0.${2 + i}`] }));
      const extra: EndpointSlice = {
        kind: 'EndpointSlice',
        metadata: { name, namespace, labels: { 'kubernetes.io/service-name': service.metadata.name } },
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints,
      };
      return cluster.with({ endpointSlices: new Map([[namespacedName(extra), extra]]) });
    }
  }
}

const edits = fc.array(
  fc.record({
    at: fc.nat(30),
    kind: fc.constantFrom('remove', 'node port', 'cluster IP', 'external IP', 'no slice', 'ports', 'slice'),
    number: fc.nat(40),
  }),
  { maxLength: 8 },
);

t.test('a map carried over edits is the map of the edited cluster', async (t) => {
  const base = clusterOf(generateSnapshot(SIZE).items);
  fc.assert(
    fc.property(edits, fc.constantFrom(20, 22, 30, 36), (list, minor) => {
      const settings = proxySettings(minor);
      serviceMap(base, 'IPv4', settings);
      const edited = list.reduce(apply, base);
      const fresh = reread(edited);
      const [carried, anew] = [edited, fresh].map((cluster) => serviceMap(cluster, 'IPv4', settings));
      const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
      const text = (cluster: Cluster) => {
        const node = cluster.nodes.get('node-1') as Node;
        return iptablesProgram({ cluster, node, family: 'IPv4', settings }).restore();
      };
      const claimed = Array.from({ length: 16 }, (_, i) => i).every(
        (i) =>
          same(carried?.claims('TCP', `10.200.0.${i}`, 80), anew?.claims('TCP', `10.200.0.${i}`, 80)) &&
          same(carried?.claims('TCP', `198.51.100.${i}`, 80), anew?.claims('TCP', `198.51.100.${i}`, 80)) &&
          same(carried?.nodePortClaims('TCP', 30_000 + i), anew?.nodePortClaims('TCP', 30_000 + i)),
      );
      return carried?.endpointTotal === anew?.endpointTotal && claimed && text(edited) === text(fresh);
    }),
    { numRuns: runs(150) },
  );
  t.pass();
});

t.test('counting endpoints agrees with listing them', async (t) => {
  const base = clusterOf(generateSnapshot(SIZE).items);
  fc.assert(
    fc.property(edits, fc.constantFrom(20, 22, 30), (list, minor) => {
      const map = serviceMap(list.reduce(apply, base), 'IPv4', proxySettings(minor));
      return map.endpointTotal === map.ports().reduce((sum, port) => sum + map.endpointsOf(port).length, 0);
    }),
    { numRuns: runs(100) },
  );
  t.pass();
});

t.test('an edit reads again only what it touches', async (t) => {
  const base = clusterOf(generateSnapshot(SIZE).items);
  const settings = proxySettings(30);
  const before = serviceMap(base, 'IPv4', settings);
  const edited = apply(base, { at: 3, kind: 'external IP', number: 1 });
  const after = serviceMap(edited, 'IPv4', settings);
  const changed = after.ports().filter((port, i) => port !== before.ports()[i]);
  t.same(
    changed.map((port) => port.id),
    ['team-3/svc-3:http'],
  );
  t.equal(serviceMap(edited, 'IPv4', proxySettings(30)), after, 'remembered for equal settings');
  t.equal(serviceMap(base.with({}), 'IPv4', settings).ports(), before.ports(), 'nothing touched, nothing read');
});

t.test('Endpoints stand in where a Service has no slices', async (t) => {
  const { items } = generateSnapshot({ services: 1, endpointsPerService: 2, nodes: 2 });
  const without = items.filter((item) => item.kind !== 'EndpointSlice');
  const endpoints: KubernetesObject = {
    kind: 'Endpoints',
    metadata: { name: 'svc-0', namespace: 'team-0' },
    subsets: [
      {
        addresses: [{ ip: '10.0.0.2', nodeName: 'node-1' }],
        notReadyAddresses: [{ ip: '10.0.1.2', nodeName: 'node-2' }],
        ports: [{ name: 'http', port: 8080 }],
      },
    ],
  };
  const map = serviceMap(clusterOf([...without, endpoints]), 'IPv4', proxySettings(30));
  const [port] = map.portsOf('team-0/svc-0');
  t.same(
    map.endpointsOf(port as NonNullable<typeof port>).map(({ id, ready, node }) => [id, ready, node]),
    [
      ['10.0.0.2:8080', true, 'node-1'],
      ['10.0.1.2:8080', false, 'node-2'],
    ],
  );
});

t.test('programs are remembered, unknown nodes and modes that are not built refused', async (t) => {
  const cluster = clusterOf(generateSnapshot(SIZE).items);
  const program = programNode(cluster, 'node-1', 'IPv4', proxySettings(30));
  t.equal(programNode(cluster, 'node-1', 'IPv4', proxySettings(30)), program);
  t.not(programNode(cluster, 'node-1', 'IPv4', proxySettings(31)), program);
  t.throws(() => programNode(cluster, 'node-9', 'IPv4', proxySettings(30)), { code: 'NOT_FOUND' });
  t.throws(() => programNode(cluster, 'node-1', 'IPv4', proxySettings(30, { mode: 'userspace' as never })), {
    code: 'UNSUPPORTED',
  });
});
