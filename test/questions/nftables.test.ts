/** Questions about nodes in nftables mode, and about the move to it. */
import t from 'tap';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { goldenCases } from '../support/golden.js';
import { lab } from '../support/lab.js';

const NODE_PORT = {
  type: 'NodePort',
  ports: [{ port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }],
};
const SVC = { namespace: 'default', name: 'svc' };
const TO_NFTABLES: Change = { proxy: { mode: 'nftables' } };
const NFTABLES = { kubeProxy: { mode: 'nftables' as const } };
const snapshot = (spec: Readonly<Record<string, unknown>> = {}, version = '1.36.2') =>
  lab({ services: [{ spec }], version });

t.test('chains gives a node the bytes that the real kube-proxy loads', async (t) => {
  const golden = goldenCases('nftables').find(({ name }) => name === 'everything');
  const output = golden?.outputs.find(({ name }) => name === 'nftables-v4-k1.36.txt');
  if (golden === undefined || output === undefined) throw new Error('no recording');
  const items = [...golden.cluster.nodes.values(), ...golden.cluster.services.values()];
  t.ok(items.length > 0);
  const answer = ask(
    'chains',
    {
      settings: { kubernetesVersion: '1.36', kubeProxy: { mode: 'nftables', clusterCIDR: '10.244.0.0/16' } },
      chains: { nodes: [golden.node], families: ['IPv4'] },
    },
    { ...snapshot(), cluster: golden.cluster, digest: 'sha256:everything' },
  );
  t.equal(answer.result.parts[0]?.text, output.text);
});

t.test('every form reports the chains of a Service, its elements with their origin', async (t) => {
  const forms = ['RESTORE', 'SAVE', 'LIST', 'TRANSACTION'] as const;
  for (const format of forms) {
    const { result } = ask(
      'chains',
      { settings: NFTABLES, chains: { nodes: ['node-1'], format } },
      snapshot(NODE_PORT),
    );
    t.match(result.parts[0]?.text, /service-[A-Z2-7]{8}-default\/svc\/tcp\//, format);
  }
  const { result } = ask(
    'chains',
    { settings: NFTABLES, chains: { nodes: ['node-1'], format: 'RULES' } },
    snapshot(NODE_PORT),
  );
  const chains = result.parts[0]?.tables?.[0]?.chains ?? [];
  const ips = chains.find(({ name }) => name === '@service-ips');
  t.match(ips?.rules, [{ text: /^172\.30\.0\.1 \. tcp \. 80 : goto service-/, service: SVC }]);
  t.match(
    chains.find(({ name }) => name === 'nat-prerouting'),
    { hook: 'PREROUTING', priority: -100 },
  );
});

t.test('a transaction is for nodes in nftables mode alone', async (t) => {
  t.throws(() => ask('chains', { chains: { format: 'TRANSACTION' } }, snapshot(NODE_PORT)), {
    code: 'INVALID_REQUEST',
    problems: [{ pointer: '/chains/format' }],
  } as object as RegExp);
});

t.test('shares are exactly 1/n, and what the kernel makes of 32 random bits', async (t) => {
  for (const version of ['1.30.5', '1.36.2']) {
    const { result } = ask(
      'probability',
      { settings: NFTABLES, probability: { services: [SVC] } },
      snapshot({}, version),
    );
    const endpoints = result.services[0]?.endpoints ?? [];
    t.same(
      endpoints.map(({ share }) => share.fraction),
      ['1/3', '1/3', '1/3'],
      version,
    );
  }
});

t.test('the move to nftables changes no share, and says what breaks', async (t) => {
  const before = snapshot(NODE_PORT);
  const shares = ask('what-if', { changes: [TO_NFTABLES], probability: { services: [SVC] } }, before);
  t.match(shares.result.difference, { unchanged: 1 });
  const checked = ask('check', { changes: [TO_NFTABLES], check: {} }, before);
  t.equal(checked.result.unknown, undefined, 'everything is known');
  const codes = checked.findings.map(({ code }) => code);
  for (const code of ['LOOPBACK_NODE_PORTS_LOST', 'UNKNOWN_PORTS_CHANGED', 'PROXY_CHAINS_GONE'] as const) {
    t.ok(codes.includes(code), code);
  }
  const rules = ask('what-if', { changes: [TO_NFTABLES], chains: { nodes: ['node-1'] } }, before).result.difference;
  t.match(rules, { unified: [], rules: [], services: [{ service: SVC, changed: 0 }] });
});

t.test('a change for some nodes leaves the others as they are', async (t) => {
  const changes: Change[] = [{ proxy: { mode: 'nftables', nodes: ['node-1'] } }];
  const { result } = ask('chains', { changes, chains: {} }, snapshot(NODE_PORT));
  t.same(
    result.parts.map(({ mode, nodes }) => [mode, nodes]),
    [
      ['nftables', ['node-1']],
      ['iptables', ['node-2', 'node-3']],
    ],
  );
  const { result: path } = ask(
    'path',
    {
      changes,
      path: { source: { pod: 'default/client-1' }, destination: { address: '172.30.0.1', port: 81 } },
    },
    snapshot(NODE_PORT),
  );
  t.match(path.traces[0], { verdict: 'REJECTED', cause: 'UNKNOWN_PORT' });
  t.throws(
    () => ask('chains', { changes: [{ proxy: { mode: 'nftables', nodes: ['none'] } }], chains: {} }, snapshot()),
    {
      code: 'NOT_FOUND',
      problems: [{ pointer: '/changes/0/proxy/nodes/0' }],
    } as object as RegExp,
  );
});

t.test('a client that was served goes to the same endpoint again, by the set of the endpoint', async (t) => {
  const spec = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } };
  const request = {
    settings: NFTABLES,
    path: {
      source: { pod: 'default/client-1' },
      destination: { service: { ...SVC, port: 80 } },
    },
  };
  const { result } = ask('path', request, snapshot(spec));
  t.equal(result.traces.length, 3);
  for (const trace of result.traces) t.equal(trace.verdict, 'DELIVERED');
});

t.test('each finding about another mode is there where it should be', async (t) => {
  const twoAddresses = (): ReturnType<typeof snapshot> => {
    const made = snapshot(NODE_PORT);
    const node = made.cluster.nodes.get('node-1');
    if (node === undefined) throw new Error('no node');
    const addresses = [...(node.status?.addresses ?? []), { type: 'ExternalIP', address: '198.51.100.77' }];
    const status = {
      ...node.status,
      nodeInfo: { ...node.status?.nodeInfo, kernelVersion: '5.10.0-28-amd64' },
      addresses,
    };
    const nodes = new Map([['node-1', { ...node, status }]]);
    return { ...made, cluster: made.cluster.with({ nodes }), digest: 'sha256:two' };
  };
  const found = (made: ReturnType<typeof snapshot>, settings: object = {}) =>
    ask('check', { changes: [TO_NFTABLES], check: {}, settings }, made).findings;
  const all = found(twoAddresses(), { kubeProxy: { iptables: { masqueradeAll: true } } });
  t.match(
    all.find(({ code }) => code === 'NODE_PORT_ADDRESSES_LOST'),
    { severity: 'WARNING', evidence: { addresses: ['198.51.100.77'], nodes: ['node-1'], services: ['default/svc'] } },
  );
  t.match(
    all.find(({ code }) => code === 'PROXY_MODE_NOT_AVAILABLE'),
    { severity: 'ERROR', evidence: { nodes: ['node-1'], cause: /kernel is 5\.10/ } },
  );
  t.match(
    all.find(({ code }) => code === 'MASQUERADE_ALL_LOST'),
    { severity: 'WARNING', evidence: { nodeCount: 3 } },
  );
  t.match(
    all.find(({ code }) => code === 'PROXY_RULES_LEFT_BEHIND'),
    { evidence: { modes: ['iptables'] } },
  );
  t.match(
    found(snapshot({}, '1.28.3')).find(({ code }) => code === 'PROXY_MODE_NOT_AVAILABLE'),
    { evidence: { cause: /1\.29 is the first/, nodeCount: 3 } },
  );
  t.notOk(found(snapshot({}, '1.36.2')).some(({ code }) => code === 'PROXY_MODE_NOT_AVAILABLE'));
});
