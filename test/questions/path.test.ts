/** Sources and destinations that real clusters have beside the textbook's: asked as a user would, answered whole. */
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { PathResult } from '../../src/questions/answer.js';
import { ask } from '../../src/questions/ask.js';
import type { PathQuestion } from '../../src/questions/request.js';
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
