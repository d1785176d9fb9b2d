/** Clusters that are too large for one answer are refused at once, with the limit. */
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { endpointCount, MAX_WALKED_ENDPOINTS, mustExceed } from '../../src/questions/walk-limits.js';

/** A Service of so many endpoints in slices of a thousand, on one node. */
function huge(count: number) {
  const address = (index: number) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  const slices = Array.from({ length: Math.ceil(count / 1000) }, (_, at) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `huge-${at}`, namespace: 'default', labels: { 'kubernetes.io/service-name': 'huge' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: Array.from({ length: Math.min(1000, count - at * 1000) }, (_, index) => ({
      addresses: [address(at * 1000 + index)],
      conditions: { ready: true },
      nodeName: 'n1',
    })),
  }));
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1' },
    spec: { podCIDR: '10.0.0.0/8' },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }], nodeInfo: { kubeletVersion: 'v1.30.5' } },
  };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'huge', namespace: 'default' },
    spec: { clusterIP: '172.30.0.1', ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }] },
  };
  return readSnapshot({ inline: { kind: 'List', items: [node, service, ...slices] } });
}

const SERVICE = { namespace: 'default', name: 'huge' };
const change = { service: { ...SERVICE, internalTrafficPolicy: 'Local' as const } };

t.test(
  'changes of Services with more endpoints than are walked are refused, and the answer says how many are',
  async (t) => {
    const snapshot = huge(MAX_WALKED_ENDPOINTS + 1);
    t.equal(endpointCount(snapshot.cluster, 'default/huge'), MAX_WALKED_ENDPOINTS + 1);
    const questions: readonly (readonly [QuestionKind, QuestionRequest])[] = [
      ['what-if', { changes: [change], probability: {} }],
      ['check', { changes: [change] }],
    ];
    for (const [kind, request] of questions) {
      try {
        ask(kind, request, snapshot);
        t.fail(`${kind} is answered`);
      } catch (error) {
        if (!(error instanceof QuestionError)) throw error;
        t.match(error, { code: 'ANSWER_TOO_LARGE', message: /100001 endpoints.*100000/ }, kind);
        t.match(error.problems[0]?.pointer, /^\//, kind);
      }
    }
  },
);

t.test('rules that must be longer than what is wanted are not written to know it', async (t) => {
  const { cluster } = huge(5000);
  const services = [...cluster.services.values()];
  t.ok(mustExceed(cluster, services, 'IPv4', 1_000_000));
  t.notOk(mustExceed(cluster, services, 'IPv4', 2_000_000));
  t.notOk(mustExceed(cluster, services, 'IPv6', 1_000_000));
});
