/** Who listens: one rule for an address that is reached through DNAT and for one that is reached directly. */
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { PathQuestion, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { labList } from '../support/lab.js';

type Item = Record<string, never> & { readonly kind: string; readonly metadata: { readonly name: string } };

const LISTENS = 'DELIVERED';
const REFUSED = 'REJECTED HOST_REFUSED';
const UNKNOWN = 'UNKNOWN MISSING_DATA';
const FROM_POD = { pod: 'default/client-1' } as const;

interface PodOptions {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly container?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

function pod(name: string, on: number, address: string, { spec, container, status }: PodOptions = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { nodeName: `node-${on}`, containers: [{ name: 'main', ...container }], ...spec },
    status: {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: 'True' }],
      ...status,
    },
  };
}

/** A Service without selector whose slice was written by hand. */
function handMade(name: string, clusterIP: string, endpoints: readonly string[], port: number, more = {}) {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: {
        type: 'ClusterIP',
        clusterIP,
        clusterIPs: [clusterIP],
        ipFamilies: ['IPv4'],
        ports: [{ port: 80 }],
        ...more,
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: '', port, protocol: 'TCP' }],
      endpoints: endpoints.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    },
  ];
}

const NODE_PORT = { type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] };

function outcomes(
  more: readonly unknown[],
  destination: NonNullable<PathQuestion['destination']>,
  {
    source = FROM_POD,
    settings = {},
    version = '1.30.5',
  }: { source?: PathQuestion['source']; settings?: QuestionRequest['settings']; version?: string } = {},
) {
  const list = labList({ services: [{ spec: NODE_PORT }], version });
  const snapshot = readSnapshot({ inline: { ...list, items: [...(list.items as Item[]), ...more] } });
  return ask('path', { path: { source, destination, protocol: 'TCP' }, settings }, snapshot);
}

const verdictOf = (answer: ReturnType<typeof outcomes>) =>
  answer.result.traces.map(({ verdict, cause }) => (cause === undefined ? verdict : `${verdict} ${cause}`)).join(', ');

t.test('in a pod', async (t) => {
  const waiting = { containerStatuses: [{ name: 'main', state: { waiting: { reason: 'CrashLoopBackOff' } } }] };
  const declares = { container: { ports: [{ containerPort: 9090 }] } };
  const rows: readonly (readonly [what: string, options: PodOptions, port: number, expected: string])[] = [
    ['a declared port', declares, 9090, LISTENS],
    ['another port than the declared one', declares, 80, REFUSED],
    [
      'a declared port of another protocol',
      { container: { ports: [{ containerPort: 9090, protocol: 'UDP' }] } },
      9090,
      REFUSED,
    ],
    ['no declared port at all', {}, 9090, UNKNOWN],
    ['a port that a probe asks', { container: { readinessProbe: { httpGet: { port: 9090 } } } }, 9090, LISTENS],
    [
      'a named port that a probe asks',
      { container: { ports: [{ name: 'web', containerPort: 9090 }], livenessProbe: { tcpSocket: { port: 'web' } } } },
      9090,
      LISTENS,
    ],
    [
      'a probe of the loopback alone',
      { container: { livenessProbe: { httpGet: { port: 9090, host: '127.0.0.1' } } } },
      9090,
      REFUSED,
    ],
    ['a container that does not run', { ...declares, status: waiting }, 9090, REFUSED],
    ['a pod that is Pending', { ...declares, status: { phase: 'Pending' } }, 9090, REFUSED],
    [
      'a pod that is not ready',
      { ...declares, status: { conditions: [{ type: 'Ready', status: 'False' }] } },
      9090,
      LISTENS,
    ],
    [
      'a native sidecar',
      { spec: { initContainers: [{ name: 's', restartPolicy: 'Always', ports: [{ containerPort: 9090 }] }] } },
      9090,
      LISTENS,
    ],
    [
      'an init container',
      { spec: { initContainers: [{ name: 'i', ports: [{ containerPort: 9090 }] }] } },
      9090,
      UNKNOWN,
    ],
  ];
  for (const [what, options, port, expected] of rows) {
    const answer = outcomes([pod('it', 2, '10.180.2.40', options)], { address: '10.180.2.40', port });
    t.equal(verdictOf(answer), expected, `${what}, directly`);
  }
  const listed = [pod('it', 2, '10.180.2.40'), ...handMade('by-hand', '172.30.0.50', ['10.180.2.40'], 9090)];
  t.equal(
    verdictOf(outcomes(listed, { service: { namespace: 'default', name: 'by-hand' } })),
    LISTENS,
    'listed, through DNAT',
  );
  t.equal(verdictOf(outcomes(listed, { address: '10.180.2.40', port: 9090 })), LISTENS, 'listed, directly');
  t.equal(verdictOf(outcomes(listed, { address: '10.180.2.40', port: 9091 })), UNKNOWN, 'another port, directly');
  const stopped = [
    pod('it', 2, '10.180.2.40', { status: waiting }),
    ...handMade('by-hand', '172.30.0.50', ['10.180.2.40'], 9090),
  ];
  t.equal(
    verdictOf(outcomes(stopped, { service: { namespace: 'default', name: 'by-hand' } })),
    REFUSED,
    'listed, but it does not run',
  );
  const own = { source: { pod: 'default/web-1' } } as const;
  t.equal(verdictOf(outcomes([], { address: '127.0.0.1', port: 8080 }, own)), LISTENS, 'a pod’s own loopback');
  t.equal(verdictOf(outcomes([], { address: '127.0.0.1', port: 30080 }, own)), REFUSED, 'node ports are not there');
  t.equal(verdictOf(outcomes([], { pod: 'default/web-1', port: 8080 }, own)), LISTENS, 'itself');
  t.equal(verdictOf(outcomes([], { pod: 'default/web-1', port: 22 }, own)), REFUSED, 'itself, another port');
});

t.test('on a node', async (t) => {
  const host = (options: PodOptions) =>
    pod('host', 2, '10.0.0.2', { ...options, spec: { hostNetwork: true, ...options.spec } });
  const rows: readonly (readonly [
    what: string,
    more: readonly unknown[],
    port: number,
    expected: string,
    address?: string,
  ])[] = [
    ['a pod on the host’s network', [host({ container: { ports: [{ containerPort: 9100 }] } })], 9100, LISTENS],
    [
      'the same pod on another node',
      [host({ container: { ports: [{ containerPort: 9100 }] } })],
      9100,
      UNKNOWN,
      '10.0.0.3',
    ],
    ['a port that a probe asks', [host({ container: { livenessProbe: { httpGet: { port: 9100 } } } })], 9100, LISTENS],
    [
      'a probe of the loopback alone',
      [host({ container: { livenessProbe: { httpGet: { port: 10257, host: '127.0.0.1' } } } })],
      10257,
      UNKNOWN,
    ],
    ['--secure-port', [host({ container: { command: ['kube-apiserver', '--secure-port=6443'] } })], 6443, LISTENS],
    ['kubelet', [], 10250, LISTENS],
    ['kubelet’s health, from elsewhere', [], 10248, UNKNOWN],
    ['kube-proxy’s health', [], 10256, LISTENS],
    ['kube-proxy’s metrics, from elsewhere', [], 10249, UNKNOWN],
    ['ssh', [], 22, UNKNOWN],
    ['a node port that nobody has', [], 30999, REFUSED],
    [
      'the API server',
      handMade('kubernetes', '172.30.0.99', ['10.0.0.2'], 6443, { ports: [{ port: 443 }] }),
      6443,
      LISTENS,
    ],
    [
      'a hostPort',
      [pod('it', 2, '10.180.2.40', { container: { ports: [{ containerPort: 80, hostPort: 8088 }] } })],
      8088,
      // The network plugin's own rules, which no snapshot has, take the packet before.
      'UNKNOWN UNSUPPORTED_DATAPLANE',
    ],
  ];
  for (const [what, more, port, expected, address = '10.0.0.2'] of rows) {
    t.equal(verdictOf(outcomes(more, { address, port })), expected, `${what}, directly`);
    if (what === 'the API server') continue;
    const service = handMade('by-hand', '172.30.0.50', [address], port);
    const through = outcomes([...more, ...service], { service: { namespace: 'default', name: 'by-hand' } });
    // Whom a slice lists by hand is taken to listen where nothing else is known.
    t.equal(
      verdictOf(through),
      what.includes('nobody has') || expected === UNKNOWN ? LISTENS : expected,
      `${what}, through DNAT`,
    );
  }
  const local = { source: { node: 'node-2' } } as const;
  for (const port of [10248, 10249, 10256])
    t.equal(
      verdictOf(outcomes([], { address: '127.0.0.1', port }, local)),
      LISTENS,
      `127.0.0.1:${port} on the node itself`,
    );
});

t.test('a node port as an endpoint of another Service is refused on its own node', async (t) => {
  const nodes = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
  const more = handMade('ext', '172.30.0.50', nodes, 30080);
  const answer = outcomes(more, { service: { namespace: 'default', name: 'ext' } });
  const shares = new Map<string, number>();
  for (const { verdict, cause, probability } of answer.result.traces) {
    const key = `${verdict} ${cause ?? ''}`.trim();
    shares.set(key, (shares.get(key) ?? 0) + probability.value);
  }
  t.equal(shares.get(REFUSED)?.toFixed(4), '0.3333');
  t.equal(shares.get(LISTENS)?.toFixed(4), '0.6667');
  const early = outcomes(more, { service: { namespace: 'default', name: 'ext' } }, { version: '1.22.4' });
  t.match(verdictOf(early), /UNKNOWN MISSING_DATA/, 'up to 1.23 kube-proxy holds the port open');
});

t.test('an address of a Service as an endpoint of another one is unreachable', async (t) => {
  const to = { service: { namespace: 'default', name: 'ext' } };
  t.equal(verdictOf(outcomes(handMade('ext', '172.30.0.50', ['172.30.0.1'], 80), to)), 'UNREACHABLE NO_RULE');
  t.equal(
    verdictOf(outcomes(handMade('ext', '172.30.0.50', ['172.30.0.1'], 80), to, { source: { node: 'node-1' } })),
    'UNREACHABLE NO_RULE',
  );
  const external = [
    ...handMade('one', '172.30.0.51', ['10.180.2.2'], 8080, { externalIPs: ['192.0.2.7'] }),
    ...handMade('ext', '172.30.0.50', ['192.0.2.7'], 80),
  ];
  t.equal(verdictOf(outcomes(external, to)), 'UNREACHABLE NO_RULE', 'an external IP');
  t.equal(
    verdictOf(outcomes(handMade('ext', '172.30.0.50', ['192.0.2.9'], 80), to)),
    LISTENS,
    'an address of the outside',
  );
});

t.test('kube-proxy’s servers are where its configuration says', async (t) => {
  const at = (port: number, kubeProxy: NonNullable<QuestionRequest['settings']>['kubeProxy'], address = '10.0.0.2') =>
    verdictOf(outcomes([], { address, port }, { settings: { kubeProxy: { ...kubeProxy } } }));
  t.equal(at(10256, { healthzBindAddress: '127.0.0.1:10256' }), UNKNOWN);
  t.equal(at(10256, { healthzBindAddress: '0.0.0.0:10300' }), UNKNOWN);
  t.equal(at(10300, { healthzBindAddress: '0.0.0.0:10300' }), LISTENS);
  t.equal(at(10256, { healthzBindAddress: '10.0.0.2' }), LISTENS, 'without a port: the usual one');
  t.equal(at(10256, { healthzBindAddress: '[::]:10256' }), LISTENS);
  t.equal(at(10256, { healthzBindAddress: '0.0.0.0:0' }), UNKNOWN, 'port 0: not at all');
  t.equal(at(10249, { metricsBindAddress: '0.0.0.0:10249' }), LISTENS);
});
