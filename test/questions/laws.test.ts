/** Laws that answers keep on any small cluster: shares sum to exactly 1, and every way to the same number gives it. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { add, divide, type Fraction, formatFraction, fraction, parseFraction, sum } from '../../src/base/fraction.js';
import type { PathResult, ServiceProbability } from '../../src/contract/answers.js';
import type { Clients, PathQuestion, Source, Via } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type RandomCluster, randomCluster, settingsOf, snapshotOf, waysOf } from '../support/random-cluster.js';
import { runs } from '../support/runs.js';

const exact = (text: string): Fraction => {
  const parsed = parseFraction(text);
  if (parsed === undefined) throw new Error(`${text} is no fraction`);
  return parsed;
};
const total = (shares: readonly { readonly share: { readonly fraction: string } }[]) =>
  formatFraction(sum(shares.map(({ share }) => exact(share.fraction))));

const SERVICE = { namespace: 'default', name: 'svc' };

function probability(cluster: RandomCluster, via: Via, clients: Clients | undefined): ServiceProbability {
  const question = { services: [{ ...SERVICE, via }], ...(clients === undefined ? {} : { clients }) };
  const request = { settings: settingsOf(cluster), probability: question };
  return ask('probability', request, snapshotOf(cluster)).result.services[0] as ServiceProbability;
}

function path(cluster: RandomCluster, question: PathQuestion, kubelet = true): PathResult {
  const settings = { ...settingsOf(cluster), kubelet };
  return ask('path', { settings, path: question }, snapshotOf(cluster)).result;
}

/** What connections come to: endpoint or verdict → share. */
type Shares = Readonly<Record<string, string>>;

function sharesOf(entries: Iterable<readonly [string, Fraction]>): Shares {
  const found = new Map<string, Fraction>();
  for (const [name, share] of entries) found.set(name, add(found.get(name) ?? fraction(0), share));
  return Object.fromEntries([...found].sort().map(([name, share]) => [name, formatFraction(share)]));
}

const ofProbability = (service: ServiceProbability): Shares =>
  sharesOf([
    ...service.endpoints.map(({ address, port, share }) => [`${address}:${port}`, exact(share.fraction)] as const),
    ...service.verdicts
      .filter(({ verdict }) => verdict !== 'DELIVERED')
      .map(({ verdict, cause, share }) => [`${verdict}/${cause}`, exact(share.fraction)] as const),
  ]);

const ofPath = (result: PathResult, clients = 1): (readonly [string, Fraction])[] =>
  result.traces.map(({ verdict, cause, endpoint, probability }) => [
    verdict === 'DELIVERED' ? `${endpoint?.address}:${endpoint?.port}` : `${verdict}/${cause}`,
    divide(exact(probability.fraction), fraction(clients)),
  ]);

const nodesOf = (cluster: RandomCluster) => cluster.nodes.map((_, index) => `node-${index + 1}`);

/** Outside clients at every node: named, since those of a load balancer's address come through the load balancer. */
const EVERYWHERE: Clients = { external: { entersAt: [] } };

/** The same clients as a whole, and one by one. */
const CLIENTS: readonly (readonly [Clients | undefined, (node: string) => Source])[] = [
  [undefined, (node) => ({ podOn: node })],
  [{ nodes: {} }, (node) => ({ podOn: node })],
  [{ nodes: { from: 'HOST' } }, (node) => ({ node })],
  [EVERYWHERE, (node) => ({ external: { entersAt: node } })],
];

const situation = fc.record({
  cluster: randomCluster,
  way: fc.nat({ max: 2 }),
  who: fc.nat({ max: CLIENTS.length - 1 }),
});

function pick({ cluster, way, who }: { cluster: RandomCluster; way: number; who: number }) {
  const ways = waysOf(cluster);
  const [group, source] = CLIENTS[who] as (typeof CLIENTS)[number];
  const clients = group === EVERYWHERE ? { external: { entersAt: nodesOf(cluster) } } : group;
  return { via: ways[way % ways.length] as Via, clients, source };
}

const ONE = { on: 0, ready: true, serving: true, terminating: false, zones: ['a'] };
const QUIET: RandomCluster = {
  nodes: [],
  endpoints: [ONE],
  type: 'ClusterIP',
  internal: 'Cluster',
  external: 'Cluster',
  affinity: false,
  hinted: false,
  detectLocalMode: 'None',
  sourceRanges: [],
};
const at = (...versions: readonly string[]) => versions.map((version) => ({ zone: 'a', version }));
const RUNS = {
  numRuns: runs(80),
  examples: [
    // Outside clients of a cluster IP that nobody masquerades: only the endpoint's own node returns the reply.
    [{ cluster: { ...QUIET, nodes: at('1.30.5', '1.30.5') }, way: 0, who: 3 }],
    // A version that does not know internalTrafficPolicy beside one that does.
    [
      {
        cluster: {
          ...QUIET,
          nodes: at('1.20.2', '1.24.3', '1.24.3', '1.20.2'),
          endpoints: [{ ...ONE, on: 1 }],
          internal: 'Local' as const,
        },
        way: 0,
        who: 0,
      },
    ],
  ] as [{ cluster: RandomCluster; way: number; who: number }][],
};

t.test('shares sum to exactly 1, nodes and zones to what is delivered', async () => {
  fc.assert(
    fc.property(situation, (drawn) => {
      const { via, clients } = pick(drawn);
      const service = probability(drawn.cluster, via, clients);
      const { delivered, dropped, rejected, unreachable, unknown } = service;
      const verdicts = [delivered, dropped, rejected, unreachable, unknown];
      assert.equal(formatFraction(sum(verdicts.map((share) => exact(share.fraction)))), '1');
      assert.equal(total(service.verdicts), '1');
      assert.equal(total(service.endpoints), delivered.fraction);
      assert.equal(total(service.nodes), delivered.fraction);
      const placed = service.endpoints.filter((endpoint) => endpoint.zone !== undefined && endpoint.zone !== '');
      const zoned = service.zones.filter(({ zone }) => zone !== '');
      assert.equal(total(zoned), total(placed));
      const programmed = verdicts.reduce((all, share) => all + Number(share.programmed), 0);
      assert.ok(Math.abs(programmed - 1) < 1e-11);
    }),
    RUNS,
  );
});

t.test('nodes reported as one give what each alone gives, by weights and by paths', async () => {
  fc.assert(
    fc.property(situation, (drawn) => {
      const { via, clients, source } = pick(drawn);
      const nodes = nodesOf(drawn.cluster);
      const merged = ofProbability(probability(drawn.cluster, via, clients));
      const weights = nodes.map((node) => ({ source: source(node), weight: 1 }));
      assert.deepEqual(ofProbability(probability(drawn.cluster, via, { weights })), merged, 'weights');
      const walked = nodes.flatMap((node) =>
        ofPath(
          path(drawn.cluster, { source: source(node), destination: { service: { ...SERVICE, via } }, maxTraces: 1000 }),
          nodes.length,
        ),
      );
      assert.deepEqual(sharesOf(walked), merged, 'paths');
    }),
    RUNS,
  );
});

t.test('the rules as a node would save them give the same paths as the rules made on demand', async () => {
  fc.assert(
    fc.property(situation, fc.constantFrom('NFT' as const, 'LEGACY' as const), (drawn, flavour) => {
      const { via, source } = pick(drawn);
      const nodes = nodesOf(drawn.cluster);
      const saved = nodes.map((node) => {
        const request = {
          settings: settingsOf(drawn.cluster),
          chains: { nodes: [node], families: ['IPv4' as const], format: 'SAVE' as const, flavour },
        };
        return [node, ask('chains', request, snapshotOf(drawn.cluster)).result.parts[0]?.text ?? ''] as const;
      });
      for (const node of nodes) {
        const question = { source: source(node), destination: { service: { ...SERVICE, via } }, maxTraces: 1000 };
        // kubelet's chains are no part of what kube-proxy writes.
        const made = path(drawn.cluster, question, false);
        const read = path(drawn.cluster, { ...question, iptablesSave: Object.fromEntries(saved) }, false);
        const reported = ({ traces }: PathResult) =>
          traces.map(({ verdict, cause, endpoint, seenClient, probability }) => [
            verdict,
            cause,
            endpoint?.address,
            seenClient,
            probability,
          ]);
        assert.deepEqual(reported(read), reported(made));
      }
    }),
    { numRuns: runs(40) },
  );
});

t.test('ready endpoints share alike under Cluster, and one more makes every share 1/(n+1)', async () => {
  fc.assert(
    fc.property(randomCluster, fc.integer({ min: 1, max: 12 }), (drawn, count) => {
      const plain = { ...drawn, internal: 'Cluster' as const, hinted: false };
      for (const n of [count, count + 1]) {
        const endpoints = Array.from({ length: n }, (_, index) => ({ ...ONE, on: index % plain.nodes.length }));
        const service = probability({ ...plain, endpoints }, 'CLUSTER_IP', undefined);
        assert.deepEqual(
          new Set(service.endpoints.map(({ share }) => share.fraction)),
          new Set([n === 1 ? '1' : `1/${n}`]),
        );
        assert.equal(service.endpoints.length, n);
        assert.equal(service.imbalance?.fraction, '1');
      }
    }),
    { numRuns: runs(40) },
  );
});
