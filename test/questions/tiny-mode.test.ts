/**
 * Whole questions about nodes in a mode that the tests add: no floor above `proxy/` knows the modes that there are. The
 * mode is registered, and nothing else of the program is touched.
 */
import t from 'tap';
import type { Snapshot } from '../../src/cluster/read-snapshot.js';
import type { ChainsQuestion, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { render } from '../../src/reports/render.js';
import { small } from '../support/small-cluster.js';
import { addTinyMode, TINY_MODE } from '../support/tiny-mode.js';

addTinyMode();

type ChainsFormat = NonNullable<ChainsQuestion['format']>;

const slice = (...endpoints: readonly (readonly [name: string, node: string, address: string])[]) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'default', name: 'web-x', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ port: 8080, protocol: 'TCP' }],
  endpoints: endpoints.map(([name, nodeName, address]) => ({
    addresses: [address],
    nodeName,
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', namespace: 'default', name },
  })),
});

const snapshot = small({ more: [slice(['web-1', 'n1', '10.1.1.5'], ['web-2', 'n2', '10.1.2.5'])] });
const IN_TINY = { kubeProxy: { mode: TINY_MODE } };
const TO_WEB = { service: { namespace: 'default', name: 'web', port: 80 } };
const FROM_CLIENT = { pod: 'default/client' };
const SCALED = { scale: { kind: 'Deployment', namespace: 'default', name: 'web', replicas: 0 } } as const;

function answerOf<K extends QuestionKind>(kind: K, request: QuestionRequest, of: Snapshot = snapshot) {
  return ask(kind, { settings: IN_TINY, ...request } as QuestionRequest, of);
}

t.test('path: the walk goes through the rules of the mode, to each endpoint', async (t) => {
  const { result } = answerOf('path', { path: { source: FROM_CLIENT, destination: TO_WEB } });
  t.match(
    result.traces.map(({ probability, verdict, endpoint, clientAddressKept }) => [
      probability.fraction,
      verdict,
      endpoint?.pod,
      clientAddressKept,
    ]),
    [
      ['1/2', 'DELIVERED', 'default/web-1', true],
      ['1/2', 'DELIVERED', 'default/web-2', true],
    ],
  );
  t.match(result.traces[1]?.hops[1]?.steps.at(-1), {
    action: 'DNAT',
    hook: 'PREROUTING',
    table: 'tiny',
    chain: 'prerouting',
    rule: 'to 10.96.0.10:80 send 10.1.2.5:8080',
    position: 2,
    service: { namespace: 'default', name: 'web', port: 80 },
    endpoint: '10.1.2.5:8080',
  });
});

t.test('path: a packet that the mode drops has the cause that the mode gives, and its Service', async (t) => {
  const { result } = answerOf('path', { path: { source: FROM_CLIENT, destination: TO_WEB }, changes: [SCALED] });
  t.match(result.traces, [{ verdict: 'DROPPED', cause: 'NO_ENDPOINTS', clientSees: 'a timeout' }]);
  t.match(result.traces[0]?.hops[1]?.steps.at(-1), {
    action: 'DROP',
    rule: 'to 10.96.0.10:80 send nowhere',
    service: { namespace: 'default', name: 'web' },
  });
});

t.test('probability: exact shares, added up over all nodes', async (t) => {
  const { result } = answerOf('probability', {});
  t.match(result.services, [{ via: 'CLUSTER_IP', delivered: { fraction: '1' }, imbalance: { fraction: '1' } }]);
  t.same(
    result.services[0]?.endpoints.map(({ pod, share }) => [pod, share.fraction]),
    [
      ['default/web-1', '1/2'],
      ['default/web-2', '1/2'],
    ],
  );
});

t.test('sweep: a curve over replicas', async (t) => {
  const { result } = answerOf('sweep', {
    sweep: { scale: { kind: 'Deployment', namespace: 'default', name: 'web' }, replicas: [1, 2, 3] },
  });
  t.same(
    result.points.map(({ replicas }) => replicas),
    [1, 2, 3],
  );
});

const LINES = 'to 10.96.0.10:80 toss 2 send 10.1.1.5:8080\nto 10.96.0.10:80 send 10.1.2.5:8080\n';

t.test('chains: what the mode writes, in each form', async (t) => {
  const parts = (format: ChainsFormat) =>
    answerOf('chains', { chains: { format, nodes: ['n1'], families: ['IPv4'] } }).result.parts;
  t.match(parts('RESTORE'), [{ mode: 'tiny', nodes: ['n1'], text: LINES }]);
  t.match(parts('SAVE'), [{ text: `prerouting\n${LINES}output\n${LINES}` }]);
  t.match(parts('LIST'), [{ text: `prerouting\n${LINES}\noutput\n${LINES}` }]);
  const [{ tables } = {}] = parts('RULES');
  t.match(tables, [{ name: 'tiny', chains: [{ name: 'prerouting', rules: [{ statements: [] }, {}] }, {}] }]);
  t.throws(() => parts('TRANSACTION'), { code: 'INVALID_REQUEST' });
});

t.test('check: an outage and a change of mode are found', async (t) => {
  const outage = answerOf('check', { check: {}, changes: [SCALED] });
  const errors = outage.findings.filter(({ severity }) => severity === 'ERROR');
  t.ok(errors.length > 0);
  for (const { code } of errors) t.equal(code, 'DELIVERED_BEFORE_DROPPED_NOW');
  const moved = answerOf('check', { check: {}, changes: [{ proxy: { mode: 'nftables' } }] });
  const codes = moved.findings.map(({ code }) => code);
  for (const code of ['PROXY_MODE_NOT_AVAILABLE', 'SOURCE_ADDRESS_LOST'] as const) t.ok(codes.includes(code), code);
});

t.test('what-if: the differences between two programs of the mode, and between it and another one', async (t) => {
  const chains = { format: 'SAVE', services: ['default/web'] } as const;
  const scaled = answerOf('what-if', { chains, changes: [SCALED] });
  t.match(scaled.result.difference, {
    unified: [{ nodes: ['n1', 'n2'], text: /^-to 10\.96\.0\.10:80 toss 2 send 10\.1\.1\.5:8080$/m }],
    rules: [
      {
        table: 'tiny',
        chain: 'prerouting',
        added: [{ text: 'to 10.96.0.10:80 send nowhere', service: { namespace: 'default', name: 'web' } }],
        removed: [{ endpoint: '10.1.1.5:8080' }, { endpoint: '10.1.2.5:8080' }],
      },
      { chain: 'output' },
    ],
  });
  const moved = answerOf('what-if', { probability: {}, changes: [{ proxy: { mode: 'iptables', nodes: ['n2'] } }] });
  t.match(moved.result, {
    before: { services: [{ via: 'CLUSTER_IP', delivered: { fraction: '1' } }] },
    after: { services: [{ via: 'CLUSTER_IP', delivered: { fraction: '1' } }] },
  });
  const mixed = answerOf('chains', {
    chains: { format: 'SAVE' },
    changes: [{ proxy: { mode: 'iptables', nodes: ['n2'] } }],
  });
  t.same(
    mixed.result.parts.map(({ mode, nodes }) => [mode, nodes]),
    [
      ['tiny', ['n1']],
      ['iptables', ['n2']],
    ],
  );
});

t.test('every answer is a report', async (t) => {
  const requests: readonly (readonly [QuestionKind, QuestionRequest])[] = [
    ['path', { path: { source: FROM_CLIENT, destination: TO_WEB } }],
    ['probability', {}],
    ['chains', { chains: { format: 'SAVE' } }],
    ['check', { check: {}, changes: [SCALED] }],
    ['inspect', {}],
  ];
  for (const [kind, request] of requests) {
    const answer = answerOf(kind, request);
    for (const form of ['text', 'markdown'] as const) t.match(render(kind, answer, form), /\S/, `${kind} as ${form}`);
  }
});
