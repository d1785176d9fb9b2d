/**
 * What the kernel was seen to do otherwise than the walk once said, without a kernel: each is in test/kernel too.
 */
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { PathTrace } from '../../src/contract/answers.js';
import type { PathQuestion, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type LabService, labList } from '../support/lab.js';

const LOCAL_NODE_PORT: LabService = {
  spec: { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ port: 80, targetPort: 8080, nodePort: 30001 }] },
  endpoints: [3],
};
const SERVICE = { namespace: 'default', name: 'svc' };

function traces(
  service: LabService,
  path: PathQuestion,
  settings: QuestionRequest['settings'] = {},
  version = '1.30.5',
  edit: (text: string) => string = (text) => text,
): readonly PathTrace[] {
  const inline = JSON.parse(edit(JSON.stringify(labList({ services: [service], version }))));
  return ask('path', { path, settings }, readSnapshot({ inline })).result.traces;
}

const rules = (hops: PathTrace['hops'] | undefined) =>
  (hops ?? []).flatMap(({ steps }) => steps.flatMap(({ rule }) => (rule === undefined ? [] : [rule])));

t.test('a node that never saw a connection takes its answer for INVALID', async (t) => {
  const destination = { service: { ...SERVICE, via: 'NODE_PORT', node: 'node-2' } } as const;
  const [trace] = traces(LOCAL_NODE_PORT, { source: { pod: 'default/client-1' }, destination });
  t.equal(trace?.cause, 'REPLY_LOST');
  t.match(rules(trace?.reply?.hops).at(-1), /--ctstate INVALID -j DROP$/);
});

t.test('without hairpin a bridge ends a packet before FORWARD', async (t) => {
  const path = { source: { pod: 'default/web-1' }, destination: { service: SERVICE } };
  const [trace] = traces({ endpoints: [1] }, path, { network: { hairpin: false } });
  t.equal(trace?.cause, 'POLICY');
  const hooks = trace?.hops.flatMap(({ steps }) => steps.flatMap(({ hook }) => (hook === undefined ? [] : [hook])));
  t.same([...new Set(hooks)], ['PREROUTING']);
});

t.test('an endpoint has an address, however its slice spells it', async (t) => {
  const twin = (text: string) => text.replaceAll('10.180.1.2', 'FD00:0::2').replaceAll('"IPv4"', '"IPv6"');
  const edit = (text: string) => twin(text).replaceAll('172.30.0.1', 'fd00:30::1').replaceAll('10.0.0.1', 'fd00:1::1');
  const path = { source: { node: 'node-1' }, destination: { service: SERVICE } };
  for (const version of ['1.20.2', '1.30.5', '1.36.2']) {
    const [trace] = traces({ endpoints: [1] }, path, {}, version, edit);
    t.equal(trace?.endpoint?.address, 'fd00::2', version);
    t.equal(trace?.endpoint?.pod, 'default/web-1', version);
  }
});

t.test('what a load balancer sent and no node took is not sent round again', async (t) => {
  const service: LabService = {
    spec: {
      type: 'LoadBalancer',
      loadBalancerSourceRanges: ['198.51.100.9/32'],
      ports: [{ port: 80, targetPort: 8080, nodePort: 30001 }],
    },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } },
  };
  const path = { source: { pod: 'default/client-3' }, destination: { address: '203.0.113.10', port: 80 } };
  const all = traces(service, path, { loadBalancer: { implementation: 'metallb-bgp' } }, '1.24.3');
  t.same(
    all.map(({ verdict, cause }) => `${verdict}/${cause}`),
    ['UNREACHABLE/NO_RULE', 'UNREACHABLE/NO_RULE', 'UNREACHABLE/NO_RULE'],
  );
});
