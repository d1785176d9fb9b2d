/**
 * kube-proxy's nftables mode: nodes load its table with the real nft. Each row of the path matrix, in one family or
 * both, shows the outcomes of the walk and no others; what nft lists is our listing, and the same path is found in it;
 * the kernel's own trace tells of the walk's rules.
 */
import t from 'tap';
import type { IPFamily } from '../../src/base/address.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { ask } from '../../src/questions/ask.js';
import { labList } from '../support/lab.js';
import { MATRIX, type MatrixRow } from '../support/matrix-rows.js';
import { type Deployment, deploy } from './deploy.js';
import { type Disagreement, flowDisagreement, traceDisagreement, unlikeSaved } from './examine.js';
import { type Expectation, expectation } from './expectation.js';
import { ALL, TIMEOUT } from './parameters.js';
import { FAMILIES, valueInFamily } from './plant/families.js';
import { nodeName, numbers, type PlantPod } from './plant/layout.js';
import { Plant } from './plant/plant.js';
import { bridgesMeetRules, type Flavour, flavours, lacksNft, restoreCommand, versions } from './sandbox/missing.js';
import { tell } from './tally.js';
import { Tracer } from './trace/tracer.js';

/**
 * One of each layout of rules, taken in turn; KERNEL_ALL=1: all, in both families. Before 1.33 filter chains came
 * before DNAT; 1.36 has no chains of endpoints.
 */
const VERSIONS = ['1.31.14', '1.33.13', '1.36.2'];
/** Of the cases so many, one after the other, are followed by the kernel's trace once. */
const TRACED = ALL ? 1 : 3;

const PODS: readonly PlantPod[] = [1, 2, 3].flatMap((node) => [
  { name: `default/web-${node}`, node, address: `10.180.${node}.2` },
  { name: `default/client-${node}`, node, address: `10.180.${node}.9` },
]);

interface Case {
  readonly row: MatrixRow;
  readonly version: string;
  readonly family: IPFamily;
}

/** Rows about versions that have no nftables mode are those of iptables alone. */
function casesOf(): readonly Case[] {
  const rows = MATRIX.filter(
    ({ versions: own }) => own?.some((version) => Number(version.split('.')[1]) >= 31) ?? true,
  );
  return FAMILIES.flatMap((family, offset) =>
    rows.flatMap((row, index) => {
      // One family of each row, and one version, unless all are asked for.
      if (!ALL && index % FAMILIES.length !== offset) return [];
      const wanted = ALL ? VERSIONS : [VERSIONS[(index >> 1) % VERSIONS.length] as string];
      return wanted.map((version) => ({ row, version, family }));
    }),
  );
}

const counts = { pairs: 0, flows: 0, texts: 0, saves: 0, traces: 0, rules: 0, disagreements: 0 };

/** What nft lists against our listing, node by node, and the path in it against the rendered one. */
async function listedDisagreement(
  plant: Plant,
  flavour: Flavour,
  deployment: Deployment,
  path: Parameters<typeof expectation>[2],
  { result }: Expectation,
): Promise<Disagreement> {
  const { settings, snapshot } = deployment;
  const { family } = result.question;
  const table = family === 'IPv4' ? 'ip' : 'ip6';
  const nodeRules: Record<string, { nft: string; iptablesSave: string }> = {};
  for (const node of numbers(plant.options.nodes).map(nodeName)) {
    const listed = await plant.agent(node).must(['nft', '--stateless', 'list', 'table', table, 'kube-proxy']);
    const chains = { nodes: [node], families: [family], format: 'SAVE' } as const;
    const ours = ask('chains', { chains, ...(settings ? { settings } : {}) }, snapshot).result.parts[0]?.text;
    counts.texts++;
    if (listed !== ours) return `the listing of ${node}: nft shows\n${listed}\nand we\n${ours}`;
    const iptablesSave = await plant.agent(node).must([restoreCommand(flavour, family).replace('restore', 'save')]);
    nodeRules[node] = { nft: listed, iptablesSave };
  }
  const request = { path: { ...path, nodeRules }, ...(settings ? { settings } : {}) };
  counts.saves++;
  return unlikeSaved(result, ask('path', request, snapshot).result, true);
}

async function check(plant: Plant, flavour: Flavour, each: Case, isTraced: boolean): Promise<Disagreement> {
  const { row, version, family } = each;
  const given = valueInFamily(family, row.settings ?? {});
  const deployment: Deployment = {
    snapshot: readSnapshot({ inline: valueInFamily(family, labList({ services: [row.service], version })) }),
    settings: { ...given, kubeProxy: { ...given.kubeProxy, mode: 'nftables' } },
    families: [family],
  };
  const path = valueInFamily(family, { source: row.source, destination: row.destination });
  const expected = expectation(plant.options, deployment, path);
  if (expected === undefined || expected.outcomes.length === 0) return undefined;
  counts.pairs++;
  await deploy(plant, flavour, deployment);
  const listed = await listedDisagreement(plant, flavour, deployment, path, expected);
  if (listed !== undefined) return listed;
  const { flows, disagreement } = await flowDisagreement(plant, expected);
  counts.flows += flows;
  if (disagreement !== undefined || !isTraced) return disagreement;
  const tracer = await Tracer.start(plant, 'NFTABLES', family, plant.options.nodes);
  try {
    const traced = await traceDisagreement(plant, deployment, path, expected, tracer, 'kube-proxy');
    counts.traces++;
    counts.rules += traced.rules;
    return traced.disagreement;
  } finally {
    await tracer.stop();
  }
}

const lacking = lacksNft() ?? (bridgesMeetRules() ? undefined : 'no br_netfilter');

t.setTimeout(TIMEOUT);
t.test(
  'kube-proxy in nftables mode',
  { timeout: TIMEOUT, skip: lacking === undefined ? false : `needs more than this machine has: ${lacking}` },
  async (t) => {
    // The rules beside kube-proxy's are iptables'; the legacy ones are no part of what nft lists.
    const flavour = flavours().at(-1) as Flavour;
    const plant = await Plant.build({ name: 'nf', nodes: 3, pods: PODS, podNetwork: 'BRIDGE' });
    const cases = casesOf();
    try {
      for (const [index, each] of cases.entries()) {
        const name = `${each.row.name} (${each.version}, ${each.family})`;
        const disagreement = await check(plant, flavour, each, index % TRACED === 0);
        if (disagreement !== undefined) counts.disagreements++;
        t.equal(disagreement, undefined, name);
      }
    } finally {
      await plant.close();
    }
    t.comment(tell({ test: 'nftables', cases: cases.length, ...counts }));
    t.comment(versions());
  },
);
