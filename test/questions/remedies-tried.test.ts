/**
 * Remedies of what policies deny are tried where policies act, without walking anew: whoever makes the change and asks
 * again finds the same, and no change is left out that delivers.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { PathResult } from '../../src/contract/answers.js';
import type { Change, PathQuestion, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { policyRemedies } from '../../src/questions/path/policy-remedies.js';
import { prepare } from '../../src/questions/prepare.js';
import {
  anyAdminPolicies,
  anyPolicies,
  enforcer,
  networkPolicy,
  policedSnapshot,
  WORKLOADS,
} from '../support/policed-cluster.js';
import { runs } from '../support/runs.js';

const NOT_LOOKED_FOR = / What else it opens is not worked out here: ask reach before and after it\.$/;

const PLUGINS = [
  enforcer('calico-node', 'docker.io/calico/node'),
  enforcer('antrea-agent', 'antrea/antrea-agent:v1'),
  enforcer('kube-router', 'cloudnativelabs/kube-router:v2'),
];
const ANTREA = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'antrea-config', namespace: 'kube-system' },
  data: { 'antrea-agent.conf': 'antreaProxy:\n  enable: false\n' },
};

const source = fc.oneof(
  fc
    .constantFrom('shop/web-0', 'shop/web-1', 'shop/api-0', 'shop/db-0', 'ops/probe-0', 'ops/agent-0')
    .map((pod) => ({ pod })),
  fc.constantFrom('n1', 'n3').map((node) => ({ node })),
  fc.constantFrom('n1', 'n3').map((entersAt) => ({ external: { address: '203.0.113.9', entersAt } })),
);

function destinationOf(index: number, via: string | undefined): object {
  const { namespace, name } = WORKLOADS[index % WORKLOADS.length] as (typeof WORKLOADS)[number];
  return { service: { namespace, name, port: 80, ...(via === undefined ? {} : { via }) } };
}

const ROLE = { matchLabels: { role: 'client' } };
const into = (ingress: readonly unknown[]) => ({ podSelector: {}, policyTypes: ['Ingress'], ingress });
const out = (podSelector: object, egress: readonly unknown[] = []) => ({
  podSelector,
  policyTypes: ['Egress'],
  egress,
});

/** Specs that deny, some of which one label answers; that label may cut the pod off in turn. */
const DENYING: readonly (readonly Readonly<Record<string, unknown>>[])[] = [
  [],
  [into([])],
  [into([]), out({})],
  [into([{ from: [{ podSelector: ROLE }] }])],
  [into([{ from: [{ podSelector: ROLE }] }]), out(ROLE)],
  [into([{ from: [{ namespaceSelector: { matchLabels: { access: 'yes' } } }] }])],
  [out({}, [{ to: [{ podSelector: ROLE }] }])],
];

const kind = fc.record({
  denying: fc.constantFrom(...DENYING),
  plugin: fc.constantFrom(...PLUGINS),
  service: fc.constantFrom<Readonly<Record<string, unknown>>>({}, {}, { externalTrafficPolicy: 'Local' }),
  mode: fc.constantFrom('iptables', 'iptables', 'ipvs'),
  networks: fc.constantFrom<object>(
    {},
    { podMasquerade: [{ source: '10.0.0.0/8', exceptDestinations: ['10.244.2.0/24'] }] },
  ),
  source,
  index: fc.nat({ max: 20 }),
  via: fc.constantFrom(undefined, undefined, 'NODE_PORT'),
});

/** The label that lets the pod in is one whose pods may send nothing: a run has it always. */
const CUT_BY_LABEL: [never[], never[], typeof kind extends fc.Arbitrary<infer T> ? T : never] = [
  [],
  [],
  {
    denying: DENYING[4] ?? [],
    plugin: PLUGINS[0] as (typeof PLUGINS)[number],
    service: {},
    mode: 'iptables',
    networks: {},
    source: { pod: 'shop/web-0' },
    index: 1,
    via: undefined,
  },
];

let tried = 0;
let refused = 0;

t.test('the remedies of an answer are those that deliver when they are made', async () => {
  fc.assert(
    fc.property(anyPolicies, fc.oneof(fc.constant([]), anyAdminPolicies), kind, (policies, admin, drawn) => {
      const { plugin, service, mode, networks, source: from, index } = drawn;
      const isOutside = 'external' in from;
      const via = isOutside ? 'NODE_PORT' : drawn.via;
      const snapshot = policedSnapshot({
        policies: [
          ...policies,
          ...admin,
          ...['shop', 'ops'].flatMap((own) =>
            drawn.denying.map((spec, place) => networkPolicy(`deny-${place}`, spec, own)),
          ),
        ],
        service,
        more: plugin === PLUGINS[1] ? [plugin, ANTREA] : [plugin],
      });
      const settings = { kubeProxy: { mode, clusterCIDR: '10.244.0.0/16' }, network: networks };
      const path = { source: from, destination: destinationOf(index, via) } as unknown as PathQuestion;
      const asked = (changes: readonly Change[]) =>
        ask('path', { path, settings, changes } as unknown as QuestionRequest, snapshot);
      const { result }: { result: PathResult } = asked([]);
      if (result.traces.some(({ verdict }) => verdict === 'UNKNOWN')) return;
      const said = result.traces
        .filter(({ cause }) => cause === 'NETWORK_POLICY')
        .flatMap(({ hops }) => hops.flatMap(({ steps }) => steps.flatMap(({ policy }) => policy ?? [])));
      const { cluster } = prepare({ settings } as unknown as QuestionRequest, snapshot);
      const expected = policyRemedies(said, cluster).flatMap(({ what, change }) => {
        const again = asked([change]);
        if (!again.result.traces.every(({ verdict }) => verdict === 'DELIVERED')) {
          refused++;
          return [];
        }
        tried++;
        return [{ what, outcome: again.summary }];
      });
      const known = new Set(policyRemedies(said, cluster).map(({ what }) => what));
      const found = (result.remedies ?? [])
        .filter(({ what }) => known.has(what))
        .map(({ what, outcome }) => ({ what, outcome: outcome.replace(NOT_LOOKED_FOR, '') }));
      assert.deepEqual(found, expected);
    }),
    { numRuns: runs(80), examples: [CUT_BY_LABEL] },
  );
  assert.ok(tried > 5 && refused > 0, `${tried} changes delivered, ${refused} did not`);
});
