/**
 * Questions about one state share the ways behind a node's first hook: whatever was asked before, an answer is that of
 * somebody who asks for the first time.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import type { PathQuestion } from '../../src/contract/requests.js';
import { stateFindings } from '../../src/questions/findings/index.js';
import { thresholdsOf } from '../../src/questions/findings/wanted.js';
import { answerPath } from '../../src/questions/path/answer-path.js';
import type { Prepared } from '../../src/questions/prepare.js';
import { answerProbability } from '../../src/questions/probability/answer-probability.js';
import { runs } from '../support/runs.js';
import { clusterOf, overrideOf, servicesAlike } from '../support/services-alike.js';

const VIAS = ['CLUSTER_IP', 'CLUSTER_IP', 'NODE_PORT', 'LOAD_BALANCER', 'EXTERNAL_IP'] as const;

/** A path in numbers: who asks, which Service, and how. */
const drawn = fc.record({
  source: fc.constantFrom('NODE', 'POD', 'POD_ON', 'OUTSIDE'),
  who: fc.nat(),
  service: fc.nat({ max: 13 }),
  via: fc.constantFrom(...VIAS),
  isShares: fc.nat({ max: 5 }).map((number) => number === 0),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

function sourceOf({ cluster }: Prepared, { source, who }: Drawn): PathQuestion['source'] {
  const nodes = [...cluster.nodes.keys()];
  const pods = [...cluster.pods.keys()];
  const node = nodes[who % nodes.length] ?? '';
  const pod = pods[who % Math.max(1, pods.length)];
  if (source === 'POD' && pod !== undefined) return { pod };
  if (source === 'POD_ON') return { podOn: node };
  if (source === 'OUTSIDE') return { external: { entersAt: node } } as PathQuestion['source'];
  return { node };
}

/** All that a question says, or the problem. */
function asked(prepared: Prepared, one: Drawn, services: number): unknown {
  const service = { namespace: 'default', name: `svc-${one.service % services}`, via: one.via };
  const { cluster, settings } = prepared;
  try {
    const outcome = one.isShares
      ? answerProbability(prepared, { services: [service] })
      : answerPath(prepared, { source: sourceOf(prepared, one), destination: { service } });
    const found = { cluster, settings, services: outcome.services, doors: outcome.doors };
    return {
      result: JSON.parse(JSON.stringify(outcome.result)),
      findings: stateFindings(found, thresholdsOf(undefined)),
      assumptions: new Set(outcome.assumptions.map((each) => JSON.stringify(each))),
    };
  } catch (error) {
    if (error instanceof QuestionError) return { code: error.code, message: error.message };
    throw error;
  }
}

t.test('what was asked before changes no answer', async () => {
  let answers = 0;
  fc.assert(
    fc.property(servicesAlike, fc.array(drawn, { minLength: 2, maxLength: 8 }), (one, questions) => {
      const cluster = clusterOf(one);
      const fresh = (): Prepared => ({
        ...{ cluster, settings: inferSettings(cluster, overrideOf(one)), changes: [] },
        moment: () => ({ at: 0, given: false }),
        answer: () => assert.fail('not asked for'),
      });
      const shared = fresh();
      for (const question of questions) {
        const [before, alone] = [shared, fresh()].map((state) => asked(state, question, one.services.length));
        if (Object.hasOwn(before as object, 'result')) answers++;
        assert.deepEqual(before, alone);
      }
    }),
    { numRuns: runs(40) },
  );
  assert.ok(answers > 40, `${answers} questions were answered`);
});
