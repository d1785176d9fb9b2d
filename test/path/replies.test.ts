/** What decides whether a connection is one: which addresses are a node's own, and which way the reply takes. */
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { PathQuestion, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type LabService, labList } from '../support/lab.js';

interface NodeItem {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly status: { readonly addresses: { type: string; address: string }[] };
}

const NODE_PORT: LabService['spec'] = { type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] };

function answer(
  path: PathQuestion,
  service: LabService,
  settings: QuestionRequest['settings'] = {},
  version = '1.30.5',
) {
  const list = labList({ services: [service], version });
  for (const item of list.items as NodeItem[]) {
    if (item.kind !== 'Node') continue;
    const number = item.metadata.name.at(-1);
    item.status.addresses.push({ type: 'InternalIP', address: `10.1.0.${number}` });
    item.status.addresses.push({ type: 'InternalIP', address: `fd00::a00:${number}` });
  }
  return ask('path', { path, settings }, readSnapshot({ inline: list })).result.traces;
}

const outcome = (traces: ReturnType<typeof answer>) =>
  [...new Set(traces.map(({ verdict, cause }) => (cause === undefined ? verdict : `${verdict} ${cause}`)))].join(', ');

t.test('every address of a node is its own, not the first alone', async (t) => {
  const pod = { pod: 'default/client-1' } as const;
  const outside = { external: { entersAt: 'node-1' } } as const;
  const to = (address: string, port = 30080) => ({ address, port });
  const cluster = { spec: NODE_PORT };
  const local = { spec: { ...NODE_PORT, externalTrafficPolicy: 'Local' }, endpoints: [1] };
  for (const address of ['10.0.0.1', '10.1.0.1', '10.180.1.1']) {
    t.equal(
      outcome(answer({ source: pod, destination: to(address) }, cluster)),
      'DELIVERED',
      `a pod of the node, ${address}`,
    );
    t.equal(
      outcome(answer({ source: { node: 'node-1' }, destination: to(address) }, cluster)),
      'DELIVERED',
      `a process, ${address}`,
    );
  }
  for (const address of ['10.0.0.1', '10.1.0.1']) {
    t.equal(
      outcome(answer({ source: outside, destination: to(address) }, cluster)),
      'DELIVERED',
      `outside, ${address}`,
    );
    const traces = answer({ source: outside, destination: to(address) }, local);
    t.equal(traces[0]?.clientAddressKept, true, `Local, ${address}`);
    t.equal(
      outcome(answer({ source: { pod: 'default/client-2' }, destination: to(address) }, cluster)),
      'DELIVERED',
      `a pod of another node, ${address}`,
    );
    t.equal(
      outcome(answer({ source: pod, destination: to(address, 10250) }, cluster)),
      'DELIVERED',
      `kubelet, ${address}`,
    );
  }
  const from = answer({ source: { node: 'node-1' }, destination: to('10.1.0.1') }, local);
  t.equal(outcome(from), 'DELIVERED', 'what comes from any address of the node counts as from the node');
});

t.test('a reply that goes past the node that translated the connection is lost', async (t) => {
  const service: LabService = {
    spec: {
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }],
    },
    endpoints: [3],
  };
  const path = {
    source: { pod: 'default/client-1' },
    destination: { service: { namespace: 'default', name: 'svc', via: 'NODE_PORT', node: 'node-2' } },
  } as const;
  const [dropped] = answer(path, service);
  t.equal(`${dropped?.verdict} ${dropped?.cause}`, 'DROPPED REPLY_LOST', 'the client’s node drops it as INVALID');
  // Without that rule the answer gets to the client, from an address that it did not send to.
  const [straight] = answer(path, service, { kernel: { tcpBeLiberal: true } });
  t.equal(`${straight?.verdict} ${straight?.cause}`, 'DROPPED REPLY_LOST');
  t.match(straight?.explanation, /straight from 10\.180\.3\.2, not from 10\.0\.0\.2/);
  t.equal(straight?.reply?.returns, false);
  const udp: LabService = {
    ...service,
    spec: { ...service.spec, ports: [{ port: 80, protocol: 'UDP', targetPort: 8080, nodePort: 30080 }] },
  };
  const [datagram] = answer(path, udp);
  t.equal(`${datagram?.verdict} ${datagram?.cause}`, 'DROPPED REPLY_LOST', 'a datagram may open a flow of its own');
  t.match(datagram?.explanation, /straight from 10\.180\.3\.2/);
});

t.test('127.0.0.1 and ::1', async (t) => {
  const source = { node: 'node-1' } as const;
  const host = (address: string) => ({ source, destination: { address, port: 30080 } });
  const six: LabService['spec'] = {
    ...NODE_PORT,
    clusterIP: 'fd00:30::1',
    clusterIPs: ['fd00:30::1'],
    ipFamilies: ['IPv6'],
  };
  const list = labList({ services: [{ spec: six }], version: '1.25.3' });
  const text = JSON.stringify(list)
    .replaceAll('10.180.', 'fd00:180::')
    .replaceAll('"IPv4"', '"IPv6"')
    .replace(/fd00:180::(\d)\.(\d)/g, 'fd00:180:0:$1::$2')
    .replace(/fd00:180::0\.0\/16/g, 'fd00:180::/48')
    .replace(/(fd00:180:0:\d::)0\/24/g, '$1/64')
    .replace(/"10\.0\.0\.(\d)"/g, '"fd00::a00:$1"');
  const traces = (version: string) =>
    ask('path', { path: host('::1') }, readSnapshot({ inline: JSON.parse(text.replaceAll('v1.25.3', `v${version}`)) }))
      .result.traces;
  for (const version of ['1.20.2', '1.23.4', '1.25.3'])
    t.equal(
      outcome(traces(version)),
      'DROPPED REPLY_LOST',
      `[::1] in ${version}: the packet leaves masqueraded, its reply is not for ::1`,
    );
  const affinity: LabService = { spec: { ...NODE_PORT, sessionAffinity: 'ClientIP' } };
  const path = { ...host('127.0.0.1'), returningTo: '10.180.2.2:8080' };
  t.same(
    answer(path, affinity).map(({ verdict, endpoint, probability }) => [verdict, endpoint?.pod, probability.fraction]),
    [['DELIVERED', 'default/web-2', '1']],
    'affinity holds through 127.0.0.1',
  );
  t.equal(
    outcome(answer(host('127.0.0.1'), { spec: NODE_PORT }, { kubeProxy: { iptables: { localhostNodePorts: false } } })),
    'REJECTED HOST_REFUSED',
  );
});
