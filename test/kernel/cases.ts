/** Cases that once failed and were kept, run again; and that a failing case would be made smaller and kept. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tap from 'tap';
import { deployed } from './examine.js';
import { expectation } from './expectation.js';
import { deploymentOf, examineCase, type KernelCase, keepCase, keptCases, type ObjectList } from './kernel-case.js';
import { observe } from './observe.js';
import { TIMEOUT } from './parameters.js';
import { Plant } from './plant/plant.js';
import { podsOf, randomCluster } from './random-cluster.js';
import { RandomNumbers } from './random-numbers.js';
import { randomQuestions } from './random-question.js';
import { bridgesMeetRules, flavours, versions } from './sandbox/missing.js';
import { shrink } from './shrink.js';
import { tell } from './tally.js';

const NODES = 4;
const networks = (['ROUTED', 'BRIDGE'] as const).filter((network) => network === 'ROUTED' || bridgesMeetRules());
const build = (podNetwork: (typeof networks)[number]) =>
  Plant.build({ name: podNetwork[0] as string, nodes: NODES, pods: podsOf(NODES), podNetwork });

tap.setTimeout(TIMEOUT);
tap.test('kept cases', { timeout: TIMEOUT }, async (t) => {
  const kept = keptCases();
  let disagreements = 0;
  for (const podNetwork of networks) {
    const plant = await build(podNetwork);
    try {
      for (const [name, each] of kept) {
        if (each.podNetwork !== podNetwork || !flavours().includes(each.flavour)) continue;
        const disagreement = await examineCase(plant, each);
        if (disagreement !== undefined) disagreements++;
        t.equal(disagreement, undefined, `${name}: ${each.why.slice(0, 200)}`);
      }
      if (podNetwork === 'ROUTED') await provesShrinking(t, plant);
    } finally {
      await plant.close();
    }
  }
  t.comment(tell({ test: 'kept', cases: kept.size, disagreements }));
  t.comment(versions());
});

/** A random case in which a connection is delivered, to a Service among several. */
function deliveredCase(plant: Plant): KernelCase {
  for (let seed = 1; ; seed++) {
    const random = new RandomNumbers(seed);
    const cluster = randomCluster(random, plant.options.podNetwork);
    if (cluster.services.length < 4 || cluster.families.length > 1) continue;
    for (const path of randomQuestions(random, cluster, 20)) {
      const { list: snapshot, settings, families } = cluster;
      const reported = expectation(plant.options, cluster, path)?.result.traces ?? [];
      if (path.destination?.service === undefined || reported.some(({ verdict }) => verdict !== 'DELIVERED')) continue;
      if (reported.length < 2) continue;
      const flavour = flavours()[0] ?? 'NFT';
      return { why: 'injected', podNetwork: plant.options.podNetwork, flavour, families, snapshot, settings, path };
    }
  }
}

const countOf = ({ items }: ObjectList, kind: string) => items.filter((object) => object.kind === kind).length;

/** With a walk that takes what is delivered for refused, a case is made as small as it can be, and kept. */
async function provesShrinking(t: Pick<typeof tap, 'ok' | 'equal' | 'same' | 'comment'>, plant: Plant): Promise<void> {
  let tried = 0;
  const fails = async (each: KernelCase) => {
    tried++;
    const deployment = deploymentOf(each);
    const expected = expectation(plant.options, deployment, each.path);
    if (expected === undefined || expected.outcomes.length === 0) return false;
    await deployed(plant, each.flavour, deployment);
    const wrong = expected.outcomes.map((outcome) => ({
      ...outcome,
      observable: outcome.trace.verdict === 'DELIVERED' ? ['REFUSED'] : outcome.observable,
    }));
    return (await observe(plant, { ...expected, outcomes: wrong.slice(0, 1) })).unexpected.length > 0;
  };
  const start = deliveredCase(plant);
  t.ok(await fails(start), 'what is injected fails');
  const small = await shrink(start, fails, 200);
  t.comment(`${tried} tries: ${JSON.stringify(small)}`);
  t.ok(countOf(start.snapshot, 'Service') >= 4);
  t.equal(countOf(small.snapshot, 'Service'), 1, 'one Service is left');
  const endpoints = small.snapshot.items.flatMap((object) => (object.endpoints ?? []) as readonly unknown[]);
  t.equal(endpoints.length, 1, 'with one endpoint');
  t.ok(countOf(small.snapshot, 'Pod') <= 2, 'the client and at most its server');
  t.ok(JSON.stringify(small).length < JSON.stringify(start).length / 3, 'and little else');
  t.ok(await fails(small), 'it fails still');
  const folder = mkdtempSync(join(tmpdir(), 'kept-'));
  keepCase(small, folder);
  const [again] = keptCases(folder).values();
  rmSync(folder, { recursive: true });
  t.same(again, small, 'it is kept as it is');
  t.equal(again && (await examineCase(plant, again)), undefined, 'and the walk that is right agrees with the kernel');
}
