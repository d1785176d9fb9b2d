/** A cluster, a source and a destination, with all that says how to run them: what is shrunk and kept. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IPFamily } from '../../src/base/address.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import type { PathQuestion } from '../../src/contract/requests.js';
import type { Deployment } from './deploy.js';
import {
  type Disagreement,
  deployed,
  flowDisagreement,
  isNftables,
  savedDisagreement,
  traceDisagreement,
} from './examine.js';
import { expectation } from './expectation.js';
import type { Plant } from './plant/plant.js';
import { type Flavour, lacksTrace } from './sandbox/missing.js';
import { Tracer } from './trace/tracer.js';

/** Objects as kubectl prints them. */
export type ObjectList = {
  readonly kind: 'List';
  readonly apiVersion: 'v1';
  readonly items: readonly KubernetesObject[];
};
export type KubernetesObject = Readonly<Record<string, unknown>> & { readonly kind: string };

export interface KernelCase {
  /** Where it comes from and what the disagreement was. */
  readonly why: string;
  readonly podNetwork: 'BRIDGE' | 'ROUTED';
  readonly flavour: Flavour;
  readonly families: readonly IPFamily[];
  readonly snapshot: ObjectList;
  readonly settings: SettingsOverride;
  readonly path: PathQuestion;
}

/** Where failing cases are kept, relative to the project's root; all of them run again in each run. */
const CASES = 'test/kernel/cases';

export function deploymentOf({ snapshot, settings, families }: KernelCase): Deployment {
  return { snapshot: readSnapshot({ inline: snapshot }), settings, families };
}

/** Everything about one case: connections, the rules that nodes have, the kernel's trace. */
export async function examineCase(plant: Plant, each: KernelCase): Promise<Disagreement> {
  const deployment = deploymentOf(each);
  const { path, flavour } = each;
  const expected = expectation(plant.options, deployment, path);
  if (expected === undefined || expected.outcomes.length === 0) return undefined;
  const saves = await deployed(plant, flavour, deployment);
  const saved = savedDisagreement(deployment, path, expected.result, saves);
  if (saved !== undefined) return saved;
  const { disagreement } = await flowDisagreement(plant, expected);
  if (disagreement !== undefined) return disagreement;
  const isNft = isNftables(deployment);
  if (!isNft && lacksTrace(flavour) !== undefined) return undefined;
  const { family } = expected.result.question;
  const tracer = await Tracer.start(
    plant,
    isNft ? 'NFTABLES' : flavour,
    family,
    deployment.snapshot.cluster.nodes.size,
  );
  try {
    return (await traceDisagreement(plant, deployment, path, expected, tracer, isNft ? 'kube-proxy' : undefined))
      .disagreement;
  } finally {
    await tracer.stop();
  }
}

/** Writes a case to a folder, under a name of its own; the name. */
export function keepCase(each: KernelCase, folder = CASES): string {
  const text = `${JSON.stringify(each, undefined, 2)}\n`;
  const { why: _, ...content } = each;
  const digest = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${digest}.json`);
  writeFileSync(file, text);
  return file;
}

/** The cases of a folder by file name. */
export function keptCases(folder = CASES): ReadonlyMap<string, KernelCase> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(
    names.sort().map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as KernelCase]),
  );
}
