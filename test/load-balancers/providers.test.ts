/** What each provider's load balancer does with new connections, row by row. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { isOne, isZero, parseFraction, sum, ZERO } from '../../src/base/fraction.js';
import { LOAD_BALANCERS, type LoadBalancerOptions } from '../../src/cluster/load-balancer-settings.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { PathResult, ServiceProbability } from '../../src/contract/answers.js';
import type { PathQuestion, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type BalancedOptions, balanced, balancedList, VIP, WEB } from '../support/balanced.js';
import { runs } from '../support/runs.js';

const AWS = 'service.beta.kubernetes.io/aws-load-balancer-';
const AZURE = 'service.beta.kubernetes.io/azure-';
const NLB = { status: { loadBalancer: { ingress: [{ hostname: 'web-0123.elb.eu-west-1.amazonaws.com' }] } } };
const CLASSIC = { status: { loadBalancer: { ingress: [{ hostname: 'a0123-45.eu-west-1.elb.amazonaws.com' }] } } };
const NEG = {
  gke: true,
  annotations: { 'cloud.google.com/neg-status': '{"network_endpoint_groups":{"80":"k8s1-1"}}' },
  status: { loadBalancer: {} },
  spec: { type: 'ClusterIP', externalTrafficPolicy: undefined },
};
const ZONES = ['a', 'a', 'b'];

interface Expected {
  readonly implementation: string;
  /** Pods' shares of all connections, `NODE-POD SHARE`. */
  readonly shares: readonly string[];
  /** Source, destination and port as one of the backends gets them. */
  readonly arrives?: string;
  /** The clients that pods see. */
  readonly sees?: readonly string[];
  /** `PROTOCOL:PORT/PATH every INTERVAL s, FAILURES/SUCCESSES`. */
  readonly check?: string;
  readonly reply?: 'DIRECT' | 'THROUGH';
  readonly lost?: string;
}

const CLIENT = '198.51.100.9';
const ROWS: readonly (readonly [
  name: string,
  options: BalancedOptions,
  settings: QuestionRequest['settings'],
  expected: Expected,
])[] = [
  [
    'AWS NLB of the cloud provider: nodes by node port, the client kept, each zone the same',
    { pods: [1, 1, 1], zones: ZONES, ...NLB, annotations: { [`${AWS}type`]: 'nlb' } },
    {},
    {
      implementation: 'aws-nlb',
      shares: ['1-1 1/3', '2-1 1/3', '3-1 1/3'],
      arrives: `${CLIENT} 10.0.0.1:30080`,
      check: 'TCP:30080 every 30 s, 3/3',
      reply: 'THROUGH',
    },
  ],
  [
    'AWS NLB, Local: zones alike, so pods are not',
    { pods: [1, 1, 1], zones: ZONES, ...NLB, policy: 'Local', annotations: { [`${AWS}type`]: 'nlb' } },
    {},
    {
      implementation: 'aws-nlb',
      shares: ['1-1 1/4', '2-1 1/4', '3-1 1/2'],
      sees: [CLIENT],
      check: 'HTTP:32000/healthz every 10 s, 2/2',
    },
  ],
  [
    'AWS NLB, Local, cross-zone by annotation: pods alike',
    {
      pods: [1, 1, 1],
      zones: ZONES,
      ...NLB,
      policy: 'Local',
      annotations: { [`${AWS}type`]: 'external', [`${AWS}attributes`]: 'load_balancing.cross_zone.enabled=true' },
    },
    {},
    {
      implementation: 'aws-nlb',
      shares: ['1-1 1/3', '2-1 1/3', '3-1 1/3'],
      check: 'HTTP:32000/healthz every 10 s, 2/2',
    },
  ],
  [
    'AWS NLB over pods: another address in the client’s place, no rule of a node',
    {
      pods: [2, 1],
      ...NLB,
      spec: { loadBalancerClass: 'service.k8s.aws/nlb' },
      annotations: { [`${AWS}nlb-target-type`]: 'ip' },
    },
    { loadBalancer: { options: { proxyAddress: '10.9.9.9' } } },
    {
      implementation: 'aws-nlb',
      shares: ['1-1 1/3', '1-2 1/3', '2-1 1/3'],
      arrives: '10.9.9.9 10.20.1.2:8080',
      sees: ['10.9.9.9'],
      check: 'TCP:8080 every 10 s, 3/3',
      reply: 'THROUGH',
    },
  ],
  [
    'AWS NLB over pods with preserve_client_ip: they see the client',
    {
      pods: [1],
      ...NLB,
      spec: { loadBalancerClass: 'service.k8s.aws/nlb' },
      annotations: {
        [`${AWS}nlb-target-type`]: 'ip',
        [`${AWS}target-group-attributes`]: 'preserve_client_ip.enabled=true',
      },
    },
    {},
    { implementation: 'aws-nlb', shares: ['1-1 1'], arrives: `${CLIENT} 10.20.1.2:8080`, sees: [CLIENT] },
  ],
  [
    'AWS Classic: a proxy',
    { pods: [1, 1], ...CLASSIC, policy: 'Local' },
    {},
    {
      implementation: 'aws-classic',
      shares: ['1-1 1/2', '2-1 1/2'],
      arrives: '192.0.2.1 10.0.0.1:30080',
      sees: ['192.0.2.1'],
      check: 'HTTP:32000/healthz every 10 s, 6/2',
      reply: 'THROUGH',
    },
  ],
  [
    'AWS Classic probes the node port under Cluster',
    { pods: [1, 0], ...CLASSIC },
    {},
    { implementation: 'aws-classic', shares: ['1-1 1'], check: 'TCP:30080 every 10 s, 6/2' },
  ],
  [
    'Azure: floating IP keeps the destination',
    { pods: [2, 1], policy: 'Local' },
    { platform: 'aks' },
    {
      implementation: 'azure',
      shares: ['1-1 1/4', '1-2 1/4', '2-1 1/2'],
      arrives: `${CLIENT} ${VIP}:80`,
      sees: [CLIENT],
      check: 'HTTP:32000/healthz every 5 s, 2/1',
      reply: 'DIRECT',
    },
  ],
  [
    'Azure without floating IP: node ports',
    { pods: [1], annotations: { [`${AZURE}disable-load-balancer-floating-ip`]: 'true' } },
    { platform: 'aks' },
    {
      implementation: 'azure',
      shares: ['1-1 1'],
      arrives: `${CLIENT} 10.0.0.1:30080`,
      check: 'TCP:30080 every 5 s, 2/1',
      reply: 'THROUGH',
    },
  ],
  [
    'Azure with a shared probe and its own interval',
    { pods: [1], annotations: { [`${AZURE}load-balancer-health-probe-interval`]: '7' } },
    { platform: 'aks', loadBalancer: { options: { sharedProbe: true } } },
    { implementation: 'azure', shares: ['1-1 1'], check: 'HTTP:10256/healthz every 7 s, 2/1' },
  ],
  [
    'MetalLB, BGP, Local: nodes with endpoints',
    { pods: [2, 1, 0], policy: 'Local' },
    { loadBalancer: { implementation: 'metallb-bgp' } },
    {
      implementation: 'metallb-bgp',
      shares: ['1-1 1/4', '1-2 1/4', '2-1 1/2'],
      arrives: `${CLIENT} ${VIP}:80`,
      sees: [CLIENT],
      check: 'NONE:0 every 1 s, 1/1',
      reply: 'DIRECT',
    },
  ],
  [
    'MetalLB, BGP, Cluster, announced by one node',
    { pods: [1, 1] },
    { loadBalancer: { implementation: 'metallb-bgp', options: { announcingNodes: ['n2'] } } },
    { implementation: 'metallb-bgp', shares: ['1-1 1/2', '2-1 1/2'], sees: ['10.0.0.2', '10.20.2.1'] },
  ],
  [
    'MetalLB, layer 2, Local, with a leader given',
    { pods: [2, 1], policy: 'Local', annotations: { 'metallb.io/ip-allocated-from-pool': 'pool' } },
    { loadBalancer: { options: { leader: 'n1' } } },
    { implementation: 'metallb-l2', shares: ['1-1 1/2', '1-2 1/2'], sees: [CLIENT] },
  ],
  [
    'a proxy by ipMode',
    { pods: [1, 1], policy: 'Local', status: { loadBalancer: { ingress: [{ ip: VIP, ipMode: 'Proxy' }] } } },
    {},
    {
      implementation: 'proxy',
      shares: ['1-1 1/2', '2-1 1/2'],
      arrives: '192.0.2.1 10.0.0.1:30080',
      sees: ['192.0.2.1'],
      reply: 'THROUGH',
    },
  ],
  [
    'a proxy over pods',
    { pods: [2, 1], policy: 'Local' },
    { loadBalancer: { implementation: 'proxy', options: { targetType: 'IP' } } },
    { implementation: 'proxy', shares: ['1-1 1/3', '1-2 1/3', '2-1 1/3'], arrives: '192.0.2.1 10.20.1.2:8080' },
  ],
  [
    'k3s ServiceLB, Local: clients use the addresses of nodes with pods',
    {
      pods: [2, 1, 0],
      policy: 'Local',
      status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] } },
    },
    { platform: 'k3s' },
    {
      implementation: 'k3s-servicelb',
      shares: ['1-1 1/4', '1-2 1/4', '2-1 1/2'],
      arrives: `${CLIENT} 10.0.0.2:80`,
      sees: [CLIENT],
      reply: 'DIRECT',
    },
  ],
  [
    'GKE container-native: pods alike, whatever their nodes',
    { pods: [3, 1], ...NEG },
    {},
    {
      implementation: 'gke-container-native',
      shares: ['1-1 1/4', '1-2 1/4', '1-3 1/4', '2-1 1/4'],
      arrives: '35.191.0.1 10.20.1.2:8080',
      sees: ['35.191.0.1'],
      check: 'HTTP:8080/ every 15 s, 2/1',
      reply: 'THROUGH',
    },
  ],
  [
    'GKE container-native: only pods that are ready',
    { pods: [2], ...NEG, endpoint: { '10.20.1.3': { ready: false, serving: false } } },
    {},
    { implementation: 'gke-container-native', shares: ['1-1 1'] },
  ],
];

function through(options: BalancedOptions, settings: QuestionRequest['settings'] = {}) {
  const snapshot = balanced(options);
  const question = { services: [WEB], clients: { loadBalancer: { address: CLIENT } } };
  const [service] = ask('probability', { settings, probability: question }, snapshot).result.services;
  const { result } = ask(
    'path',
    {
      settings,
      path: {
        source: { external: { address: CLIENT } },
        destination: { service: { ...WEB, via: 'LOAD_BALANCER' } },
      },
    },
    snapshot,
  );
  if (service === undefined) throw new Error('no service answered');
  return { service, path: result };
}

const shares = (service: ServiceProbability) =>
  service.endpoints.map(({ pod, share }) => `${pod?.replace('default/web-', '')} ${share.fraction}`);

function arriving(path: PathResult): readonly string[] {
  return path.traces.map(({ hops }) => {
    const after = hops.find(({ kind }) => kind === 'LOAD_BALANCER')?.steps.at(-1)?.after;
    return `${after?.source} ${after?.destination}:${after?.destinationPort}`;
  });
}

for (const [name, options, settings, expected] of ROWS) {
  t.test(name, async (t) => {
    const { service, path } = through(options, settings);
    const shown = service.loadBalancer;
    t.equal(shown?.implementation, expected.implementation);
    t.same(shares(service), expected.shares);
    t.same(
      path.traces.map(({ verdict }) => verdict),
      path.traces.map(() => 'DELIVERED'),
      path.traces.map(({ explanation }) => explanation).join('\n'),
    );
    t.ok(path.traces.every(({ reply }) => reply?.returns));
    if (expected.arrives !== undefined) t.ok(arriving(path).includes(expected.arrives), arriving(path).join());
    if (expected.sees !== undefined)
      t.same([...new Set(path.traces.map((trace) => trace.seenClient))].sort(), expected.sees);
    if (expected.reply !== undefined) t.equal(shown?.reply, expected.reply);
    if (expected.check !== undefined && shown !== undefined) {
      const { protocol, port, path: at = '', intervalSeconds, unhealthyAfter, healthyAfter } = shown.healthCheck;
      t.equal(`${protocol}:${port}${at} every ${intervalSeconds} s, ${unhealthyAfter}/${healthyAfter}`, expected.check);
    }
    t.equal(shown?.lost.fraction, expected.lost ?? '0');
  });
}

t.test('MetalLB in layer 2: the speaker whose hash comes first leads', async (t) => {
  const hash = (node: string) => createHash('sha256').update(`${node}#${VIP}`).digest('hex');
  const first = (nodes: string[]) => nodes.sort((a, b) => (hash(a) < hash(b) ? -1 : 1))[0];
  const inUse = (options: BalancedOptions) =>
    through(options, { loadBalancer: { implementation: 'metallb-l2' } }).service.loadBalancer?.backends.filter(
      ({ share }) => share.fraction !== '0',
    );
  t.match(inUse({ pods: [1, 1, 1, 1] }), [{ node: first(['n1', 'n2', 'n3', 'n4']), share: { fraction: '1' } }]);
  t.match(inUse({ pods: [0, 1, 0, 1], policy: 'Local' }), [{ node: first(['n2', 'n4']) }], 'of those with endpoints');
  const label = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' };
  t.match(inUse({ pods: [1, 1], node: { n1: { labels: label } } }), [{ node: 'n2' }], 'not those that are left out');
});

t.test('a node that falls silent announces nothing, once that is missed', async (t) => {
  const nodes = { n1: { ready: 'Unknown' } };
  for (const [implementation, seconds] of [
    ['metallb-l2', 10],
    ['metallb-bgp', 90],
  ] as const) {
    const { service } = through({ pods: [0, 1], node: nodes }, { loadBalancer: { implementation } });
    t.equal(service.loadBalancer?.secondsToConverge, seconds);
    t.match(service.loadBalancer?.backends, [
      { healthy: false, share: { fraction: '0' } },
      { node: 'n2', healthy: true },
    ]);
  }
});

t.test('a target of AWS that connects to its own load balancer may be given to itself', async (t) => {
  const { result } = ask(
    'path',
    { path: { source: { node: 'n1' }, destination: { service: { ...WEB, via: 'LOAD_BALANCER' } } } },
    balanced({ pods: [1, 1], ...NLB }),
  );
  t.same(result.traces.map(({ verdict, cause, probability }) => `${probability.fraction} ${cause ?? verdict}`).sort(), [
    '1/2 NO_ROUTE',
    '1/4 DELIVERED',
    '1/4 DELIVERED',
  ]);
});

t.test('nobody announces an address without endpoints', async (t) => {
  for (const implementation of ['metallb-l2', 'metallb-bgp'] as const) {
    const { path } = through({ pods: [0, 0] }, { loadBalancer: { implementation } });
    t.match(path.traces, [{ verdict: 'UNREACHABLE', cause: 'NO_BACKENDS' }], implementation);
  }
});

t.test('pods leave the cluster for a proxy’s address, and come back through it', async (t) => {
  const proxied = { status: { loadBalancer: { ingress: [{ ip: VIP, ipMode: 'Proxy' }] } } };
  for (const version of ['1.30.5', '1.36.2']) {
    const { result } = ask(
      'path',
      { path: { source: { pod: 'default/client' }, destination: { address: VIP, port: 80 } } },
      balanced({ pods: [1], policy: 'Local', version, ...proxied }),
    );
    t.same(
      result.traces[0]?.hops.map(({ kind }) => kind),
      ['CLIENT', 'NODE', 'LOAD_BALANCER', 'NODE', 'POD'],
    );
    t.equal(result.traces[0]?.seenClient, '192.0.2.1');
    t.equal(result.traces[0]?.reply?.returns, true);
  }
});

t.test('what providers open, and what they turn away', async (t) => {
  const firewall = (options: BalancedOptions, settings: QuestionRequest['settings'] = {}) =>
    through(options, settings).service.loadBalancer?.firewall.join('\n') ?? '';
  const ranges = { loadBalancerSourceRanges: ['198.51.100.0/24'] };
  t.match(firewall({ pods: [1], spec: ranges }, { platform: 'aks' }), /TCP 80 from 198\.51\.100\.0\/24 to the load/);
  t.match(firewall({ pods: [1], ...NLB, annotations: { [`${AWS}type`]: 'nlb' } }), /nodes: allow TCP 30080 from 0\.0/);
  t.match(firewall({ pods: [1], ...NLB, annotations: { [`${AWS}type`]: 'external' } }), /TCP 80 from the VPC/);
  t.match(firewall({ pods: [1], ...CLASSIC }), /allow everything from the load balancer’s group/);
  t.match(firewall({ pods: [1], ...NEG }), /130\.211\.0\.0\/22/);
  const elsewhere = { loadBalancerSourceRanges: ['192.0.2.0/24'] };
  const at = (settings: QuestionRequest['settings']) =>
    through({ pods: [1], spec: elsewhere }, settings).path.traces[0]?.hops.at(-1)?.kind;
  t.equal(at({ platform: 'aks' }), 'LOAD_BALANCER', 'Azure’s security group drops it');
  t.equal(at({ loadBalancer: { implementation: 'metallb-bgp' } }), 'NODE', 'before MetalLB nothing does: the node');
});

t.test('k3s publishes the addresses of nodes when it takes a Service over', async (t) => {
  const loadBalancer = { ...WEB, implementation: 'k3s-servicelb' as const };
  const question = { services: [WEB], clients: { loadBalancer: {} } };
  const { result } = ask(
    'probability',
    { changes: [{ loadBalancer }], probability: question },
    balanced({ pods: [2, 1, 0], policy: 'Local' }),
  );
  t.match(result.services, [{ destination: /10\.0\.0\.1:80/, delivered: { fraction: '1' } }]);
});

t.test('probes go to pods where those are the backends, and nobody probes what is announced', async (t) => {
  const probes = (options: BalancedOptions, settings: QuestionRequest['settings'] = {}) =>
    ask(
      'path',
      { settings, path: { source: { healthCheck: { service: WEB } } } as PathQuestion },
      balanced(options),
    ).result.traces.map(({ verdict, endpoint, healthCheck }) => [verdict, endpoint?.pod, healthCheck?.healthy]);
  t.same(probes({ pods: [1, 1], ...NEG }), [
    ['DELIVERED', 'default/web-1-1', true],
    ['DELIVERED', 'default/web-2-1', true],
  ]);
  t.throws(() => probes({ pods: [1] }, { loadBalancer: { implementation: 'metallb-bgp' } }), {
    code: 'INVALID_REQUEST',
    problems: [{ pointer: '/path/source/healthCheck', detail: /probes nobody/ }],
  });
});

t.test('options that name nothing', async (t) => {
  const cases: [LoadBalancerOptions, string, string][] = [
    [{ proxyAddress: 'here' }, 'INVALID_REQUEST', 'proxyAddress'],
    [{ leader: 'n9' }, 'NOT_FOUND', 'leader'],
    [{ announcingNodes: ['n1', 'n9'] }, 'NOT_FOUND', 'announcingNodes/1'],
  ];
  for (const [options, code, at] of cases) {
    t.throws(() => through({ pods: [1] }, { loadBalancer: { options } }), {
      code,
      problems: [{ pointer: `/settings/loadBalancer/options/${at}` }],
    });
    const implementation = at === 'proxyAddress' ? ('aws-nlb' as const) : ('metallb-l2' as const);
    const loadBalancer = { ...WEB, implementation, options };
    t.throws(() => ask('probability', { changes: [{ loadBalancer }], probability: {} }, balanced({ pods: [1] })), {
      code,
      problems: [{ pointer: `/changes/0/loadBalancer/options/${at}` }],
    });
  }
  const misspelled = { loadBalancer: { services: { 'default/wbe': { implementation: 'azure' as const } } } };
  t.throws(() => through({ pods: [1] }, misspelled), {
    code: 'NOT_FOUND',
    problems: [{ pointer: '/settings/loadBalancer/services/default~1wbe', detail: /Did you mean default\/web/ }],
  });
});

t.test('who takes a Service', async (t) => {
  const taken = (options: BalancedOptions, settings?: QuestionRequest['settings']) =>
    through(options, settings).service.loadBalancer?.implementation;
  t.equal(taken({ pods: [1], ...NLB }), 'aws-nlb', 'by the host name');
  t.equal(taken({ pods: [1], ...CLASSIC }), 'aws-classic');
  t.equal(taken({ pods: [1] }, { platform: 'eks' }), 'aws-classic');
  t.equal(taken({ pods: [1], spec: { loadBalancerClass: 'eks.amazonaws.com/nlb' } }), 'aws-nlb');
  t.equal(taken({ pods: [1], spec: { loadBalancerClass: 'else/where' } }, { platform: 'aks' }), 'generic');
  t.equal(
    taken({ pods: [1], gke: true, annotations: { 'metallb.universe.tf/ip-allocated-from-pool': 'p' } }),
    'metallb-l2',
  );
  const status = { 'cloud.google.com/neg-status': '{"network_endpoint_groups":{"80":"k8s1"},"zones":["a"]}' };
  t.equal(taken({ pods: [1], ...NEG, annotations: status }), 'gke-container-native');
});

t.test('where eBPF programs translate Services, what is before the nodes is reported', async (t) => {
  const inline = balancedList({ pods: [1, 1], gke: true, policy: 'Local' });
  const anetd = {
    kind: 'Pod',
    metadata: { name: 'anetd-abcde', namespace: 'kube-system', labels: { 'k8s-app': 'cilium' } },
    spec: { nodeName: 'n1', containers: [{ name: 'cilium-agent' }] },
  };
  const seen = readSnapshot({ inline: { ...inline, items: [...inline.items, anetd] } });
  const plain = readSnapshot({ inline });
  for (const [name, snapshot, settings] of [
    ['seen', seen, {}],
    ['asked for', plain, { dataplane: 'EBPF' as const }],
  ] as const) {
    const destination = { service: { ...WEB, via: 'LOAD_BALANCER' as const } };
    const path = { source: { external: { address: CLIENT } }, destination };
    const { result, assumptions } = ask('path', { settings, path }, snapshot);
    t.match(
      result.traces.map(({ verdict, cause, probability, hops }) => [verdict, cause, probability.fraction, hops.length]),
      [
        ['UNKNOWN', 'UNSUPPORTED_DATAPLANE', '1/2', 2],
        ['UNKNOWN', 'UNSUPPORTED_DATAPLANE', '1/2', 2],
      ],
      name,
    );
    t.equal(
      assumptions.some(({ field, value }) => field === 'settings.dataplane' && value === 'EBPF'),
      name === 'seen',
    );
    const question = { services: [WEB], clients: { loadBalancer: {} } };
    const [service] = ask('probability', { settings, probability: question }, snapshot).result.services;
    t.match(service, { unknown: { fraction: '1' }, delivered: { fraction: '0' } }, name);
    t.match(service?.loadBalancer, { healthCheck: { port: 32000 }, backends: [{ node: 'n1', healthy: true }, {}] });
    t.match(ask('path', { settings, path: { ...path, source: { pod: 'default/client' } } }, snapshot).result.traces, [
      { verdict: 'UNKNOWN', cause: 'UNSUPPORTED_DATAPLANE' },
    ]);
    t.throws(() => ask('chains', { settings, chains: {} }, snapshot), { code: 'UNSUPPORTED' });
  }
  const { result } = ask(
    'path',
    {
      settings: { dataplane: 'KUBE_PROXY' },
      path: { source: { pod: 'default/client' }, destination: { service: WEB } },
    },
    seen,
  );
  t.equal(result.traces[0]?.verdict, 'DELIVERED', 'the request knows better');
});

t.test('every implementation tells where each connection goes', async () => {
  const counts = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 });
  for (const implementation of LOAD_BALANCERS) {
    fc.assert(
      fc.property(
        counts,
        fc.constantFrom('Cluster' as const, 'Local' as const),
        fc.constantFrom('BEFORE' as const, 'AFTER' as const),
        fc.boolean(),
        (pods, policy, phase, zonal) => {
          const zones = zonal ? pods.map((_, index) => `zone-${index % 2}`) : undefined;
          const { result } = ask(
            'probability',
            {
              settings: { loadBalancer: { implementation } },
              probability: { services: [WEB], clients: { loadBalancer: {} }, phase },
            },
            balanced({ pods, policy, ...(zones === undefined ? {} : { zones }) }),
          );
          const [service] = result.services;
          if (service === undefined) return false;
          const { delivered, dropped, rejected, unreachable, unknown, loadBalancer } = service;
          const masses = [delivered, dropped, rejected, unreachable, unknown].map(({ fraction }) =>
            parseFraction(fraction),
          );
          const backends = (loadBalancer?.backends ?? []).map(({ share }) => parseFraction(share.fraction));
          const all = sum(backends.map((share) => share ?? ZERO));
          return (
            loadBalancer?.implementation === implementation &&
            isOne(sum(masses.map((mass) => mass ?? ZERO))) &&
            (isOne(all) || isZero(all))
          );
        },
      ),
      { numRuns: runs(12) },
    );
  }
});
