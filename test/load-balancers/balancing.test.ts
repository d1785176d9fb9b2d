/** What a load balancer makes of new connections, from outside and from inside, in paths and in probabilities. */
import t from 'tap';
import type { PathResult, ServiceProbability } from '../../src/contract/answers.js';
import type { PathQuestion, ProbabilityQuestion, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type BalancedOptions, balanced, VIP, WEB } from '../support/balanced.js';

const TO_VIP = { service: { ...WEB, via: 'LOAD_BALANCER' as const } };
const OUTSIDE = { external: { address: '198.51.100.9' } };

function share(
  options: BalancedOptions,
  question: Partial<ProbabilityQuestion> = {},
  rest: Partial<QuestionRequest> = {},
): ServiceProbability {
  const asked = { services: [WEB], clients: { loadBalancer: {} }, ...question };
  const [service] = ask('probability', { ...rest, probability: asked }, balanced(options)).result.services;
  if (service === undefined) throw new Error('no service answered');
  return service;
}

function path(
  options: BalancedOptions,
  question: Partial<PathQuestion> = {},
  rest: Partial<QuestionRequest> = {},
): PathResult {
  const asked = { source: OUTSIDE, destination: TO_VIP, ...question };
  return ask('path', { ...rest, path: asked }, balanced(options)).result;
}

const fractions = (service: ServiceProbability) =>
  service.endpoints.map((endpoint) => `${endpoint.pod?.replace('default/web-', '')} ${endpoint.share.fraction}`);

const outcomes = (result: PathResult) =>
  result.traces
    .map(({ verdict, cause, endpoint, seenClient, probability }) =>
      verdict === 'DELIVERED'
        ? `${probability.fraction} ${endpoint?.address} sees ${seenClient}`
        : `${probability.fraction} ${verdict}/${cause}`,
    )
    .sort();

const SHARES: readonly [
  name: string,
  options: BalancedOptions,
  expected: { shares: string[]; lost?: string; secondHop?: string; question?: Partial<ProbabilityQuestion> },
][] = [
  ['generic, Cluster', { pods: [2, 1] }, { shares: ['1-1 1/3', '1-2 1/3', '2-1 1/3'], secondHop: '1/2' }],
  ['generic, Local', { pods: [2, 1], policy: 'Local' }, { shares: ['1-1 1/4', '1-2 1/4', '2-1 1/2'], secondHop: '0' }],
  ['GKE, Cluster', { pods: [2, 1], gke: true }, { shares: ['1-1 1/3', '1-2 1/3', '2-1 1/3'], secondHop: '1/2' }],
  [
    'GKE, Local',
    { pods: [3, 1], gke: true, policy: 'Local' },
    { shares: ['1-1 1/6', '1-2 1/6', '1-3 1/6', '2-1 1/2'], secondHop: '0' },
  ],
  [
    'GKE, Local, weighted',
    {
      pods: [3, 1],
      gke: true,
      policy: 'Local',
      annotations: {
        'networking.gke.io/weighted-load-balancing': 'pods-per-node',
        'cloud.google.com/l4-rbs': 'enabled',
      },
    },
    { shares: ['1-1 1/4', '1-2 1/4', '1-3 1/4', '2-1 1/4'] },
  ],
  [
    'GKE, Local, a node without pods after its checks have failed',
    { pods: [1, 1, 0], gke: true, policy: 'Local' },
    { shares: ['1-1 1/2', '2-1 1/2'], lost: '0' },
  ],
  [
    'GKE, Local, a node without pods before that',
    { pods: [1, 1, 0], gke: true, policy: 'Local' },
    // Without a change health checks have found the present state.
    { question: { phase: 'BEFORE' }, shares: ['1-1 1/2', '2-1 1/2'], lost: '0' },
  ],
];

for (const [name, options, { shares, lost, secondHop, question }] of SHARES) {
  t.test(`shares through ${name}`, async (t) => {
    const service = share(options, question);
    t.same(fractions(service), shares);
    if (lost !== undefined) t.equal(service.loadBalancer?.lost.fraction, lost);
    if (secondHop !== undefined) t.equal(service.secondHop?.fraction, secondHop);
  });
}

t.test('outside clients of the address come through the load balancer by themselves', async (t) => {
  const options = { pods: [2, 1], policy: 'Local' as const };
  const viaClients = share(options, { services: [{ ...WEB, via: 'LOAD_BALANCER' }], clients: { external: {} } });
  t.same(fractions(viaClients), fractions(share(options)));
  const weights = [{ source: { external: {} }, weight: 1 }];
  const viaWeights = share(options, { services: [{ ...WEB, via: 'LOAD_BALANCER' }], clients: { weights } });
  t.same(fractions(viaWeights), fractions(share(options)));
});

t.test('what a node gets: rewritten to its node port, or as it was sent', async (t) => {
  const hopsOf = (result: PathResult) => result.traces[0]?.hops.map(({ kind }) => kind);
  const arriving = (result: PathResult) =>
    result.traces[0]?.hops.find(({ kind }) => kind === 'LOAD_BALANCER')?.steps.at(-1)?.after;
  const replyOf = (result: PathResult) => result.traces[0]?.reply?.hops.map(({ kind }) => kind);
  const generic = path({ pods: [1] });
  t.same(hopsOf(generic), ['OUTSIDE', 'LOAD_BALANCER', 'NODE', 'POD']);
  t.match(arriving(generic), { source: '198.51.100.9', destination: '10.0.0.1', destinationPort: 30080 });
  t.same(replyOf(generic), ['NODE', 'LOAD_BALANCER', 'OUTSIDE'], 'the reply passes the load balancer');
  const gke = path({ pods: [1], gke: true });
  t.match(arriving(gke), { source: '198.51.100.9', destination: VIP, destinationPort: 80 });
  t.same(replyOf(gke), ['NODE', 'OUTSIDE'], 'direct server return');
  t.same(outcomes(generic), ['1 10.20.1.2 sees 10.20.1.1'], 'masqueraded to the bridge of the node');
  t.same(outcomes(gke), ['1 10.20.1.2 sees 10.0.0.1'], 'masqueraded to the node, which routes to pods');
});

t.test('clients outside the source ranges are turned away before a node sees them', async (t) => {
  const spec = { loadBalancerSourceRanges: ['192.0.2.0/24'] };
  for (const gke of [false, true]) {
    const result = path({ pods: [1, 1], gke, spec });
    t.same(outcomes(result), ['1 DROPPED/FIREWALLED']);
    t.same(
      result.traces[0]?.hops.map(({ kind }) => kind),
      ['OUTSIDE', 'LOAD_BALANCER'],
    );
    const inRange = path({ pods: [1, 1], gke, spec }, { source: { external: { address: '192.0.2.7' } } });
    t.equal(inRange.traces[0]?.verdict, 'DELIVERED');
    const nodePort = { service: { ...WEB, via: 'NODE_PORT' as const, node: 'n1' } };
    t.equal(
      path({ pods: [1, 1], gke, spec }, { destination: nodePort }).traces[0]?.verdict,
      'DELIVERED',
      'not the node port',
    );
  }
});

t.test('what the load balancer does not take, and what nobody takes', async (t) => {
  t.same(outcomes(path({ pods: [1] }, { destination: { address: VIP, port: 81 } })), ['1 UNREACHABLE/NO_RULE']);
  t.same(outcomes(path({ pods: [0, 0], policy: 'Local' })), ['1 UNREACHABLE/NO_BACKENDS']);
  t.same(outcomes(path({ pods: [0, 0] })), ['1/2 REJECTED/NO_ENDPOINTS', '1/2 REJECTED/NO_ENDPOINTS']);
});

t.test('options of another implementation are refused', async (t) => {
  const loadBalancer = { implementation: 'generic' as const, options: { weighted: true } };
  t.throws(() => share({ pods: [1] }, {}, { settings: { loadBalancer } }), {
    code: 'INVALID_REQUEST',
    problems: [{ pointer: '/settings/loadBalancer/options/weighted' }],
  });
  t.throws(() => share({ pods: [1] }, { services: [{ ...WEB, via: 'CLUSTER_IP' }] }), {
    code: 'INVALID_REQUEST',
    problems: [{ pointer: '/probability/clients/loadBalancer' }],
  });
});

const probes = (options: BalancedOptions, healthCheck: object, rest: Partial<PathQuestion> = {}) => {
  const source = { healthCheck };
  return ask('path', { path: { source, ...rest } }, balanced(options)).result;
};

t.test('health checks as a source', async (t) => {
  const reported = (result: PathResult) =>
    result.traces.map(({ verdict, clientSees, healthCheck, endpoint }) => [
      endpoint?.node,
      verdict,
      clientSees,
      healthCheck?.healthy,
      healthCheck?.weight,
    ]);
  const local = probes({ pods: [2, 0], gke: true, policy: 'Local' }, { service: WEB });
  t.same(local.question.port, 32000);
  t.same(reported(local), [
    ['n1', 'DELIVERED', 'HTTP status 200', true, 2],
    ['n2', 'DELIVERED', 'HTTP status 503', false, 0],
  ]);
  t.equal(local.traces[0]?.hops[0]?.steps[0]?.after?.source, '130.211.0.1');
  const cluster = probes({ pods: [2, 0], gke: true, node: { n2: { ready: 'Unknown' } } }, {}, { destination: TO_VIP });
  t.same(cluster.question.port, 10256);
  t.same(reported(cluster), [
    ['n1', 'DELIVERED', 'HTTP status 200', true, undefined],
    [undefined, 'UNREACHABLE', 'a timeout', false, undefined],
  ]);
  const tainted = { n1: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } };
  t.throws(() => probes({ pods: [1, 1], gke: true, node: tainted }, { service: WEB, node: 'n1' }), {
    code: 'INVALID_REQUEST',
    problems: [{ pointer: '/path/source/healthCheck/node' }],
  });
  t.throws(() => probes({ pods: [1] }, {}), {
    code: 'INVALID_REQUEST',
    problems: [{ pointer: '/path/source/healthCheck/service' }],
  });
  t.throws(() => probes({ pods: [1], spec: { type: 'NodePort' } }, { service: WEB }), { code: 'INVALID_REQUEST' });
  t.throws(() => ask('path', { path: { source: OUTSIDE } }, balanced({ pods: [1] })), {
    code: 'INVALID_REQUEST',
    problems: [{ pointer: '/path/destination' }],
  });
});

t.test('on GKE the address is local on backend nodes', async (t) => {
  const pod = { pod: 'default/client' };
  const at = (port: number, options: Partial<BalancedOptions> = {}, source: PathQuestion['source'] = pod) =>
    outcomes(path({ pods: [1, 1], gke: true, ...options }, { source, destination: { address: VIP, port } }));
  t.same(at(80), ['1/2 10.20.1.2 sees 10.0.0.1', '1/2 10.20.2.2 sees 10.0.0.1'], 'translated where the client is');
  t.same(at(80, { policy: 'Local', pods: [0, 1] }), ['1 10.20.2.2 sees 10.20.1.99'], 'any endpoint, source kept');
  t.same(at(80, {}, { node: 'n1' }), ['1/2 10.20.1.2 sees 10.0.0.1', '1/2 10.20.2.2 sees 10.0.0.1']);
  t.same(at(81), ['1 UNKNOWN/MISSING_DATA'], 'another port is the node’s own, of which nothing is known');
  t.same(at(30080), ['1/2 10.20.1.2 sees 10.0.0.1', '1/2 10.20.2.2 sees 10.0.0.1'], 'so is the node port');
  const excluded = { n1: { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } } };
  t.same(at(81, { node: excluded }), ['1 UNREACHABLE/NO_RULE'], 'not where the node is no backend');
  t.same(at(81, { gke: false }), ['1 UNREACHABLE/NO_RULE']);
});

t.test('a Service that is published by a host name alone', async (t) => {
  const status = { loadBalancer: { ingress: [{ hostname: 'lb.example.net' }] } };
  const asked = (source: PathQuestion['source'], settings: NonNullable<QuestionRequest['settings']>) =>
    path({ pods: [1, 1], status }, { source, destination: { host: 'lb.example.net', port: 80 } }, { settings });
  const named = (implementation: 'generic' | 'gke-external-passthrough') => ({ loadBalancer: { implementation } });
  t.same(outcomes(asked(OUTSIDE, {})).length, 4);
  t.same(asked(OUTSIDE, {}).question.addresses, ['198.19.177.16'], 'an address stands for the name');
  t.same(outcomes(asked({ pod: 'default/client' }, {})), ['1 UNKNOWN/MISSING_DATA'], 'who balances it is not known');
  t.ok(
    asked({ pod: 'default/client' }, named('generic')).traces.some(
      ({ hops }) => hops.map(({ kind }) => kind).join(' ') === 'CLIENT NODE LOAD_BALANCER NODE POD',
    ),
    'the packet leaves the cluster and comes back',
  );
  const kept = outcomes(asked(OUTSIDE, named('gke-external-passthrough')));
  t.same(kept, ['1/2 UNKNOWN/MISSING_DATA', '1/2 UNKNOWN/MISSING_DATA'], 'kept, but not known');
});

t.test('an answer does not depend on what was asked of the same snapshot before', async (t) => {
  const snapshot = balanced({ pods: [0, 0], gke: true, policy: 'Local' });
  const question: QuestionRequest = {
    path: { source: { pod: 'default/client' }, destination: { address: VIP, port: 81 } },
  };
  const first = JSON.stringify(ask('path', question, snapshot));
  t.match(first, /loadBalancer\.localRoute/, 'rests on the local route');
  const all = ask('probability', { probability: { services: [WEB], clients: { loadBalancer: {} } } }, snapshot);
  t.ok(all.assumptions.some(({ field }) => field.startsWith('loadBalancer.failOpen')));
  t.equal(JSON.stringify(ask('path', question, snapshot)), first);
  t.notMatch(first, /loadBalancer\.failOpen/);
});
