/**
 * Service ports that nothing tells apart are walked once: what all of them are asked together is what each is asked by
 * itself, by somebody who knows nothing of the others.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import type { ProbabilityQuestion } from '../../src/contract/requests.js';
import { withEndpointSources } from '../../src/control-plane/endpoint-sources.js';
import { stateFindings } from '../../src/questions/findings/index.js';
import { thresholdsOf } from '../../src/questions/findings/wanted.js';
import type { Outcome, Prepared } from '../../src/questions/prepare.js';
import { answerProbability } from '../../src/questions/probability/answer-probability.js';
import { PortLaws } from '../../src/questions/probability/port-law.js';
import { runs } from '../support/runs.js';

/** How many ports a law has answered. */
let lawful = 0;
const plain = PortLaws.prototype.outcome;
PortLaws.prototype.outcome = function (...given) {
  const outcome = plain.apply(this, given);
  if (outcome !== undefined) lawful++;
  return outcome;
};

const rarely = fc.nat({ max: 9 }).map((drawn) => drawn === 0);

const nodeOf = fc.record({
  zone: fc.constantFrom('a', 'b', ''),
  version: fc.constantFrom('v1.30.5', 'v1.30.5', 'v1.30.5', 'v1.36.0'),
  down: rarely,
  cidr: fc.nat({ max: 9 }).map((drawn) => drawn > 0),
});

const endpointOf = fc.record({
  node: fc.nat({ max: 5 }),
  host: fc.integer({ min: 2, max: 12 }),
  pod: fc.constantFrom('NONE', 'NONE', 'RUNNING', 'RUNNING', 'UNREADY', 'PENDING'),
  ready: fc.nat({ max: 9 }).map((drawn) => drawn > 0),
  serving: fc.boolean(),
  hint: rarely,
  /** An address that another Service has, or one of no pod. */
  odd: fc.nat({ max: 30 }),
});

const serviceOf = fc.record({
  type: fc.constantFrom('ClusterIP', 'ClusterIP', 'NodePort', 'LoadBalancer'),
  sticky: rarely,
  local: rarely,
  external: fc.constantFrom('Cluster', 'Local'),
  topology: rarely,
  protocol: fc.constantFrom('TCP', 'TCP', 'TCP', 'UDP'),
  port: fc.constantFrom(80, 80, 53),
  target: fc.constantFrom(8080, 8080, 8443),
  sameAddress: rarely,
  externalIP: rarely,
  endpoints: fc.array(endpointOf, { maxLength: 5 }),
});

/** What most Services of a real cluster are: a law is found for them. */
function tamed({ endpoints, ...service }: Service): Service {
  return {
    ...service,
    ...{ local: false, topology: false, sameAddress: false, externalIP: false, port: 80, target: 8080 },
    endpoints: endpoints.map((endpoint) => ({
      ...endpoint,
      ...{ ready: endpoint.host > 2, hint: false, odd: 9 },
      pod: endpoint.pod === 'NONE' ? 'NONE' : 'RUNNING',
    })),
  };
}
type Service = typeof serviceOf extends fc.Arbitrary<infer T> ? T : never;

const drawn = fc.record({
  tame: fc.boolean(),
  nodes: fc.array(nodeOf, { minLength: 1, maxLength: 6 }),
  services: fc.array(serviceOf, { minLength: 4, maxLength: 14 }),
  mode: fc.constantFrom('iptables', 'iptables', 'nftables', 'ipvs'),
  scheduler: fc.constantFrom('rr', 'rr', 'sh', 'dh'),
  network: fc.constantFrom(
    {},
    {},
    { podNetwork: 'ROUTED' },
    { podMasquerade: [{ source: '10.0.0.0/8', exceptDestinations: ['10.1.0.0/16', '10.1.2.8/30'] }] },
  ),
  policy: fc.nat({ max: 20 }).map((drawn) => drawn === 0),
  clients: fc.constantFrom<ProbabilityQuestion['clients']>(
    undefined,
    undefined,
    undefined,
    { nodes: {} },
    { nodes: { names: ['node-0'] } },
    { nodes: { from: 'HOST' } },
    { external: { entersAt: ['node-0'] } },
  ),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

function itemsOf({ tame, nodes, services: wild, policy }: Drawn): unknown[] {
  const services = tame ? wild.map(tamed) : wild;
  const items: unknown[] = nodes.map(({ zone, version, down, cidr }, n) => ({
    kind: 'Node',
    metadata: { name: `node-${n}`, labels: zone === '' ? {} : { 'topology.kubernetes.io/zone': zone } },
    spec: cidr ? { podCIDR: `10.1.${n}.0/24`, podCIDRs: [`10.1.${n}.0/24`] } : {},
    status: {
      addresses: [{ type: 'InternalIP', address: `172.18.0.${n + 2}` }],
      nodeInfo: { kubeletVersion: version },
      conditions: [{ type: 'Ready', status: down && n > 0 ? 'Unknown' : 'True' }],
    },
  }));
  const pods = new Map<string, unknown>();
  for (const [s, service] of services.entries()) {
    const { type, sticky, local, external, topology, protocol, port, target, sameAddress, externalIP } = service;
    const clusterIP = sameAddress ? '10.96.0.10' : `10.96.1.${s + 1}`;
    const metadata = { name: `svc-${s}`, namespace: 'default' };
    items.push({
      kind: 'Service',
      metadata: { ...metadata, annotations: topology ? { 'service.kubernetes.io/topology-mode': 'Auto' } : {} },
      spec: {
        ...{ type, clusterIP, clusterIPs: [clusterIP], ipFamilies: ['IPv4'] },
        sessionAffinity: sticky ? 'ClientIP' : 'None',
        internalTrafficPolicy: local ? 'Local' : 'Cluster',
        ...(type === 'ClusterIP' ? {} : { externalTrafficPolicy: external }),
        ...(externalIP ? { externalIPs: ['10.96.1.1'] } : {}),
        ports: [
          {
            name: 'http',
            port,
            protocol,
            targetPort: target,
            ...(type === 'ClusterIP' ? {} : { nodePort: 30000 + s }),
          },
        ],
        selector: { app: `svc-${s}` },
      },
      status: { loadBalancer: type === 'LoadBalancer' ? { ingress: [{ ip: `198.51.100.${s + 1}` }] } : {} },
    });
    const seen = new Set<string>();
    const endpoints = service.endpoints.flatMap(({ node, host, pod, ready, serving, hint, odd }) => {
      // Which node an odd address is on, all slices say alike; one is on a node that is not there.
      const n = odd > 2 ? node % nodes.length : odd === 2 ? 9 : 0;
      const address = odd === 0 ? '10.96.1.250' : odd === 1 ? '192.0.2.9' : `10.1.${n}.${host}`;
      if (seen.has(address)) return [];
      seen.add(address);
      const name = `pod-${address}`;
      if (pod !== 'NONE' && odd > 2)
        pods.set(name, {
          kind: 'Pod',
          metadata: { name, namespace: 'default', labels: { app: `svc-${s}` } },
          spec: { nodeName: `node-${n}`, containers: [{ name: 'app', ports: [{ containerPort: 8080 }] }] },
          status: {
            phase: pod === 'PENDING' ? 'Pending' : 'Running',
            podIP: address,
            conditions: [{ type: 'Ready', status: pod === 'UNREADY' ? 'False' : 'True' }],
          },
        });
      return [
        {
          addresses: [address],
          conditions: { ready, serving: ready || serving, terminating: !ready },
          nodeName: `node-${n}`,
          ...(hint ? { hints: { forZones: [{ name: 'a' }] } } : {}),
        },
      ];
    });
    items.push({
      kind: 'EndpointSlice',
      metadata: { name: `svc-${s}-0`, namespace: 'default', labels: { 'kubernetes.io/service-name': `svc-${s}` } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: target, protocol }],
      endpoints,
    });
  }
  items.push(...pods.values());
  if (policy)
    items.push({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'deny', namespace: 'default' },
      spec: { podSelector: { matchLabels: { app: 'svc-0' } }, policyTypes: ['Ingress'] },
    });
  return items;
}

type Answered = Outcome<{ readonly services: readonly unknown[] }>;

/** Everything of some answers that users see, and what findings are made of. */
function whole(prepared: Prepared, { result, assumptions, services, doors }: Answered) {
  const view = { cluster: prepared.cluster, settings: prepared.settings, services, doors };
  const text = JSON.stringify(
    {
      services: result.services,
      findings: stateFindings(view, thresholdsOf(undefined)).filter(({ evidence }) => evidence.via !== undefined),
      outcomes: doors.map(({ from }) => from.map(({ client, nodes, outcomes }) => ({ client, nodes, outcomes }))),
    },
    (key, value) => (typeof value === 'bigint' ? `${value}` : key === 'rule' ? value?.text : value),
  );
  return { ...JSON.parse(text), assumptions: new Set(assumptions.map((one) => JSON.stringify(one))) };
}

t.test('all Services together are what each is by itself', async () => {
  fc.assert(
    fc.property(drawn, (one) => {
      const bytes = Buffer.from(JSON.stringify({ kind: 'List', items: itemsOf(one) }));
      const { cluster } = withEndpointSources(readSnapshot({ bytes }).cluster);
      const override = {
        network: one.network,
        kubeProxy: { mode: one.mode, clusterCIDR: '10.1.0.0/16', ipvs: { scheduler: one.scheduler } },
        ...(one.mode === 'nftables' ? { kubernetesVersion: '1.34.0' } : {}),
      } as SettingsOverride;
      // Settings of its own: laws are kept with the settings that they hold for.
      const prepared = (): Prepared => ({
        ...{ cluster, settings: inferSettings(cluster, override), changes: [] },
        answer: () => assert.fail('not asked for'),
      });
      const asking = one.clients === undefined ? {} : { clients: one.clients };
      const together = prepared();
      const all = whole(together, answerProbability(together, asking));
      const each = one.services.map((_, s) => {
        const alone = prepared();
        const services = [{ namespace: 'default', name: `svc-${s}`, portName: 'http' }];
        return whole(alone, answerProbability(alone, { ...asking, services }));
      });
      // Asked together, Services come in the order of their names.
      const order = each.map((_, s) => s).sort((a, b) => (`svc-${a}:` < `svc-${b}:` ? -1 : 1));
      const sorted = order.map((s) => each[s] as (typeof each)[number]);
      assert.deepEqual(
        all.services,
        sorted.flatMap(({ services }) => services),
      );
      assert.deepEqual(
        all.outcomes,
        sorted.flatMap(({ outcomes }) => outcomes),
      );
      assert.deepEqual(all.assumptions, new Set(sorted.flatMap(({ assumptions }) => [...assumptions])));
      const texts = (found: readonly unknown[]) => found.map((finding) => JSON.stringify(finding)).sort();
      assert.deepEqual(texts(all.findings), texts(sorted.flatMap(({ findings }) => findings)));
      // A second question knows all of it already.
      const { services, outcomes, assumptions } = whole(together, answerProbability(together, asking));
      assert.deepEqual(
        { services, outcomes, assumptions },
        (({ services, outcomes, assumptions }) => ({ services, outcomes, assumptions }))(all),
      );
    }),
    { numRuns: runs(150) },
  );
  t.comment(`${lawful} ports were answered by law`);
  assert.ok(lawful > 100, `${lawful}`);
});
