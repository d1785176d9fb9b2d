/**
 * Clusters that are as large as Kubernetes lets them be: how long a question takes, or how soon it is refused.
 *
 *   node --max-old-space-size=4096 dist/bench/large.js [CASE…]
 */
import { QuestionError } from '../src/base/errors.js';
import { readSnapshot } from '../src/cluster/read-snapshot.js';
import type { QuestionRequest } from '../src/contract/requests.js';
import { ask } from '../src/questions/ask.js';
import type { QuestionKind } from '../src/questions/kinds.js';

type Json = Readonly<Record<string, unknown>>;

const octets = (base: number, number: number) =>
  `${base + ((number >> 16) & 0x7f)}.${(number >> 8) & 0xff}.${number & 0xff}`;

function node(index: number): Json {
  return {
    kind: 'Node',
    metadata: {
      name: `n${index}`,
      labels: { 'topology.kubernetes.io/zone': `z${index % 3}`, 'kubernetes.io/hostname': `n${index}` },
    },
    spec: { podCIDR: `10.${128 + (index >> 8)}.${index & 0xff}.0/24` },
    status: {
      addresses: [{ type: 'InternalIP', address: `172.${octets(16, index)}` }],
      nodeInfo: { kubeletVersion: 'v1.30.5', kubeProxyVersion: 'v1.30.5' },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

function service(index: number, more: Json = {}): Json {
  return {
    kind: 'Service',
    metadata: { name: `s${index}`, namespace: 'default' },
    spec: {
      clusterIP: `10.${octets(96, index + 10)}`,
      selector: { app: `s${index}` },
      ports: [
        {
          port: 80,
          targetPort: 8080,
          protocol: 'TCP',
          ...(more.type === 'LoadBalancer' ? { nodePort: 30000 + index } : {}),
        },
      ],
      ...more,
    },
    ...(more.type === 'LoadBalancer'
      ? { status: { loadBalancer: { ingress: [{ ip: `203.0.113.${1 + index}` }] } } }
      : {}),
  };
}

/** Slices of a Service, 1,000 endpoints each, spread over the nodes. */
function slices(of: number, first: number, count: number, nodes: number): Json[] {
  return Array.from({ length: Math.ceil(count / 1000) }, (_, slice) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `s${of}-${slice}`, namespace: 'default', labels: { 'kubernetes.io/service-name': `s${of}` } },
    addressType: 'IPv4',
    ports: [{ port: 8080, protocol: 'TCP' }],
    endpoints: Array.from({ length: Math.min(1000, count - slice * 1000) }, (_, i) => {
      const number = first + slice * 1000 + i;
      return {
        addresses: [`${20 + (number >> 24)}.${(number >> 16) & 0xff}.${(number >> 8) & 0xff}.${number & 0xff}`],
        conditions: { ready: true },
        nodeName: `n${number % nodes}`,
        zone: `z${(number % nodes) % 3}`,
      };
    }),
  }));
}

/** A cluster of so many nodes, Services, and endpoints of each. */
export function largeCluster(nodes: number, services: number, endpoints: number, more: Json = {}): Json {
  const items: Json[] = Array.from({ length: nodes }, (_, index) => node(index));
  for (let of = 0; of < services; of++) {
    items.push(service(of, more));
    for (const slice of slices(of, of * endpoints, endpoints, nodes)) items.push(slice);
  }
  return { kind: 'List', items };
}

const LOCAL = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
const CASES: Readonly<Record<string, () => Json>> = {
  'a million endpoints in one Service': () => largeCluster(1000, 1, 1_000_000),
  '250,000 endpoints of 2,500 Services': () => largeCluster(1000, 2500, 100),
  '5,000 nodes, Local policy': () => largeCluster(5000, 50, 200, LOCAL),
};

const destination = { service: { namespace: 'default', name: 's0', port: 80 } };
const viaBalancer = { service: { namespace: 'default', name: 's0', port: 80, via: 'LOAD_BALANCER' } };
const path = { path: { source: { node: 'n1' }, destination } };
const shares = { probability: { services: [destination.service] } };
const otherMode = (mode: string) => ({ settings: { kubernetesVersion: '1.33.1', kubeProxy: { mode } } });
const QUESTIONS: readonly (readonly [string, QuestionKind, Json])[] = [
  ['path', 'path', path],
  ['probability of one Service', 'probability', shares],
  ['the same again', 'probability', shares],
  ['path, nftables', 'path', { ...path, ...otherMode('nftables') }],
  ['probability, nftables', 'probability', { ...shares, ...otherMode('nftables') }],
  ['path, ipvs', 'path', { ...path, ...otherMode('ipvs') }],
  ['probability, ipvs', 'probability', { ...shares, ...otherMode('ipvs') }],
  ['probability through the balancer', 'probability', { probability: { services: [viaBalancer.service] } }],
  ['chains of one node', 'chains', { chains: { nodes: ['n1'], families: ['IPv4'], format: 'SAVE' } }],
  ['chains of one Service', 'chains', { chains: { nodes: ['n1'], services: ['default/s0'], format: 'SAVE' } }],
  ['probability of all', 'probability', { probability: {} }],
  [
    'check of a patch',
    'check',
    {
      changes: [
        {
          patch: {
            kind: 'Service',
            namespace: 'default',
            name: 's0',
            patch: { spec: { sessionAffinity: 'ClientIP' } },
          },
        },
      ],
    },
  ],
  [
    'what-if of a patch',
    'what-if',
    {
      changes: [
        {
          patch: {
            kind: 'Service',
            namespace: 'default',
            name: 's0',
            patch: { spec: { internalTrafficPolicy: 'Local' } },
          },
        },
      ],
      probability: { services: [destination.service] },
    },
  ],
];

function timed<T>(name: string, act: () => T): T | undefined {
  const before = performance.now();
  const cpuBefore = process.cpuUsage();
  let said = 'answered';
  let value: T | undefined;
  try {
    value = act();
  } catch (error) {
    said =
      error instanceof QuestionError
        ? `${error.code}: ${error.message}`
        : `!!! ${String(error)} ${(error as Error).stack}`;
  }
  const wall = (performance.now() - before).toFixed(0).padStart(8);
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpu = ((user + system) / 1000).toFixed(0).padStart(8);
  console.log(`  ${name.padEnd(36)}${wall} ms ${cpu} ms CPU  ${said.slice(0, 500)}`);
  return value;
}

if (process.argv[1]?.endsWith('large.js')) {
  const wanted = process.argv.slice(2);
  for (const [name, make] of Object.entries(CASES)) {
    if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
    console.log(name);
    let bytes = Buffer.from(JSON.stringify(make()));
    console.log(`  ${(bytes.length / 1e6).toFixed(0)} MB`);
    const snapshot = timed('read', () => readSnapshot({ bytes }));
    bytes = Buffer.alloc(0);
    if (snapshot === undefined) continue;
    for (const [what, kind, request] of QUESTIONS) {
      timed(what, () => ask(kind, request as unknown as QuestionRequest, snapshot));
    }
    console.log(`  ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`);
  }
}
