/** Random clusters, sources and destinations: whatever the kernel does must be among what the walk says can happen. */
import t from 'tap';
import type { PathQuestion } from '../../src/questions/request.js';
import { deploy } from './deploy.js';
import { expectation } from './expectation.js';
import { observe } from './observe.js';
import { PAIRS, SEED, TIMEOUT } from './parameters.js';
import { Plant } from './plant/plant.js';
import { podsOf, type RandomCluster, randomCluster } from './random-cluster.js';
import { RandomNumbers } from './random-numbers.js';
import { randomQuestions } from './random-question.js';
import { bridgesMeetRules, flavours, versions } from './sandbox/missing.js';
import { tell } from './tally.js';

const NODES = 4;
const PAIRS_PER_CLUSTER = 16;
const REPETITIONS = 4;

let pairs = 0;
let flows = 0;
let clusters = 0;
let untold = 0;
const verdicts = new Map<string, number>();
const disagreements: string[] = [];

async function check(plant: Plant, cluster: RandomCluster, path: PathQuestion): Promise<void> {
  const expected = expectation(plant.options, cluster, path);
  if (expected === undefined) return;
  for (const { verdict, cause } of expected.result.traces) {
    const key = cause === undefined ? verdict : `${verdict}/${cause}`;
    verdicts.set(key, (verdicts.get(key) ?? 0) + 1);
  }
  if (expected.outcomes.length === 0) {
    untold++;
    return;
  }
  pairs++;
  const observation = await observe(plant, expected, REPETITIONS);
  flows += observation.flows;
  if (observation.unexpected.length === 0) return;
  const told = expected.outcomes.map((outcome) => outcome.told).join(', ');
  disagreements.push(
    [
      `the walk says ${told}; the kernel shows ${observation.unexpected.join(', ')}`,
      `version ${cluster.version}, ${JSON.stringify(path)}`,
      `request: ${JSON.stringify({ snapshot: { inline: cluster.list }, settings: cluster.settings, path })}`,
    ].join('\n'),
  );
}

t.setTimeout(TIMEOUT);
t.test('random clusters', { timeout: TIMEOUT }, async (t) => {
  t.comment(`KERNEL_SEED=${SEED} KERNEL_PAIRS=${PAIRS}`);
  const networks = (['BRIDGE', 'ROUTED'] as const).filter((network) => network === 'ROUTED' || bridgesMeetRules());
  await Promise.all(
    networks.map(async (podNetwork, index) => {
      const plant = await Plant.build({ name: podNetwork[0] as string, nodes: NODES, pods: podsOf(NODES), podNetwork });
      // The networks take turns by number, so that a seed makes the same clusters however fast each goes.
      try {
        for (let number = index; number * PAIRS_PER_CLUSTER < PAIRS; number += networks.length) {
          const random = new RandomNumbers(SEED * 10_007 + number);
          const cluster = randomCluster(random, podNetwork);
          const questions = randomQuestions(random, cluster, PAIRS_PER_CLUSTER);
          await deploy(plant, random.one(flavours()), cluster);
          clusters++;
          await Promise.all(questions.map((question) => check(plant, cluster, question)));
        }
      } finally {
        await plant.close();
      }
    }),
  );
  t.equal(disagreements.length, 0, `${pairs} pairs, seed ${SEED}`);
  for (const disagreement of disagreements.slice(0, 5)) t.fail(disagreement);
  t.ok(pairs >= PAIRS / 2, `${pairs} pairs compared, ${untold} whose end the walk does not tell`);
  t.comment(
    [...verdicts]
      .sort()
      .map(([verdict, count]) => `${verdict} ${count}`)
      .join(', '),
  );
  t.comment(tell({ test: 'random', cases: clusters, pairs, flows, disagreements: disagreements.length }));
  t.comment(versions());
});
