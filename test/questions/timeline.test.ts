/** timeline: phases with their reasons, and loads that are those of the closed formulas where one holds. */
import t from 'tap';
import { answerModel } from '../../src/capacity/models.js';
import type { TimelineResult } from '../../src/contract/answers.js';
import type { TimelineQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { validateRequest } from '../../src/questions/validate-request.js';
import type { BalancedOptions } from '../support/balanced.js';
import { type Deployed, deployed } from '../support/deployed.js';

const WEB = { kind: 'Deployment', namespace: 'default', name: 'web' } as const;
const THREE: BalancedOptions = { pods: [1, 1, 1], zones: ['a', 'b', 'c'] };

function timeline(question: TimelineQuestion, options = THREE, deploy: Deployed = {}): TimelineResult {
  const request = validateRequest('timeline', { timeline: question }, 'apart');
  return ask('timeline', request, deployed(options, deploy)).result;
}

const near = (a: number | undefined, b: number, error = 1e-6) => Math.abs((a ?? Number.NaN) - b) < error;
const one = (result: TimelineResult, index: number) => result.phases.at(index)?.services[0];
const scaled = (replicas: number) => ({ scale: { ...WEB, replicas } }) as TimelineQuestion['change'];
type Fields = Readonly<Record<string, unknown>>;

t.test('a scale-up: old connections stay, new pods get nothing at first', async (t) => {
  const forever = timeline({ change: scaled(4), probability: { traffic: { connections: 600 } } });
  t.equal(forever.evenAfterSeconds, undefined, 'never');
  t.match(forever.newPods, /no connection/);
  t.equal(one(forever, -1)?.hottestConnections, 200);
  for (const [law, more] of [
    ['EXPONENTIAL', {}],
    ['FIXED', {}],
    ['UNIFORM', { jitter: 0.5 }],
  ] as const) {
    const moved = timeline({
      change: scaled(4),
      lifetime: { law, seconds: 60, ...more },
      times: { ready: 10, rules: 1 },
      probability: { traffic: { connections: 600 } },
    });
    const given = {
      connections: '600',
      podsBefore: 3,
      podsAfter: 4,
      lifetime: { law: law.toLowerCase(), seconds: '60', ...more },
      within: ['1/10'],
    };
    const even =
      (answerModel('scale-up', given, '') as { evenWithin: { seconds: number }[] }).evenWithin[0]?.seconds ?? 0;
    t.ok(
      near(moved.evenAfterSeconds, 11 + even, 1e-3),
      `${law}: 11 s until new pods get connections, then as the formula says`,
    );
    for (const phase of moved.phases.slice(1)) {
      const seconds = phase.fromSeconds - 11;
      const [model] = (answerModel('scale-up', { ...given, atSeconds: [String(seconds)] }, '') as { at: Fields[] }).at;
      t.ok(near(phase.services[0]?.newPodConnections, Number(model?.perNewPod), 1e-3), `${law} at ${seconds} s`);
      t.ok(near(phase.services[0]?.oldPodConnections, Number(model?.perOldPod), 1e-3));
    }
  }
});

t.test('a roll-out, pod by pod, is the recursion', async (t) => {
  for (const [order, surge, unavailable] of [
    ['new first', 1, 0],
    ['old first', 0, 1],
  ] as const) {
    const result = timeline({
      change: { rollout: { ...WEB, maxSurge: surge, maxUnavailable: unavailable } } as TimelineQuestion['change'],
      times: { rules: 0, ready: 5 },
      probability: { traffic: { connections: 900 } },
    });
    const model = answerModel('rollout', { replicas: 3, connections: '900', order }, '') as {
      readonly most: number;
      readonly least: number;
    };
    t.ok(near(one(result, -1)?.hottestConnections, model.most), `${order}: ${model.most}`);
    t.ok(near(one(result, -1)?.coldestConnections, model.least), `${order}: ${model.least}`);
    const sums = result.phases.map(
      ({ services: [load] }) => (load?.oldPodConnections ?? 0) + (load?.newPodConnections ?? 0),
    );
    t.ok(sums.every((sum) => sum > 0));
  }
  const least = timeline({
    change: { rollout: { ...WEB, maxSurge: 0, maxUnavailable: 2 } } as TimelineQuestion['change'],
    times: { preStop: 5 },
    probability: { traffic: { requestsPerSecond: 900, maxRequestsPerSecond: 400 } },
  });
  t.match(least.worst?.why, /over its capacity/);
  t.equal(
    Math.max(
      ...least.phases.flatMap(({ services }) =>
        services.map(({ hottestRequestsPerSecond = 0 }) => hottestRequestsPerSecond),
      ),
    ),
    900,
    'one of three is left',
  );
});

t.test('rules lag: pods without a preStop hook are sent connections that they do not take', async (t) => {
  const down = (times: TimelineQuestion['times']) =>
    timeline({
      change: scaled(1),
      ...(times === undefined ? {} : { times }),
      probability: { traffic: { connections: 300 } },
    });
  const hard = down(undefined);
  t.ok(near(one(hard, 0)?.newConnectionsLost, 2 / 3), 'two of three stop at once');
  t.equal(one(hard, 1)?.newConnectionsLost, 0);
  t.equal(hard.phases[1]?.fromSeconds, 1, 'minSyncPeriod');
  t.equal(hard.phases.at(-1)?.fromSeconds, 30, 'the grace period');
  t.ok(near(one(hard, -1)?.connectionsBroken, 200));
  t.ok(near(one(hard, -1)?.hottestConnections, 300));
  const soft = down({ preStop: 5 });
  t.ok(
    soft.phases.every(({ services: [load] }) => load?.newConnectionsLost === 0),
    'a hook that outlasts the rules loses nothing',
  );
  const reported = timeline({ change: scaled(4), probability: {} }, THREE, {
    spec: { containers: [{ name: 'main', readinessProbe: { initialDelaySeconds: 7, periodSeconds: 3 } }] },
  });
  t.equal(reported.phases.at(-1)?.fromSeconds, 10 + 7 + 3 + 1, 'start, probe, rules');
  t.same(
    reported.phases.at(-1)?.delays.map(({ source }) => source),
    ['ASSUMED', 'SNAPSHOT', 'DEFAULT'],
  );
});

t.test('a zone and a node that fail', async (t) => {
  const ask = (change: unknown, more: Partial<TimelineQuestion> = {}, options = THREE) =>
    timeline(
      {
        change: change as TimelineQuestion['change'],
        probability: { services: [{ namespace: 'default', name: 'web' }], traffic: { connections: 300 } },
        ...more,
      },
      options,
    );
  const zone = ask({ zone: { name: 'b', action: 'FAIL' } });
  t.ok(near(one(zone, 0)?.newConnectionsLost, 1 / 3));
  t.equal(one(zone, 0)?.connectionsBroken, 100);
  t.equal(zone.phases[1]?.fromSeconds, 41, '40 s before Kubernetes 1.32, and the rules');
  t.equal(ask({ zone: { name: 'b', action: 'FAIL' } }, {}, { ...THREE, version: '1.33.5' }).phases[1]?.fromSeconds, 51);
  t.equal(zone.phases[2]?.fromSeconds, 340, 'evicted 300 s after it is noticed');
  t.match(
    ask({ node: { name: 'n2', action: 'FAIL', reschedule: false } }).phases.length,
    2,
    'nothing is replaced where the request says so',
  );
  const balanced = {
    services: [{ namespace: 'default', name: 'web', via: 'LOAD_BALANCER' as const }],
    clients: { loadBalancer: {} },
    traffic: { requestsPerSecond: 300 },
  };
  const outside = ask(
    { node: { name: 'n2', action: 'FAIL' } },
    { probability: balanced, times: { balancer: 10 } },
    { ...THREE, policy: 'Cluster' },
  );
  t.ok(near(one(outside, 0)?.newConnectionsLost, 1 - (2 / 3) * (2 / 3)), 'lost at the node, or at its pod');
  t.equal(outside.phases[1]?.fromSeconds, 10);
  t.ok(near(one(outside, 1)?.newConnectionsLost, 1 / 3), 'the load balancer knows, the rules do not');
  t.equal(one(outside, 2)?.newConnectionsLost, 0);
});

t.test('each of some nodes without pods has its part of what a load balancer sends', async (t) => {
  for (const name of ['n2', 'n3', 'n4']) {
    const lost = timeline(
      {
        change: { node: { name, action: 'FAIL' } } as TimelineQuestion['change'],
        times: { balancer: 10 },
        probability: {
          services: [{ namespace: 'default', name: 'web', via: 'LOAD_BALANCER' }],
          clients: { loadBalancer: {} },
          traffic: { requestsPerSecond: 300 },
        },
      },
      { pods: [2, 0, 0, 0], policy: 'Cluster' },
    );
    t.ok(near(one(lost, 0)?.newConnectionsLost, 1 / 4), `${name}: what comes in there`);
    t.equal(one(lost, 1)?.newConnectionsLost, 0, `${name}: the load balancer leaves it out`);
  }
});

t.test('a drain: pods stop, others are created', async (t) => {
  const result = timeline({
    change: { node: { name: 'n1', action: 'DRAIN' } } as TimelineQuestion['change'],
    times: { preStop: 10, ready: 20 },
    probability: { services: [{ namespace: 'default', name: 'web' }], traffic: { connections: 300 } },
  });
  t.match(
    result.phases.map(({ fromSeconds }) => fromSeconds),
    [0, 1, 21, 30],
  );
  t.same(
    result.phases.map(({ services: [load] }) => load?.ready),
    [3, 2, 3, 3],
  );
  t.equal(one(result, -1)?.connectionsBroken, 100, 'connections go with the pod, after its grace period');
});

t.test('without traffic, connections are spread as in the end once the rules are, not once pods go', async (t) => {
  const down = timeline({ change: scaled(1) });
  t.equal(down.evenAfterSeconds, 1);
  t.match(down.explanation, /spread as after the change from 1 s on/);
  t.equal(down.phases.at(-1)?.fromSeconds, 30, 'the last phase is when the pods go');
});

t.test('where no Service is named, those are asked about whose pods the change moves', async (t) => {
  for (const action of ['DRAIN', 'FAIL', 'REMOVE'] as const) {
    const { services } = timeline({ change: { node: { name: 'n1', action } } });
    t.same(
      services.map(({ service }) => service.name),
      ['web'],
      action,
    );
  }
  t.equal(timeline({ change: { zone: { name: 'b', action: 'FAIL' } } }).services.length, 1);
});

t.test('what is missing or contradicts itself is refused with its place', async (t) => {
  const up = scaled(4);
  const cases: readonly (readonly [unknown, string])[] = [
    [{ change: { node: { name: 'n1', action: 'CORDON' } } }, '/timeline/probability/services'],
    [{ change: up, lifetime: { law: 'EXPONENTIAL' } }, '/timeline/lifetime/seconds'],
    [{ change: up, lifetime: { law: 'UNIFORM', seconds: 4 } }, '/timeline/lifetime/jitter'],
    [{ change: up, lifetime: { law: 'FOREVER', seconds: 4 } }, '/timeline/lifetime/seconds'],
    [{ change: up, times: { ready: -1 } }, '/timeline/times/ready'],
    [
      { change: up, probability: { traffic: { connections: 4, capacity: 0 } } },
      '/timeline/probability/traffic/capacity',
    ],
    [{ change: up, probability: { traffic: { connections: 4, clients: 9 } } }, '/timeline/probability/traffic/clients'],
  ];
  for (const [question, pointer] of cases) {
    t.throws(
      () => timeline(question as TimelineQuestion),
      { code: 'INVALID_REQUEST', problems: [{ pointer }] },
      JSON.stringify(question),
    );
  }
  t.throws(
    () => timeline({ change: { scale: { ...WEB, name: 'nobody', replicas: 3 } } as TimelineQuestion['change'] }),
    { code: 'NOT_FOUND', problems: [{ pointer: '/timeline/change/scale' }] },
  );
  t.throws(
    () =>
      timeline({
        change: { node: { name: 'n9', action: 'FAIL' } } as TimelineQuestion['change'],
        probability: { services: [{ namespace: 'default', name: 'web' }] },
      }),
    { code: 'NOT_FOUND', problems: [{ pointer: '/timeline/change/node/name' }] },
  );
});

t.test('percentiles of each phase: each connection is on a pod by itself', async (t) => {
  const traffic = { connections: 300, capacity: 130 };
  const moved = timeline({
    change: scaled(6),
    lifetime: { law: 'EXPONENTIAL', seconds: 60 },
    times: { ready: 10, rules: 1 },
    probability: { traffic },
  });
  const named = ['mean', 'p5', 'p50', 'p95', 'p99'] as const;
  for (const phase of moved.phases) {
    const load = phase.services[0];
    const old = (load?.oldPodConnections ?? 0) / 300;
    const fresh = (load?.newPodConnections ?? 0) / 300;
    const pods = [
      { count: 3, share: fresh === 0 ? 1 / 3 : old },
      ...(fresh === 0 ? [] : [{ count: 3, share: fresh }]),
    ].map((group) => ({ ...group, capacity: 130 }));
    const model = answerModel('extremes', { connections: 300, pods }, '') as Record<'most', Record<string, number>>;
    for (const level of named) {
      t.ok(near(load?.most?.[level], model.most[level] ?? 0, 1e-6), `${phase.title}: ${level} of the most loaded pod`);
    }
    const over = answerModel('over-capacity', { connections: 300, pods }, '') as { anyOver: number };
    t.ok(near(load?.overChance, over.anyOver, 1e-9), `${phase.title}: over capacity`);
  }
  // The new pods get nothing before the rules change: then three are idle for certain.
  t.match(moved.phases[1]?.services[0], { anyIdle: 1, least: { mean: 0, p99: 0 } });
  t.ok(near(moved.phases[1]?.services[0]?.expectedIdle, 3, 1e-9));
});

t.test('percentiles that are not known, and clients that stay on their pod', async (t) => {
  const request = validateRequest(
    'timeline',
    {
      timeline: { change: scaled(4), probability: { traffic: { connections: 30 } } },
      settings: { kubeProxy: { mode: 'ipvs', ipvs: { scheduler: 'rr' } } },
    },
    'apart',
  );
  const inTurn = ask('timeline', request, deployed(THREE, {}));
  t.equal(inTurn.result.phases[0]?.services[0]?.most, undefined);
  t.ok(inTurn.assumptions.some(({ field }) => field === 'timeline.percentiles'));
  const sticky: BalancedOptions = { ...THREE, spec: { sessionAffinity: 'ClientIP' } };
  const kept = timeline(
    {
      change: scaled(4),
      lifetime: { law: 'EXPONENTIAL', seconds: 60 },
      probability: { traffic: { connections: 60, clients: 6 } },
    },
    sticky,
  );
  t.equal(kept.evenAfterSeconds, undefined, "a client's next connection goes where its last one was");
  // Six clients of ten connections over three pods: of 729 throws 90 have a most of 2, and 420 of 3.
  t.match(kept.phases[0]?.services[0]?.most, { p50: 30 });
});
