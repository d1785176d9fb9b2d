/**
 * Thousands of connections: how often the kernel picks each endpoint against the exact fractions that `probability`
 * gives. Shares that are right fail these tests once in more than a million runs.
 */
import tap from 'tap';
import { type IPFamily, joinHostPort } from '../../src/base/address.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { Clients, ServiceDestination } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { chanceOf } from './chi-square.js';
import { type Deployment, deploy } from './deploy.js';
import { nodeObject, podObject } from './objects.js';
import { ALL, TIMEOUT } from './parameters.js';
import { FAMILIES, inFamily } from './plant/families.js';
import { BALANCED_CLIENT, nodeName, numbers, outsideAddress, type PlantPod } from './plant/layout.js';
import { Plant } from './plant/plant.js';
import type { Flow, Observed } from './plant/protocol.js';
import { bridgesMeetRules, type Flavour, flavours, lacksNft, versions } from './sandbox/missing.js';
import { tell } from './tally.js';

const FLOWS = ALL ? 20_000 : 1_000;
const CONCURRENCY = 40;
/** With some forty tests of shares in a run, what is right fails once in two million runs. */
const TOO_UNLIKELY = 1e-8;
const TIMEOUT_OF_A_FLOW = 10_000;

const CLIENT: PlantPod = { name: 'default/client', node: 1, address: '10.180.1.9' };
/** Ten pods on two nodes; the first four by one on node-1 and three on node-2. */
const WEBS: readonly PlantPod[] = [1, 2, 2, 2, 1, 1, 1, 2, 1, 2].map((node, index) => ({
  name: `default/web-${index}`,
  node,
  address: `10.180.${node}.${index + 20}`,
}));

/** Where each of them listens: with all, fifty endpoints. */
const PORTS = [8080, 8081, 8082, 8083, 8084];

interface Made {
  readonly name: string;
  readonly endpoints: number;
  readonly spec?: Record<string, unknown>;
}

const SERVICES: readonly Made[] = [
  ...[1, 2, 3, 4, 10, 50].map((endpoints) => ({ name: `of-${endpoints}`, endpoints })),
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

const clusterIP = (index: number, family: IPFamily) => inFamily(family, `172.30.1.${index}`);
const vip = (index: number) => `203.0.113.${index}`;

function objectsOf({ name, endpoints, spec = {} }: Made, index: number): readonly unknown[] {
  const ports = [
    { name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, ...(spec.type ? { nodePort: 30100 + index } : {}) },
  ];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: {
        type: 'ClusterIP',
        clusterIP: clusterIP(index, 'IPv4'),
        clusterIPs: FAMILIES.map((family) => clusterIP(index, family)),
        ipFamilies: FAMILIES,
        ports,
        selector: { app: name },
        ...spec,
      },
      status: {
        loadBalancer:
          spec.type === undefined ? {} : { ingress: FAMILIES.map((family) => ({ ip: inFamily(family, vip(index)) })) },
      },
    },
    ...FAMILIES.flatMap((family) =>
      PORTS.slice(0, Math.ceil(endpoints / WEBS.length)).map((port) => ({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          name: `${name}-${family.toLowerCase()}-${port}`,
          namespace: 'default',
          labels: { 'kubernetes.io/service-name': name },
        },
        addressType: family,
        ports: [{ name: 'http', port, protocol: 'TCP' }],
        endpoints: WEBS.slice(0, endpoints).map((pod) => ({
          addresses: [inFamily(family, pod.address)],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: nodeName(pod.node),
          targetRef: { kind: 'Pod', namespace: 'default', name: pod.name.split('/')[1] },
        })),
      })),
    ),
  ];
}

type Mode = 'iptables' | 'nftables';

const VERSIONS: Readonly<Record<Mode, string>> = { iptables: '1.30.5', nftables: '1.36.2' };

const deploymentOf = (mode: Mode): Deployment => ({
  snapshot: readSnapshot({
    inline: {
      kind: 'List',
      apiVersion: 'v1',
      items: [
        ...numbers(2).map((node) => nodeObject(node, '', VERSIONS[mode], FAMILIES)),
        ...[CLIENT, ...WEBS].map((pod) => podObject(pod, false, FAMILIES)),
        ...SERVICES.flatMap(objectsOf),
      ],
    },
  }),
  settings: {
    kubeProxy: {
      mode,
      clusterCIDR: FAMILIES.map((family) => inFamily(family, '10.180.0.0/16')).join(','),
    },
    // Spreads what comes from outside by connection, over the nodes with endpoints under Local.
    loadBalancer: { implementation: 'metallb-bgp' },
  },
  families: FAMILIES,
});

const DEPLOYMENTS: Readonly<Record<Mode, Deployment>> = {
  iptables: deploymentOf('iptables'),
  nftables: deploymentOf('nftables'),
};

/** The shares of a Service's endpoints by address, as exact fractions say. */
function sharesOf(
  service: ServiceDestination,
  clients: Clients,
  family: IPFamily,
  mode: Mode,
): ReadonlyMap<string, number> {
  const { settings, snapshot } = DEPLOYMENTS[mode];
  const probability = { services: [service], clients, families: [family] };
  const [answer] = ask('probability', { probability, ...(settings ? { settings } : {}) }, snapshot).result.services;
  const value = (text: string) => {
    const [over = '0', under = '1'] = text.split('/');
    return Number(over) / Number(under);
  };
  return new Map(
    answer?.endpoints.map(({ address, port, share }) => [joinHostPort(address, port), value(share.fraction)]),
  );
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
const indexOf = (name: string) => SERVICES.findIndex((service) => service.name === name);

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

type Test = Pick<typeof tap, 'ok' | 'same'>;

/** Local policy: by each node alone, and spread over both as a load balancer does. How many distributions. */
async function throughBalancer(t: Test, plant: Plant, family: IPFamily, mode: Mode): Promise<number> {
  const address = inFamily(family, vip(indexOf('local')));
  const local = { namespace: 'default', name: 'local', via: 'LOAD_BALANCER' } as const;
  const flows = (from: string) => repeat(flowTo(address, inFamily(family, from)), FLOWS);
  const outside = plant.agent('outside');
  for (const [node, what] of [
    [1, 'which has one'],
    [2, 'which has three'],
  ] as const) {
    const seen = await outside.connect(flows(outsideAddress(node)), CONCURRENCY);
    const shares = sharesOf(local, { external: { entersAt: [nodeName(node)] } }, family, mode);
    compare(t, `Local by ${nodeName(node)}, ${what}, ${mode}, ${family}`, seen, shares);
  }
  await plant.balance(vip(indexOf('local')), [1, 2], family);
  const seen = await outside.connect(flows(BALANCED_CLIENT), CONCURRENCY);
  compare(t, `Local behind a load balancer, ${mode}, ${family}`, seen, sharesOf(local, { external: {} }, family, mode));
  return 3;
}

/** Session affinity: one client sticks, many spread. How many distributions. */
async function comingBack(t: Test, plant: Plant, family: IPFamily, mode: Mode): Promise<number> {
  // Each client connects three times in a row; all have addresses of their own.
  const clients = numbers(Math.min(FLOWS, 4000)).map((index) => inFamily(family, outsideAddress(1, index)));
  const sticky = inFamily(family, vip(indexOf('sticky')));
  const again = await plant.agent('outside').sequences(
    clients.map((from) => repeat(flowTo(sticky, from), 3)),
    20,
  );
  const strayed = again.filter((own) => own.some((each) => reached(each) !== reached(own[0])));
  disagreements += strayed.length;
  flows += 2 * again.length;
  t.same(strayed, [], `a client with session affinity comes back to where it was, ${mode}, ${family}`);
  const service = { namespace: 'default', name: 'sticky', via: 'LOAD_BALANCER' } as const;
  const first = again.map((own) => own[0] as Observed);
  const shares = sharesOf(service, { external: { entersAt: ['node-1'] } }, family, mode);
  compare(t, `first connections of clients with session affinity, ${mode}, ${family}`, first, shares);
  for (const pod of WEBS.slice(0, 3)) {
    const address = inFamily(family, pod.address);
    const path = {
      source: { external: { address: inFamily(family, outsideAddress(1, 1)), entersAt: 'node-1' } },
      destination: { service },
      family,
      returningTo: joinHostPort(address, 8080),
    } as const;
    const { traces } = ask(
      'path',
      { path, settings: DEPLOYMENTS[mode].settings ?? {} },
      DEPLOYMENTS[mode].snapshot,
    ).result;
    const walked = traces.map((trace) => trace.endpoint?.address);
    t.same(walked, [address], 'and the walk says so');
  }
  return 2;
}

tap.setTimeout(TIMEOUT);
const podNetwork = bridgesMeetRules() ? 'BRIDGE' : 'ROUTED';
tap.test('shares of endpoints', { timeout: TIMEOUT }, async (t) => {
  const plant = await Plant.build({ name: 'c', nodes: 2, pods: [CLIENT, ...WEBS], podNetwork });
  let cases = 0;
  try {
    await Promise.all(
      WEBS.map(({ name, address }) =>
        plant.agent(name).listen(
          PORTS.map((port) => ({ port })),
          FAMILIES.map((family) => ({ port: 8080, address: inFamily(family, address) })),
        ),
      ),
    );
    const flavour = flavours().at(-1) as Flavour;
    const programmed = [
      ...flavours().map((each) => ({ mode: 'iptables' as const, flavour: each, name: each })),
      ...(lacksNft() === undefined ? [{ mode: 'nftables' as const, flavour, name: 'nftables' }] : []),
    ];
    for (const [index, { mode, flavour, name: what }] of programmed.entries()) {
      await deploy(plant, flavour, DEPLOYMENTS[mode]);
      // Each flavour has one family's Services in full, and one Service of the other's.
      for (const [at, family] of FAMILIES.entries()) {
        const full = ALL || at === index % FAMILIES.length || programmed.length === 1;
        for (const { name, endpoints } of SERVICES.filter((each) =>
          full ? each.name.startsWith('of-') : each.name === 'of-3',
        )) {
          const flow = flowTo(clusterIP(indexOf(name), family));
          const seen = await plant.agent(CLIENT.name).connect(repeat(flow, endpoints === 1 ? 50 : FLOWS), CONCURRENCY);
          const shares = sharesOf({ namespace: 'default', name }, { pod: CLIENT.name }, family, mode);
          t.equal(shares.size, endpoints);
          compare(t, `one of ${endpoints}, ${what}, ${family}`, seen, shares);
          cases++;
        }
      }
    }
    for (const { mode, flavour } of programmed.slice(-2)) {
      await deploy(plant, flavour, DEPLOYMENTS[mode]);
      for (const family of FAMILIES) cases += await throughBalancer(t, plant, family, mode);
      for (const family of FAMILIES) cases += await comingBack(t, plant, family, mode);
    }
  } finally {
    await plant.close();
  }
  t.comment(tell({ test: 'chance', cases, flows, disagreements }));
  t.comment(versions());
});
