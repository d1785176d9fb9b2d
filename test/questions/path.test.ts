/** Sources and destinations that real clusters have beside the textbook's: asked as a user would, answered whole. */
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { PathResult } from '../../src/contract/answers.js';
import type { PathQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { labList } from '../support/lab.js';

/** The lab with further objects. */
function path(question: PathQuestion, ...more: readonly unknown[]): PathResult {
  const list = labList({ services: [{}] });
  return ask('path', { path: question }, readSnapshot({ inline: { ...list, items: [...list.items, ...more] } })).result;
}

const outcomes = (result: PathResult) =>
  result.traces.map(({ verdict, cause, endpoint, seenClient }) =>
    verdict === 'DELIVERED' ? `${endpoint?.address}:${endpoint?.port} sees ${seenClient}` : `${verdict}/${cause}`,
  );

/** A Service without selector and its slice, as the API server writes its own. */
const kubernetes = (...addresses: readonly string[]) => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: {
      type: 'ClusterIP',
      clusterIP: '172.30.0.100',
      clusterIPs: ['172.30.0.100'],
      ipFamilies: ['IPv4'],
      ports: [{ name: 'https', port: 443, targetPort: 6443, protocol: 'TCP' }],
    },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': 'kubernetes' },
    },
    addressType: 'IPv4',
    ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  },
];

t.test('the API server’s own Service', async (t) => {
  const destination = { service: { namespace: 'default', name: 'kubernetes' } };
  const cases = [
    // A host that is its own endpoint: both ways cross its own hooks, on the loopback.
    [{ node: 'node-1' }, '10.0.0.1', '10.0.0.1'],
    [{ node: 'node-2' }, '10.0.0.1', '10.0.0.2'],
    [{ pod: 'default/client-1' }, '10.0.0.1', '10.180.1.9'],
    [{ pod: 'default/client-2' }, '10.0.0.1', '10.180.2.9'],
  ] as const;
  for (const [source, address, seen] of cases) {
    const result = path({ source, destination }, ...kubernetes(address));
    t.same(outcomes(result), [`${address}:6443 sees ${seen}`], JSON.stringify(source));
    t.equal(result.traces[0]?.reply?.returns, true);
  }
});

t.test('host names as a pod asks for them', async (t) => {
  const alias = (name: string, externalName: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { type: 'ExternalName', externalName },
  });
  const more = [
    alias('one', 'two.default.svc.cluster.local'),
    alias('two', 'svc.default.svc.cluster.local'),
    alias('round', 'round.default.svc.cluster.local'),
    alias('out', 'example.com'),
  ];
  const everyone = ['10.180.1.2:8080', '10.180.2.2:8080', '10.180.3.2:8080'].map((it) => `${it} sees 10.180.1.9`);
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['svc', everyone],
    ['SVC.default', everyone],
    ['svc.default.svc.cluster.local.', everyone],
    ['one', everyone],
    ['172.30.0.1', everyone],
    ['round', ['UNREACHABLE/NO_ROUTE']],
    ['out', ['UNKNOWN/MISSING_DATA']],
    ['example.com', ['UNKNOWN/MISSING_DATA']],
    ['nobody', ['UNREACHABLE/NO_ROUTE']],
    ['localhost', ['REJECTED/HOST_REFUSED']],
  ];
  for (const [host, expected] of cases) {
    t.same(
      outcomes(path({ source: { pod: 'default/client-1' }, destination: { host, port: 80 } }, ...more)),
      expected,
      host,
    );
  }
  const asked = path({ source: { pod: 'default/client-1' }, destination: { host: 'one', port: 80 } }, ...more);
  t.match(
    asked.traces.map(({ hops }) => hops[0]?.steps[0]),
    Array(3).fill({
      action: 'RESOLVE',
      detail:
        'DNS answers one.default.svc.cluster.local → two.default.svc.cluster.local → svc.default.svc.cluster.local with 172.30.0.1',
    }),
    'each trace begins with how the name was resolved',
  );
  for (const host of [' ', '..', 'a..b', '.a', `${'x'.repeat(64)}.b`, 'a b'])
    t.throws(
      () => path({ source: { pod: 'default/client-1' }, destination: { host, port: 80 } }),
      { code: 'INVALID_REQUEST', problems: [{ pointer: '/path/destination/host' }] },
      JSON.stringify(host),
    );
});

t.test('what is wrong with a Service destination is reported where it stands', async (t) => {
  const cases = [
    [{ name: 'svc' }, 'UDP', 'NOT_FOUND', '/path/destination/service', 'is of protocol UDP: it has 80/TCP'],
    [{ name: 'svc', portName: 'x' }, undefined, 'NOT_FOUND', '/path/destination/service/portName', 'it has 80/TCP'],
    [{ name: 'svc', via: 'NODE_PORT' }, undefined, 'INVALID_REQUEST', '/path/destination/service/via', 'no node port'],
    [{ name: 'svd' }, undefined, 'NOT_FOUND', '/path/destination/service/name', 'Did you mean default/svc?'],
    [{ name: 'svc', node: 'node-9' }, undefined, 'NOT_FOUND', '/path/destination/service/node', 'Did you mean node-1'],
    [{ name: 'alias' }, undefined, 'INVALID_REQUEST', '/path/destination/service/port', 'Name the port to connect to'],
  ] as const;
  const alias = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'alias', namespace: 'default' },
    spec: { type: 'ExternalName', externalName: 'example.com' },
  };
  for (const [service, protocol, code, pointer, detail] of cases) {
    const question: PathQuestion = {
      source: { pod: 'default/client-1' },
      destination: { service: { namespace: 'default', ...service } },
      ...(protocol === undefined ? {} : { protocol }),
    };
    t.throws(
      () => path(question, alias),
      { code, problems: [{ pointer, detail: new RegExp(detail.replace('?', '\\?')) }] },
      JSON.stringify(question),
    );
  }
});

t.test('an endpoint on a node that is not modelled leaves the others as they are', async (t) => {
  const list = labList({ services: [{}] });
  const named = (item: unknown, name: string) =>
    (item as { kind: string; metadata: { name: string } }).kind === 'Node' &&
    (item as { metadata: { name: string } }).metadata.name === name;
  const windows = { kubeletVersion: 'v1.30.5', operatingSystem: 'windows' };
  const cases: readonly (readonly [string, (item: unknown) => unknown[], string])[] = [
    ['gone', (item) => (named(item, 'node-3') ? [] : [item]), 'MISSING_DATA'],
    [
      'Windows',
      (item) =>
        named(item, 'node-3')
          ? [{ ...(item as object), status: { ...(item as { status: object }).status, nodeInfo: windows } }]
          : [item],
      'UNSUPPORTED_DATAPLANE',
    ],
  ];
  for (const [name, change, cause] of cases) {
    const snapshot = readSnapshot({ inline: { ...list, items: list.items.flatMap(change) } });
    const service = { namespace: 'default', name: 'svc' };
    const asked: PathQuestion = { source: { node: 'node-1' }, destination: { service } };
    const { traces } = ask('path', { path: asked }, snapshot).result;
    t.same(
      traces.map(({ verdict, cause, endpoint, probability }) => [
        verdict,
        verdict === 'DELIVERED' ? endpoint?.address : cause,
        probability.fraction,
      ]),
      [
        ['DELIVERED', '10.180.1.2', '1/3'],
        ['DELIVERED', '10.180.2.2', '1/3'],
        ['UNKNOWN', cause, '1/3'],
      ],
      name,
    );
    const probability = { services: [service], clients: { nodes: { names: ['node-1', 'node-2'] } } };
    t.equal(ask('probability', { probability }, snapshot).result.services[0]?.unknown.fraction, '1/3', name);
  }
});

t.test('of Services that are alike, one has an endpoint on a node that is not modelled', async (t) => {
  const services = [{ endpoints: [1, 2] }, { endpoints: [1, 3] }, { endpoints: [2, 3] }];
  const { items, ...list } = labList({ services });
  const windows = { kubeletVersion: 'v1.30.5', operatingSystem: 'windows' };
  const changed = items.map((item) => {
    const { kind, metadata, status } = item as { kind: string; metadata: { name: string }; status: object };
    return kind === 'Node' && metadata.name === 'node-3'
      ? { ...(item as object), status: { ...status, nodeInfo: windows } }
      : item;
  });
  const snapshot = readSnapshot({ inline: { ...list, items: changed } });
  const clients = { nodes: { names: ['node-1', 'node-2'] } };
  for (const probability of [{ clients }, {}]) {
    const { result } = ask('probability', { probability }, snapshot);
    const parts = result.services.map(({ service, unknown }) => `${service.name} ${unknown.fraction}`);
    t.same(parts.sort(), ['svc 0', 'svc-2 1/2', 'svc-3 1/2']);
  }
  for (const name of ['svc', 'svc-2', 'svc-3']) {
    const source = { pod: 'default/client-1' };
    const { verdicts } = ask(
      'path',
      { path: { source, destination: { service: { namespace: 'default', name } } } },
      snapshot,
    ).result;
    const unknown = verdicts.find(({ verdict }) => verdict === 'UNKNOWN')?.share.fraction ?? '0';
    t.equal(unknown, name === 'svc' ? '0' : '1/2', name);
  }
});

t.test('what a firewall lets in and no local endpoint takes is no matter of the firewall', async (t) => {
  const lb = (range: string) => ({
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 31000,
      loadBalancerSourceRanges: [range],
      ports: [{ port: 80, targetPort: 8080, nodePort: 30090 }],
    },
    status: { loadBalancer: { ingress: [{ ip: '198.51.100.9' }] } },
    endpoints: [1],
  });
  for (const version of ['1.25.4', '1.28.3', '1.30.5', '1.36.2']) {
    for (const [range, cause] of [
      ['203.0.113.0/24', 'NO_LOCAL_ENDPOINTS'],
      ['192.0.2.0/24', 'FIREWALLED'],
    ] as const) {
      const snapshot = readSnapshot({ inline: labList({ version, services: [lb(range)] }) });
      const question: PathQuestion = {
        source: { external: { address: '203.0.113.9', entersAt: 'node-2' } },
        destination: { service: { namespace: 'default', name: 'svc', via: 'LOAD_BALANCER' } },
      };
      t.same(outcomes(ask('path', { path: question }, snapshot).result), [`DROPPED/${cause}`], `${version} ${range}`);
    }
  }
});
