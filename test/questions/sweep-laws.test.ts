/**
 * The laws of sweeps, with the walk as their oracle: points that laws say are those that are worked out one by one, for
 * clients and load balancers whose nodes choose among different endpoints, with and without traffic.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Snapshot } from '../../src/cluster/read-snapshot.js';
import type { SweepPoint } from '../../src/contract/answers.js';
import type { QuestionRequest, SweepQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { PairLaw } from '../../src/questions/sweep/pair-law/pair-law.js';
import { runs } from '../support/runs.js';
import { AT, asked, clusterOf, KINDS, type Kind, SCALE, settingsOf } from '../support/zone-nodes.js';

/** How many points the law of pairs has said. */
let said = 0;
const plain = PairLaw.prototype.sharesOf;
PairLaw.prototype.sharesOf = function (...given) {
  const shares = plain.apply(this, given);
  if (shares !== undefined) said++;
  return shares;
};

/** Loads are doubles, which are summed in another order. */
const comparable = (point: SweepPoint | undefined) =>
  JSON.parse(
    JSON.stringify(point, (key, value) =>
      typeof value === 'number' && key !== 'value' ? Number(value.toPrecision(9)) : value,
    ),
  );

/** Compares a sweep with its points asked one at a time, which are walked. */
function compare(snapshot: Snapshot, sweep: SweepQuestion, rest: QuestionRequest): void {
  const { points } = ask('sweep', { at: AT, ...rest, sweep }, snapshot).result;
  for (const point of points) {
    const { from: _, to: __, step: ___, replicas: ____, ...question } = sweep;
    const alone = ask('sweep', { at: AT, ...rest, sweep: { ...question, replicas: [point.replicas] } }, snapshot);
    assert.deepEqual(comparable(point), comparable(alone.result.points[0]), `${point.replicas} replicas`);
  }
}

const MORE: readonly Kind[] = [
  {
    spec: { type: 'NodePort', ports: [{ name: 'http', port: 80, targetPort: 8080, nodePort: 30080 }] },
    via: 'NODE_PORT',
    clients: { external: {} },
  },
  { spec: { internalTrafficPolicy: 'Local' }, clients: { nodes: { from: 'HOST' } } },
  { spec: { trafficDistribution: 'PreferSameNode' }, clients: { nodes: { from: 'HOST' } } },
  { spec: {}, clients: { nodes: { from: 'HOST' } } },
  {
    spec: {
      externalIPs: ['198.51.100.77'],
      externalTrafficPolicy: 'Local',
      type: 'NodePort',
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    },
    via: 'EXTERNAL_IP' as never,
    clients: { external: {} },
  },
  ...['generic', 'gke-external-passthrough', 'gke-internal-passthrough', 'aws-nlb', 'azure', 'metallb-bgp'].map(
    (implementation): Kind => ({
      spec: { type: 'LoadBalancer', ports: [{ name: 'http', port: 80, targetPort: 8080, nodePort: 30080 }] },
      clients: { loadBalancer: {} },
      implementation,
    }),
  ),
];

const RATE = { requestsPerSecond: 900, maxRequestsPerSecond: 100 };

/** Loads of rates alone, and of connections. */
const TRAFFICS = [undefined, RATE, { ...RATE, connections: 30 }] as const;

const drawn = fc.record({
  pods: fc.array(fc.nat({ max: 3 }), { minLength: 2, maxLength: 3 }),
  nodesPerZone: fc.integer({ min: 1, max: 5 }),
  room: fc.constantFrom(3, 110),
  version: fc.constantFrom('1.23.17', '1.27.1', '1.31.14', '1.33.5', '1.34.9', '1.36.2'),
  kind: fc.constantFrom(...KINDS, ...MORE),
  from: fc.constantFrom(0, 1, 2, 5),
  more: fc.integer({ min: 4, max: 16 }),
  mode: fc.constantFrom('iptables', 'iptables', 'nftables'),
  traffic: fc.constantFrom(...TRAFFICS),
});

t.test('points that a law says are those that are walked', async (t) => {
  fc.assert(
    fc.property(drawn, ({ kind, from, more, mode, traffic: load, ...rest }) => {
      fc.pre(rest.pods.some((count) => count > 0));
      fc.pre(mode !== 'nftables' || Number(rest.version.split('.')[1]) >= 31);
      const snapshot = clusterOf({ ...rest, spec: kind.spec, annotations: kind.annotations ?? {} });
      const { settings, ...others } = settingsOf(kind);
      const traffic = load === undefined ? {} : { traffic: load };
      compare(
        snapshot,
        { scale: SCALE, from, to: from + more, probability: { ...asked(kind), ...traffic } } as SweepQuestion,
        { ...others, settings: { ...settings, kubeProxy: { mode } } } as QuestionRequest,
      );
    }),
    { numRuns: runs(40) },
  );
  t.ok(said > 50, `the law of pairs said ${said} points`);
});

t.test('every kind once, on twelve nodes', async (t) => {
  for (const kind of [...KINDS, ...MORE]) {
    said = 0;
    const options = { pods: [1, 0, 0], nodesPerZone: 4, room: 110, version: '1.36.2' };
    const snapshot = clusterOf({ ...options, spec: kind.spec, annotations: kind.annotations ?? {} });
    const replicas = [0, 1, 2, 3, 11, 12, 13, 37];
    compare(snapshot, { scale: SCALE, replicas, probability: asked(kind) } as SweepQuestion, settingsOf(kind));
    t.ok(true, `${JSON.stringify(kind)}: ${said} points by the law of pairs`);
  }
});

t.test('loads of two choices: counters of nodes, and clients that a load balancer keeps', async (t) => {
  const balancer = MORE.find(({ implementation }) => implementation === 'aws-nlb') as Kind;
  const local = { spec: { internalTrafficPolicy: 'Local' } } as Kind;
  const sticky = {
    ...balancer,
    spec: { ...balancer.spec, externalTrafficPolicy: 'Local', healthCheckNodePort: 30099 },
  };
  const rr = { mode: 'ipvs', ipvs: { scheduler: 'rr' } };
  const cases: readonly (readonly [string, Kind, object, object, boolean])[] = [
    ['in turn, Local', local, rr, { connections: 12 }, true],
    ['in turn, all nodes over all pods', { spec: {} } as Kind, rr, { connections: 12 }, false],
    ['rates alone, in turn', local, rr, RATE, true],
    ['clients that stay on a node, Local', sticky, { mode: 'iptables' }, { connections: 12, clients: 6 }, true],
    [
      'affinity',
      { spec: { sessionAffinity: 'ClientIP' } } as Kind,
      { mode: 'iptables' },
      { connections: 12, clients: 4 },
      false,
    ],
  ];
  for (const [what, kind, kubeProxy, traffic, byPairs] of cases) {
    said = 0;
    const options = { pods: [1, 1, 0], nodesPerZone: 1, room: 110, version: '1.33.5' };
    const snapshot = clusterOf({ ...options, spec: kind.spec, annotations: kind.annotations ?? {} });
    const { settings, ...others } = settingsOf(kind);
    const sweep = {
      scale: SCALE,
      replicas: [1, 2, 3, 4, 6, 7],
      probability: { ...asked(kind), traffic },
    } as SweepQuestion;
    compare(snapshot, sweep, { ...others, settings: { ...settings, kubeProxy } } as QuestionRequest);
    t.equal(said > 0, byPairs, `${what}: ${said} points by the law of pairs`);
  }
});
