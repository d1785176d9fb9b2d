/**
 * A client that was walked to one Service port is walked to others of the kind when its steps are read: every answer is
 * that of somebody who asks for the first time, whose packets are walked.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import type { PathQuestion } from '../../src/contract/requests.js';
import { stateFindings } from '../../src/questions/findings/index.js';
import { thresholdsOf } from '../../src/questions/findings/wanted.js';
import { zoneShares } from '../../src/questions/findings/zones.js';
import { answerPath } from '../../src/questions/path/answer-path.js';
import { PathSums } from '../../src/questions/path/path-sums.js';
import type { Prepared } from '../../src/questions/prepare.js';
import { runs } from '../support/runs.js';
import { clusterOf, overrideOf, type ServicesAlike, servicesAlike } from '../support/services-alike.js';

/** How many paths were answered by what is known of others. */
let lawful = 0;
const plain = PathSums.prototype.reached;
PathSums.prototype.reached = function (...given) {
  lawful++;
  return plain.apply(this, given);
};

const askers = fc.record({
  /** Who asks: few, so that each asks of several Services. */
  who: fc.nat({ max: 1 }),
  kind: fc.constantFrom('POD_ON', 'POD_ON', 'POD_ON', 'POD', 'POD', 'NODE'),
  maxTraces: fc.constantFrom(undefined, undefined, 1, 3),
  groupBy: fc.constantFrom<PathQuestion['groupBy']>(undefined, undefined, undefined, 'NODE', 'VERDICT', 'ENDPOINT'),
});
type Asker = typeof askers extends fc.Arbitrary<infer T> ? T : never;

function sourceOf({ cluster }: Prepared, { kind, who }: Asker): PathQuestion['source'] {
  const nodes = [...cluster.nodes.keys()];
  const pods = [...cluster.pods.values()];
  const own = pods[who % Math.max(1, pods.length)];
  const node = own?.spec?.nodeName ?? (nodes[who % nodes.length] as string);
  if (kind === 'NODE') return { node };
  return kind === 'POD' && own !== undefined ? { pod: `default/${own.metadata.name}` } : { podOn: node };
}

/** All that users see of one answer, with every step, and what findings are made of. */
function whole(prepared: Prepared, asker: Asker, name: string): unknown {
  const { cluster, settings } = prepared;
  const { maxTraces, groupBy } = asker;
  const question = {
    ...{ source: sourceOf(prepared, asker), destination: { service: { namespace: 'default', name } } },
    ...(maxTraces === undefined ? {} : { maxTraces }),
    ...(groupBy === undefined ? {} : { groupBy }),
  };
  try {
    const { result, assumptions, services, doors } = answerPath(prepared, question);
    const found = stateFindings({ cluster, settings, services, doors }, thresholdsOf(undefined));
    // That a law says so is another way to know what the outcomes are: findings are the same.
    const shown = doors.map((door) => ({ ...door, zoneShares: door.zoneShares ?? zoneShares(cluster, door.from) }));
    const text = JSON.stringify({ result, found, doors: shown }, (key, value) =>
      key === 'reachesOwnAlone'
        ? undefined
        : typeof value === 'bigint'
          ? `${value}`
          : key === 'rule'
            ? (value?.text ?? value)
            : value instanceof Set
              ? [...value].sort()
              : value,
    );
    return { ...JSON.parse(text), assumptions: new Set(assumptions.map((one) => JSON.stringify(one))) };
  } catch (error) {
    if (error instanceof QuestionError) return { code: error.code, message: error.message };
    throw error;
  }
}

function preparedFor(one: ServicesAlike, cluster = clusterOf(one)): () => Prepared {
  return () => ({
    // Settings of its own: what is known is kept with the settings that it holds for.
    ...{ cluster, settings: inferSettings(cluster, overrideOf(one)), changes: [] },
    moment: () => ({ at: 0, given: false }),
    answer: () => assert.fail('not asked for'),
  });
}

/** Small clusters, in most of which nearly all Services are of one kind. */
const clusters = fc
  .record({ one: servicesAlike, tame: fc.nat({ max: 4 }), mode: fc.constantFrom('iptables', 'nftables', 'ipvs') })
  .map(({ one, tame, mode }): ServicesAlike => {
    if (tame === 0) return one;
    const alike = { type: 'ClusterIP', protocol: 'TCP', external: 'Cluster' } as const;
    const few = ({ endpoints, ...service }: ServicesAlike['services'][number]) => ({
      ...{ ...service, ...alike, endpoints: endpoints.slice(0, 3) },
    });
    const services = one.services.slice(0, 7).map(few);
    return { ...one, tame: true, mode, scheduler: 'rr', nodes: one.nodes.slice(0, 3), services };
  });

t.test('each path is what it is to somebody who knows nothing of others', async () => {
  fc.assert(
    fc.property(clusters, fc.array(askers, { minLength: 2, maxLength: 3 }), (one, asking) => {
      const fresh = preparedFor(one);
      const shared = fresh();
      for (const asker of asking) {
        const names = [...one.services.keys()].map((s) => `svc-${s}`);
        // The last ones know all kinds that there are.
        for (const name of [...names, ...names.slice(0, 2)])
          assert.deepEqual(whole(shared, asker, name), whole(fresh(), asker, name));
      }
    }),
    { numRuns: runs(60) },
  );
  t.comment(`${lawful} paths were answered by what is known of others`);
  assert.ok(lawful > 100, `${lawful}`);
});
