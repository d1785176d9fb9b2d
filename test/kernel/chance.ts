/**
 * Thousands of connections: how often the kernel picks each endpoint against the exact fractions that `probability`
 * gives. Shares that are right fail these tests once in more than a million runs.
 */
import tap from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { ask } from '../../src/questions/ask.js';
import type { Clients, ServiceDestination } from '../../src/questions/request.js';
import { chanceOf } from './chi-square.js';
import { type Deployment, deploy } from './deploy.js';
import { nodeObject, podObject } from './objects.js';
import { ALL, TIMEOUT } from './parameters.js';
import { nodeName, numbers, outsideAddress, type PlantPod } from './plant/layout.js';
import { Plant } from './plant/plant.js';
import type { Flow, Observed } from './plant/protocol.js';
import { bridgesMeetRules, flavours, versions } from './sandbox/missing.js';
import { tell } from './tally.js';

const FLOWS = ALL ? 20_000 : 1_500;
const CONCURRENCY = 40;
/** With ten tests of shares in a run, what is right fails once in ten million runs. */
const TOO_UNLIKELY = 1e-8;
const TIMEOUT_OF_A_FLOW = 10_000;

const CLIENT: PlantPod = { name: 'default/client', node: 1, address: '10.180.1.9' };
/** Ten endpoints on two nodes; the first four by one on node-1 and three on node-2. */
const WEBS: readonly PlantPod[] = [1, 2, 2, 2, 1, 1, 1, 2, 1, 2].map((node, index) => ({
  name: `default/web-${index}`,
  node,
  address: `10.180.${node}.${index + 20}`,
}));

interface Made {
  readonly name: string;
  readonly endpoints: number;
  readonly spec?: Record<string, unknown>;
}

const SERVICES: readonly Made[] = [
  ...[1, 2, 3, 4, 10].map((endpoints) => ({ name: `of-${endpoints}`, endpoints })),
  { name: 'local', endpoints: 4, spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } },
  {
    name: 'sticky',
    endpoints: 3,
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Cluster',
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
    },
  },
];

function objectsOf({ name, endpoints, spec = {} }: Made, index: number): readonly unknown[] {
  const ports = [
    { name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, ...(spec.type ? { nodePort: 30100 + index } : {}) },
  ];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { type: 'ClusterIP', clusterIP: `172.30.1.${index}`, ports, selector: { app: name }, ...spec },
      status: { loadBalancer: spec.type === undefined ? {} : { ingress: [{ ip: `203.0.113.${index}` }] } },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: WEBS.slice(0, endpoints).map((pod) => ({
        addresses: [pod.address],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: nodeName(pod.node),
        targetRef: { kind: 'Pod', namespace: 'default', name: pod.name.split('/')[1] },
      })),
    },
  ];
}

const VERSION = '1.30.5';
const DEPLOYMENT: Deployment = {
  snapshot: readSnapshot({
    inline: {
      kind: 'List',
      apiVersion: 'v1',
      items: [
        ...numbers(2).map((node) => nodeObject(node, '', VERSION)),
        ...[CLIENT, ...WEBS].map((pod) => podObject(pod)),
        ...SERVICES.flatMap(objectsOf),
      ],
    },
  }),
  settings: { kubeProxy: { mode: 'iptables', clusterCIDR: '10.180.0.0/16' } },
};

/** The shares of a Service's endpoints by address, as exact fractions say. */
function sharesOf(service: ServiceDestination, clients: Clients): ReadonlyMap<string, number> {
  const { settings, snapshot } = DEPLOYMENT;
  const probability = { services: [service], clients };
  const [answer] = ask('probability', { probability, ...(settings ? { settings } : {}) }, snapshot).result.services;
  const value = (text: string) => {
    const [over = '0', under = '1'] = text.split('/');
    return Number(over) / Number(under);
  };
  return new Map(answer?.endpoints.map(({ address, port, share }) => [`${address}:${port}`, value(share.fraction)]));
}

let flows = 0;
let disagreements = 0;

/** Which endpoint a connection reached. */
const reached = (observed: Observed | undefined) =>
  /^CONNECTED \S+ (\S+) sees/.exec(observed ?? '')?.[1] ?? `${observed}`;

function compare(
  t: Pick<typeof tap, 'ok' | 'same'>,
  what: string,
  seen: readonly Observed[],
  shares: ReadonlyMap<string, number>,
): void {
  flows += seen.length;
  const counts = new Map([...shares.keys()].map((endpoint) => [endpoint, 0]));
  for (const observed of seen) counts.set(reached(observed), (counts.get(reached(observed)) ?? 0) + 1);
  const others = [...counts.keys()].filter((endpoint) => !shares.has(endpoint));
  t.same(others, [], `${what}: nothing but the endpoints`);
  const observed = [...shares.keys()].map((endpoint) => counts.get(endpoint) ?? 0);
  const chance = others.length > 0 ? 0 : chanceOf(observed, [...shares.values()]);
  if (chance <= TOO_UNLIKELY) disagreements++;
  t.ok(chance > TOO_UNLIKELY, `${what}: ${observed.join(' / ')} comes about with chance ${chance.toPrecision(2)}`);
}

const flowTo = (address: string, from?: string): Flow => ({
  protocol: 'TCP',
  address,
  port: 80,
  timeout: TIMEOUT_OF_A_FLOW,
  ...(from === undefined ? {} : { from }),
});
const repeat = (flow: Flow, count: number) => Array.from({ length: count }, () => flow);
const at = (name: string) => SERVICES.findIndex((service) => service.name === name);

tap.test('the test of shares tells a wrong share from a right one', async (t) => {
  // From tables of the chi-square distribution.
  for (const [statistic, freedom, chance] of [
    [3.841, 1, 0.05],
    [10.828, 1, 0.001],
    [13.816, 2, 0.001],
    [16.919, 9, 0.05],
  ] as const) {
    const shares = Array.from({ length: freedom + 1 }, () => 1 / (freedom + 1));
    const total = 1e8;
    const shift = Math.sqrt((statistic * (total / (freedom + 1))) / 2);
    const counts = shares.map((share, index) => share * total + (index === 0 ? shift : index === 1 ? -shift : 0));
    t.ok(Math.abs(chanceOf(counts, shares) / chance - 1) < 0.01, `${statistic} with ${freedom} degrees: ${chance}`);
  }
  t.ok(chanceOf([800, 600, 600], [1 / 3, 1 / 3, 1 / 3]) < TOO_UNLIKELY);
});

tap.setTimeout(TIMEOUT);
const podNetwork = bridgesMeetRules() ? 'BRIDGE' : 'ROUTED';
tap.test('shares of endpoints', { timeout: TIMEOUT }, async (t) => {
  const plant = await Plant.build({ name: 'c', nodes: 2, pods: [CLIENT, ...WEBS], podNetwork });
  let cases = 0;
  try {
    for (const flavour of flavours()) {
      await deploy(plant, flavour, DEPLOYMENT);
      for (const { name, endpoints } of SERVICES.filter((service) => service.name.startsWith('of-'))) {
        const flow = flowTo(`172.30.1.${at(name)}`);
        const seen = await plant.agent(CLIENT.name).connect(repeat(flow, endpoints === 1 ? 50 : FLOWS), CONCURRENCY);
        const shares = sharesOf({ namespace: 'default', name }, { pod: CLIENT.name });
        t.equal(shares.size, endpoints);
        compare(t, `one of ${endpoints}, ${flavour}`, seen, shares);
        cases++;
      }
    }

    const vip = `203.0.113.${at('local')}`;
    const [first, second] = await Promise.all(
      [1, 2].map((node) => plant.agent('outside').connect(repeat(flowTo(vip, outsideAddress(node)), FLOWS / 2))),
    );
    const local = (entersAt: readonly string[]) =>
      sharesOf({ namespace: 'default', name: 'local', via: 'LOAD_BALANCER' }, { external: { entersAt } });
    compare(t, 'Local by node-1, which has one', first ?? [], local(['node-1']));
    compare(t, 'Local by node-2, which has three', second ?? [], local(['node-2']));
    compare(t, 'Local by both alike', [...(first ?? []), ...(second ?? [])], local(['node-1', 'node-2']));
    cases += 3;

    // Each client connects three times in a row; all have addresses of their own.
    const clients = numbers(Math.min(FLOWS, 4000)).map((index) => outsideAddress(1, index));
    const sticky = `203.0.113.${at('sticky')}`;
    const again = await plant.agent('outside').sequences(
      clients.map((from) => repeat(flowTo(sticky, from), 3)),
      20,
    );
    const strayed = again.filter((own) => own.some((each) => reached(each) !== reached(own[0])));
    disagreements += strayed.length;
    flows += 2 * again.length;
    t.same(strayed, [], 'a client with session affinity comes back to where it was');
    compare(
      t,
      'first connections of clients with session affinity',
      again.map((own) => own[0] as Observed),
      sharesOf({ namespace: 'default', name: 'sticky', via: 'LOAD_BALANCER' }, { external: { entersAt: ['node-1'] } }),
    );
    cases += 2;
    for (const { address } of WEBS.slice(0, 3)) {
      const path = {
        source: { external: { address: outsideAddress(1, 1), entersAt: 'node-1' } },
        destination: { service: { namespace: 'default', name: 'sticky', via: 'LOAD_BALANCER' } },
        returningTo: `${address}:8080`,
      } as const;
      const { traces } = ask('path', { path, settings: DEPLOYMENT.settings ?? {} }, DEPLOYMENT.snapshot).result;
      t.same(
        traces.map((trace) => trace.endpoint?.address),
        [address],
        'and the walk says so',
      );
    }
  } finally {
    await plant.close();
  }
  t.comment(tell({ test: 'chance', cases, flows, disagreements }));
  t.comment(versions());
});
