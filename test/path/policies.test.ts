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

t.test('what some pod sends is not said to be let through without a word', async (t) => {
  const { policedSnapshot, networkPolicy, enforcer } = await import('../support/policed-cluster.js');
  const anp = (subject: object, action: string) => ({
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'AdminNetworkPolicy',
    metadata: { name: 'lock' },
    spec: { priority: 5, subject, egress: [{ name: 'all', action, to: [{ namespaces: {} }] }] },
  });
  const out = networkPolicy('out', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Egress'] });
  const within = networkPolicy('in', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] });
  const ofShop = { namespaces: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } };
  const NP = { anp: 'registry.k8s.io/kube-network-policies:v1.0.0-npa-v1alpha1', none: 'docker.io/flannel/flannel:v1' };
  const CASES: readonly (readonly [
    what: string,
    policy: object,
    isAssumed: boolean,
    isWarned: boolean,
    by?: 'none',
  ])[] = [
    ['policies of some pods', out, true, false],
    ['no policy of what pods send', within, false, false],
    ['an administrator denies every pod', anp({ namespaces: {} }, 'Deny'), true, true],
    ['an administrator lets every pod through', anp({ namespaces: {} }, 'Allow'), true, false],
    ['an administrator denies some pods', anp(ofShop, 'Deny'), true, false],
    ['nobody enforces', anp({ namespaces: {} }, 'Deny'), false, false, 'none'],
  ];
  for (const [what, policy, isAssumed, isWarned, by] of CASES) {
    const plugin = by === 'none' ? enforcer('kube-flannel', NP.none) : enforcer('kube-network-policies', NP.anp);
    const snapshot = policedSnapshot({ policies: [policy], more: [plugin] });
    const service = { namespace: 'shop', name: 'db', port: 80 };
    const { assumptions, findings } = ask('probability', { probability: { services: [service] } }, snapshot);
    t.equal(
      assumptions.some(({ field }) => field === 'clients.egressPolicies'),
      isAssumed,
      `${what}: assumed`,
    );
    t.equal(
      findings.some(
        ({ code, evidence }) => code === 'NETWORK_POLICY_NOT_EVALUATED' && /lock/.test(`${evidence.policy}`),
      ),
      isWarned,
      `${what}: warned`,
    );
  }
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

t.test('where it is not known what the sender’s policies do, a denial at the other end decides', async (t) => {
  const { policedSnapshot, networkPolicy, CALICO } = await import('../support/policed-cluster.js');
  const ofCalico = {
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: "app == 'web'", egress: [{ action: 'Allow' }] },
  };
  const db = (ingress: readonly unknown[]) =>
    networkPolicy('db', { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'], ingress });
  const CASES: readonly (readonly [what: string, ingress: readonly unknown[], verdict: string])[] = [
    ['it denies', [], 'DROPPED NETWORK_POLICY'],
    ['it lets through', [{}], 'UNKNOWN NETWORK_POLICY'],
  ];
  const path = { source: { pod: 'shop/web-0' }, destination: { service: { namespace: 'shop', name: 'db', port: 80 } } };
  for (const [what, ingress, expected] of CASES) {
    const answer = ask(
      'path',
      { path } as never,
      policedSnapshot({ policies: [db(ingress)], more: [CALICO, ofCalico] }),
    );
    t.same(verdicts(answer), [expected], what);
    const [step] = answer.result.traces[0]?.hops.flatMap(({ steps }) => steps.filter((one) => one.policy)) ?? [];
    t.match(step?.detail, 'at n3, if it comes there: ', what);
  }
});

t.test('some pod that stands for the client matches what selects every pod', async (t) => {
  const { policedSnapshot, networkPolicy, enforcer } = await import('../support/policed-cluster.js');
  const ENFORCER = enforcer('kube-network-policies', 'registry.k8s.io/kube-network-policies:v1.0.0-npa-v1alpha1');
  const db = (peer: object) =>
    networkPolicy('db', {
      podSelector: { matchLabels: { app: 'db' } },
      policyTypes: ['Ingress'],
      ingress: [{ from: [peer] }],
    });
  const admin = (peer: object) => ({
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'AdminNetworkPolicy',
    metadata: { name: 'deny' },
    spec: { priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [peer] }] },
  });
  const some = { matchLabels: { team: 'b' } };
  const CASES: readonly (readonly [what: string, one: unknown, verdict: string, isTaken: boolean])[] = [
    ['every namespace', db({ namespaceSelector: {} }), 'DELIVERED', false],
    [
      'every pod of every namespace',
      db({ namespaceSelector: {}, podSelector: { matchLabels: {} } }),
      'DELIVERED',
      false,
    ],
    ['some namespaces', db({ namespaceSelector: some }), 'DELIVERED', true],
    ['some pods', db({ namespaceSelector: {}, podSelector: some }), 'DELIVERED', true],
    ['every pod of the policy’s namespace', db({ podSelector: {} }), 'DELIVERED', true],
    ['denied: every namespace', admin({ namespaces: {} }), 'DROPPED NETWORK_POLICY', false],
    ['denied: every pod', admin({ pods: { namespaceSelector: {}, podSelector: {} } }), 'DROPPED NETWORK_POLICY', false],
    ['denied: some namespaces', admin({ namespaces: some }), 'DELIVERED', true],
    ['denied: namespaces that are compared', admin({ namespaces: { sameLabels: ['team'] } }), 'DELIVERED', true],
  ];
  const path = { source: { podOn: 'n1' }, destination: { service: { namespace: 'shop', name: 'db', port: 80 } } };
  for (const [what, one, expected, isTaken] of CASES) {
    const answer = ask('path', { path } as never, policedSnapshot({ policies: [one], more: [ENFORCER] }));
    t.same(verdicts(answer), [expected], what);
    t.equal(
      answer.findings.some(({ code }) => code === 'NETWORK_POLICY_NOT_EVALUATED'),
      isTaken,
      `${what}: whether labels decide`,
    );
  }
});

t.test('who enforces, and how plugins differ', async (t) => {
  const { policedSnapshot, networkPolicy, enforcer, CALICO } = await import('../support/policed-cluster.js');
  const db = (ingress: readonly unknown[]) =>
    networkPolicy('db', { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'], ingress });
  const out = (egress: readonly unknown[]) =>
    networkPolicy('out', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Egress'], egress });
  const outside = (cidr: string) => db([{ from: [{ ipBlock: { cidr } }] }]);
  const AWS = {
    ...enforcer('aws-node', 'amazon/aws-network-policy-agent:v1.1'),
    spec: {
      nodeName: 'n1',
      hostNetwork: true,
      containers: [{ name: 'aws-eks-nodeagent', args: ['--enable-network-policy=true'] }],
    },
  };
  const config = (name: string, data: object) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'kube-system' },
    data,
  });
  const antrea = { 'antrea-agent.conf': 'antreaProxy:\n  enable: false\n' };
  const ANTREA = [enforcer('antrea-agent', 'antrea/antrea-agent:v1'), config('antrea-config', antrea)];
  const PROXY = enforcer('kube-proxy', 'registry.k8s.io/kube-proxy:v1.30.5');
  const router = enforcer('kube-router', 'cloudnativelabs/kube-router:v2');
  const ROUTER = {
    ...router,
    spec: { ...router.spec, containers: [{ name: 'kube-router', args: ['--run-service-proxy=false'] }] },
  };
  const legacy = { 'kube-proxy-replacement': 'false' };
  const cilium = (data: object) => [CILIUM, PROXY, config('cilium-config', { ...legacy, ...data })];
  const CILIUM = enforcer('cilium', 'quay.io/cilium/cilium:v1.16');
  const client = (entersAt: string) => ({ external: { address: '203.0.113.9', entersAt } });
  const nodePort = { namespace: 'shop', name: 'db', port: 80, via: 'NODE_PORT' };
  const clusterIP = { namespace: 'shop', name: 'db', port: 80 };
  const range = outside('203.0.113.0/24');
  const to8080 = out([{ to: [{ podSelector: {} }], ports: [{ port: 8080 }] }]);
  const both = out([{ to: [{ podSelector: {} }], ports: [{ port: 8080 }, { port: 80 }] }]);
  const CASES: readonly (readonly [
    what: string,
    policy: unknown,
    more: readonly unknown[],
    source: object,
    service: object,
    verdict: string,
  ])[] = [
    ['Calico: the pod’s own node sees the client', range, [CALICO], client('n3'), nodePort, 'DELIVERED'],
    ['Calico: another node masquerades', range, [CALICO], client('n1'), nodePort, 'DROPPED'],
    ['Antrea: also the own node masquerades before policies', range, ANTREA, client('n3'), nodePort, 'DROPPED'],
    [
      'Antrea: a pod is seen as itself',
      outside('10.244.1.0/24'),
      ANTREA,
      { pod: 'shop/web-0' },
      clusterIP,
      'DELIVERED',
    ],
    [
      'AWS: the ports of Service and pod differ, and the rule has one',
      to8080,
      [AWS],
      { pod: 'shop/web-0' },
      clusterIP,
      'UNKNOWN',
    ],
    ['AWS: the rule has both', both, [AWS], { pod: 'shop/web-0' }, clusterIP, 'DELIVERED'],
    ['Calico: the port of the pod counts', to8080, [CALICO], { pod: 'shop/web-0' }, clusterIP, 'DELIVERED'],
    ['kube-router rejects', db([]), [ROUTER], { pod: 'shop/web-0' }, clusterIP, 'REJECTED'],
    ['the own node, to a pod', db([]), [CALICO], { node: 'n3' }, clusterIP, 'DELIVERED'],
    ['another node, to a pod', db([]), [CALICO], { node: 'n1' }, clusterIP, 'DROPPED'],
    [
      'a pod in its node’s network is its node',
      db([{ from: [{ podSelector: {} }, { namespaceSelector: {} }] }]),
      [CALICO],
      { pod: 'ops/agent-0' },
      clusterIP,
      'DROPPED',
    ],
    ['the range of nodes lets it in', outside('10.0.0.0/24'), [CALICO], { pod: 'ops/agent-0' }, clusterIP, 'DELIVERED'],
    [
      'Cilium: an ipBlock is for addresses outside',
      outside('10.244.1.0/24'),
      cilium({}),
      { pod: 'shop/web-0' },
      clusterIP,
      'DROPPED',
    ],
    [
      'Cilium: nodes are not matched by default',
      outside('10.0.0.0/24'),
      cilium({}),
      { pod: 'ops/agent-0' },
      clusterIP,
      'DROPPED',
    ],
    [
      'Cilium: nodes are matched where it is set up so',
      outside('10.0.0.0/24'),
      cilium({ 'policy-cidr-match-mode': 'nodes' }),
      { pod: 'ops/agent-0' },
      clusterIP,
      'DELIVERED',
    ],
    [
      'Cilium: switched off',
      db([]),
      cilium({ 'enable-policy': 'never' }),
      { pod: 'shop/web-0' },
      clusterIP,
      'DELIVERED',
    ],
    [
      'Cilium: audit mode',
      db([]),
      cilium({ 'policy-audit-mode': 'true' }),
      { pod: 'shop/web-0' },
      clusterIP,
      'DELIVERED',
    ],
    ['a pod to itself through its Service', db([]), [CALICO], { pod: 'shop/db-0' }, clusterIP, 'DELIVERED'],
  ];
  for (const [what, one, more, source, service, verdict] of CASES) {
    // What pods send to cluster IPs is Cilium's own.
    const destination = what.startsWith('Cilium') ? { pod: 'shop/db-0', port: 8080 } : { service };
    const path = { source, destination };
    const { result } = ask('path', { path } as never, policedSnapshot({ policies: [one], more }));
    t.same([...new Set(result.traces.map((trace) => trace.verdict))], [verdict], what);
  }
  for (const mode of ['iptables', 'nftables', 'ipvs']) {
    const path = { source: { pod: 'shop/web-0' }, destination: { service: clusterIP } };
    for (const [one, verdict] of [
      [to8080, 'UNKNOWN'],
      [both, 'DELIVERED'],
    ] as const) {
      const request = { path, settings: { kubeProxy: { mode } } };
      const { result } = ask('path', request as never, policedSnapshot({ policies: [one], more: [AWS] }));
      t.match(result.traces, [{ verdict }], `AWS: before the Service is translated, ${mode}`);
    }
  }
  const always = { more: cilium({ 'enable-policy': 'always' }) };
  const straight = { destination: { pod: 'shop/db-0', port: 8080 } };
  for (const [source, verdict] of [
    [{ pod: 'shop/web-0' }, 'DROPPED'],
    [{ node: 'n3' }, 'DELIVERED'],
  ] as const) {
    const { result } = ask('path', { path: { source, ...straight } } as never, policedSnapshot(always));
    t.match(result.traces, [{ verdict }], 'Cilium denies by default where it is set up so');
  }
  const mode = (value: string) => ({
    more: [
      {
        ...AWS,
        spec: {
          ...AWS.spec,
          containers: [
            ...AWS.spec.containers,
            { name: 'aws-node', env: [{ name: 'NETWORK_POLICY_ENFORCING_MODE', value }] },
          ],
        },
      },
    ],
  });
  for (const [value, source, verdict] of [
    ['strict', { pod: 'shop/web-0' }, 'DROPPED'],
    ['strict', { node: 'n3' }, 'DELIVERED'],
    ['standard', { pod: 'shop/web-0' }, 'DELIVERED'],
  ] as const) {
    const { result } = ask('path', { path: { source, ...straight } } as never, policedSnapshot(mode(value)));
    t.match(result.traces, [{ verdict }], `AWS in ${value} mode`);
  }
  const admin = (spec: object) => ({
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'AdminNetworkPolicy',
    metadata: { name: 'a' },
    spec: { priority: 1, subject: { namespaces: {} }, ...spec },
  });
  const handedOn = ask(
    'path',
    { path: { source: { pod: 'shop/web-0' }, destination: { service: clusterIP } } } as never,
    policedSnapshot({ policies: [admin({ ingress: [{ action: 'Pass', from: [{ namespaces: {} }] }] })] }),
  );
  const [handedOnStep] = handedOn.result.traces.flatMap(({ hops }) =>
    hops.flatMap(({ steps }) => steps.filter(({ policy }) => policy !== undefined)),
  );
  t.match(handedOnStep, {
    detail: /rule 0 of AdminNetworkPolicy a passes it on, and nothing else applies$/,
    policy: { tier: 'DEFAULT', passedBy: { policy: 'a', pointer: '/spec/ingress/0' } },
  });
  t.ok(
    handedOn.assumptions.some(({ field }) => field === 'settings.network.policies'),
    'what is handed on rests on who enforces',
  );
  const names = {
    policies: [
      admin({
        egress: [
          { action: 'Allow', to: [{ domainNames: ['*.example.com'] }] },
          { action: 'Deny', to: [{ networks: ['0.0.0.0/0'] }] },
        ],
      }),
    ],
  };
  const outsideAddress = { source: { pod: 'shop/web-0' }, destination: { address: '198.51.100.9', port: 443 } };
  t.match(ask('path', { path: outsideAddress } as never, policedSnapshot(names)).result.traces, [
    { verdict: 'UNKNOWN', cause: 'MISSING_DATA', explanation: /addresses of domain names.* \/spec\/egress\/0 / },
  ]);
  const hairpin = { path: { source: { pod: 'shop/db-0' }, destination: { service: clusterIP } } };
  for (const [policies, isTold] of [
    [[db([])], true],
    [[db([{ from: [{ podSelector: {} }] }])], false],
  ] as const) {
    const { assumptions } = ask('path', hairpin as never, policedSnapshot({ policies }));
    t.equal(
      assumptions.some(({ field }) => field === 'policies.hairpin'),
      isTold,
      'what plugins may deny a pod that reaches itself is said',
    );
  }
  // A ClusterNetworkPolicy is about that, too.
  const cnp = {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: 'deny' },
    spec: {
      tier: 'Admin',
      priority: 1,
      subject: { namespaces: {} },
      ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }],
    },
  };
  const path = { source: { pod: 'shop/db-0' }, destination: { service: clusterIP } };
  t.match(
    ask(
      'path',
      { path } as never,
      policedSnapshot({ policies: [cnp], more: [enforcer('calico-node', 'docker.io/calico/node:v3.32.0')] }),
    ).result.traces,
    [{ verdict: 'DROPPED' }],
  );
});
