/** Pairs that added policies can change: comparing those alone finds what comparing every pair finds. */
import fc from 'fast-check';
import t from 'tap';
import type { Change, QuestionRequest } from '../../src/contract/requests.js';
import { podClass } from '../../src/policies/pod-class.js';
import { addedPolicies } from '../../src/questions/check/added-policies.js';
import { policyPairs } from '../../src/questions/check/policy-pairs.js';
import { prepare } from '../../src/questions/prepare.js';
import { changedPair } from '../../src/questions/reach/reach-pair.js';
import { anyPolicies, anySpec, networkPolicy, policedSnapshot } from '../support/policed-cluster.js';
import { runs } from '../support/runs.js';

const isolating = (name: string, direction: 'Ingress' | 'Egress') =>
  networkPolicy(name, { podSelector: {}, policyTypes: [direction] });

/** A Service whose endpoint is outside of the cluster. */
const OUTSIDE = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'outside', namespace: 'shop' },
    spec: { clusterIP: '10.96.2.2', clusterIPs: ['10.96.2.2'], ipFamilies: ['IPv4'], ports: [{ port: 80 }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'outside-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'outside' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
    endpoints: [{ addresses: ['203.0.113.7'], conditions: { ready: true } }],
  },
];

const isolation = fc.constantFrom(
  [],
  [isolating('in', 'Ingress')],
  [isolating('in', 'Ingress'), isolating('out', 'Egress')],
);

/** Rules that name one address, as the policies that answers propose do. */
const oneAddress = fc.record({
  cidr: fc.constantFrom('203.0.113.7/32', '10.0.0.1/32', '10.244.2.11/32'),
  egress: fc.boolean(),
});
const addressSpec = oneAddress.map(({ cidr, egress }) => {
  const peer = [{ ipBlock: { cidr } }];
  return egress
    ? { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: peer }] }
    : { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: peer }] };
});

/** A pair without its sentence: that is about the first pod of those that fare alike. */
const textOf = (pair: object) =>
  JSON.stringify(pair, (key, value) => (key === 'detail' || key === 'explanation' ? undefined : value));

t.test('added policies: fewer pairs, the same changes', async (t) => {
  let narrower = 0;
  fc.assert(
    fc.property(anyPolicies, isolation, fc.oneof(anySpec, addressSpec), (policies, more, spec) => {
      const snapshot = policedSnapshot({ policies: [...policies, ...more] });
      const snapshotWithMore = policedSnapshot({ policies: [...policies, ...more], more: OUTSIDE });
      for (const one of [snapshot, snapshotWithMore]) {
        const change = { apply: { manifests: [networkPolicy('added', spec)] } } as unknown as Change;
        const before = prepare({} as QuestionRequest, one);
        const after = prepare({ changes: [change] } as unknown as QuestionRequest, one);
        const found = (everyPair: boolean) =>
          policyPairs(before, after, { findings: false, everyPair }).changed.map((pair) => textOf(changedPair(pair)));
        const [few, all] = [found(false), found(true)];
        const others = addedPolicies(before.cluster, after.cluster)?.others;
        if (others?.INGRESS !== undefined || others?.EGRESS !== undefined) narrower++;
        if (JSON.stringify([...few].sort()) !== JSON.stringify([...all].sort())) return false;
      }
      return true;
    }),
    { numRuns: runs(120) },
  );
  t.ok(narrower > 20, `${narrower} times fewer pairs were compared`);
});

t.test('classes of pods after an edit tell apart at least what they tell apart when they are read anew', async () => {
  fc.assert(
    fc.property(anyPolicies, anySpec, (policies, spec) => {
      const added = networkPolicy('added', spec);
      const change = { apply: { manifests: [added] } } as unknown as Change;
      const edited = prepare(
        { changes: [change] } as unknown as QuestionRequest,
        policedSnapshot({ policies }),
      ).cluster;
      const anew = policedSnapshot({ policies: [...policies, added] }).cluster;
      const known = new Map<string, string>();
      return [...edited.pods.entries()].every(([name, pod]) => {
        const own = anew.pods.get(name);
        if (own === undefined) return true;
        const [fine, coarse] = [podClass(edited, pod), podClass(anew, own)];
        const first = known.get(fine);
        known.set(fine, first ?? coarse);
        return first === undefined || first === coarse;
      });
    }),
    { numRuns: runs(150) },
  );
});
