/**
 * Service ports that nothing tells apart are walked once: what all of them are asked together is what each is asked by
 * itself, by somebody who knows nothing of the others.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import type { ProbabilityQuestion } from '../../src/contract/requests.js';
import { stateFindings } from '../../src/questions/findings/index.js';
import { thresholdsOf } from '../../src/questions/findings/wanted.js';
import { zoneShares } from '../../src/questions/findings/zones.js';
import type { Outcome, Prepared } from '../../src/questions/prepare.js';
import { answerProbability } from '../../src/questions/probability/answer-probability.js';
import { PortLaws } from '../../src/questions/probability/port-law.js';
import { runs } from '../support/runs.js';
import { clusterOf, overrideOf, servicesAlike } from '../support/services-alike.js';

/** How many ports a law has answered. */
let lawful = 0;
const plain = PortLaws.prototype.outcome;
PortLaws.prototype.outcome = function (...given) {
  const outcome = plain.apply(this, given);
  if (outcome !== undefined) lawful++;
  return outcome;
};

const askedClients = fc.constantFrom<ProbabilityQuestion['clients']>(
  undefined,
  undefined,
  undefined,
  { nodes: {} },
  { nodes: { names: ['node-0'] } },
  { nodes: { from: 'HOST' } },
  { external: { entersAt: ['node-0'] } },
);

type Answered = Outcome<{ readonly services: readonly unknown[] }>;

/** Everything of some answers that users see, and what findings are made of. */
function whole(prepared: Prepared, { result, assumptions, services, doors }: Answered) {
  const view = { cluster: prepared.cluster, settings: prepared.settings, services, doors };
  const text = JSON.stringify(
    {
      services: result.services,
      findings: stateFindings(view, thresholdsOf(undefined)).filter(({ evidence }) => evidence.via !== undefined),
      zones: doors.map((door) => door.zoneShares ?? zoneShares(prepared.cluster, door.from)),
      outcomes: doors.map(({ from }) => from.map(({ client, nodes, outcomes }) => ({ client, nodes, outcomes }))),
    },
    (key, value) =>
      typeof value === 'bigint'
        ? `${value}`
        : key === 'rule'
          ? value?.text
          : value instanceof Set
            ? [...value].sort()
            : value,
  );
  return { ...JSON.parse(text), assumptions: new Set(assumptions.map((one) => JSON.stringify(one))) };
}

t.test('all Services together are what each is by itself', async () => {
  fc.assert(
    fc.property(servicesAlike, askedClients, (one, clients) => {
      const cluster = clusterOf(one);
      const override = overrideOf(one);
      // Settings of its own: laws are kept with the settings that they hold for.
      const prepared = (): Prepared => ({
        ...{
          cluster,
          settings: inferSettings(cluster, override),
          changes: [],
          moment: () => ({ at: 0, given: false }),
        },
        answer: () => assert.fail('not asked for'),
      });
      const asking = clients === undefined ? {} : { clients };
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
