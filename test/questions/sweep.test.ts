/** sweep: every point is what `probability` says after `scale`, however it was worked out. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import {
  compare,
  divide,
  type Fraction,
  formatFraction,
  fraction,
  parseFraction,
  toNumber,
} from '../../src/base/fraction.js';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import type {
  Answer,
  ProbabilityResult,
  ServiceProbability,
  SweepResult,
  SweptShares,
} from '../../src/contract/answers.js';
import type { Change, Clients, QuestionRequest, SweepQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { validateRequest } from '../../src/questions/validate-request.js';
import { runs } from '../support/runs.js';
import { zonesList } from '../support/zones.js';

const WEB = { namespace: 'default', name: 'web' };
const DEPLOYMENT = { kind: 'Deployment', ...WEB } as const;
const AT = '2026-11-22T12:00:00Z';

const exact = (text: string): Fraction => parseFraction(text) as Fraction;
const share = (value: Fraction) => ({ fraction: formatFraction(value), value: toNumber(value) });

/** The summary of a plain answer, worked out from its endpoints one by one. */
function summaryOf(service: ServiceProbability): SweptShares {
  const { endpoints, nodes, zones, delivered, dropped, rejected, unreachable, unknown, imbalance } = service;
  const by = (sign: number) => {
    const sorted = [...endpoints].sort((a, b) => sign * compare(exact(b.share.fraction), exact(a.share.fraction)));
    const [first] = sorted;
    if (first === undefined) return undefined;
    const alike = endpoints.filter((one) => one.share.fraction === first.share.fraction);
    const named = alike[0] as (typeof endpoints)[number];
    const id = named.address.includes(':') ? `[${named.address}]:${named.port}` : `${named.address}:${named.port}`;
    return { ...share(exact(first.share.fraction)), endpoints: alike.length, endpoint: id };
  };
  const [largest, smallest] = [by(1), by(-1)];
  const named = nodes.filter(({ node }) => node !== '');
  const busiest = named.reduce<(typeof named)[number] | undefined>(
    (most, one) =>
      most === undefined || compare(exact(one.share.fraction), exact(most.share.fraction)) > 0 ? one : most,
    undefined,
  );
  const plain = ({ fraction: text, value }: { readonly fraction: string; readonly value: number }) => ({
    fraction: text,
    value,
  });
  return {
    endpoints: endpoints.length,
    ...(largest === undefined || smallest === undefined || imbalance === undefined
      ? {}
      : {
          largest,
          smallest,
          even: share(divide(exact(delivered.fraction), fraction(endpoints.length))),
          imbalance,
        }),
    nodes: {
      count: named.length,
      ...(busiest === undefined ? {} : { largest: { node: busiest.node, ...plain(busiest.share) } }),
    },
    zones: zones.map(({ zone, share: one }) => ({ zone, share: plain(one) })),
    delivered: plain(delivered),
    dropped: plain(dropped),
    rejected: plain(rejected),
    unreachable: plain(unreachable),
    unknown: plain(unknown),
  };
}

/** Pods that do not run after a scale, counted from what it tells. */
function unplacedOf({ changes }: Answer<ProbabilityResult>): number {
  let pods = 0;
  const scaled = changes.findLast(({ change }) => Object.hasOwn(change as object, 'scale'));
  for (const { kind, detail } of scaled?.consequences ?? []) {
    if (kind === 'POD_ADDED' && detail.endsWith('it does not start')) pods++;
    if (kind === 'POD_NOT_PLACED') pods += Number(/^(\d+) further pods are not created/.exec(detail)?.[1] ?? 1);
  }
  return pods;
}

const sweepOf = (snapshot: Snapshot, sweep: SweepQuestion, rest: QuestionRequest = {}): SweepResult =>
  ask('sweep', validateRequest('sweep', { at: AT, ...rest, sweep }, 'apart'), snapshot).result;

function holdsPointByPoint(snapshot: Snapshot, sweep: SweepQuestion, rest: QuestionRequest = {}): void {
  const result = sweepOf(snapshot, sweep, rest);
  for (const point of result.points) {
    const change = { scale: { ...sweep.scale, replicas: point.replicas } };
    const changes = [...(rest.changes ?? []), change, ...(sweep.changesAfter ?? [])];
    const question = { services: [WEB], ...sweep.probability };
    const plain = ask('probability', { at: AT, ...rest, changes, probability: question }, snapshot);
    assert.deepEqual(
      point.services.map(({ detail: _, ...summary }) => summary),
      plain.result.services.map(summaryOf),
      `${point.replicas}`,
    );
    assert.equal(point.unplaced?.pods ?? 0, unplacedOf(plain), `${point.replicas} replicas: pods that do not run`);
    if (sweep.detail === 'ENDPOINTS') {
      assert.deepEqual(
        point.services.map(({ detail }) => detail),
        plain.result.services.map(({ endpoints, nodes }) => ({ endpoints, nodes })),
      );
    }
  }
}

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
}

/** A cluster of three zones whose nodes take so many pods; as a StatefulSet where asked. */
function clusterOf(options: {
  readonly pods: readonly number[];
  readonly room: number;
  readonly spec: Record<string, unknown>;
  readonly annotated: boolean;
  readonly stateful: boolean;
  readonly unready: number;
}): Snapshot {
  const annotations = options.annotated ? { 'service.kubernetes.io/topology-mode': 'Auto' } : {};
  const list = zonesList({ pods: options.pods, spec: options.spec, annotations });
  let seen = 0;
  let ordinal = 0;
  const items = (list.items as Item[]).flatMap((item): unknown[] => {
    if (item.kind === 'Node') {
      return [
        { ...item, status: { ...item.status, allocatable: { cpu: '4', memory: '16Gi', pods: String(options.room) } } },
      ];
    }
    if (item.kind === 'Pod') {
      const conditions = [{ type: 'Ready', status: seen++ < options.unready ? 'False' : 'True' }];
      const status = { ...item.status, conditions };
      if (!options.stateful) return [{ ...item, status }];
      const ownerReferences = [
        { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'deploy', controller: true },
      ];
      return [{ ...item, status, metadata: { ...item.metadata, name: `web-${ordinal++}`, ownerReferences } }];
    }
    if (!options.stateful) return [item];
    if (item.kind === 'Deployment') return [{ ...item, kind: 'StatefulSet' }];
    return item.kind === 'ReplicaSet' ? [] : [item];
  });
  return readSnapshot({ inline: { kind: 'List', items } });
}

const CLIENTS: readonly (Clients | undefined)[] = [
  undefined,
  { nodes: { from: 'HOST' } },
  { external: {} },
  { workload: DEPLOYMENT },
  {
    weights: [
      { source: { podOn: 'zone-a-1' }, weight: '1/3' },
      { source: { node: 'zone-b-1' }, weight: 2 },
    ],
  },
];
const ports = [{ port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }];
const SPECS: readonly Record<string, unknown>[] = [
  {},
  { internalTrafficPolicy: 'Local' },
  { type: 'NodePort', externalTrafficPolicy: 'Cluster', ports },
  { type: 'NodePort', externalTrafficPolicy: 'Local', ports },
  { sessionAffinity: 'ClientIP' },
  { trafficDistribution: 'PreferClose' },
  { clusterIP: 'None', clusterIPs: ['None'] },
];

/** As often as not nothing happens after the scaling. */
const NONE_AFTER: readonly (readonly Change[])[] = [[], [], [], []];

const drawn = fc.record({
  pods: fc.array(fc.nat({ max: 4 }), { minLength: 2, maxLength: 3 }),
  room: fc.constantFrom(3, 5, 110),
  spec: fc.nat({ max: SPECS.length - 1 }),
  annotated: fc.constantFrom(false, false, true),
  stateful: fc.boolean(),
  unready: fc.nat({ max: 2 }),
  clients: fc.nat({ max: CLIENTS.length - 1 }),
  detail: fc.constantFrom('SUMMARY' as const, 'ENDPOINTS' as const),
  to: fc.integer({ min: 3, max: 12 }),
  after: fc.constantFrom<readonly Change[]>(
    ...NONE_AFTER,
    [{ zone: { name: 'zone-b', action: 'FAIL' } }],
    [{ zone: { name: 'zone-a', action: 'REMOVE', reschedule: false } }],
    [{ zone: { name: 'zone-b', action: 'DRAIN' } }, { service: { ...WEB, internalTrafficPolicy: 'Local' } }],
    [{ node: { name: 'zone-a-1', action: 'CORDON' } }, { proxy: { settings: { detectLocalMode: 'None' } } }],
  ),
});

t.test('each point is the plain question with that scale', async () => {
  fc.assert(
    fc.property(drawn, ({ spec, clients, detail, to, after, ...rest }) => {
      fc.pre(rest.pods.some((count) => count > 0));
      const snapshot = clusterOf({ ...rest, spec: SPECS[spec] as Record<string, unknown> });
      const named = after.flatMap(({ zone, node }) => (zone === undefined ? (node?.name ?? []) : `${zone.name}-1`));
      // Clients that the removed nodes had are not there to ask from.
      fc.pre(clients < 3 || !after.some(({ zone }) => zone?.action === 'REMOVE'));
      fc.pre(named.every((name) => snapshot.cluster.nodes.has(name)) && snapshot.cluster.nodes.size > 1);
      const kind = rest.stateful ? 'StatefulSet' : 'Deployment';
      const via =
        String((SPECS[spec] as Record<string, unknown>).type ?? '') === 'NodePort' ? { via: 'NODE_PORT' as const } : {};
      const who = CLIENTS[clients];
      const chosen = who?.workload === undefined ? who : { workload: { kind, ...WEB } as const };
      // A workload without pods is no client.
      const from = who?.workload === undefined ? 0 : 1;
      holdsPointByPoint(snapshot, {
        scale: { kind, ...WEB },
        from,
        to,
        detail,
        ...(after.length === 0 ? {} : { changesAfter: after }),
        probability: { services: [{ ...WEB, ...via }], ...(chosen === undefined ? {} : { clients: chosen }) },
      });
    }),
    { numRuns: runs(25) },
  );
});

t.test('a bound finds the smallest number of replicas, and says where it does not last', async (t) => {
  const snapshot = clusterOf({ pods: [2, 1], room: 110, spec: {}, annotated: false, stateful: false, unready: 0 });
  const scale = DEPLOYMENT;
  const boundOf = (sweep: Omit<SweepQuestion, 'scale'>, rest: QuestionRequest = {}) =>
    sweepOf(snapshot, { scale, ...sweep }, rest).bound;
  t.match(boundOf({ from: 0, to: 30, bound: { largestShare: '1/20' } }), { smallest: 20, lasting: 20 });
  t.match(boundOf({ from: 0, to: 30, step: 7, bound: { largestShare: '1/20' } }), { smallest: 21, lasting: 21 });
  t.match(boundOf({ replicas: [30, 4, 25, 4], bound: { largestShare: '2/40' } }), { smallest: 25, lasting: 25 });
  t.match(boundOf({ from: 0, to: 3, bound: { largestShare: 1 } }), { smallest: 1 }, 'no pod is no balance');
  const none = boundOf({ from: 0, to: 19, bound: { largestShare: '1/20' } });
  t.equal(none?.smallest, undefined);
  t.match(
    none?.explanation,
    /^No number of replicas of the 20 asked about \(0 to 19\) has an endpoint's largest share at most 1\/20\.$/,
  );
  t.equal(sweepOf(snapshot, { scale, from: 0, to: 2 }).bound, undefined);
  // With the policy Local a node with two of three pods keeps its half: evenness comes and goes with every other pod.
  const changes = [{ service: { ...WEB, internalTrafficPolicy: 'Local' as const } }];
  const uneven = boundOf({ from: 1, to: 9, bound: { imbalance: 1, delivered: 1 } }, { changes });
  t.match(uneven, { smallest: 2 });
  t.equal(uneven?.lasting, undefined);
  t.match(uneven?.explanation, /The largest one does not\.$/);
  const result = sweepOf(snapshot, {
    scale,
    from: 2,
    to: 5,
    bound: { largestNodeShare: '1/2', largestZoneShare: '1/2' },
  });
  t.same(
    result.points.map(({ satisfied }) => satisfied),
    [true, false, true, false],
  );
});

t.test('the loss of a zone after the scaling is not the loss of a zone before it', async (t) => {
  const snapshot = clusterOf({ pods: [1, 1, 1], room: 110, spec: {}, annotated: false, stateful: false, unready: 0 });
  const loss: readonly Change[] = [{ zone: { name: 'zone-b', action: 'FAIL' } }];
  const sweep: SweepQuestion = { scale: DEPLOYMENT, from: 3, to: 40, bound: { largestShare: '1/18' } };
  const request = (given: SweepQuestion, rest: QuestionRequest = {}) =>
    ask('sweep', validateRequest('sweep', { at: AT, ...rest, sweep: given }, 'apart'), snapshot);
  const after = request({ ...sweep, changesAfter: loss });
  // Of n pods over three zones two thirds are left, rounded as the scheduler spreads them: 27 leave 18.
  t.equal(after.result.bound?.smallest, 27);
  t.same(after.result.changesAfter, loss);
  t.same(after.findings, []);
  const before = request(sweep, { changes: loss });
  // All new pods avoid the zone that is lost already, where one pod was.
  t.equal(before.result.bound?.smallest, 19);
  t.match(before.findings, [{ code: 'LOST_BEFORE_SCALING', evidence: { pointer: '/changes/0', lost: 'zone zone-b' } }]);
  for (const change of [
    { node: { name: 'zone-b-1', action: 'REMOVE' } },
    { delete: { kind: 'Node', name: 'zone-b-1' } },
  ])
    t.match(request(sweep, { changes: [change as Change] }).findings, [{ code: 'LOST_BEFORE_SCALING' }]);
  t.same(request(sweep, { changes: [{ node: { name: 'zone-b-1', action: 'CORDON' } }] }).findings, []);
  const faults = (given: Change) => {
    try {
      request({ ...sweep, changesAfter: [given] });
    } catch (error) {
      return error instanceof QuestionError ? [error.code, error.problems.map(({ pointer }) => pointer)] : error;
    }
    return undefined;
  };
  t.same(faults({ zone: { name: 'B', action: 'FAIL' } }), ['NOT_FOUND', ['/sweep/changesAfter/0/zone/name']]);
  t.same(faults({ zone: { name: 'zone-b', action: 'CORDON', reschedule: true } }), [
    'IMPOSSIBLE_CHANGE',
    ['/sweep/changesAfter/0/zone/reschedule'],
  ]);
});

t.test('each point has its findings', async (t) => {
  const snapshot = clusterOf({ pods: [1, 0], room: 3, spec: {}, annotated: false, stateful: false, unready: 0 });
  const codesOf = (result: SweepResult) => result.points.map(({ findings }) => findings.map(({ code }) => code));
  const sweep: SweepQuestion = { scale: DEPLOYMENT, from: 0, to: 8 };
  const reported = sweepOf(snapshot, sweep);
  t.same(codesOf(reported), [
    ['SERVICE_WITHOUT_ENDPOINTS', 'TRAFFIC_REJECTED'],
    [],
    [],
    [],
    [],
    [],
    [],
    ['PODS_NOT_PLACED'],
    ['PODS_NOT_PLACED'],
  ]);
  t.match(reported.points[8]?.findings[0], {
    message: /^At this number of replicas: 2 pods do not run\. 0\/2 nodes are available/,
    evidence: { pods: 2, reasons: [/Too many pods/] },
  });
  const ignore = ['PODS_NOT_PLACED', 'TRAFFIC_REJECTED'] as const;
  t.same(codesOf(sweepOf(snapshot, sweep, { findings: { ignore } })).flat(), ['SERVICE_WITHOUT_ENDPOINTS']);
  const changes = [{ service: { ...WEB, internalTrafficPolicy: 'Local' as const } }];
  const local = sweepOf(
    snapshot,
    { scale: DEPLOYMENT, replicas: [1, 2] },
    { changes, findings: { thresholds: { droppedShare: '1/3' } } },
  );
  t.same(codesOf(local), [['LOCAL_POLICY_WITHOUT_ENDPOINTS', 'TRAFFIC_DROPPED'], []]);
  t.match(local.points[0]?.findings[1], {
    evidence: { share: '1/2', threshold: '1/3', service: 'default/web', via: 'CLUSTER_IP' },
  });
  const weights = [
    { source: { podOn: 'zone-a-1' }, weight: 2 },
    { source: { podOn: 'zone-b-1' }, weight: 1 },
  ];
  const uneven = sweepOf(
    snapshot,
    { scale: DEPLOYMENT, replicas: [2], probability: { services: [WEB], clients: { weights } } },
    { changes, findings: { thresholds: { imbalance: '5/4' } } },
  );
  t.match(uneven.points[0]?.findings, [
    { code: 'IMBALANCE', evidence: { factor: '4/3', threshold: '5/4', evenShare: '1/2' } },
  ]);
});

t.test('without Services those before the pods are swept, each port and family', async (t) => {
  const snapshot = clusterOf({ pods: [1, 1], room: 110, spec: {}, annotated: false, stateful: false, unready: 0 });
  const { services, points, workload } = sweepOf(snapshot, { scale: DEPLOYMENT, from: 1, to: 3 });
  t.match(services, [
    { service: { ...WEB, port: 80 }, via: 'CLUSTER_IP', family: 'IPv4', clients: 'pods on 2 nodes alike' },
  ]);
  t.same(workload, { ...DEPLOYMENT, replicas: 2 });
  t.same(
    points.map(({ replicas, services: [one] }) => [replicas, one?.endpoints, one?.largest?.fraction]),
    [
      [1, 1, '1'],
      [2, 2, '1/2'],
      [3, 3, '1/3'],
    ],
  );
});

t.test('what is wrong is refused with its place', async (t) => {
  const snapshot = clusterOf({ pods: [1, 1], room: 110, spec: {}, annotated: false, stateful: false, unready: 0 });
  const scale = DEPLOYMENT;
  const cases: readonly (readonly [object, string, string])[] = [
    [{ scale, from: 5, to: 4 }, 'INVALID_REQUEST', '/sweep/to'],
    [{ scale, from: 5 }, 'INVALID_REQUEST', '/sweep'],
    [{ scale }, 'INVALID_REQUEST', '/sweep'],
    [{ scale, from: 0, to: 5, replicas: [1] }, 'INVALID_REQUEST', '/sweep'],
    [{ scale, from: 0, to: 5001 }, 'INVALID_REQUEST', '/sweep/to'],
    [{ scale, from: 0, to: 5, step: 0 }, 'INVALID_REQUEST', '/sweep/step'],
    [{ scale, replicas: [] }, 'INVALID_REQUEST', '/sweep/replicas'],
    [{ scale: { ...scale, replicas: 3 }, from: 0, to: 5 }, 'INVALID_REQUEST', '/sweep/scale/replicas'],
    [{ scale: { ...scale, kind: 'DaemonSet' }, from: 0, to: 5 }, 'INVALID_REQUEST', '/sweep/scale/kind'],
    [{ scale: { ...scale, name: 'wbe' }, from: 0, to: 5 }, 'NOT_FOUND', '/sweep/scale'],
    [{ scale, from: 0, to: 5, bound: {} }, 'INVALID_REQUEST', '/sweep/bound'],
    [{ scale, from: 0, to: 5, bound: { largestShare: '1/0' } }, 'INVALID_REQUEST', '/sweep/bound/largestShare'],
    [{ scale, from: 0, to: 5, bound: { largestShare: 0.5 } }, 'INVALID_REQUEST', '/sweep/bound/largestShare'],
    [{ scale, from: 0, to: 1000, detail: 'ENDPOINTS' }, 'INVALID_REQUEST', '/sweep/detail'],
    [
      { scale, from: 0, to: 5, probability: { services: [{ ...WEB, name: 'wbe' }] } },
      'NOT_FOUND',
      '/sweep/probability/services/0/name',
    ],
    [
      { scale, from: 1, to: 5, probability: { clients: { pod: 'default/nobody' } } },
      'NOT_FOUND',
      '/sweep/probability/clients',
    ],
    [
      { scale, from: 1, to: 5, probability: { nodeRules: { 'node-a1': { nft: '' } } } },
      'INVALID_REQUEST',
      '/sweep/probability/nodeRules',
    ],
    [{ scale, from: 1, to: 5, probability: { servces: [] } }, 'INVALID_REQUEST', '/sweep/probability/servces'],
  ];
  for (const [sweep, code, pointer] of cases) {
    try {
      sweepOf(snapshot, sweep as SweepQuestion);
      t.fail(JSON.stringify(sweep));
    } catch (error) {
      if (!(error instanceof QuestionError)) throw error;
      t.match(
        { code: error.code, pointers: error.problems.map((one) => one.pointer) },
        { code, pointers: [pointer] },
        JSON.stringify(sweep),
      );
    }
  }
  const apart = readSnapshot({
    inline: { kind: 'List', items: zonesList({ pods: [1, 1], spec: { selector: { app: 'other' } } }).items },
  });
  t.throws(() => sweepOf(apart, { scale, from: 0, to: 5 }), {
    code: 'NOT_FOUND',
    message: /^No Service selects the pods/,
  });
});
