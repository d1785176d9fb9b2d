/** Network policies on a packet's way: where they act, whose address they see, who enforces them. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { agent, small } from '../support/small-cluster.js';

const WEB = { namespace: 'default', name: 'web' };
const CLIENT = { pod: 'default/client' };

function policy(spec: object, kind = 'NetworkPolicy', apiVersion = 'networking.k8s.io/v1') {
  return { apiVersion, kind, metadata: { name: 'p', namespace: 'default' }, spec };
}

function asked(more: readonly unknown[], source: object = CLIENT, rest: QuestionRequest = {}, mode = 'iptables') {
  const path = { source, destination: { service: WEB } };
  return ask('path', { path, ...rest } as never, small({ mode, more }));
}

const verdicts = (answer: ReturnType<typeof asked>) =>
  answer.result.verdicts.map(({ verdict, cause }) => (cause === undefined ? verdict : `${verdict} ${cause}`));
const stepsOf = (answer: ReturnType<typeof asked>) =>
  answer.result.traces.flatMap(({ hops }) =>
    hops.flatMap(({ steps }) => steps.flatMap(({ policy: one }) => one ?? [])),
  );

const DENY = policy({ podSelector: {}, policyTypes: ['Ingress'] });
const EGRESS = policy({ podSelector: {}, policyTypes: ['Egress'] });
const OPEN = policy({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] });
const OTHER_PORT = policy({
  podSelector: {},
  policyTypes: ['Ingress'],
  ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 1 }] }],
});

t.test('who gets through', async (t) => {
  const CASES: readonly (readonly [string, readonly unknown[], readonly string[], QuestionRequest?])[] = [
    ['no policy', [], ['DELIVERED']],
    ['all denied', [DENY], ['DROPPED NETWORK_POLICY']],
    ['a rule for all', [OPEN], ['DELIVERED']],
    ['another port', [OTHER_PORT], ['DROPPED NETWORK_POLICY']],
    ['nothing may leave', [EGRESS], ['DROPPED NETWORK_POLICY']],
    [
      'the request says that nobody enforces',
      [DENY],
      ['DELIVERED'],
      { settings: { network: { policies: 'IGNORED' } } },
    ],
    ['nobody is seen', [DENY, agent('kube-system', 'coredns-x')], ['DELIVERED']],
    [
      'Calico is seen',
      [DENY, agent('kube-system', 'calico-node-abcde', { 'k8s-app': 'calico-node' })],
      ['DROPPED NETWORK_POLICY'],
    ],
    [
      'a policy of Cilium',
      [policy({ endpointSelector: {} }, 'CiliumNetworkPolicy', 'cilium.io/v2')],
      ['UNKNOWN NETWORK_POLICY'],
    ],
  ];
  for (const [name, more, expected, rest] of CASES) t.same(verdicts(asked(more, CLIENT, rest)), expected, name);
});

t.test('a step says who decided', async (t) => {
  const [denied] = stepsOf(asked([OTHER_PORT]));
  t.match(denied, {
    direction: 'INGRESS',
    verdict: 'DENY',
    tier: 'NETWORK_POLICY',
    isolatedBy: ['default/p'],
    refusals: [{ policy: 'default/p', rule: 0, pointer: '/spec/ingress/0', reason: 'PORT' }],
  });
  const [allowed] = stepsOf(asked([OPEN]));
  t.match(allowed, { verdict: 'ALLOW', allowedBy: [{ policy: 'default/p', rule: 0 }] });
});

t.test('the own node is never cut off, another one is', async (t) => {
  const answer = asked([DENY], { node: 'n1' });
  const steps = stepsOf(answer);
  t.ok(steps.length > 0);
  for (const { tier, verdict } of steps) t.equal(verdict === 'ALLOW', tier === 'NODE');
});

t.test('a client that stands for any pod is not said to be let through without a word', async (t) => {
  const list = JSON.parse(readFileSync('examples/article.json', 'utf8')) as { items: unknown[] };
  const policy = (ingress: readonly unknown[]) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'web', namespace: 'default' },
    spec: { podSelector: { matchLabels: { app: 'nginx' } }, policyTypes: ['Ingress'], ingress },
  });
  const asked = (ingress: readonly unknown[], more: object = {}) =>
    ask(
      'probability',
      { probability: { services: [{ namespace: 'default', name: 'nginx-svc', port: 80 }], ...more } },
      readSnapshot({ inline: { ...list, items: [...list.items, policy(ingress)] } }),
    );
  const codes = ({ findings }: { readonly findings: readonly { readonly code: string }[] }) =>
    findings.map(({ code }) => code).filter((code) => code === 'NETWORK_POLICY_NOT_EVALUATED');
  const byLabel = [{ from: [{ podSelector: { matchLabels: { role: 'x' } } }] }];
  t.same(codes(asked(byLabel)), ['NETWORK_POLICY_NOT_EVALUATED'], 'labels decide');
  t.same(codes(asked(byLabel, { clients: { pod: 'default/client' } })), [], 'a real pod is decided');
  t.same(codes(asked([{}])), [], 'all may');
  t.same(codes(asked([])), [], 'nobody may');
});

t.test('both directions are evaluated, even if the sender is denied on another node', async (t) => {
  const both = policy({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  const answer = asked([both]);
  t.same(verdicts(answer), ['DROPPED NETWORK_POLICY']);
  for (const { hops } of answer.result.traces) {
    const steps = hops.flatMap(({ steps: own }) => own.flatMap(({ policy: one }) => one ?? []));
    t.same(
      steps.map(({ direction, verdict }) => `${direction} ${verdict}`),
      ['EGRESS DENY', 'INGRESS DENY'],
    );
  }
});
