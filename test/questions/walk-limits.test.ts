/** Clusters that are too large for one answer are refused at once, with the limit. */
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { endpointCount, MAX_WALKED_ENDPOINTS, mustExceed } from '../../src/questions/walk-limits.js';
import { rowsOf } from '../../src/reports/registry.js';

/** A Service of so many endpoints in slices of a thousand, on one node. */
function huge(count: number, given: { readonly spec?: object; readonly more?: readonly object[] } = {}) {
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
    spec: { clusterIP: '172.30.0.1', ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }], ...given.spec },
  };
  return readSnapshot({ inline: { kind: 'List', items: [node, service, ...slices, ...(given.more ?? [])] } });
}

const SERVICE = { namespace: 'default', name: 'huge' };
const change = { service: { ...SERVICE, internalTrafficPolicy: 'Local' as const } };

t.test('questions that compare more endpoints than are walked are refused, and say how many are', async (t) => {
  const snapshot = huge(MAX_WALKED_ENDPOINTS + 1);
  t.equal(endpointCount(snapshot.cluster, 'default/huge'), MAX_WALKED_ENDPOINTS + 1);
  const questions: readonly (readonly [QuestionKind, QuestionRequest, RegExp])[] = [
    ['what-if', { changes: [change], probability: {} }, /100001 endpoints.*100000/],
    ['check', { changes: [change] }, /100001 endpoints.*100000/],
    ['chains', { chains: { services: ['default/huge'], maxBytes: 1_000_000 } }, /1000000 bytes.*100001 endpoints/],
  ];
  for (const [kind, request, message] of questions) {
    try {
      ask(kind, request, snapshot);
      t.fail(`${kind} is answered`);
    } catch (error) {
      if (!(error instanceof QuestionError)) throw error;
      t.match(error, { code: 'ANSWER_TOO_LARGE', message }, kind);
      t.match(error.problems[0]?.pointer, /^\//, kind);
    }
  }
});

t.test('shares and paths of more endpoints than are walked one by one are answered', async (t) => {
  const snapshot = huge(MAX_WALKED_ENDPOINTS + 1);
  for (const mode of ['iptables', 'nftables', 'ipvs'] as const) {
    const settings = { kubernetesVersion: '1.33.1', kubeProxy: { mode } };
    const shares = ask('probability', { settings, probability: {} }, snapshot);
    const [service] = shares.result.services;
    t.match(service, { delivered: { fraction: '1' }, imbalance: { fraction: '1' } }, mode);
    t.equal(service?.endpoints.length, 1000, mode);
    t.equal(service?.endpoints[0]?.share.fraction, '1/100001', mode);
    t.match(service?.omitted, { endpoints: 99001, share: { fraction: '99001/100001' } }, mode);
    t.match(shares.summary, /^Even: each of 100001 endpoints of default\/huge:80 gets 1\/100001 /, mode);
    const { rows } = rowsOf('probability', shares);
    t.equal(rows.length, 1001, mode);
    t.equal(rows.at(-1)?.endpoints, 99001, mode);
    for (const destination of [{ service: SERVICE }, { address: '172.30.0.1', port: 80 }]) {
      const path = ask('path', { settings, path: { source: { node: 'n1' }, destination } }, snapshot);
      t.match(path.result.reached, { endpoints: 100001, smallest: { fraction: '1/100001' } }, mode);
      t.match(path.result.omitted, { traces: 99901, share: { fraction: '99901/100001' } }, mode);
    }
  }
});

t.test('what tells very many endpoints apart is refused with its reason', async (t) => {
  const asked = { probability: { services: [SERVICE] } } as const;
  const cases: readonly (readonly [string, Parameters<typeof huge>[1], QuestionRequest, RegExp])[] = [
    ['affinity', { spec: { sessionAffinity: 'ClientIP' } }, asked, /it has session affinity/],
    ['Local', { spec: { internalTrafficPolicy: 'Local' } }, asked, /its internal traffic policy is Local/],
    [
      'ipvs by source',
      {},
      { ...asked, settings: { kubernetesVersion: '1.33.1', kubeProxy: { mode: 'ipvs', ipvs: { scheduler: 'sh' } } } },
      /the scheduler sh looks at addresses/,
    ],
    [
      'policies',
      {
        more: [
          {
            apiVersion: 'networking.k8s.io/v1',
            kind: 'NetworkPolicy',
            metadata: { name: 'deny', namespace: 'default' },
            spec: { podSelector: {}, policyTypes: ['Ingress'] },
          },
        ],
      },
      asked,
      /the cluster has network policies/,
    ],
    [
      'node port',
      { spec: { type: 'NodePort', ports: [{ port: 80, targetPort: 8080, protocol: 'TCP', nodePort: 30080 }] } },
      { probability: { services: [{ ...SERVICE, via: 'NODE_PORT' }] } },
      /100001 endpoints; one answer walks at most 100000/,
    ],
    [
      'traffic',
      {},
      { probability: { services: [SERVICE], traffic: { requestsPerSecond: 1000 } } } as unknown as QuestionRequest,
      /the load of each is worked out for no more/,
    ],
  ];
  for (const [name, given, request, message] of cases) {
    try {
      ask('probability', request, huge(MAX_WALKED_ENDPOINTS + 1, given));
      t.fail(`${name} is answered`);
    } catch (error) {
      if (!(error instanceof QuestionError)) throw error;
      t.match(error, { code: 'ANSWER_TOO_LARGE', message }, name);
    }
  }
});

t.test('rules that must be longer than what is wanted are not written to know it', async (t) => {
  const { cluster } = huge(5000);
  const services = [...cluster.services.values()];
  t.ok(mustExceed(cluster, services, 'IPv4', 1_000_000));
  t.notOk(mustExceed(cluster, services, 'IPv4', 2_000_000));
  t.notOk(mustExceed(cluster, services, 'IPv6', 1_000_000));
});
