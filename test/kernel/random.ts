/**
 * Random clusters, sources and destinations: the kernel shows the outcomes that the walk says can happen, all of them
 * and no others; the walk finds the same ways in the rules that iptables-save shows; and for some, the kernel's own
 * trace reports the walk's steps. A case that fails is made smaller and kept.
 */
import t from 'tap';
import type { PathQuestion } from '../../src/contract/requests.js';
import { deployed, flowDisagreement, isNftables, type Saves, savedDisagreement, traceDisagreement } from './examine.js';
import { type Expectation, expectation } from './expectation.js';
import { examineCase, type KernelCase, keepCase } from './kernel-case.js';
import { PAIRS, SEED, TIMEOUT } from './parameters.js';
import { Plant } from './plant/plant.js';
import { podsOf, type RandomCluster, randomCluster } from './random-cluster.js';
import { RandomNumbers } from './random-numbers.js';
import { randomQuestions } from './random-question.js';
import { bridgesMeetRules, type Flavour, flavours, lacksTrace, versions } from './sandbox/missing.js';
import { shrink } from './shrink.js';
import { tell } from './tally.js';
import { Tracer } from './trace/tracer.js';

const NODES = 4;
const PAIRS_PER_CLUSTER = 16;
/** Of each cluster so many questions are followed by the kernel's own trace. */
const TRACED = 2;
const MOST_KEPT = 3;

const counts = { pairs: 0, flows: 0, clusters: 0, untold: 0, saves: 0, traces: 0, rules: 0 };
const verdicts = new Map<string, number>();
const failures: { readonly disagreement: string; readonly kept: KernelCase }[] = [];

interface Setting {
  readonly plant: Plant;
  readonly cluster: RandomCluster;
  readonly flavour: Flavour;
  readonly saves: Saves;
}

function fail({ plant, cluster, flavour }: Setting, path: PathQuestion, disagreement: string): void {
  const { list: snapshot, settings, families, version } = cluster;
  const why = `seed ${SEED}, version ${version}: ${disagreement}`;
  const { podNetwork } = plant.options;
  failures.push({ disagreement, kept: { why, podNetwork, flavour, families, snapshot, settings, path } });
}

function count({ result }: Expectation): void {
  for (const { verdict, cause } of result.traces) {
    const key = cause === undefined ? verdict : `${verdict}/${cause}`;
    verdicts.set(key, (verdicts.get(key) ?? 0) + 1);
  }
}

async function check(setting: Setting, path: PathQuestion): Promise<void> {
  const { plant, cluster, saves } = setting;
  const expected = expectation(plant.options, cluster, path);
  if (expected === undefined) return;
  count(expected);
  const saved = savedDisagreement(cluster, path, expected.result, saves);
  counts.saves++;
  if (saved !== undefined) fail(setting, path, saved);
  if (expected.outcomes.length === 0) {
    counts.untold++;
    return;
  }
  counts.pairs++;
  const { flows, disagreement } = await flowDisagreement(plant, expected);
  counts.flows += flows;
  if (disagreement !== undefined) fail(setting, path, disagreement);
}

/** The kernel's trace of the first questions of one family. */
async function follow(setting: Setting, questions: readonly PathQuestion[]): Promise<void> {
  const { plant, cluster, flavour } = setting;
  const reported = questions.flatMap((path) => {
    const expected = expectation(plant.options, cluster, path);
    return expected === undefined || expected.outcomes.length === 0 ? [] : [{ path, expected }];
  });
  const family = reported[0]?.expected.result.question.family;
  const isNft = isNftables(cluster);
  if (family === undefined || (!isNft && lacksTrace(flavour) !== undefined)) return;
  const tracer = await Tracer.start(plant, isNft ? 'NFTABLES' : flavour, family, cluster.nodes);
  try {
    for (const { path, expected } of reported
      .filter((each) => each.expected.result.question.family === family)
      .slice(0, TRACED)) {
      const { rules, disagreement } = await traceDisagreement(
        plant,
        cluster,
        path,
        expected,
        tracer,
        isNft ? 'kube-proxy' : undefined,
      );
      counts.traces++;
      counts.rules += rules;
      if (disagreement !== undefined) fail(setting, path, disagreement);
    }
  } finally {
    await tracer.stop();
  }
}

async function run(plant: Plant, number: number): Promise<void> {
  const random = new RandomNumbers(SEED * 10_007 + number);
  const cluster = randomCluster(random, plant.options.podNetwork);
  const questions = randomQuestions(random, cluster, PAIRS_PER_CLUSTER);
  // The rules beside those of nftables mode are of the flavour that nft does not list.
  const flavour = isNftables(cluster) ? (flavours().at(-1) as Flavour) : random.one(flavours());
  const setting = { plant, cluster, flavour, saves: await deployed(plant, flavour, cluster) };
  counts.clusters++;
  await Promise.all(questions.map((question) => check(setting, question)));
  await follow(setting, questions);
}

/** `forward`, `reply`: a step of a trace. `the`: an outcome or a saved rule. */
const kindOf = (disagreement: string) => /^\w+/.exec(disagreement)?.[0];

/** Makes the first failing case smaller, and writes it and a few more down; what to report of them. */
async function keep(plant: Plant): Promise<readonly string[]> {
  const { podNetwork } = plant.options;
  const own = failures.filter(({ kept }) => kept.podNetwork === podNetwork).slice(0, MOST_KEPT);
  const reported: string[] = [];
  for (const [index, { disagreement, kept }] of own.entries()) {
    // Smaller cases may fail in ways of their own: what is wanted is the same kind of disagreement.
    const kind = kindOf(disagreement);
    const fails = async (each: KernelCase) => {
      const now = await examineCase(plant, each);
      return now !== undefined && kindOf(now) === kind;
    };
    const small = index === 0 ? await shrink(kept, fails) : kept;
    reported.push(`${disagreement}\n${JSON.stringify(kept.path)}\nkept as ${keepCase(small)}`);
  }
  return reported;
}

t.setTimeout(TIMEOUT);
t.test('random clusters', { timeout: TIMEOUT }, async (t) => {
  t.comment(`KERNEL_SEED=${SEED} KERNEL_PAIRS=${PAIRS}`);
  const networks = (['BRIDGE', 'ROUTED'] as const).filter((network) => network === 'ROUTED' || bridgesMeetRules());
  const reported = await Promise.all(
    networks.map(async (podNetwork, index) => {
      const plant = await Plant.build({ name: podNetwork[0] as string, nodes: NODES, pods: podsOf(NODES), podNetwork });
      // The networks take turns by number, so that a seed makes the same clusters however fast each goes.
      try {
        for (let number = index; number * PAIRS_PER_CLUSTER < PAIRS; number += networks.length)
          await run(plant, number);
        return await keep(plant);
      } finally {
        await plant.close();
      }
    }),
  );
  const { pairs, flows, clusters, untold, saves, traces, rules } = counts;
  t.equal(failures.length, 0, `${pairs} pairs, seed ${SEED}`);
  for (const failure of reported.flat()) t.fail(failure);
  t.ok(pairs >= PAIRS * 0.8, `${pairs} pairs compared, ${untold} whose end the walk does not tell`);
  t.comment(
    [...verdicts]
      .sort()
      .map(([verdict, count]) => `${verdict} ${count}`)
      .join(', '),
  );
  t.comment(
    tell({ test: 'random', cases: clusters, pairs, flows, saves, traces, rules, disagreements: failures.length }),
  );
  t.comment(versions());
});
