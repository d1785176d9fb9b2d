/** Traffic in sweep, check, inspect and probability: loads, the law that the path shows, and findings. */
import t from 'tap';
import { type Entry, simulated } from '../../src/capacity/spread.js';
import type { Finding } from '../../src/contract/answers.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import type { LoadFields } from '../../src/questions/load/fields.js';
import { validateRequest } from '../../src/questions/validate-request.js';
import { type BalancedOptions, balanced, WEB } from '../support/balanced.js';
import { type Deployed, deployed } from '../support/deployed.js';

type Traffic = NonNullable<NonNullable<QuestionRequest['probability']>['traffic']>;
type Settings = QuestionRequest['settings'];
type Clients = NonNullable<QuestionRequest['probability']>['clients'];

const THREE: BalancedOptions = { pods: [6, 6, 5], zones: ['a', 'b', 'c'] };

function load(
  traffic: Traffic,
  options: BalancedOptions,
  more: { settings?: Settings; clients?: Clients; via?: 'LOAD_BALANCER' } = {},
): LoadFields {
  const { settings, clients, via } = more;
  const service = { ...WEB, ...(via === undefined ? {} : { via }) };
  const request = validateRequest(
    'probability',
    {
      ...(settings === undefined ? {} : { settings }),
      probability: { services: [service], traffic, ...(clients === undefined ? {} : { clients }) },
    },
    'apart',
  );
  const answer = ask('probability', request, balanced(options)).result.services[0]?.load;
  return (answer ?? {}) as LoadFields;
}

const near = (a: number | undefined, b: number, error = 1e-9) => Math.abs((a ?? Number.NaN) - b) < error;

t.test('the law is that of whoever chooses', async (t) => {
  const traffic = { connections: 27, capacity: 6 };
  const pods: BalancedOptions = { pods: [5, 0] };
  const rr = { kubeProxy: { mode: 'ipvs', ipvs: { scheduler: 'rr' } } } as Settings;
  const cases: readonly (readonly [string, string | undefined, LoadFields])[] = [
    ['iptables', 'CONNECTIONS', load(traffic, pods)],
    ['nftables', 'CONNECTIONS', load(traffic, pods, { settings: { kubeProxy: { mode: 'nftables' } } as Settings })],
    [
      'ipvs rr, one node',
      'IN_TURN',
      load(traffic, pods, { settings: rr, clients: { nodes: { names: ['n1'] } } as Clients }),
    ],
    ['ipvs rr, two nodes', 'IN_TURN', load(traffic, pods, { settings: rr })],
    [
      'ipvs lc',
      'UNKNOWN',
      load(traffic, pods, { settings: { kubeProxy: { mode: 'ipvs', ipvs: { scheduler: 'lc' } } } as Settings }),
    ],
    ['affinity', 'CLIENTS', load({ ...traffic, clients: 9 }, { ...pods, spec: { sessionAffinity: 'ClientIP' } })],
    [
      'affinity, clients not known',
      'CONNECTIONS_OF_DIFFERENT_CLIENTS',
      load(traffic, { ...pods, spec: { sessionAffinity: 'ClientIP' } }),
    ],
    ['arrivals', 'ARRIVALS', load({ connectionsPerSecond: 2, lifetimeSeconds: 13, capacity: 10 }, pods)],
    [
      'affinity behind a balancer that spreads connections',
      'STAGES',
      load(
        { ...traffic, clients: 9 },
        { pods: [3, 2], spec: { sessionAffinity: 'ClientIP' } },
        { via: 'LOAD_BALANCER', clients: { loadBalancer: {} } as Clients },
      ),
    ],
  ];
  for (const [name, law, fields] of cases) t.equal(fields.law, law, name);
  const by = Object.fromEntries(cases.map(([name, , fields]) => [name, fields]));
  t.match(by['ipvs rr, one node']?.most, { mean: 6, p99: 6 }, 'one counter: nothing is random');
  t.ok((by['ipvs rr, two nodes']?.most?.mean ?? 0) > 6, 'two counters');
  t.ok(by['ipvs rr, two nodes']?.simulated !== undefined || (by['ipvs rr, two nodes']?.most?.mean ?? 9) < 8);
  t.equal(by['ipvs lc']?.most, undefined, 'what is not modelled has no percentiles');
  t.type(by['ipvs lc']?.explanation, 'string');
  t.ok((by.affinity?.most?.mean ?? 0) > (by.iptables?.most?.mean ?? 0), 'clients of three connections are less even');
  for (const { pods: each } of [by.iptables, by.affinity, by['ipvs rr, two nodes']] as readonly LoadFields[]) {
    t.ok(
      each?.every(({ connections }) => near(connections, 27 / 5)),
      'equal means under each law',
    );
  }
});

t.test('requests per second, connections and what a pod takes', async (t) => {
  const options = { pods: [10, 10] };
  const both = load({ requestsPerSecond: 5000, connections: 50, maxRequestsPerSecond: 300 }, options);
  t.match(both.capacity, { connections: 3, requestsPerSecond: 300 }, 'a connection brings 100 requests per second');
  t.equal(both.anyOver, load({ connections: 50, capacity: 3 }, options).anyOver);
  const mean = load({ requestsPerSecond: 5000, maxRequestsPerSecond: 200 }, options);
  t.match(mean, { overCapacity: 1, requestsPerSecond: { podsOverInTheMean: 20 } });
  const arriving = load(
    { requestsPerSecond: 100, requestsPerConnection: 50, lifetimeSeconds: 10, capacity: 5 },
    options,
  );
  t.equal(arriving.connections, 20, '2 a second, 10 seconds each');
  t.equal(
    load({ requestsPerSecond: 10, maxRequestsPerSecond: 10 }, { pods: [1] }).overCapacity,
    0,
    'what fits exactly fits',
  );
});

t.test('sources', async (t) => {
  const options: BalancedOptions = { pods: [2, 1], zones: ['a', 'b'], spec: { internalTrafficPolicy: 'Local' } };
  const fields = load(
    {
      sources: [
        { zone: 'a', requestsPerSecond: 300 },
        { source: { podOn: 'n2' }, requestsPerSecond: 100 },
      ],
    },
    options,
  );
  t.equal(fields.requestsPerSecond?.offered, 400);
  t.ok(near(fields.nodes?.find(({ node }) => node === 'n1')?.requestsPerSecond, 300));
  t.ok(near(fields.crossZoneRequestsPerSecond, 0) && near(fields.crossNodeRequestsPerSecond, 0));
  const spread = load(
    { requestsPerSecond: 300, bytesPerRequest: 1e6, pricePerGigabyte: 0.01 },
    { pods: [2, 1], zones: ['a', 'b'] },
  );
  t.ok(near(spread.crossNodeRequestsPerSecond, 150), 'half of the clients are near 2/3, half near 1/3');
  t.ok(near(spread.crossZonePricePerHour, 150 * 3600 * 0.001 * 0.01));
});

function sweep(
  sweepQuestion: Record<string, unknown>,
  options: BalancedOptions = { pods: [1, 1, 1], zones: ['a', 'b', 'c'] },
  deploy: Deployed = {},
) {
  const scale = { kind: 'Deployment', namespace: 'default', name: 'web' };
  const request = validateRequest('sweep', { sweep: { scale, ...sweepQuestion } }, 'apart');
  return ask('sweep', request, deployed(options, deploy));
}

t.test('a sweep with traffic', async (t) => {
  const { result, summary } = sweep({
    from: 1,
    to: 30,
    probability: { traffic: { requestsPerSecond: 5000, maxRequestsPerSecond: 300 } },
  });
  t.equal(result.bound?.smallest, 17, '5000 over 300 is more than 16');
  t.match(summary, /17 replicas of default\/web are enough: the hottest pod gets 294 requests/);
  const lost = sweep({
    from: 20,
    to: 30,
    probability: { traffic: { requestsPerSecond: 5000, maxRequestsPerSecond: 300 } },
    changesAfter: [{ zone: { name: 'a', action: 'FAIL' } }],
  });
  t.equal(lost.result.bound?.smallest, 25, 'of 25 pods zone a has 8: 17 are left');
  const findings = (replicas: number) =>
    result.points.find((point) => point.replicas === replicas)?.findings.map(({ code }) => code);
  t.same(findings(16), ['OVER_CAPACITY']);
  t.same(findings(17), []);
  const chance = sweep({
    from: 5,
    to: 45,
    bound: { overCapacity: '1/10' },
    probability: { traffic: { connections: 50, capacity: 6 } },
  });
  const at = (replicas: number) =>
    chance.result.points.find((point) => point.replicas === replicas)?.services[0]?.load as LoadFields;
  const smallest = chance.result.bound?.smallest ?? 0;
  t.ok((at(smallest).overCapacity ?? 1) <= 0.1 && (at(smallest - 1).overCapacity ?? 0) > 0.1);
  t.ok(near(at(20).anyIdle, 0.835820230351));
});

t.test('points that a law tells have the loads of points that are walked', async (t) => {
  const traffic = { requestsPerSecond: 1000, connections: 40, maxRequestsPerSecond: 100, bytesPerRequest: 10 };
  const quick = sweep({ from: 1, to: 24, probability: { traffic } }).result.points;
  for (const replicas of [2, 7, 19]) {
    const [walked] = sweep({ replicas: [replicas], probability: { traffic } }).result.points;
    const reported = quick.find((point) => point.replicas === replicas);
    const digits = (value: unknown) =>
      JSON.stringify(value, (_, one) => (typeof one === 'number' ? Number(one.toPrecision(9)) : one));
    t.equal(digits(reported?.services[0]?.load), digits(walked?.services[0]?.load), `${replicas} replicas`);
  }
});

const codesOf = (findings: readonly Finding[]) => [...new Set(findings.map(({ code }) => code))];
const LOAD_CODES = [
  'OVER_CAPACITY',
  'IDLE_PODS',
  'CONNECTION_PINNING',
  'LOSS_NOT_SURVIVABLE',
  'ROLLOUT_BELOW_CAPACITY',
];

function inspected(traffic: Traffic, deploy: Deployed = {}, options = THREE) {
  const request = validateRequest('inspect', { inspect: { traffic } }, 'apart');
  const { findings } = ask('inspect', request, deployed(options, deploy));
  return {
    findings,
    codes: codesOf(findings)
      .filter((code) => LOAD_CODES.includes(code))
      .sort(),
  };
}

t.test('findings of loads', async (t) => {
  const none = { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } };
  t.same(inspected({ requestsPerSecond: 1000, maxRequestsPerSecond: 300 }, none).codes, []);
  t.same(inspected({ requestsPerSecond: 6000, maxRequestsPerSecond: 300 }, none).codes, ['OVER_CAPACITY']);
  t.same(inspected({ requestsPerSecond: 5000, maxRequestsPerSecond: 300 }, none).codes, ['LOSS_NOT_SURVIVABLE']);
  t.same(
    inspected(
      { requestsPerSecond: 3900, maxRequestsPerSecond: 300 },
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 5 } } },
    ).codes,
    ['LOSS_NOT_SURVIVABLE', 'ROLLOUT_BELOW_CAPACITY'],
  );
  t.same(
    inspected(
      { requestsPerSecond: 3900, maxRequestsPerSecond: 400 },
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 8 } } },
    ).codes,
    ['ROLLOUT_BELOW_CAPACITY'],
  );
  t.same(inspected({ connections: 10 }, none).codes, ['CONNECTION_PINNING', 'IDLE_PODS']);
  t.same(inspected({ connections: 2000 }, none).codes, []);
  const lost = inspected({ requestsPerSecond: 3500, maxRequestsPerSecond: 300 }, none).findings.find(
    ({ code }) => code === 'LOSS_NOT_SURVIVABLE',
  );
  t.same(
    JSON.stringify(lost?.evidence.lost),
    JSON.stringify(['zone a', 'zone b', 'node n1', 'node n2']),
    '12 of 17 pods bear 3500, 11 do not',
  );
});

t.test('check fails by what pods do not bear', async (t) => {
  const request = (replicas: number) =>
    validateRequest(
      'check',
      {
        changes: [{ scale: { kind: 'Deployment', namespace: 'default', name: 'web', replicas } }],
        check: { traffic: { requestsPerSecond: 5000, maxRequestsPerSecond: 300 } },
      },
      'apart',
    );
  t.equal(ask('check', request(10), deployed(THREE)).result.failed, true);
  t.equal(ask('check', request(30), deployed(THREE)).result.failed, false);
});

t.test('traffic that contradicts itself is refused with its place', async (t) => {
  const cases: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ requestsPerSecond: -1 }, '/requestsPerSecond'],
    [{ requestsPerSecond: 1e300 }, '/requestsPerSecond'],
    [{ requestsPerSecond: 10, maxRequestsPerSecond: 0 }, '/maxRequestsPerSecond'],
    [{ connections: 5, capacity: 0 }, '/capacity'],
    [{ connections: 5, maxChance: 1 }, '/maxChance'],
    [{ connections: 1.5 }, '/connections'],
    [{ connections: 5, connectionsPerSecond: 2 }, '/connectionsPerSecond'],
    [{ connections: 5, maxRequestsPerSecond: 2 }, '/maxRequestsPerSecond'],
    [{ connections: 5, clients: 6 }, '/clients'],
    [{ lifetimeSeconds: 5 }, '/lifetimeSeconds'],
    [{ requestsPerSecond: 10, connectionsPerSecond: 2, requestsPerConnection: 4 }, '/requestsPerConnection'],
    [{ requestsPerSecond: 10, capacity: 5, maxRequestsPerSecond: 6 }, '/capacity'],
    [{ requestsPerSecond: 10, pricePerGigabyte: 6 }, '/pricePerGigabyte'],
    [{ sources: [{ zone: 'a' }] }, '/sources/0'],
    [{ sources: [{ zone: 'nowhere', connections: 4 }] }, '/sources/0/zone'],
    [{ connections: 4, sources: [{ zone: 'a', connections: 4 }] }, '/connections'],
  ];
  for (const [traffic, place] of cases) {
    const asked = () => load(traffic as Traffic, THREE);
    const code = place.endsWith('/zone') ? 'NOT_FOUND' : 'INVALID_REQUEST';
    t.throws(asked, { code, problems: [{ pointer: `/probability/traffic${place}` }] }, JSON.stringify(traffic));
  }
  t.throws(() => sweep({ from: 1, to: 2, probability: { traffic: { connections: 4, clients: 5 } } }), {
    code: 'INVALID_REQUEST',
    problems: [{ pointer: '/sweep/probability/traffic/clients' }],
  });
  t.throws(() => sweep({ from: 1, to: 2, bound: { overCapacity: '1/10' } }), {
    code: 'INVALID_REQUEST',
    problems: [{ pointer: '/sweep/bound/overCapacity' }],
  });
  const billion = load({ connections: 1e9, capacity: 1e8 }, THREE);
  t.type(billion.explanation, 'string', 'a billion connections: what is known of single pods');
  t.equal(billion.overCapacity, 0, 'and bounds of the chance: 59 million a pod are far below 100 million');
  t.equal(load({ connections: 1e9, capacity: 5e7 }, THREE).overCapacity, 1);
});

t.test('nodes, zones and groups have percentiles where the law of one share is known', async (t) => {
  const two: BalancedOptions = { pods: [2, 1] };
  const thrown = load({ connections: 90 }, two);
  // Binomial(90, 2/3): 52 is reached with 0.05, 60 with 0.5 (scipy.stats.binom.ppf).
  t.match(thrown.nodes?.[0], { connections: 60, p5: 53, p50: 60, p95: 67, p99: 70 });
  const sticky: BalancedOptions = { ...two, spec: { sessionAffinity: 'ClientIP' } };
  const kept = load({ connections: 90, clients: 9 }, sticky);
  t.match(kept.nodes?.[0], { connections: 60, p5: 40, p50: 60, p95: 80, p99: 90 }, 'Binomial(9, 2/3), 10 each');
  t.match(kept.groups?.[0], { p50: 30, p99: 60 }, 'and one pod: Binomial(9, 1/3)');
  const coming = load({ connectionsPerSecond: 9, lifetimeSeconds: 10 }, two);
  t.match(coming.nodes?.[0], { connections: 60, p5: 48, p50: 60, p95: 73, p99: 79 }, 'Poisson(60)');
  t.match(coming.groups?.[0], { p50: 30 });
});

t.test('errors about sources name them, and a chance of which only bounds are known is no certainty', async (t) => {
  const asked = (traffic: unknown) => {
    const request = validateRequest('probability', { probability: { services: [WEB], traffic } }, 'apart');
    return ask('probability', request, balanced({ pods: [1, 1, 1], zones: ['a', 'a', 'b'] }));
  };
  const outside = { source: { external: { address: '198.51.100.7' } }, requestsPerSecond: 5 };
  let found: unknown;
  try {
    asked({ sources: [{ zone: 'a', requestsPerSecond: 5 }, outside] });
  } catch (error) {
    found = error;
  }
  t.match(found, { problems: [{ pointer: '/probability/traffic/sources/1/source/external/entersAt' }] });
  const { findings } = asked({ connections: 1e9, capacity: 100 });
  t.match(
    findings.find(({ code }) => code === 'OVER_CAPACITY')?.message,
    /^Some pod of default\/web:http is over its capacity of 100 connections\.$/,
  );
});

interface Metrics {
  readonly metrics: readonly unknown[];
}

t.test('autoscalers: the average hides a hot pod, and the rule differs between 1.32 and 1.33', async (t) => {
  const hpa = (spec: Record<string, unknown>) => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 20,
      ...spec,
    },
  });
  const cpu = (averageUtilization: number) =>
    hpa({
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }],
    });
  const containers = [{ name: 'main', resources: { requests: { cpu: '500m' } }, ports: [{ containerPort: 8080 }] }];
  const asked = (autoscaler: unknown, traffic: Traffic, options: BalancedOptions) => {
    const request = validateRequest('probability', { probability: { services: [WEB], traffic } }, 'apart');
    const answer = ask('probability', request, deployed(options, { spec: { containers }, more: [autoscaler] }));
    const fields = (answer.result.services[0]?.load ?? {}) as LoadFields;
    return { autoscaler: fields.autoscalers?.[0], codes: codesOf(answer.findings) };
  };
  const uneven: BalancedOptions = { pods: [1, 3], spec: { internalTrafficPolicy: 'Local' } };
  const hidden = asked(cpu(60), { requestsPerSecond: 190, cpuMillisecondsPerRequest: 5 }, uneven);
  t.match(hidden.autoscaler, { average: 47, desired: 4, hidesHotPod: true });
  t.ok(near(hidden.autoscaler?.hottest, 95), '95 requests of 5 ms on 500m');
  t.ok(hidden.codes.includes('AUTOSCALER_BLIND'));
  const even: BalancedOptions = { pods: [2, 2] };
  for (const [version, desired] of [
    ['1.32.9', 5],
    ['1.33.5', 4],
  ] as const) {
    const edge = asked(cpu(50), { requestsPerSecond: 220, cpuMillisecondsPerRequest: 5 }, { ...even, version });
    t.match(edge.autoscaler, { average: 55, desired }, `ratio 1.1 in ${version}`);
  }
  t.equal(
    asked(cpu(50), { requestsPerSecond: 4000, cpuMillisecondsPerRequest: 5 }, even).autoscaler?.desired,
    20,
    'maxReplicas',
  );
  const kept = asked(cpu(50), { requestsPerSecond: 440, connections: 20, cpuMillisecondsPerRequest: 5 }, even);
  t.match(kept.autoscaler?.explanation, /New pods take none of the connections/);
  const rate = hpa({
    metrics: [
      {
        type: 'Pods',
        pods: { metric: { name: 'http_requests_per_second' }, target: { type: 'AverageValue', averageValue: '50' } },
      },
    ],
  });
  t.match(asked(rate, { requestsPerSecond: 400 }, even).autoscaler, { average: 100, target: 50, desired: 8 });
  const memory = hpa({
    metrics: [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 50 } } },
    ],
  });
  t.match(asked(memory, { requestsPerSecond: 400 }, even).autoscaler, { desired: undefined, explanation: /not known/ });
  const two = hpa({
    metrics: [...(cpu(50).spec as unknown as Metrics).metrics, ...(memory.spec as unknown as Metrics).metrics],
  });
  t.match(
    asked(two, { requestsPerSecond: 440, cpuMillisecondsPerRequest: 5 }, even).autoscaler,
    { desired: undefined, desiredAtLeast: 9, explanation: /at least 9 replicas/ },
    '110 % of 50 % of 4 pods, rounded up; memory may call for more',
  );
  const rise = asked(cpu(50), { requestsPerSecond: 4000, cpuMillisecondsPerRequest: 5 }, even).autoscaler;
  t.same(rise?.steps, [
    { afterSeconds: 0, replicas: 8 },
    { afterSeconds: 15, replicas: 16 },
    { afterSeconds: 30, replicas: 20 },
  ]);
  const held = hpa({ ...cpu(50).spec, behavior: { scaleUp: { selectPolicy: 'Disabled' } } });
  t.match(asked(held, { requestsPerSecond: 4000, cpuMillisecondsPerRequest: 5 }, even).autoscaler, {
    wanted: 80,
    desired: 4,
    explanation: /behavior forbids that/,
  });
  t.match(asked(cpu(50), { requestsPerSecond: 400 }, even).autoscaler?.explanation, /cpuMillisecondsPerRequest/);
});

t.test('few clients over many pods: one address, and the timeout', async (t) => {
  const options: BalancedOptions = { pods: [3, 2], spec: { sessionAffinity: 'ClientIP' } };
  const nat = load(
    { requestsPerSecond: 620, clients: 62, clientsBehindOneAddress: 50, maxRequestsPerSecond: 400 },
    options,
  );
  t.equal(nat.law, 'CLIENTS');
  t.equal(nat.anyOver, 1, '500 of one address are more than 400, on whatever pod');
  t.ok((nat.most?.mean ?? 0) > 500);
  const apart = load({ requestsPerSecond: 620, clients: 62, maxRequestsPerSecond: 400 }, options);
  t.ok((apart.anyOver ?? 1) < 0.01);
  const sticky = (load({ requestsPerSecond: 3, clients: 10800 }, options) as { affinity?: Record<string, number> })
    .affinity;
  t.ok(near(sticky?.requestsPerChoice, Math.exp(3)), 'e^3 requests until one comes too late');
  t.throws(() => load({ requestsPerSecond: 6, clients: 3, clientsBehindOneAddress: 4 }, options), {
    code: 'INVALID_REQUEST',
    problems: [{ pointer: '/probability/traffic/clientsBehindOneAddress' }],
  });
});

t.test('a pod that is its own client is one like others', async (t) => {
  const fields = load({ sources: [{ source: { pod: 'default/web-1-1' }, connections: 30 }] }, { pods: [2, 1] });
  t.equal(fields.connections, 30);
  t.ok(fields.pods?.every(({ connections }) => near(connections, 10)));
});

t.test('a load balancer that keeps clients on nodes: exact, beside a simulation of the same', async (t) => {
  const sticky = {
    'service.beta.kubernetes.io/aws-load-balancer-target-group-attributes':
      'stickiness.enabled=true,stickiness.type=source_ip',
  };
  const options: BalancedOptions = { pods: [2, 1, 3], policy: 'Local', annotations: sticky };
  const more = {
    via: 'LOAD_BALANCER' as const,
    clients: { loadBalancer: {} } as Clients,
    settings: { loadBalancer: { implementation: 'aws-nlb' } } as unknown as NonNullable<Settings>,
  };
  const fields = load({ connections: 60, clients: 12, capacity: 20 }, options, more);
  t.equal(fields.law, 'STAGES');
  t.equal(fields.simulated, undefined, 'exact');
  const entries = ([[0, 1], [2], [3, 4, 5]] as const).map(
    (pods): Entry => ({ weight: 1, choice: 'RANDOM', pods: [...pods], shares: pods.map(() => 1 / pods.length) }),
  );
  const drawn = simulated({
    connections: 60,
    clients: 12,
    clientsKeepEntry: true,
    entries,
    pods: 6,
    capacities: new Array(6).fill(20),
  });
  t.ok(Math.abs((fields.most?.mean ?? 0) - drawn.most.mean) < 2 * (drawn.simulated?.errors.mean ?? 0));
  t.ok(Math.abs((fields.anyOver ?? 0) - (drawn.anyOver ?? 0)) < 2 * (drawn.simulated?.errors.anyOver ?? 0));
  t.ok(Math.abs((fields.expectedIdle ?? 0) - drawn.expectedIdle) < 0.05);
});
