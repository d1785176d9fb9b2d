/**
 * Packets for pods that nothing tells apart are walked once: every journey is the one that a packet has which is walked
 * by itself.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import type { PathPolicy } from '../../src/contract/answers.js';
import type { Clients, Via } from '../../src/contract/requests.js';
import { withEndpointSources } from '../../src/control-plane/endpoint-sources.js';
import { actedOnJourney, policiesOnJourney } from '../../src/path/alike-endpoints.js';
import { Fabric, type FabricOptions } from '../../src/path/fabric.js';
import { checkServiceSpec } from '../../src/path/service-target.js';
import {
  type ActedOn,
  AlikeDenial,
  AlikeJourney,
  actedOn,
  hopsOf,
  type Journey,
  type KnownWay,
} from '../../src/path/trail.js';
import { walkProbe } from '../../src/path/walk-probe.js';
import { lawOf } from '../../src/questions/load/law.js';
import type { Prepared } from '../../src/questions/prepare.js';
import { everyPort } from '../../src/questions/probability/asked-ports.js';
import { crossNodeShare } from '../../src/questions/probability/crossings.js';
import { walkedOutcome } from '../../src/questions/probability/port-outcome.js';
import { type Walked, walkClients } from '../../src/questions/probability/walked-clients.js';
import { livingCluster } from '../support/living-cluster.js';
import { anyPolicies, CALICO, networkPolicy, policedSnapshot } from '../support/policed-cluster.js';
import { randomCluster, settingsOf, snapshotOf } from '../support/random-cluster.js';
import { runs } from '../support/runs.js';
import { clusterOf, servicesAlike, overrideOf as servicesOverride } from '../support/services-alike.js';

const VIAS: readonly Via[] = ['CLUSTER_IP', 'NODE_PORT', 'LOAD_BALANCER'];

function actedText(acted: readonly ActedOn[]): string {
  return JSON.stringify(
    acted.map(({ point: { node, direction, pod, flow }, passes }) => [
      ...[node, direction, pod?.metadata.name, flow.source.address, flow.destination.address],
      ...[flow.destination.pod?.metadata.name, flow.port, passes],
    ]),
  );
}

const saidText = (policies: readonly PathPolicy[]) => JSON.stringify(policies);

/** Compares where policies act on a journey, and what they say, with its trail: both are known without walking it. */
function compareWithTrail(cluster: Cluster, journey: Journey): void {
  const [acted, said] = [actedOnJourney(cluster, journey), policiesOnJourney(cluster, journey)];
  const steps = hopsOf(journey.trail).flatMap(({ entries }) =>
    entries.flatMap((entry) => (entry.kind === 'HOST' ? (entry.step.policy ?? []) : [])),
  );
  assert.equal(actedText(acted), actedText(actedOn(journey.trail)));
  assert.equal(saidText(said), saidText(steps));
  for (const further of journey.beyond?.() ?? []) compareWithTrail(cluster, further);
}

/** Everything of a journey, trails and what is beyond a denial included, as a text. */
function whole(journey: Journey): string {
  const { chance, packet, verdict, cause, detail, receiver, reply, trail, rule, beyond } = journey;
  const { nominal, programmed } = chance;
  return JSON.stringify(
    {
      ...{ verdict, cause, detail, receiver, packet, rule: rule?.text ?? rule?.chain },
      chance: [nominal, programmed].map(({ n, d }) => `${n}/${d}`),
      trail: hopsOf(trail),
      reply: reply && { ...reply, trail: hopsOf(reply.trail) },
      acted: actedText(actedOn(trail)),
      beyond: beyond?.().map(whole).sort(),
    },
    (_, value) => (typeof value === 'bigint' ? String(value) : value),
  );
}

interface Shown {
  readonly walked: readonly Walked[];
  /** What answers report of each. */
  readonly reported: readonly unknown[];
  readonly assumptions: readonly string[];
}

/** All ways to all Services, by one fabric, so that what is known of one Service serves the next. */
function walkAll(cluster: Cluster, fabric: Fabric, clients: Clients | undefined): Shown {
  const walked: Walked[] = [];
  const reported: unknown[] = [];
  const prepared: Prepared = {
    cluster,
    settings: fabric.settings,
    changes: [],
    moment: () => ({ at: 0, given: false }),
    answer: () => assert.fail(),
  };
  for (const { service, protocol } of everyPort(cluster.services.values(), undefined)) {
    for (const via of VIAS) {
      try {
        const target = checkServiceSpec(cluster, { ...service, via }, protocol, '');
        const destination = { kind: 'SERVICE', target } as const;
        const one = walkClients(fabric, clients === undefined ? {} : { clients }, destination);
        walked.push(one);
        const { shares, from } = walkedOutcome(prepared, fabric, destination, one);
        const { n, d } = crossNodeShare(from);
        const { counters, pods } = lawOf({ settings: fabric.settings, from, stickySeconds: 0 });
        reported.push({ ...shares, crossNode: `${n}/${d}`, counters, pods: [...pods].sort() });
      } catch (error) {
        if (!(error instanceof QuestionError)) throw error;
      }
    }
  }
  const assumptions = fabric.assumptions.all().map((one) => JSON.stringify(one));
  return { walked, reported, assumptions: assumptions.sort() };
}

/** In an order of their own: groups of clients may come in another one. */
function sorted(journeys: readonly unknown[]): readonly string[] {
  return journeys.map((one) => JSON.stringify(one)).sort();
}

let alike = 0;
let joined = 0;
let denials = 0;

function compareWalks(cluster: Cluster, override: SettingsOverride, clients: Clients | undefined): void {
  const { cluster: sourced } = withEndpointSources(cluster);
  const settings = inferSettings(sourced, override);
  const ways = new Map<string, KnownWay>();
  const walkWith = (options: FabricOptions) =>
    walkAll(sourced, new Fabric(sourced, settings, 'IPv4', { walkProbe, ...options }), clients);
  const quick = walkWith({ ways });
  const each = walkWith({ walksEach: true });
  // Another question knows the ways already; they rest on the same.
  assert.deepEqual(walkWith({ ways }).assumptions, each.assumptions);
  // Before any trail is read: walking one on demand adds nothing that was not assumed already.
  assert.deepEqual(quick.assumptions, each.assumptions);
  assert.deepEqual(quick.reported, each.reported);
  for (const [index, { journeys }] of quick.walked.entries()) {
    alike += journeys.filter((journey) => journey instanceof AlikeJourney).length;
    denials += journeys.filter((journey) => journey instanceof AlikeDenial).length;
    for (const journey of journeys) compareWithTrail(cluster, journey);
    const { journeys: all } = each.walked[index] as Walked;
    // Nodes that are alike but for the endpoints on them are walked as one.
    if (journeys.length === all.length) assert.deepEqual(sorted(journeys.map(whole)), sorted(all.map(whole)));
    else joined++;
  }
}

const CLIENTS: readonly (Clients | undefined)[] = [
  undefined,
  { nodes: { from: 'HOST' } },
  { external: { entersAt: ['node-1'] } },
  { external: {} },
  { loadBalancer: {} },
];
const MODES = ['iptables', 'iptables', 'nftables', 'ipvs'] as const;
const clientsOf = fc.constantFrom(...CLIENTS);
const mode = fc.constantFrom(...MODES);
const network = fc.constantFrom(
  {},
  { podNetwork: 'ROUTED' },
  { podMasquerade: [{ source: '10.0.0.0/8', exceptDestinations: ['10.180.1.0/24', '10.244.2.0/24'] }] },
  { hairpin: false },
  // Each node masquerades what pods of others send to its pods.
  { ipMasq: { writer: 'AGENT', nonMasqueradeCIDRs: ['10.0.0.0/24'] } },
);

function overrideOf(own: object, kind: (typeof MODES)[number], net: object): SettingsOverride {
  return { ...own, network: net, kubeProxy: { ...(own as { kubeProxy?: object }).kubeProxy, mode: kind } } as never;
}

t.test('one Service in any dress', async () => {
  fc.assert(
    fc.property(randomCluster, clientsOf, mode, network, (cluster, clients, kind, net) => {
      const version = kind === 'nftables' ? { kubernetesVersion: '1.34.0' } : {};
      compareWalks(snapshotOf(cluster).cluster, overrideOf({ ...settingsOf(cluster), ...version }, kind, net), clients);
    }),
    { numRuns: runs(40) },
  );
});

t.test('several Services that share nodes', async () => {
  fc.assert(
    fc.property(livingCluster, clientsOf, mode, network, (cluster, clients, kind, net) => {
      const version = kind === 'nftables' ? { kubernetesVersion: '1.34.0' } : {};
      const own = { kubeProxy: { clusterCIDR: '10.244.0.0/16' }, ...version };
      compareWalks(cluster, overrideOf(own, kind, net), clients);
    }),
    { numRuns: runs(25) },
  );
});

t.test('with network policies', async () => {
  fc.assert(
    fc.property(anyPolicies, clientsOf, mode, fc.boolean(), (policies, clients, kind, isPod) => {
      const { cluster } = policedSnapshot({ policies, more: [CALICO] });
      const version = kind === 'nftables' ? { kubernetesVersion: '1.34.0' } : {};
      const from: Clients | undefined = isPod ? { pod: 'shop/web-0' } : clients;
      compareWalks(cluster, overrideOf({ kubeProxy: { clusterCIDR: '10.244.0.0/16' }, ...version }, kind, {}), from);
    }),
    { numRuns: runs(25) },
  );
});

t.test('every endpoint denied alike', async (t) => {
  const denied = denials;
  const policies = [networkPolicy('deny', { podSelector: {}, policyTypes: ['Ingress'] })];
  const { cluster } = policedSnapshot({ policies, more: [CALICO] });
  const own = { kubeProxy: { clusterCIDR: '10.244.0.0/16' }, kubernetesVersion: '1.34.0' };
  for (const kind of MODES) compareWalks(cluster, overrideOf(own, kind, {}), { pod: 'ops/probe-0' });
  t.ok(denials > denied, `${denials - denied} denials were not walked by themselves`);
});

t.test('pods of one node on both sides of a network by which the node masquerades', async () => {
  const endpoint = { on: 1, ready: true, serving: true, terminating: false, zones: ['a'] };
  const node = { zone: 'a', version: '1.30.0' };
  const plain = {
    type: 'ClusterIP',
    internal: 'Cluster',
    external: 'Cluster',
    affinity: false,
    hinted: false,
  } as const;
  const proxy = { detectLocalMode: 'ClusterCIDR', sourceRanges: [] } as const;
  const cluster = { ...plain, ...proxy, nodes: [node, node], endpoints: [endpoint, endpoint, endpoint] };
  const net = { podMasquerade: [{ source: '10.0.0.0/8', exceptDestinations: ['10.180.2.10/32'] }] };
  for (const kind of ['iptables', 'ipvs'] as const)
    compareWalks(snapshotOf(cluster).cluster, overrideOf(settingsOf(cluster), kind, net), undefined);
});

t.test('clients of nodes that have endpoints', async () => {
  const clients = fc.constantFrom<Clients | undefined>({ external: {} }, { loadBalancer: {} }, undefined);
  fc.assert(
    fc.property(servicesAlike, clients, network, (one, from, net) => {
      compareWalks(clusterOf(one), { ...servicesOverride(one), network: net } as SettingsOverride, from);
    }),
    { numRuns: runs(60) },
  );
});

t.test('many packets are known to go as others do', async (t) => {
  t.ok(alike > 100, `${alike} journeys were not walked by themselves`);
});

t.test('clients come in at, or are on, nodes that are alike but for the endpoints on them', async (t) => {
  t.ok(joined > 0, `${joined} times such nodes were walked as one`);
});
