/** Questions about load balancers that users asked in public, and what GKE's own way makes of them. */
import t from 'tap';
import type { PathResult, ServiceProbability } from '../../src/contract/answers.js';
import type { Change, PathQuestion, ProbabilityQuestion, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type BalancedOptions, balanced, nodeAddress, podAddress, WEB } from '../support/balanced.js';

const VIA = { ...WEB, via: 'LOAD_BALANCER' as const };
const OUTSIDE = { external: { address: '198.51.100.9' } };
const TO_LOCAL: Change = { service: { ...WEB, externalTrafficPolicy: 'Local' } };

function shares(
  options: BalancedOptions,
  question: Partial<ProbabilityQuestion> = {},
  rest: Partial<QuestionRequest> = {},
): ServiceProbability {
  const probability = { services: [WEB], clients: { loadBalancer: {} }, ...question };
  return ask('probability', { ...rest, probability }, balanced(options)).result.services[0] as ServiceProbability;
}

const fractions = (service: ServiceProbability) => service.endpoints.map(({ share }) => share.fraction);

function path(
  options: BalancedOptions,
  question: Partial<PathQuestion>,
  rest: Partial<QuestionRequest> = {},
): PathResult {
  return ask(
    'path',
    { ...rest, path: { source: OUTSIDE, destination: { service: VIA }, ...question } },
    balanced(options),
  ).result;
}

const outcomes = (result: PathResult) => [
  ...new Set(
    result.traces.map(({ verdict, cause, endpoint, seenClient }) =>
      verdict === 'DELIVERED' ? `${endpoint?.address} sees ${seenClient}` : `${verdict}/${cause}`,
    ),
  ),
];

function whatIf(options: BalancedOptions, changes: readonly Change[], question: Partial<ProbabilityQuestion> = {}) {
  const probability = { services: [VIA], clients: { loadBalancer: {} }, ...question };
  const { result, findings } = ask('what-if', { changes, probability }, balanced(options));
  const [before, after] = [result.before, result.after].map(
    (side) => (side as { services: ServiceProbability[] }).services[0] as ServiceProbability,
  );
  const codes = Object.fromEntries(findings.map(({ code, evidence }) => [code, evidence]));
  return { before: before as ServiceProbability, after: after as ServiceProbability, codes };
}

t.test('2 pods on n1, 1 on n2 behind a load balancer: Cluster → Local', async (t) => {
  for (const gke of [false, true]) {
    const { before, after, codes } = whatIf({ pods: [2, 1], gke }, [TO_LOCAL]);
    t.same(
      [fractions(before), fractions(after)],
      [
        ['1/3', '1/3', '1/3'],
        ['1/4', '1/4', '1/2'],
      ],
    );
    t.match(codes.SOURCE_ADDRESS_GAINED, { kept: { before: '0', after: '1' } }, 'the client address is kept now');
    t.match(codes.LOAD_BALANCER_IMBALANCE, { factor: { before: '1', after: '3/2' } });
    t.ok(codes.HEALTH_CHECK_CHANGED);
    t.match(codes.NODE_PORTS_OPENED, { ports: ['30000/TCP (health check)'] });
    const back = whatIf({ pods: [2, 1], gke, policy: 'Local' }, [
      { service: { ...WEB, externalTrafficPolicy: 'Cluster' } },
    ]);
    t.match(back.codes.SOURCE_ADDRESS_LOST, { kept: { before: '1', after: '0' } });
  }
});

t.test('ClientIP affinity through a load balancer', async (t) => {
  const spec = {
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
  };
  const gke = shares({ pods: [1, 1], gke: true, spec }).affinity;
  t.match(gke?.explanation, /The load balancer keeps to one backend as well: session affinity CLIENT_IP/);
  t.same(
    gke?.returning.map(({ endpoint, goesTo }) => endpoint === goesTo),
    [true, true],
    'node and pod are the same again',
  );
  const generic = shares({ pods: [1, 1], spec }).affinity;
  t.match(generic?.explanation, /comes to have up to one endpoint for each node/);
});

t.test('pod → load balancer under Local, no endpoint on its node', async (t) => {
  const options = { pods: [0, 1], gke: true, policy: 'Local' as const };
  const source = { pod: 'default/client' };
  t.same(outcomes(path(options, { source })), [`${podAddress(2, 1)} sees ${podAddress(1, 98)}`]);
  t.match(outcomes(path({ ...options, version: '1.22.0' }, { source })), [/^10\.20\.2\.2 sees 10\.20\.1\.99$/]);
  const settings = { kubeProxy: { detectLocalMode: 'None' as const } };
  t.match(outcomes(path(options, { source }, { settings })), [/^DROPPED/], 'without a detector');
});

t.test('host process → the same', async (t) => {
  const options = { pods: [0, 1], gke: true, policy: 'Local' as const };
  t.same(outcomes(path(options, { source: { node: 'n1' } })), [`${podAddress(2, 1)} sees ${nodeAddress(1)}`]);
});

t.test(
  'the last ready pod is terminating but still serves: delivered, while the health check fails already',
  async (t) => {
    const endpoint = { [podAddress(1, 1)]: { ready: false, serving: true, terminating: true } };
    const options = { pods: [1, 0], policy: 'Local' as const, endpoint };
    const settings = { loadBalancer: { implementation: 'gke-external-passthrough' as const } };
    t.same(outcomes(path(options, { phase: 'BEFORE' }, { settings })), [
      `${podAddress(1, 1)} sees 198.51.100.9`,
      'DROPPED/NO_LOCAL_ENDPOINTS',
    ]);
    const probe = path(options, { source: { healthCheck: { service: WEB, node: 'n1' } } }, { settings });
    t.match(probe.traces[0]?.healthCheck, { healthy: false, status: 503 });
    const strict = { loadBalancer: { ...settings.loadBalancer, options: { failOpen: false } } };
    t.same(
      outcomes(path(options, {}, { settings: strict })),
      ['UNREACHABLE/NO_BACKENDS'],
      'after the checks have failed',
    );
    t.same(
      outcomes(path({ ...options, version: '1.25.4' }, { phase: 'BEFORE' }, { settings })),
      ['REJECTED/NO_ENDPOINTS'],
      'before 1.26',
    );
  },
);

t.test('draining a node behind a load balancer', async (t) => {
  const drain: Change = { node: { name: 'n1', action: 'DRAIN', reschedule: false } };
  const cluster = whatIf({ pods: [2, 1, 0], gke: true }, [drain]);
  t.same([fractions(cluster.before), fractions(cluster.after)], [['1/3', '1/3', '1/3'], ['1']]);
  t.equal(cluster.after.loadBalancer?.lost.fraction, '0', 'a cordoned node still forwards');
  t.equal(cluster.after.secondHop?.fraction, '2/3');
  t.match(cluster.codes.CONNECTIONS_LOST, { share: '2/3' });
  t.match(cluster.codes.CONNECTIONS_CROSS_NODE, { share: '1/9', nodes: ['n1'] }, 'came in at n1 for the pod on n2');
  const local = whatIf({ pods: [2, 1, 0], gke: true, policy: 'Local' }, [drain]);
  t.same([fractions(local.before), fractions(local.after)], [['1/4', '1/4', '1/2'], ['1']]);
  t.match(local.codes.LOST_UNTIL_CONVERGED, { share: '1/2', seconds: 6, nodes: ['n1'] });
  t.notOk(local.codes.CONNECTIONS_CROSS_NODE);
  const removed = whatIf({ pods: [0, 1, 1], gke: true }, [{ node: { name: 'n1', action: 'REMOVE' } }]);
  t.match(removed.codes.BACKENDS_CHANGED, { removed: ['n1'] });
  t.match(removed.codes.CONNECTIONS_CROSS_NODE, { share: '1/3', nodes: ['n1'] }, 'a node without pods');
});

t.test('loadBalancerSourceRanges do not guard the node port', async (t) => {
  const options = { pods: [1], gke: true, spec: { loadBalancerSourceRanges: ['192.0.2.0/24'] } };
  t.same(outcomes(path(options, {})), ['DROPPED/FIREWALLED']);
  const nodePort = { service: { ...WEB, via: 'NODE_PORT' as const, node: 'n1' } };
  t.same(outcomes(path(options, { destination: nodePort })), [`${podAddress(1, 1)} sees ${nodeAddress(1)}`]);
});

t.test('GKE: an internal load balancer over 30 nodes in 3 zones', async (t) => {
  const pods = Array.from({ length: 30 }, (_, index) => (index < 3 ? 1 : 0));
  const options: BalancedOptions = {
    pods,
    zones: pods.map((_, index) => `z${index % 3}`),
    gke: true,
    annotations: { 'networking.gke.io/load-balancer-type': 'Internal' },
  };
  const settings = { loadBalancer: { options: { subsetting: true } } };
  const service = shares(options, {}, { settings });
  t.same(fractions(service), ['1/3', '1/3', '1/3']);
  const { backends = [], group } = service.loadBalancer ?? {};
  t.equal(backends.length, 24);
  t.equal(group, 'GCE_VM_IP NEGs');
  t.same(
    ['z0', 'z1', 'z2'].map((zone) => backends.filter((backend) => backend.zone === zone).length),
    [8, 8, 8],
  );
  t.ok(backends.every(({ share }) => share.fraction === '1/24'));
  const on = whatIf(options, [{ loadBalancer: { options: { subsetting: true } } }]);
  t.match(on.codes.BACKENDS_CHANGED, { backends: { before: 30, after: 24 } });
});

t.test('GKE: ETP Local, pods 3 + 1: weighted or not', async (t) => {
  const options = { pods: [3, 1], gke: true, policy: 'Local' as const };
  const annotation = {
    'networking.gke.io/weighted-load-balancing': 'pods-per-node',
    'cloud.google.com/l4-rbs': 'enabled',
  };
  t.same(fractions(shares(options)), ['1/6', '1/6', '1/6', '1/2']);
  t.same(fractions(shares({ ...options, annotations: annotation })), ['1/4', '1/4', '1/4', '1/4']);
  const { before, after } = whatIf(options, [
    { patch: { kind: 'Service', ...WEB, patch: { metadata: { annotations: annotation } } } },
  ]);
  t.same([before.imbalance?.fraction, after.imbalance?.fraction], ['2', '1']);
  const cluster = shares({ pods: [3, 1], gke: true, annotations: annotation });
  t.ok(
    cluster.loadBalancer?.backends.every(({ share }) => share.fraction === '1/2'),
    'no weights under Cluster',
  );
});

t.test('GKE: ETP Local, the last pod of a node is deleted', async (t) => {
  const options = { pods: [2, 1], gke: true, policy: 'Local' as const };
  const gone: Change = { pods: { namespace: 'default', names: ['web-2-1'], state: 'DELETED' } };
  const before = whatIf(options, [gone], { phase: 'BEFORE' });
  t.match(before.after.dropped.fraction, '1/2');
  t.equal(before.after.loadBalancer?.secondsToConverge, 6);
  t.match(before.codes.LOST_UNTIL_CONVERGED, { share: '1/2', seconds: 6 });
  t.same(fractions(whatIf(options, [gone]).after), ['1/2', '1/2']);
  const inside = ask(
    'probability',
    { changes: [gone], probability: { services: [VIA], clients: { nodes: {} }, phase: 'BEFORE' } },
    balanced(options),
  ).result.services[0];
  t.equal(inside?.delivered.fraction, '1', 'clients inside the cluster do not notice');
});

t.test('GKE: a pod to the address of an ETP Local Service never leaves', async (t) => {
  const result = path({ pods: [1, 1], gke: true, policy: 'Local' }, { source: { pod: 'default/client' } });
  t.same(
    outcomes(result).sort(),
    [1, 2].map((node) => `${podAddress(node, 1)} sees ${podAddress(1, 98)}`),
  );
  t.notOk(result.traces.some(({ hops }) => hops.some(({ kind }) => kind === 'LOAD_BALANCER')));
});

t.test('GKE: clients that the source ranges exclude, outside and inside', async (t) => {
  const options = { pods: [1, 1], gke: true, spec: { loadBalancerSourceRanges: ['192.0.2.0/24'] } };
  const outside = path(options, {}).traces[0];
  t.match(outside, { verdict: 'DROPPED', cause: 'FIREWALLED' });
  t.equal(outside?.hops.at(-1)?.kind, 'LOAD_BALANCER', 'by the VPC');
  const inside = path(options, { source: { pod: 'default/client' } }).traces[0];
  t.match(inside, { verdict: 'DROPPED', cause: 'FIREWALLED' });
  t.equal(inside?.hops.at(-1)?.name, 'n1', 'by its own node');
});

t.test('GKE: what a ClusterIP Service becomes on the way to a load balancer', async (t) => {
  const options = {
    pods: [1, 1],
    gke: true,
    spec: {
      type: 'ClusterIP',
      externalTrafficPolicy: undefined,
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    },
    status: { loadBalancer: {} },
  };
  const to = (type: 'NodePort' | 'LoadBalancer'): Change => ({ service: { ...WEB, type } });
  const { result, findings, changes } = ask(
    'what-if',
    { changes: [to('NodePort'), to('LoadBalancer')], probability: { services: [VIA], clients: { loadBalancer: {} } } },
    balanced(options),
  );
  const after = (result.after as { services: ServiceProbability[] }).services[0];
  t.same(after && fractions(after), ['1/2', '1/2']);
  t.equal(after?.loadBalancer?.implementation, 'gke-external-passthrough');
  const codes = findings.map(({ code }) => code);
  for (const code of ['ONLY_AFTER', 'LOAD_BALANCER_CHANGED', 'NODE_PORTS_OPENED', 'FIREWALL_OPENED'] as const) {
    t.ok(codes.includes(code), code);
  }
  t.equal(changes.length, 2);
});
