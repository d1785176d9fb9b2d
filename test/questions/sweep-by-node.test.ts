/**
 * Sweeps whose rules differ from node to node: PreferClose, PreferSameNode, topology hints, policy Local, load
 * balancers. Every point has the shares that `probability` gives after that very scale.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Snapshot } from '../../src/cluster/read-snapshot.js';
import type { QuestionRequest, SweepQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { runs } from '../support/runs.js';
import { AT, asked, clusterOf, KINDS, SCALE, settingsOf } from '../support/zone-nodes.js';

function holds(snapshot: Snapshot, sweep: SweepQuestion, rest: QuestionRequest = {}): number {
  const { points } = ask('sweep', { at: AT, ...rest, sweep: { ...sweep, detail: 'ENDPOINTS' } }, snapshot).result;
  for (const { replicas, services } of points) {
    const changes = [{ scale: { ...sweep.scale, replicas } }];
    const question = sweep.probability ?? {};
    const plain = ask('probability', { at: AT, ...rest, changes, probability: question }, snapshot).result.services;
    const exact = ({ fraction }: { readonly fraction: string }) => fraction;
    assert.deepEqual(
      services.map(({ detail, delivered, dropped, rejected, unreachable, unknown }) => [
        detail,
        [delivered, dropped, rejected, unreachable, unknown].map(exact),
      ]),
      plain.map(({ endpoints, nodes, delivered, dropped, rejected, unreachable, unknown }) => [
        { endpoints, nodes },
        [delivered, dropped, rejected, unreachable, unknown].map(exact),
      ]),
      `${replicas} replicas`,
    );
  }
  return points.length;
}

const drawn = fc.record({
  pods: fc.array(fc.nat({ max: 4 }), { minLength: 2, maxLength: 3 }),
  nodesPerZone: fc.integer({ min: 1, max: 4 }),
  room: fc.constantFrom(3, 110),
  version: fc.constantFrom('1.27.1', '1.31.14', '1.33.5', '1.34.9', '1.36.2'),
  kind: fc.constantFrom(...KINDS),
  from: fc.constantFrom(0, 1, 5),
  more: fc.integer({ min: 2, max: 9 }),
  step: fc.constantFrom(1, 1, 3),
});

t.test('each point is the plain question with that scale', async () => {
  fc.assert(
    fc.property(drawn, ({ kind, from, more, step, ...rest }) => {
      fc.pre(rest.pods.some((count) => count > 0));
      const snapshot = clusterOf({ ...rest, spec: kind.spec, annotations: kind.annotations ?? {} });
      holds(snapshot, { scale: SCALE, from, to: from + more, step, probability: asked(kind) }, settingsOf(kind));
    }),
    { numRuns: runs(30) },
  );
});

t.test('twelve nodes in three zones, each kind once', async (t) => {
  for (const kind of KINDS) {
    const options = { pods: [1, 0, 0], nodesPerZone: 4, room: 110, version: '1.34.9' };
    const snapshot = clusterOf({ ...options, spec: kind.spec, annotations: kind.annotations ?? {} });
    const replicas = [0, 1, 2, 3, 11, 12, 13, 37];
    const points = holds(snapshot, { scale: SCALE, replicas, probability: asked(kind) }, settingsOf(kind));
    t.equal(points, replicas.length, JSON.stringify(kind));
  }
});
