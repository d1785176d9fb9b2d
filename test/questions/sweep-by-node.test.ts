/**
 * Sweeps whose rules differ from node to node: PreferClose, PreferSameNode, topology hints, policy Local, load balancers. Every point has
 * the shares that `probability` gives after that very scale.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import type { Clients, QuestionRequest, SweepQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { runs } from '../support/runs.js';
import { zonesList } from '../support/zones.js';

const WEB = { namespace: 'default', name: 'web' };
const SCALE = { kind: 'Deployment', ...WEB } as const;
const AT = '2026-11-22T12:00:00Z';

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: { readonly podCIDR: string };
  readonly status: Record<string, unknown>;
}

/** A cluster of zones with several nodes each. */
function clusterOf(options: {
  readonly pods: readonly number[];
  readonly nodesPerZone: number;
  readonly room: number;
  readonly version: string;
  readonly spec: Record<string, unknown>;
  readonly annotations: Record<string, string>;
}): Snapshot {
  const { nodesPerZone, room, status, ...rest } = {
    ...options,
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.80' }] } },
  };
  const list = zonesList(rest);
  const items = (list.items as Item[]).flatMap((item, index): unknown[] => {
    if (item.kind === 'Service') return [{ ...item, status }];
    if (item.kind !== 'Node') return [item];
    const allocatable = { cpu: '4', memory: '16Gi', pods: String(room) };
    const first = { ...item, status: { ...item.status, allocatable } };
    const more = Array.from({ length: nodesPerZone - 1 }, (_, number) => {
      const name = `${item.metadata.name}-${number + 2}`;
      const podCIDR = `10.${190 + number}.${index}.0/24`;
      return {
        ...first,
        metadata: { ...item.metadata, name, labels: { ...item.metadata.labels, 'kubernetes.io/hostname': name } },
        spec: { podCIDR, podCIDRs: [podCIDR] },
        status: { ...first.status, addresses: [{ type: 'InternalIP', address: `10.1.${number}.${index + 1}` }] },
      };
    });
    return [first, ...more];
  });
  return readSnapshot({ inline: { kind: 'List', items } });
}

function holds(snapshot: Snapshot, sweep: SweepQuestion, rest: QuestionRequest = {}): number {
  const { points } = ask('sweep', { at: AT, ...rest, sweep: { ...sweep, detail: 'ENDPOINTS' } }, snapshot).result;
  for (const { replicas, services } of points) {
    const changes = [{ scale: { ...sweep.scale, replicas } }];
    const question = sweep.probability ?? {};
    const plain = ask('probability', { at: AT, ...rest, changes, probability: question }, snapshot).result.services;
    const exact = ({ fraction }: { readonly fraction: string }) => fraction;
    assert.deepEqual(
      services.map(({ detail, delivered, dropped, rejected, unreachable, unknown }) => [
        detail,
        [delivered, dropped, rejected, unreachable, unknown].map(exact),
      ]),
      plain.map(({ endpoints, nodes, delivered, dropped, rejected, unreachable, unknown }) => [
        { endpoints, nodes },
        [delivered, dropped, rejected, unreachable, unknown].map(exact),
      ]),
      `${replicas} replicas`,
    );
  }
  return points.length;
}

const ports = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }];
const BALANCED = { type: 'LoadBalancer', ports };

interface Kind {
  readonly spec: Record<string, unknown>;
  readonly annotations?: Record<string, string>;
  readonly via?: 'NODE_PORT';
  readonly clients?: Clients;
  readonly implementation?: string;
}

const KINDS: readonly Kind[] = [
  { spec: { trafficDistribution: 'PreferClose' } },
  { spec: { trafficDistribution: 'PreferClose' }, clients: { nodes: { from: 'HOST' } } },
  { spec: { trafficDistribution: 'PreferSameZone' } },
  { spec: { trafficDistribution: 'PreferSameNode' } },
  { spec: {}, annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } },
  { spec: { internalTrafficPolicy: 'Local' } },
  { spec: { internalTrafficPolicy: 'Local', trafficDistribution: 'PreferClose' } },
  { spec: { type: 'NodePort', externalTrafficPolicy: 'Local', ports }, via: 'NODE_PORT', clients: { external: {} } },
  {
    spec: { type: 'NodePort', externalTrafficPolicy: 'Cluster', trafficDistribution: 'PreferClose', ports },
    via: 'NODE_PORT',
    clients: { external: {} },
  },
  ...['generic', 'gke-external-passthrough', 'aws-nlb', 'azure', 'metallb-bgp', 'octavia'].flatMap(
    (implementation): Kind[] => [
      {
        spec: { ...BALANCED, externalTrafficPolicy: 'Local', healthCheckNodePort: 32000 },
        clients: { loadBalancer: {} },
        implementation,
      },
      {
        spec: { ...BALANCED, externalTrafficPolicy: 'Cluster', trafficDistribution: 'PreferClose' },
        clients: { loadBalancer: {} },
        implementation,
      },
    ],
  ),
];

const drawn = fc.record({
  pods: fc.array(fc.nat({ max: 4 }), { minLength: 2, maxLength: 3 }),
  nodesPerZone: fc.integer({ min: 1, max: 4 }),
  room: fc.constantFrom(3, 110),
  version: fc.constantFrom('1.27.1', '1.31.14', '1.33.5', '1.34.9', '1.36.2'),
  kind: fc.constantFrom(...KINDS),
  from: fc.constantFrom(0, 1, 5),
  more: fc.integer({ min: 2, max: 9 }),
  step: fc.constantFrom(1, 1, 3),
});

const asked = ({ via, clients }: Kind) => ({
  services: [{ ...WEB, ...(via === undefined ? {} : { via }) }],
  ...(clients === undefined ? {} : { clients }),
});
const settingsOf = ({ implementation }: Kind): QuestionRequest =>
  implementation === undefined ? {} : ({ settings: { loadBalancer: { implementation } } } as QuestionRequest);

t.test('each point is the plain question with that scale', async () => {
  fc.assert(
    fc.property(drawn, ({ kind, from, more, step, ...rest }) => {
      fc.pre(rest.pods.some((count) => count > 0));
      const snapshot = clusterOf({ ...rest, spec: kind.spec, annotations: kind.annotations ?? {} });
      holds(snapshot, { scale: SCALE, from, to: from + more, step, probability: asked(kind) }, settingsOf(kind));
    }),
    { numRuns: runs(60) },
  );
});

t.test('twelve nodes in three zones, each kind once', async (t) => {
  for (const kind of KINDS) {
    const options = { pods: [1, 0, 0], nodesPerZone: 4, room: 110, version: '1.34.9' };
    const snapshot = clusterOf({ ...options, spec: kind.spec, annotations: kind.annotations ?? {} });
    const replicas = [0, 1, 2, 3, 4, 11, 12, 13, 37, 100];
    const points = holds(snapshot, { scale: SCALE, replicas, probability: asked(kind) }, settingsOf(kind));
    t.equal(points, replicas.length, JSON.stringify(kind));
  }
});
