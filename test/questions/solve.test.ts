/** solve: each solution is checked by asking the plain question, and the next value by the same. */
import t from 'tap';
import type { SolveResult } from '../../src/contract/answers.js';
import type { QuestionRequest, SolveQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { fieldsOfLoad } from '../../src/questions/load/fields.js';
import { validateRequest } from '../../src/questions/validate-request.js';
import type { BalancedOptions } from '../support/balanced.js';
import { type Deployed, deployed } from '../support/deployed.js';

const SCALE = { kind: 'Deployment', namespace: 'default', name: 'web' } as const;
const THREE: BalancedOptions = { pods: [1, 1, 1], zones: ['a', 'b', 'c'] };
const RATE = { requestsPerSecond: 5000, maxRequestsPerSecond: 300 };

function solve(
  question: Partial<SolveQuestion>,
  options = THREE,
  deploy: Deployed = {},
  more: Partial<QuestionRequest> = {},
): SolveResult {
  const request = validateRequest('solve', { ...more, solve: { scale: SCALE, ...question } }, 'apart');
  return ask('solve', request, deployed(options, deploy)).result;
}

/** The plain answer to a request that a solution gives for its check. */
function plain(check: unknown, options = THREE, deploy: Deployed = {}, more: Partial<QuestionRequest> = {}) {
  const request = validateRequest('probability', { ...more, ...(check as QuestionRequest) }, 'apart');
  return ask('probability', request, deployed(options, deploy)).result.services[0];
}

const over = (check: unknown, options = THREE, deploy: Deployed = {}) =>
  fieldsOfLoad(plain(check, options, deploy)?.load)?.overCapacity;

t.test('the least replicas', async (t) => {
  const cases: readonly (readonly [string, Partial<SolveQuestion>, number, string])[] = [
    ['in the mean', { replicas: {}, probability: { traffic: RATE } }, 17, 'whole'],
    [
      'also without a zone: 9 9 8',
      { replicas: { without: ['ZONE'] }, probability: { traffic: RATE } },
      26,
      'without zone',
    ],
    [
      '50 connections, capacity 6',
      { replicas: {}, probability: { traffic: { connections: 50, capacity: 6, maxChance: 0.05 } } },
      29,
      'whole',
    ],
    [
      'also in a roll-out, a quarter unavailable',
      { replicas: { without: ['ROLLOUT'] }, probability: { traffic: RATE } },
      22,
      'while it is rolled out',
    ],
  ];
  for (const [what, question, smallest, binding] of cases) {
    const { replicas } = solve(question);
    t.equal(replicas?.smallest, smallest, what);
    t.match(replicas?.binding, binding);
    t.match(replicas?.explanation, new RegExp(`^${smallest} replicas`));
    const { holds, fails } = (replicas?.check ?? {}) as { readonly holds: unknown; readonly fails: unknown };
    const most = question.probability?.traffic?.maxChance ?? 0.01;
    t.ok((over(holds) ?? 1) <= most, `${what}: the plain question agrees`);
    t.ok((over(fails) ?? 0) > most, `${what}: one less fails`);
    for (const { fits } of replicas?.holds?.states ?? []) t.ok(fits);
  }
  t.match(solve({ replicas: { most: 10 }, probability: { traffic: RATE } }).replicas, {
    smallest: undefined,
    explanation: /At least 17/,
  });
  t.match(
    solve(
      {
        replicas: {},
        probability: {
          traffic: { connections: 9, clients: 1, capacity: 3 },
          services: [{ namespace: 'default', name: 'web' }],
        },
      },
      { ...THREE, spec: { sessionAffinity: 'ClientIP' } },
    ).replicas,
    { smallest: undefined },
    'one address with more than a pod takes',
  );
});

t.test('the best policy by stated costs', async (t) => {
  const uneven: BalancedOptions = { pods: [4, 1, 1], zones: ['a', 'b', 'c'], version: '1.34.1' };
  const asked = (costs: Record<string, number>) =>
    solve({ policy: { costs }, probability: { traffic: { requestsPerSecond: 1000, bytesPerRequest: 1e6 } } }, uneven)
      .policy;
  const near = asked({ imbalance: 1 });
  t.equal(near?.best, 'CLUSTER');
  const far = asked({ imbalance: 0.001, crossZoneGigabyte: 1 });
  t.ok(far?.best !== 'CLUSTER', 'bytes cost more than imbalance');
  const turn = far?.turns?.find(({ cost, value }) => cost === 'imbalance' && value > 0.001);
  t.ok(turn !== undefined, 'from some price of imbalance on another policy is the best');
  if (turn !== undefined) {
    t.not(asked({ imbalance: turn.value * 1.01, crossZoneGigabyte: 1 })?.best, far?.best, 'just above the turn');
    t.equal(asked({ imbalance: turn.value * 0.99, crossZoneGigabyte: 1 })?.best, far?.best, 'just below it');
  }
  const { crossZone } = plain(far?.check, uneven) ?? {};
  t.equal(crossZone?.value, far?.candidates[0]?.crossZone, 'the plain question agrees');
  t.match(
    solve({ policy: {} }, { ...uneven, version: '1.28.0' }).policy?.candidates.find(
      ({ policy }) => policy === 'PREFER_SAME_NODE',
    ),
    { possible: false },
  );
  const kept = solve(
    {
      policy: { costs: { clientAddressLost: 1 } },
      probability: {
        services: [{ namespace: 'default', name: 'web', via: 'LOAD_BALANCER' }],
        clients: { loadBalancer: {} },
      },
    },
    uneven,
  ).policy;
  t.equal(kept?.best, 'LOCAL', 'the address of clients outside is kept by Local alone');
});

t.test('the worst placement', async (t) => {
  const question = (replicas: number): Partial<SolveQuestion> => ({
    placement: { replicas, policy: 'LOCAL' },
    probability: {
      services: [{ namespace: 'default', name: 'web', via: 'LOAD_BALANCER' }],
      clients: { loadBalancer: {} },
    },
  });
  const { placement } = solve(question(6));
  t.equal(placement?.exhaustive, true);
  t.same(placement?.worst?.nodes.map(({ pods }) => pods).sort(), [1, 5], 'one pod has a node of its own');
  t.equal(placement?.worst?.imbalance, 3, '1/2 over 1/6');
  t.equal(plain(placement?.check)?.imbalance?.value, 3, 'the plain question agrees');
  const forbid = placement?.forbids.find(({ topologyKey }) => topologyKey === 'kubernetes.io/hostname');
  t.equal(forbid?.worst?.imbalance, 1, 'maxSkew 1 over hosts forbids it');
  const large = solve(question(30)).placement;
  t.equal(large?.worst?.imbalance, 15, '1/2 over 1/30');
  const spread = {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: 'web' } },
      },
    ],
  };
  const held = solve(question(7), THREE, { spec: spread }).placement;
  t.same(held?.worst?.nodes.map(({ pods }) => pods).sort(), [2, 2, 3]);
  t.match(held?.constraints[0], /maxSkew 1 over kubernetes.io\/hostname/);
  t.equal(
    solve({ ...question(6), placement: { replicas: 6, policy: 'CLUSTER' } }).placement?.worst?.imbalance,
    1,
    'under Cluster no placement is uneven',
  );
});

t.test('maxSurge and maxUnavailable', async (t) => {
  const options: BalancedOptions = { pods: [7, 7, 6], zones: ['a', 'b', 'c'] };
  const { rollout } = solve({ rollout: {}, probability: { traffic: RATE } }, options);
  t.match(rollout, { maxSurge: 5, maxUnavailable: 3, binding: '16 ready pods' });
  const { holds, fails } = (rollout?.check ?? {}) as { readonly holds: unknown; readonly fails: unknown };
  t.equal(over(holds, options), 0, 'the plain question agrees');
  t.equal(over(fails, options), 1, 'one more unavailable fails');
  t.match(
    solve(
      { rollout: { maxSurge: 0 }, probability: { traffic: { requestsPerSecond: 5900, maxRequestsPerSecond: 300 } } },
      options,
    ).rollout,
    { maxUnavailable: undefined, explanation: /maxSurge above 0/ },
  );
  t.match(
    solve({ rollout: {}, probability: { traffic: { requestsPerSecond: 9000, maxRequestsPerSecond: 300 } } }, options)
      .rollout?.explanation,
    /without one already/,
  );
});

t.test('what is missing or contradicts itself is refused with its place', async (t) => {
  const cases: readonly (readonly [Record<string, unknown>, string])[] = [
    [{}, '/solve'],
    [{ replicas: {} }, '/solve/scale'],
    [{ policy: {} }, '/solve/probability/services'],
    [{ scale: SCALE, replicas: {} }, '/solve/probability/traffic'],
    [{ scale: SCALE, replicas: {}, probability: { traffic: { requestsPerSecond: 5 } } }, '/solve/probability/traffic'],
    [
      { scale: SCALE, replicas: {}, probability: { traffic: { ...RATE, maxChance: 1 } } },
      '/solve/probability/traffic/maxChance',
    ],
    [{ scale: SCALE, policy: { costs: { imbalance: -1 } } }, '/solve/policy/costs/imbalance'],
    [{ scale: SCALE, policy: { costs: { imbalance: 0 } } }, '/solve/policy/costs'],
    [{ scale: SCALE, policy: { costs: { crossZoneGigabyte: 1 } } }, '/solve/policy/costs/crossZoneGigabyte'],
  ];
  for (const [question, pointer] of cases) {
    const asked = () => ask('solve', validateRequest('solve', { solve: question }, 'apart'), deployed(THREE));
    t.throws(asked, { code: 'INVALID_REQUEST', problems: [{ pointer }] }, JSON.stringify(question));
  }
  t.throws(() => solve({ scale: { ...SCALE, name: 'nobody' }, replicas: {}, probability: { traffic: RATE } }), {
    code: 'NOT_FOUND',
  });
});

t.test('what is not modelled is not known', async (t) => {
  const result = solve(
    { replicas: {}, probability: { traffic: RATE } },
    { ...THREE, gke: true },
    {},
    {
      settings: { kubeProxy: { mode: 'ipvs', ipvs: { scheduler: 'lc' } } } as NonNullable<QuestionRequest['settings']>,
    },
  );
  t.equal(result.replicas?.smallest, 17, 'means are known');
  const chances = solve(
    { replicas: {}, probability: { traffic: { connections: 50, capacity: 6 } } },
    THREE,
    {},
    {
      settings: { kubeProxy: { mode: 'ipvs', ipvs: { scheduler: 'lc' } } } as NonNullable<QuestionRequest['settings']>,
    },
  );
  t.equal(chances.replicas?.smallest, undefined, 'chances under least connections are not');
});
