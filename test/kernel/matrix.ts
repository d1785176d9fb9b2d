/**
 * The path matrix as real connections, once in each family: each row's set of outcomes is what the kernel shows, no
 * more and no less.
 */
import t from 'tap';
import type { IPFamily } from '../../src/base/address.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { labList } from '../support/lab.js';
import { MATRIX, type MatrixRow, SINCE_125 } from '../support/matrix-rows.js';
import { deploy } from './deploy.js';
import { expectation } from './expectation.js';
import { observe } from './observe.js';
import { ALL, TIMEOUT } from './parameters.js';
import { FAMILIES, valueInFamily } from './plant/families.js';
import type { PlantPod } from './plant/layout.js';
import { Plant } from './plant/plant.js';
import { bridgesMeetRules, type Flavour, flavours, versions } from './sandbox/missing.js';
import { tell } from './tally.js';

/** One of each layout of rules; KERNEL_ALL=1: every version of a row. */
const VERSIONS = ['1.20.2', '1.23.4', '1.24.3', '1.30.5'];

interface Case {
  readonly row: MatrixRow;
  readonly version: string;
  readonly flavour: Flavour;
  readonly family: IPFamily;
}

const PODS: readonly PlantPod[] = [1, 2, 3].flatMap((node) => [
  { name: `default/web-${node}`, node, address: `10.180.${node}.2` },
  { name: `default/client-${node}`, node, address: `10.180.${node}.9` },
]);

function casesOf(): readonly Case[] {
  const known = flavours();
  const cases = MATRIX.flatMap((row) => {
    const all = row.versions ?? SINCE_125;
    const some = all.filter((version) => VERSIONS.includes(version));
    const wanted = ALL ? all : some.length > 0 ? some : all.slice(-1);
    return wanted.map((version) => ({ row, version }));
  });
  // The flavour that has a case in IPv4 leaves it to the other in IPv6.
  return FAMILIES.flatMap((family, offset) =>
    cases.map((each, index) => ({ ...each, family, flavour: known[(index + offset) % known.length] as Flavour })),
  );
}

let pairs = 0;
let flows = 0;
let disagreements = 0;

const nameOf = ({ row, version, flavour, family }: Case) => `${row.name} (${version}, ${flavour}, ${family})`;

async function check(plant: Plant, each: Case): Promise<string | undefined> {
  const { row, version, flavour, family } = each;
  const inline = valueInFamily(family, labList({ services: [row.service], version }));
  const deployment = {
    snapshot: readSnapshot({ inline }),
    settings: valueInFamily(family, row.settings ?? {}),
    families: [family],
  };
  const path = valueInFamily(family, { source: row.source, destination: row.destination });
  const expected = expectation(plant.options, deployment, path);
  if (expected === undefined || expected.outcomes.length === 0) return undefined;
  pairs++;
  await deploy(plant, flavour, deployment);
  const observation = await observe(plant, expected);
  flows += observation.flows;
  const { unexpected, unseen } = observation;
  if (unexpected.length === 0 && unseen.length === 0) return undefined;
  disagreements++;
  const reported = expected.outcomes.map((outcome) => outcome.reported).join(', ');
  return `${nameOf(each)}: the walk says ${reported}; the kernel shows ${unexpected.join(', ') || 'nothing else'}${unseen.length > 0 ? ` and never ${unseen.map((each) => each.reported).join(', ')}` : ''}`;
}

t.setTimeout(TIMEOUT);
t.test('the path matrix', { timeout: TIMEOUT, skip: bridgesMeetRules() ? false : 'no br_netfilter' }, async (t) => {
  const cases = casesOf();
  await Promise.all(
    flavours().map(async (flavour) => {
      const plant = await Plant.build({ name: flavour.toLowerCase(), nodes: 3, pods: PODS, podNetwork: 'BRIDGE' });
      try {
        for (const each of cases.filter((candidate) => candidate.flavour === flavour)) {
          t.equal(await check(plant, each), undefined, nameOf(each));
        }
      } finally {
        await plant.close();
      }
    }),
  );
  t.comment(tell({ test: 'matrix', cases: cases.length, pairs, flows, disagreements }));
  t.comment(versions());
});
