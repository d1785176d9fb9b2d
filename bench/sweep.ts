/**
 * Measures a sweep of a thousand points.
 *
 *   node dist/bench/sweep.js [--traffic | --clients] [SIZE] …
 *
 * The generated snapshot gets a Deployment of three pods behind a Service; it is swept from 1 to 1000 replicas.
 * Reported are the time that passes and the processor time, the first time in the process and once it is warm, and what
 * the same points cost asked one by one (`scale` and `probability`), extrapolated from a few.
 *
 * `--traffic`: with 5000 requests a second over 1000 connections, of which each pod's law is worked out at every point;
 * `--clients`: the same from 200 clients, and kinds of Services whose nodes keep clients or go in turn.
 */
import type { KubernetesObject } from '../src/cluster/objects.js';
import { readSnapshot } from '../src/cluster/read-snapshot.js';
import { ask } from '../src/questions/ask.js';
import { generateSnapshot, SIZES } from './generate.js';

const POINTS = 1000;
const APP = { namespace: 'default', name: 'app' };
const labels = { app: 'app' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'app' }] } };

/** A Deployment of three pods behind a Service. */
export function workload(nodes: number, more: Readonly<Record<string, unknown>> = {}): KubernetesObject[] {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'app-1', uid: 'rs', controller: true };
  const pods = [0, 1, 2].map((index) => ({
    kind: 'Pod' as const,
    metadata: { ...APP, name: `app-1-${index}`, uid: `pod-${index}`, labels, ownerReferences: [owner] },
    spec: { nodeName: `node-${(index % nodes) + 1}`, containers: [{ name: 'app' }] },
    status: {
      phase: 'Running',
      podIP: `10.0.${index % nodes}.250`,
      podIPs: [{ ip: `10.0.${index % nodes}.250` }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }));
  const spec = { replicas: pods.length, selector: { matchLabels: labels }, template };
  return [
    { kind: 'Deployment', metadata: { ...APP, uid: 'deployment' }, spec },
    {
      kind: 'ReplicaSet',
      metadata: {
        ...APP,
        name: 'app-1',
        uid: 'rs',
        labels,
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app', uid: 'deployment', controller: true },
        ],
      },
      spec,
    },
    ...pods,
    {
      kind: 'Service',
      metadata: APP,
      spec: {
        type: 'ClusterIP',
        clusterIP: '10.201.0.1',
        clusterIPs: ['10.201.0.1'],
        selector: labels,
        ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
        ...more,
      },
    },
    {
      kind: 'EndpointSlice',
      metadata: { ...APP, name: 'app-1', labels: { 'kubernetes.io/service-name': 'app' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: pods.map(({ metadata, spec: { nodeName }, status: { podIP } }) => ({
        addresses: [podIP],
        conditions: { ready: true },
        nodeName,
        targetRef: { kind: 'Pod', namespace: 'default', name: metadata.name },
      })),
    },
  ] as KubernetesObject[];
}

function timed(work: () => unknown): string {
  const start = performance.now();
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (
    `${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s, ${((user + system) / 1e6).toFixed(1)} s of ` +
    'CPU'
  );
}

const PORTS = [{ port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 32_767 }];
const OUTSIDE = { address: '198.51.100.9' };

/** Kinds of Services, by who chooses among which endpoints, with who asks. */
const KINDS: Readonly<
  Record<
    string,
    {
      readonly spec: Readonly<Record<string, unknown>>;
      readonly asked: Readonly<Record<string, unknown>>;
      readonly annotations?: Readonly<Record<string, string>>;
    }
  >
> = {
  Cluster: { spec: {}, asked: {} },
  'internal Local': { spec: { internalTrafficPolicy: 'Local' }, asked: {} },
  'external Local': {
    spec: { type: 'NodePort', externalTrafficPolicy: 'Local', ports: PORTS },
    asked: { services: [{ ...APP, via: 'NODE_PORT' }], clients: { external: OUTSIDE } },
  },
  'topology mode': { spec: {}, asked: {}, annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } },
  PreferClose: { spec: { trafficDistribution: 'PreferClose' }, asked: {} },
  'load balancer': { spec: { type: 'LoadBalancer', ports: PORTS }, asked: { clients: { loadBalancer: OUTSIDE } } },
  'balancer, Local': {
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32_766, ports: PORTS },
    asked: { clients: { loadBalancer: OUTSIDE } },
  },
};

const TRAFFIC = { requestsPerSecond: 5000, maxRequestsPerSecond: 300, connections: 1000 };

/** Kinds whose loads follow other laws: clients that stay, counters. */
const KEPT: typeof KINDS = {
  affinity: { spec: { sessionAffinity: 'ClientIP' }, asked: {} },
  'in turn': { spec: {}, asked: {} },
  'in turn, Local': { spec: { internalTrafficPolicy: 'Local' }, asked: {} },
};

/** What settings a kind needs. */
function settingsOf(kind: string): Readonly<Record<string, unknown>> {
  const rr = kind.startsWith('in turn') ? { kubeProxy: { mode: 'ipvs', ipvs: { scheduler: 'rr' } } } : {};
  return { kubernetesVersion: '1.36.2', ...rr };
}

/** The nodes of a generated snapshot in three zones. */
function inZones(items: readonly KubernetesObject[]): KubernetesObject[] {
  let count = 0;
  return items.map((item) => {
    if (item.kind !== 'Node') return item;
    const labels = { ...item.metadata.labels, 'topology.kubernetes.io/zone': `zone-${count++ % 3}` };
    return { ...item, metadata: { ...item.metadata, labels } } as KubernetesObject;
  });
}

function measure(name: string, kinds: typeof KINDS, traffic: Readonly<Record<string, number>> | undefined): void {
  const size = SIZES[name];
  if (size === undefined) throw new Error(`there is no size ${name}: ${Object.keys(SIZES).join(', ')}`);
  const list = generateSnapshot(size);
  const items = inZones(list.items as KubernetesObject[]);
  const scale = { kind: 'Deployment', ...APP } as const;
  for (const [kind, { spec, asked, annotations }] of Object.entries(kinds)) {
    const ingress = spec.type === 'LoadBalancer' ? [{ ip: '203.0.113.250' }] : [];
    const own = workload(size.nodes, spec).map((item) =>
      item.kind === 'Service'
        ? { ...item, metadata: { ...item.metadata, annotations }, status: { loadBalancer: { ingress } } }
        : item,
    );
    const snapshot = readSnapshot({ bytes: Buffer.from(JSON.stringify({ ...list, items: [...items, ...own] })) });
    if (kind === Object.keys(kinds)[0])
      console.log(`${name}: ${snapshot.counts.Service} Services, ${snapshot.counts.Node} nodes, ${POINTS} points`);
    const sweep = {
      scale,
      from: 1,
      to: POINTS,
      ...(traffic === undefined ? { bound: { largestShare: '1/20' } } : {}),
      probability: { services: [APP], ...asked, ...(traffic === undefined ? {} : { traffic }) },
    };
    const settings = settingsOf(kind);
    console.log(`  ${kind.padEnd(16)} first ${timed(() => ask('sweep', { settings, sweep }, snapshot))}`);
    console.log(`  ${''.padEnd(16)} again ${timed(() => ask('sweep', { settings, sweep }, snapshot))}`);
    if (kind !== 'Cluster' || traffic !== undefined) continue;
    const few = Array.from({ length: 20 }, (_, index) => ((index + 1) * POINTS) / 20);
    const start = performance.now();
    for (const replicas of few) {
      ask('probability', { changes: [{ scale: { ...scale, replicas } }], probability: { services: [APP] } }, snapshot);
    }
    const all = ((performance.now() - start) / few.length / 1000) * POINTS;
    console.log(`  one by one        ${all.toFixed(0).padStart(6)} s, from ${few.length} of them`);
  }
}

if (process.argv[1]?.endsWith('sweep.js')) {
  const given = process.argv.slice(2);
  const wanted = given.filter((one) => !one.startsWith('--'));
  const clients = given.includes('--clients');
  const traffic = clients ? { ...TRAFFIC, clients: 200 } : given.includes('--traffic') ? TRAFFIC : undefined;
  for (const name of wanted.length > 0 ? wanted : ['s10000-e10']) measure(name, clients ? KEPT : KINDS, traffic);
}
