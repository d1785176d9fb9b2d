/**
 * What holds of every load balancer: shares sum to 1, nodes reported as one are like them reported singly, paths say
 * the same.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { add, type Fraction, formatFraction, parseFraction, ZERO } from '../../src/base/fraction.js';
import { LOAD_BALANCERS } from '../../src/cluster/load-balancer-settings.js';
import type { PathResult, ServiceProbability } from '../../src/contract/answers.js';
import { ask } from '../../src/questions/ask.js';
import { type BalancedOptions, balanced, WEB } from '../support/balanced.js';
import { runs } from '../support/runs.js';

const VIA = { ...WEB, via: 'LOAD_BALANCER' as const };
const exact = (text: string): Fraction => parseFraction(text) as Fraction;

const situation = fc.record({
  pods: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 6 }),
  zones: fc.nat({ max: 3 }),
  policy: fc.constantFrom('Cluster' as const, 'Local' as const),
  implementation: fc.constantFrom(...LOAD_BALANCERS),
  phase: fc.constantFrom('BEFORE' as const, 'AFTER' as const),
  ranges: fc.constantFrom([], ['203.0.113.0/24'], ['192.0.2.0/24']),
  version: fc.constantFrom('1.24.3', '1.30.5', '1.36.2'),
  down: fc.nat({ max: 5 }),
  hinted: fc.boolean(),
});

type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

function clusterOf({ pods, zones, policy, ranges, version, down, hinted }: Situation): BalancedOptions {
  return {
    pods,
    policy,
    version,
    ...(zones === 0 ? {} : { zones: pods.map((_, index) => `z${index % zones}`) }),
    spec: { loadBalancerSourceRanges: ranges, ...(hinted ? { trafficDistribution: 'PreferClose' } : {}) },
    node: { [`n${down + 1}`]: { ready: 'Unknown' } },
  };
}

/** Shares by what becomes of connections; parts of one kind are added up. */
function summed(parts: readonly (readonly [string, string])[]): Record<string, string> {
  const sums = new Map<string, Fraction>();
  for (const [key, fraction] of parts) sums.set(key, add(sums.get(key) ?? ZERO, exact(fraction)));
  return Object.fromEntries(
    [...sums]
      .map(([key, share]) => [key, formatFraction(share)] as const)
      .filter(([, share]) => share !== '0')
      .sort(),
  );
}

const ofProbability = ({ endpoints, verdicts }: ServiceProbability) =>
  summed([
    ...endpoints.map(({ address, port, share }) => [`${address}:${port}`, share.fraction] as const),
    ...verdicts
      .filter(({ verdict }) => verdict !== 'DELIVERED')
      .map(({ verdict, cause, share }) => [`${verdict}/${cause}`, share.fraction] as const),
  ]);

const ofPath = ({ traces }: PathResult) =>
  summed(
    traces.map(({ verdict, cause, endpoint, probability }) => [
      verdict === 'DELIVERED' ? `${endpoint?.address}:${endpoint?.port}` : `${verdict}/${cause}`,
      probability.fraction,
    ]),
  );

t.test('backends reported as one, one by one, and walked one by one give the same shares', async (t) => {
  fc.assert(
    fc.property(situation, (drawn) => {
      const snapshot = balanced(clusterOf(drawn));
      const { implementation, phase } = drawn;
      const settings = { loadBalancer: { implementation } };
      const probability = (clients: NonNullable<Parameters<typeof ask>[1]['probability']>['clients']) => {
        const [service] = ask(
          'probability',
          { settings, probability: { services: [VIA], ...(clients ? { clients } : {}), phase } },
          snapshot,
        ).result.services;
        return service as ServiceProbability;
      };
      const merged = probability({ loadBalancer: {} });
      const apart = probability({ weights: [{ source: { external: {} }, weight: 1 }] });
      assert.deepEqual(ofProbability(merged), ofProbability(apart), 'merged');
      const total = Object.values(ofProbability(merged)).reduce((sum, text) => add(sum, exact(text)), ZERO);
      assert.equal(formatFraction(total), '1');
      for (const field of ['secondHop', 'crossZone'] as const) {
        assert.equal(merged[field]?.fraction, apart[field]?.fraction, field);
      }
      const { result } = ask(
        'path',
        { settings, path: { source: { external: {} }, destination: { service: VIA }, phase, maxTraces: 1000 } },
        snapshot,
      );
      assert.deepEqual(ofPath(result), ofProbability(merged), 'paths');
      const shares = merged.loadBalancer?.backends.map(({ share }) => exact(share.fraction)) ?? [];
      const used = formatFraction(shares.reduce(add, ZERO));
      assert.ok(used === '1' || used === '0', used);
    }),
    { numRuns: runs(120) },
  );
  t.pass('120 clusters');
});

t.test('a backend that fails its probe gets nothing, unless all of them do', async (t) => {
  let failed = 0;
  fc.assert(
    fc.property(situation, (drawn) => {
      const settings = { loadBalancer: { implementation: drawn.implementation } };
      const { services } = ask(
        'probability',
        { settings, probability: { services: [VIA], clients: { loadBalancer: {} }, phase: 'AFTER' } },
        balanced(clusterOf(drawn)),
      ).result;
      const backends = services[0]?.loadBalancer?.backends ?? [];
      if (!backends.some(({ healthy }) => healthy)) return;
      for (const { node, healthy, share } of backends) {
        if (healthy) continue;
        failed++;
        assert.equal(share.fraction, '0', node);
      }
      if (drawn.implementation !== 'generic') return;
      assert.ok(backends.every(({ healthy, share }) => healthy === (share.fraction !== '0')));
    }),
    { numRuns: runs(120) },
  );
  t.ok(failed > 20, `${failed} backends failed`);
});

t.test('of many backends a path follows those that are unlike each other', async (t) => {
  const pods = Array.from({ length: 150 }, (_, index) => (index % 50 === 0 ? 2 : 0));
  for (const implementation of ['generic', 'gke-external-passthrough', 'proxy'] as const) {
    const snapshot = balanced({ pods, zones: pods.map((_, index) => `z${index % 2}`) });
    const settings = { loadBalancer: { implementation } };
    const [service] = ask(
      'probability',
      { settings, probability: { services: [VIA], clients: { loadBalancer: {} } } },
      snapshot,
    ).result.services;
    const destination = { service: VIA };
    const { result } = ask(
      'path',
      { settings, path: { source: { external: {} }, destination, maxTraces: 1000 } },
      snapshot,
    );
    t.same(ofPath(result), ofProbability(service as ServiceProbability), implementation);
    t.ok(result.traces.length <= 36, 'six endpoints from three nodes with endpoints and two zones without');
    t.match(JSON.stringify(result.traces), /which stands for 7\d nodes alike/);
  }
});
