/** Changes of load balancers, and what Services get that become of type LoadBalancer. */
import t from 'tap';
import type { ServiceProbability } from '../../src/contract/answers.js';
import type { Change, ProbabilityQuestion, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type BalancedOptions, balanced, WEB } from '../support/balanced.js';

const ASKED: ProbabilityQuestion = { services: [{ ...WEB, via: 'LOAD_BALANCER' }], clients: { loadBalancer: {} } };

function shares(service: ServiceProbability | undefined): string[] {
  return (service?.endpoints ?? []).map((endpoint) => endpoint.share.fraction);
}

function after(options: BalancedOptions, changes: readonly Change[], rest: Partial<QuestionRequest> = {}) {
  return ask('probability', { changes, probability: ASKED, ...rest }, balanced(options));
}

t.test('another implementation, for one Service or for all', async (t) => {
  for (const who of [{}, WEB]) {
    const change = { loadBalancer: { ...who, implementation: 'gke-external-passthrough' as const } };
    const { result, changes } = after({ pods: [1] }, [change]);
    t.equal(result.services[0]?.loadBalancer?.implementation, 'gke-external-passthrough');
    t.match(changes[0]?.consequences, [
      { object: 'load balancer of default/web', detail: 'implementation generic → gke-external-passthrough' },
    ]);
  }
});

t.test('options are laid over options', async (t) => {
  const options = { pods: [3, 1], gke: true, policy: 'Local' as const };
  const weighted = { loadBalancer: { options: { weighted: true } } };
  t.same(shares(after(options, []).result.services[0]), ['1/6', '1/6', '1/6', '1/2']);
  t.same(shares(after(options, [weighted]).result.services[0]), ['1/4', '1/4', '1/4', '1/4']);
  const off = { loadBalancer: { ...WEB, options: { weighted: false } } };
  t.same(
    shares(after(options, [weighted, off]).result.services[0]),
    ['1/6', '1/6', '1/6', '1/2'],
    'one Service wins over all',
  );
});

t.test('a Service that becomes of type LoadBalancer gets an address', async (t) => {
  const options = { pods: [1, 1], spec: { type: 'ClusterIP' }, status: { loadBalancer: {} } };
  const change = { service: { ...WEB, type: 'LoadBalancer' as const } };
  const { result, changes } = after(options, [change]);
  t.equal(result.services[0]?.destination, '198.19.177.16:80');
  t.match(changes[0]?.choices.at(-1), { what: /^IPv4 address of the load balancer/, taken: '198.19.177.16' });
  const asked = after({ ...options, spec: { ...options.spec, loadBalancerIP: '192.0.2.9' } }, [change]);
  t.equal(asked.result.services[0]?.destination, '192.0.2.9:80');
});

t.test('health checks remember what was before the changes', async (t) => {
  const options = { pods: [1, 1, 0], gke: true, policy: 'Local' as const };
  const gone = { pods: { namespace: 'default', names: ['web-2-1'], state: 'DELETED' as const } };
  const lost = (phase: 'BEFORE' | 'AFTER') => {
    const [service] = after(options, [gone], { probability: { ...ASKED, phase } }).result.services;
    return [service?.loadBalancer?.lost.fraction, service?.loadBalancer?.secondsToConverge];
  };
  t.same(lost('BEFORE'), ['1/2', 6], 'node n3 had failed its check already');
  t.same(lost('AFTER'), ['0', 6]);
  const local = { service: { ...WEB, externalTrafficPolicy: 'Local' as const } };
  const [turned] = after({ pods: [1, 1, 0], gke: true }, [local], { probability: { ...ASKED, phase: 'BEFORE' } }).result
    .services;
  t.equal(turned?.loadBalancer?.lost.fraction, '1/3', 'all nodes passed the check of policy Cluster');
});

t.test('NEGs keep the nodes that they have', async (t) => {
  const pods = Array.from({ length: 30 }, (_, index) => (index < 4 ? 1 : 0));
  const zones = pods.map((_, index) => `z${index % 3}`);
  const options = {
    pods,
    zones,
    gke: true,
    annotations: { 'networking.gke.io/load-balancer-type': 'Internal' },
  };
  const settings = { loadBalancer: { options: { subsetting: true } } };
  const members = (changes: readonly Change[]) =>
    after(options, changes, { settings }).result.services[0]?.loadBalancer?.backends.map(({ node }) => node) ?? [];
  const before = members([]);
  t.equal(before.length, 24);
  const out = before[0] as string;
  const moved = members([{ node: { name: out, action: 'REMOVE' } }]);
  t.equal(moved.length, 24);
  t.same(
    before.filter((name) => !moved.includes(name)),
    [out],
    'the others stay',
  );
  const given = { loadBalancer: { options: { previousSubset: [] } } };
  t.equal(members([given]).length, 24, 'or are chosen anew');
});

t.test('what is not possible', async (t) => {
  const refused: readonly [Change, BalancedOptions, string, string][] = [
    [
      { loadBalancer: { implementation: 'generic', options: { weighted: true } } },
      { pods: [1] },
      'INVALID_REQUEST',
      '/options/weighted',
    ],
    [{ loadBalancer: { options: { weighted: true } } }, { pods: [1] }, 'IMPOSSIBLE_CHANGE', '/options/weighted'],
    [
      { loadBalancer: { ...WEB, implementation: 'generic' } },
      { pods: [1], spec: { type: 'NodePort' } },
      'IMPOSSIBLE_CHANGE',
      '/name',
    ],
    [{ loadBalancer: { ...WEB, name: 'wbe', implementation: 'generic' } }, { pods: [1] }, 'NOT_FOUND', '/name'],
    [{ loadBalancer: { name: 'web', implementation: 'generic' } }, { pods: [1] }, 'IMPOSSIBLE_CHANGE', ''],
    [{ loadBalancer: WEB }, { pods: [1] }, 'IMPOSSIBLE_CHANGE', ''],
  ];
  for (const [change, options, code, place] of refused) {
    const problems = [{ pointer: `/changes/0/loadBalancer${place}` }];
    t.throws(() => after(options, [change]), { code, problems }, JSON.stringify(change));
  }
});
