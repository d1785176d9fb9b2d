/**
 * The kernel's own trace: for one flow of each row of the path matrix, in both families and flavours, the rules that
 * the kernel tells it met are the steps of the path answer, rule by rule, there and back.
 */
import t from 'tap';
import type { IPFamily } from '../../src/base/address.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { labList } from '../support/lab.js';
import { MATRIX, type MatrixRow, SINCE_125 } from '../support/matrix-rows.js';
import { type Deployment, deploy } from './deploy.js';
import { type Disagreement, traceDisagreement } from './examine.js';
import { expectation } from './expectation.js';
import { ALL, TIMEOUT } from './parameters.js';
import { FAMILIES, valueInFamily } from './plant/families.js';
import type { PlantPod } from './plant/layout.js';
import { Plant } from './plant/plant.js';
import { bridgesMeetRules, type Flavour, flavours, lacksTrace, versions } from './sandbox/missing.js';
import { tell } from './tally.js';
import { Tracer } from './trace/tracer.js';

/** One of each layout of rules, taken in turn; KERNEL_ALL=1: all. */
const VERSIONS = ['1.20.2', '1.23.4', '1.24.3', '1.30.5', '1.36.2'];

const PODS: readonly PlantPod[] = [1, 2, 3].flatMap((node) => [
  { name: `default/web-${node}`, node, address: `10.180.${node}.2` },
  { name: `default/client-${node}`, node, address: `10.180.${node}.9` },
]);

interface Case {
  readonly row: MatrixRow;
  readonly version: string;
  readonly family: IPFamily;
}

function casesOf(flavour: Flavour): readonly Case[] {
  const cases = MATRIX.flatMap((row, index) => {
    const own = (row.versions ?? SINCE_125).filter((version) => VERSIONS.includes(version));
    const known = own.length > 0 ? own : (row.versions ?? SINCE_125).slice(-1);
    const wanted = ALL ? known : [known[index % known.length] as string];
    return wanted.map((version) => ({ row, version }));
  });
  const offset = flavour === 'NFT' ? 0 : 1;
  return FAMILIES.flatMap((family, at) =>
    cases.filter((_, index) => ALL || (index + 2 * at + offset) % 4 === 0).map((each) => ({ ...each, family })),
  );
}

let flows = 0;
let rules = 0;
let disagreements = 0;

/** The rules of a flow as kernel and walk tell them; a difference in words. */
async function follow(plant: Plant, flavour: Flavour, each: Case): Promise<Disagreement> {
  const { row, version, family } = each;
  const deployment: Deployment = {
    snapshot: readSnapshot({ inline: valueInFamily(family, labList({ services: [row.service], version })) }),
    settings: valueInFamily(family, row.settings ?? {}),
    families: [family],
  };
  const path = valueInFamily(family, { source: row.source, destination: row.destination });
  const expected = expectation(plant.options, deployment, path);
  if (expected === undefined || expected.outcomes.length === 0) return undefined;
  await deploy(plant, flavour, deployment);
  const tracer = await Tracer.start(plant, flavour, family, plant.options.nodes);
  try {
    const compared = await traceDisagreement(plant, deployment, path, expected, tracer);
    flows++;
    rules += compared.rules;
    if (compared.disagreement !== undefined) disagreements++;
    return compared.disagreement;
  } finally {
    await tracer.stop();
  }
}

t.setTimeout(TIMEOUT);
t.test(
  'the kernel’s own trace',
  { timeout: TIMEOUT, skip: bridgesMeetRules() ? false : 'no br_netfilter' },
  async (t) => {
    for (const flavour of flavours()) {
      const lacking = lacksTrace(flavour);
      if (lacking !== undefined) {
        t.test(flavour, { skip: `needs more than this machine has: ${lacking}` }, () => undefined);
        continue;
      }
      const plant = await Plant.build({ name: `t${flavour[0]}`, nodes: 3, pods: PODS, podNetwork: 'BRIDGE' });
      try {
        for (const each of casesOf(flavour)) {
          const name = `${each.row.name} (${each.version}, ${flavour}, ${each.family})`;
          t.equal(await follow(plant, flavour, each), undefined, name);
        }
      } finally {
        await plant.close();
      }
    }
    t.comment(tell({ test: 'trace', cases: flows, flows, rules, disagreements }));
    t.comment(versions());
  },
);
