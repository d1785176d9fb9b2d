/**
 * Policies where Services translate and masquerade: whom a policy sees, and where. Every row stands for its reason, and
 * holds in every mode of kube-proxy: policies act after DNAT and before SNAT of the same node.
 */
import t from 'tap';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { networkPolicy, policedSnapshot } from '../support/policed-cluster.js';

const MODES = ['iptables', 'nftables', 'ipvs'] as const;
type Mode = (typeof MODES)[number];

const DB = { podSelector: { matchLabels: { app: 'db' } } };
const lets = (...from: readonly unknown[]) => [
  networkPolicy('db', { ...DB, policyTypes: ['Ingress'], ingress: [{ from }] }),
];
const port = (number: number | string) => [
  networkPolicy('db', { ...DB, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: number }] }] }),
];
const NOBODY = [networkPolicy('db', { ...DB, policyTypes: ['Ingress'], ingress: [] })];
const block = (cidr: string) => ({ ipBlock: { cidr } });
const web = { podSelector: { matchLabels: { app: 'web' } } };
const toDb = (ports: readonly unknown[]) => [
  networkPolicy('web', { ...web, policyTypes: ['Egress'], egress: [{ to: [DB], ports }] }),
];

const pod = (name: string) => ({ pod: name });
const outside = (entersAt: string) => ({ external: { address: '203.0.113.9', entersAt } });
const db = (more: object = {}) => ({ service: { namespace: 'shop', name: 'db', port: 80, ...more } });
const NODE_PORT = { via: 'NODE_PORT' };

interface Row {
  readonly why: string;
  readonly policies: readonly unknown[];
  readonly source: object;
  readonly to: object;
  readonly service?: object;
  readonly settings?: object;
  readonly verdict: string;
  /** Modes in which it is so; all where it is not given. */
  readonly modes?: readonly Mode[];
}

const ROWS: readonly Row[] = [
  // db-0 is on n3, web-0 on n1, web-1 and api-0 on n2.
  {
    why: 'the port of the pod counts, after DNAT',
    policies: port(8080),
    source: pod('shop/web-0'),
    to: db(),
    verdict: 'DELIVERED',
  },
  {
    why: 'the port of the Service does not',
    policies: port(80),
    source: pod('shop/web-0'),
    to: db(),
    verdict: 'DROPPED',
  },
  {
    why: 'a name is that of the pod’s port',
    policies: port('http'),
    source: pod('shop/web-0'),
    to: db(),
    verdict: 'DELIVERED',
  },
  {
    why: 'egress is judged after DNAT, by the pod',
    policies: toDb([{ port: 8080 }]),
    source: pod('shop/web-0'),
    to: db(),
    verdict: 'DELIVERED',
  },
  {
    why: 'egress by the Service’s port lets nothing through',
    policies: toDb([{ port: 80 }]),
    source: pod('shop/web-0'),
    to: db(),
    verdict: 'DROPPED',
  },
  {
    why: 'a pod’s connection to a cluster IP is not masqueraded: its labels count',
    policies: lets(web),
    source: pod('shop/web-0'),
    to: db(),
    verdict: 'DELIVERED',
  },
  {
    why: 'to a node port of its own node it is masqueraded, before the other node’s policies',
    policies: lets(web),
    source: pod('shop/web-0'),
    to: db({ ...NODE_PORT, node: 'n1' }),
    verdict: 'DROPPED',
  },
  {
    why: 'there the policy sees the node where the node port is',
    policies: lets(block('10.0.0.1/32')),
    source: pod('shop/web-0'),
    to: db({ ...NODE_PORT, node: 'n1' }),
    verdict: 'DELIVERED',
  },
  {
    why: 'with masqueradeAll the policy sees the client’s node',
    policies: lets(web),
    source: pod('shop/web-0'),
    to: db(),
    settings: { kubeProxy: { iptables: { masqueradeAll: true }, nftables: { masqueradeAll: true }, ipvs: {} } },
    verdict: 'DROPPED',
    modes: ['iptables', 'nftables'],
  },
  {
    why: 'a client outside, entering at another node: masqueraded there',
    policies: lets(block('203.0.113.0/24')),
    source: outside('n1'),
    to: db(NODE_PORT),
    verdict: 'DROPPED',
  },
  {
    why: 'the policy sees the entry node',
    policies: lets(block('10.0.0.1/32')),
    source: outside('n1'),
    to: db(NODE_PORT),
    verdict: 'DELIVERED',
  },
  {
    why: 'entering at the pod’s own node: policies come before SNAT',
    policies: lets(block('203.0.113.0/24')),
    source: outside('n3'),
    to: db(NODE_PORT),
    verdict: 'DELIVERED',
    modes: ['iptables', 'nftables'],
  },
  {
    why: 'there the range of nodes does not help',
    policies: lets(block('10.0.0.0/24')),
    source: outside('n3'),
    to: db(NODE_PORT),
    verdict: 'DROPPED',
    modes: ['iptables', 'nftables'],
  },
  {
    why: 'under Local the client’s own address comes through',
    policies: lets(block('203.0.113.0/24')),
    source: outside('n3'),
    to: db(NODE_PORT),
    service: { externalTrafficPolicy: 'Local' },
    verdict: 'DELIVERED',
  },
  {
    why: 'under Local a node without a pod drops before any policy',
    policies: lets(block('203.0.113.0/24')),
    source: outside('n1'),
    to: db(NODE_PORT),
    service: { externalTrafficPolicy: 'Local' },
    verdict: 'DROPPED',
  },
  {
    why: 'a pod reaches itself through its Service',
    policies: NOBODY,
    source: pod('shop/db-0'),
    to: db(),
    verdict: 'DELIVERED',
  },
  {
    why: 'a process of the pod’s own node is never cut off',
    policies: NOBODY,
    source: { node: 'n3' },
    to: db(),
    verdict: 'DELIVERED',
  },
  { why: 'a process of another node is', policies: NOBODY, source: { node: 'n1' }, to: db(), verdict: 'DROPPED' },
  {
    why: 'its node’s address lets it in',
    policies: lets(block('10.0.0.1/32')),
    source: { node: 'n1' },
    to: db(),
    verdict: 'DELIVERED',
  },
  {
    why: 'the reply of an allowed connection passes though the pod may not connect',
    policies: [networkPolicy('db', { ...DB, policyTypes: ['Egress'] })],
    source: pod('shop/web-0'),
    to: db(),
    verdict: 'DELIVERED',
  },
  {
    why: 'no endpoint: kube-proxy rejects before policies',
    policies: NOBODY,
    source: pod('shop/web-0'),
    to: db(),
    service: { selector: { app: 'nobody' } },
    verdict: 'REJECTED',
  },
  {
    why: 'headless: the client goes straight to the pod',
    policies: lets(web),
    source: pod('shop/web-0'),
    to: { service: { namespace: 'shop', name: 'db', via: 'DNS', port: 8080 } },
    service: { type: 'ClusterIP', clusterIP: 'None', clusterIPs: ['None'] },
    verdict: 'DELIVERED',
  },
  {
    why: 'straight to the pod’s address',
    policies: lets(web),
    source: pod('ops/probe-0'),
    to: { pod: 'shop/db-0', port: 8080 },
    verdict: 'DROPPED',
  },
  {
    why: 'an external IP, entering at another node',
    policies: lets(block('203.0.113.0/24')),
    source: outside('n1'),
    to: db({ via: 'EXTERNAL_IP', address: '198.51.100.80' }),
    service: { externalIPs: ['198.51.100.80'] },
    verdict: 'DROPPED',
  },
  {
    why: 'loadBalancerSourceRanges drops before policies',
    policies: [],
    source: outside('n3'),
    to: db({ via: 'LOAD_BALANCER', address: '198.51.100.90' }),
    service: { type: 'LoadBalancer', loadBalancerSourceRanges: ['192.0.2.0/24'] },
    verdict: 'DROPPED',
  },
];

for (const mode of MODES) {
  t.test(`kube-proxy in ${mode} mode`, async (t) => {
    for (const { why, policies, source, to, service = {}, settings = {}, verdict, modes = MODES } of ROWS) {
      if (!modes.includes(mode)) continue;
      const balanced = (service as { readonly type?: string }).type === 'LoadBalancer';
      const { externalIPs, ...more } = service as { readonly externalIPs?: readonly string[] };
      const snapshot = policedSnapshot({ policies, service: more });
      const own = { kind: 'Service', namespace: 'shop', name: 'db' } as const;
      // An address is one Service's alone.
      const published: Change[] = [
        ...(externalIPs === undefined ? [] : [{ patch: { ...own, patch: { spec: { externalIPs } } } }]),
        ...(balanced
          ? [{ patch: { ...own, patch: { status: { loadBalancer: { ingress: [{ ip: '198.51.100.90' }] } } } } }]
          : []),
      ];
      const { kubeProxy = {} } = settings as { readonly kubeProxy?: object };
      const request = {
        path: { source, destination: to },
        settings: {
          kubernetesVersion: '1.33',
          ...settings,
          kubeProxy: { ...kubeProxy, mode, clusterCIDR: '10.244.0.0/16' },
        },
        ...(published.length === 0 ? {} : { changes: published }),
      };
      const { result } = ask('path', request as never, snapshot);
      t.same([...new Set(result.traces.map((trace) => trace.verdict))], [verdict], why);
    }
  });
}
