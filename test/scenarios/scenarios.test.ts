/**
 * Questions that users of Kubernetes asked in public, each as a small cluster and the answer that follows from the
 * rules.
 */
import t from 'tap';
import type { PathResult, ServiceProbability } from '../../src/contract/answers.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type LabOptions, lab } from '../support/lab.js';
import { type ZonesOptions, zones } from '../support/zones.js';

const SVC = { namespace: 'default', name: 'svc' };
const WEB = { namespace: 'default', name: 'web' };
const nodePort = { type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30001 }] };

function path(
  options: LabOptions,
  question: NonNullable<QuestionRequest['path']>,
  rest: Partial<QuestionRequest> = {},
): PathResult {
  return ask('path', { ...rest, path: question }, lab(options)).result;
}

function outcomes(result: PathResult): readonly string[] {
  return result.traces
    .map(({ verdict, cause, endpoint, seenClient, probability }) =>
      verdict === 'DELIVERED'
        ? `${probability.fraction} ${endpoint?.address} sees ${seenClient}`
        : `${probability.fraction} ${verdict}/${cause}`,
    )
    .sort();
}

function share(
  snapshot: ReturnType<typeof lab>,
  question: NonNullable<QuestionRequest['probability']>,
  rest: Partial<QuestionRequest> = {},
): ServiceProbability {
  const [service] = ask('probability', { ...rest, probability: question }, snapshot).result.services;
  if (service === undefined) throw new Error('no service answered');
  return service;
}

const fractions = (service: ServiceProbability) => service.endpoints.map((endpoint) => endpoint.share.fraction);

t.test('scaling 3 → 4 gives 1/4 each, with the rules 1/4, 1/3, 1/2 and the rest', async (t) => {
  const snapshot = zones({ pods: [1, 1, 1] });
  const changes = [{ scale: { kind: 'Deployment', ...WEB, replicas: 4 } as const }];
  t.same(fractions(share(snapshot, { services: [WEB] })), ['1/3', '1/3', '1/3']);
  t.same(fractions(share(snapshot, { services: [WEB] }, { changes })), ['1/4', '1/4', '1/4', '1/4']);
  const { parts } = ask(
    'chains',
    { changes, chains: { nodes: ['zone-a-1'], services: ['default/web'] } },
    snapshot,
  ).result;
  t.same(
    [...(parts[0]?.text ?? '').matchAll(/--probability (\S+)/g)].map((match) => match[1]),
    ['0.2500000000', '0.3333333333', '0.5000000000'],
  );
});

t.test('ClientIP affinity on a Service with two ports is kept per port', async (t) => {
  const ports = [
    { name: 'a', port: 80, targetPort: 8080 },
    { name: 'b', port: 81, targetPort: 8080 },
  ];
  const options = {
    services: [
      { spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } }, ports } },
    ],
  };
  const back = (portName: string) =>
    outcomes(
      path(options, {
        source: { pod: 'default/client-1' },
        destination: { service: { ...SVC, portName } },
        returningTo: '10.180.2.2:8080',
      }),
    );
  t.same(back('a'), ['1 10.180.2.2 sees 10.180.1.9'], 'the port it talked to: the same endpoint');
  const { parts } = ask('chains', { chains: { nodes: ['node-1'], services: ['default/svc'] } }, lab(options)).result;
  const lists = new Set([...(parts[0]?.text ?? '').matchAll(/--name (\S+) --set/g)].map((match) => match[1]));
  t.equal(lists.size, 6, 'three endpoints on each of two ports: six lists, none shared');
  const answer = share(lab(options), { services: [{ ...SVC, portName: 'a' }] });
  t.same(fractions(answer), ['1/3', '1/3', '1/3'], 'new clients draw evenly');
  t.same(
    answer.affinity?.returning.map((entry) => entry.endpoint === entry.goesTo),
    [true, true, true],
    'returning ones stick',
  );
  t.equal(answer.affinity?.timeoutSeconds, 600);
});

const local = { ...nodePort, type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
const vip = { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } };

t.test('pod → load balancer address under Local, no endpoint on its node: any endpoint, address kept', async (t) => {
  for (const version of ['1.23.4', '1.30.5']) {
    const result = path(
      { services: [{ spec: local, status: vip, endpoints: [2, 3] }], version },
      { source: { pod: 'default/client-1' }, destination: { service: { ...SVC, via: 'LOAD_BALANCER' } } },
    );
    t.same(outcomes(result), ['1/2 10.180.2.2 sees 10.180.1.9', '1/2 10.180.3.2 sees 10.180.1.9'], version);
    const chains = result.traces[0]?.hops.flatMap((hop) => hop.steps.map((step) => step.chain ?? ''));
    t.ok(
      chains?.some((chain) => chain.startsWith(version === '1.23.4' ? 'KUBE-XLB-' : 'KUBE-EXT-')),
      'through the short circuit',
    );
  }
});

t.test('host process → the same: delivered and masqueraded', async (t) => {
  const result = path(
    { services: [{ spec: local, status: vip, endpoints: [2, 3] }] },
    { source: { node: 'node-1' }, destination: { service: { ...SVC, via: 'LOAD_BALANCER' } } },
  );
  t.same(outcomes(result), ['1/2 10.180.2.2 sees 10.0.0.1', '1/2 10.180.3.2 sees 10.0.0.1']);
});

t.test(
  'outside client → node port under Local: the node without endpoints drops, others keep the address',
  async (t) => {
    const options = { services: [{ spec: { ...nodePort, externalTrafficPolicy: 'Local' }, endpoints: [2] }] };
    const at = (node: string) =>
      path(options, {
        source: { external: { address: '198.51.100.9', entersAt: node } },
        destination: { service: { ...SVC, via: 'NODE_PORT' } },
      });
    const dropped = at('node-1').traces[0];
    t.match(dropped, { verdict: 'DROPPED', cause: 'NO_LOCAL_ENDPOINTS', clientSees: 'a timeout' });
    const last = dropped?.hops.flatMap((hop) => hop.steps).at(-1);
    t.match(last?.rule, /default\/svc has no local endpoints" .*-j DROP$/, 'the rule is quoted');
    t.same(outcomes(at('node-2')), ['1 10.180.2.2 sees 198.51.100.9']);
    t.equal(at('node-2').traces[0]?.clientAddressKept, true);
  },
);

t.test('a pod that picks itself is masqueraded, with 1/n', async (t) => {
  const result = path({ services: [{}] }, { source: { pod: 'default/web-1' }, destination: { service: SVC } });
  t.same(outcomes(result), [
    '1/3 10.180.1.2 sees 10.180.1.1',
    '1/3 10.180.2.2 sees 10.180.1.2',
    '1/3 10.180.3.2 sees 10.180.1.2',
  ]);
});

t.test('a Service without ready endpoints rejects, with the rule', async (t) => {
  const trace = path(
    { services: [{ endpoints: [{ on: 1, ready: false }] }] },
    { source: { pod: 'default/client-1' }, destination: { service: SVC } },
  ).traces[0];
  t.match(trace, {
    verdict: 'REJECTED',
    cause: 'NO_ENDPOINTS',
    clientSees: 'connection refused (ICMP port unreachable)',
  });
  t.match(trace?.hops.flatMap((hop) => hop.steps).at(-1)?.rule, /-j REJECT --reject-with icmp-port-unreachable$/);
});

t.test('the last ready pod is terminating but still serving: 1.26 and later deliver to it', async (t) => {
  const dying = { on: 2, ready: false, serving: true, terminating: true };
  for (const version of ['1.26.0', '1.30.5', '1.36.2']) {
    t.same(
      outcomes(
        path(
          { services: [{ endpoints: [dying] }], version },
          { source: { pod: 'default/client-1' }, destination: { service: SVC } },
        ),
      ),
      ['1 10.180.2.2 sees 10.180.1.9'],
      version,
    );
  }
  t.same(
    outcomes(
      path(
        { services: [{ endpoints: [dying] }], version: '1.25.4' },
        { source: { pod: 'default/client-1' }, destination: { service: SVC } },
      ),
    ),
    ['1 REJECTED/NO_ENDPOINTS'],
    '1.25 does not',
  );
});

t.test('topology-mode Auto over three zones of equal CPU', async (t) => {
  const auto = { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } };
  const fromZoneA = { nodes: { names: ['zone-a-1'] } };
  const eleven = share(zones({ ...auto, pods: [4, 4, 3] }), { services: [WEB], clients: fromZoneA });
  t.same(
    new Set(fractions(eleven)),
    new Set(['1/11']),
    '11 pods: 4 a zone at least would need 12, so no hints and everyone gets 1/11',
  );
  t.equal(eleven.endpoints.length, 11);
  const nine = share(zones({ ...auto, pods: [3, 3, 3] }), { services: [WEB], clients: fromZoneA });
  t.same(fractions(nine), ['1/3', '1/3', '1/3'], '9 pods: 3 a zone, and zone a keeps to its own');
  t.same(
    nine.zones.map((zone) => zone.zone),
    ['zone-a'],
  );
  const ten = share(zones({ ...auto, pods: [4, 3, 3] }), { services: [WEB], clients: fromZoneA });
  t.same(
    fractions(ten),
    ['1/4', '1/4', '1/4', '1/4'],
    '10 pods: 3 a zone at least is 9, and the odd one stays where it is',
  );
  const twelve = share(zones({ ...auto, pods: [4, 4, 4] }), { services: [WEB], clients: fromZoneA });
  t.same(fractions(twelve), ['1/4', '1/4', '1/4', '1/4'], '12 pods: 4 a zone');
});

t.test('trafficDistribution PreferClose with all pods in zone a', async (t) => {
  const options: ZonesOptions = { pods: [2, 0], spec: { trafficDistribution: 'PreferClose' }, version: '1.31.14' };
  for (const node of ['zone-a-1', 'zone-b-1']) {
    t.same(
      fractions(share(zones(options), { services: [WEB], clients: { nodes: { names: [node] } } })),
      ['1/2', '1/2'],
      `clients on ${node}`,
    );
  }
  const spread = share(zones({ ...options, pods: [2, 1] }), { services: [WEB] });
  t.same(fractions(spread), ['1/4', '1/4', '1/2'], 'with a pod in b too, each zone keeps to its own');
});

t.test('node port under Local from inside: own node short-circuits, another drops or loses the reply', async (t) => {
  const options = { services: [{ spec: { ...nodePort, externalTrafficPolicy: 'Local' }, endpoints: [3] }] };
  const ask = (node: string, settings?: QuestionRequest['settings']) =>
    outcomes(
      path(
        options,
        { source: { pod: 'default/client-1' }, destination: { service: { ...SVC, via: 'NODE_PORT', node } } },
        settings ? { settings } : {},
      ),
    );
  t.same(ask('node-1'), ['1 10.180.3.2 sees 10.180.1.9']);
  t.same(ask('node-2'), ['1 DROPPED/REPLY_LOST']);
  t.same(ask('node-2', { kubeProxy: { detectLocalMode: 'NodeCIDR' } }), ['1 DROPPED/NO_LOCAL_ENDPOINTS']);
});

t.test('loadBalancerSourceRanges do not guard the node port', async (t) => {
  const options = {
    services: [
      {
        spec: { ...nodePort, type: 'LoadBalancer', loadBalancerSourceRanges: ['192.0.2.0/24'] },
        status: vip,
        endpoints: [1],
      },
    ],
  };
  const source = { external: { address: '198.51.100.9', entersAt: 'node-1' } };
  t.same(outcomes(path(options, { source, destination: { service: { ...SVC, via: 'NODE_PORT' } } })), [
    '1 10.180.1.2 sees 10.180.1.1',
  ]);
  t.same(outcomes(path(options, { source, destination: { service: { ...SVC, via: 'LOAD_BALANCER' } } })), [
    '1 DROPPED/FIREWALLED',
  ]);
});

t.test('a port the Service does not have: no rule, the packet leaves by the default route', async (t) => {
  const trace = path(
    { services: [{}] },
    { source: { pod: 'default/client-1' }, destination: { service: { ...SVC, port: 8443 } } },
  ).traces[0];
  t.match(trace, { verdict: 'UNREACHABLE', cause: 'NO_RULE', clientSees: 'a timeout' });
});

t.test('a headless Service has no rules; DNS gives every ready pod', async (t) => {
  const options = {
    services: [{ spec: { clusterIP: 'None', clusterIPs: ['None'] }, endpoints: [1, 2, { on: 3, ready: false }] }],
  };
  const { parts } = ask('chains', { chains: { nodes: ['node-1'] } }, lab(options)).result;
  t.notMatch(parts[0]?.text, /KUBE-SVC/);
  const answer = share(lab(options), { services: [SVC] });
  t.same(fractions(answer), ['1/2', '1/2']);
  const result = path(options, {
    source: { pod: 'default/client-1' },
    destination: { host: 'svc.default', port: 8080 },
  });
  t.same(outcomes(result), ['1/2 10.180.1.2 sees 10.180.1.9', '1/2 10.180.2.2 sees 10.180.1.9']);
});

t.test('which pod goes when scaling 6 → 5: ties are reported with their alternatives', async (t) => {
  const snapshot = zones({ pods: [2, 2, 2] });
  const answer = ask(
    'probability',
    { changes: [{ scale: { kind: 'Deployment', ...WEB, replicas: 5 } }], probability: { services: [WEB] } },
    snapshot,
  );
  t.equal(answer.result.services[0]?.endpoints.length, 5);
  const choice = answer.changes[0]?.choices[0];
  t.ok(choice, 'the choice is reported');
  t.type(choice?.taken, 'string');
  t.type(choice?.why, 'string');
});

t.test('ClientIP affinity for clients behind one SNATing proxy: one address, so one pod gets everything', async (t) => {
  const spec = {
    ...nodePort,
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
  };
  const options = { services: [{ spec }] };
  const source = { external: { address: '198.51.100.9', entersAt: 'node-1' } };
  const destination = { service: { ...SVC, via: 'NODE_PORT' } } as const;
  t.equal(path(options, { source, destination }).traces.length, 3, 'the first of them draws');
  const next = path(options, { source, destination, returningTo: '10.180.3.2:8080' });
  t.same(outcomes(next), ['1 10.180.3.2 sees 10.0.0.1'], 'every other one follows it');
});

t.test('draining a node under Cluster and under Local: shares, and the connections that are lost', async (t) => {
  const drain = (policy: string) => {
    const spec = { ...nodePort, externalTrafficPolicy: policy };
    const changes = [{ node: { name: 'zone-a-1', action: 'DRAIN', reschedule: false } as const }];
    const probability = { services: [{ ...WEB, via: 'NODE_PORT' } as const], clients: { external: {} } };
    const { result } = ask('what-if', { changes, probability }, zones({ pods: [2, 1], spec }));
    const sides = [result.before, result.after] as { services: ServiceProbability[] }[];
    const [before, after] = sides.map((side) => side.services[0] as ServiceProbability);
    return { before: before as ServiceProbability, after: after as ServiceProbability, result };
  };
  const cluster = drain('Cluster');
  t.same([fractions(cluster.before), fractions(cluster.after)], [['1/3', '1/3', '1/3'], ['1']]);
  t.equal(cluster.result.established.lost?.fraction, '2/3', 'two of three connections had their pod there');
  const local = drain('Local');
  t.same([fractions(local.before), fractions(local.after)], [['1/4', '1/4', '1/2'], ['1/2']]);
  t.equal(local.after.dropped.fraction, '1/2', 'what still enters at the drained node, before a balancer takes it out');
  t.equal(local.result.established.lost?.fraction, '1/2');
});
