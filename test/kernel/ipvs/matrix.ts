/** The path matrix and random clusters in ipvs mode, as real connections through a real ip_vs. */
import type { IPFamily } from '../../../src/base/address.js';
import { readSnapshot } from '../../../src/cluster/read-snapshot.js';
import { labList } from '../../support/lab.js';
import { MATRIX, SINCE_125 } from '../../support/matrix-rows.js';
import type { Deployment } from '../deploy.js';
import { type Expectation, expectation } from '../expectation.js';
import { ALL } from '../parameters.js';
import { FAMILIES, valueInFamily } from '../plant/families.js';
import type { PlantOptions, PlantPod } from '../plant/layout.js';
import { flowOf, hostListeners, nodeOf } from './plan.js';

/** A question with what is expected of its connections, and the scenario that opens them. */
interface Compared {
  readonly name: string;
  readonly expected: Expectation;
  /** Whether persistence lets one client see one outcome alone. */
  readonly kept: boolean;
}

export interface Planned {
  readonly scenario: unknown;
  readonly flows: readonly Compared[];
}

/** The newest rules and the first with a fallback for Local; KERNEL_ALL=1: every version in both families. */
const NEWEST = '1.36.2';
const FALLBACK = '1.24.3';
const ORDER = [...SINCE_125, '1.24.3', '1.23.4', '1.22.0', '1.21.1', '1.20.2'];

export const PODS: readonly PlantPod[] = [1, 2, 3].flatMap((node) => [
  { name: `default/web-${node}`, node, address: `10.180.${node}.2` },
  { name: `default/client-${node}`, node, address: `10.180.${node}.9` },
]);

/** Whether the answer rests on persistence: a client then sees what it saw first. */
function isKept(expected: Expectation, deployment: Deployment): boolean {
  return (
    expected.outcomes.length > 1 &&
    [...deployment.snapshot.cluster.services.values()].some(({ spec }) => spec?.sessionAffinity === 'ClientIP')
  );
}

/** The scenario of a cluster and questions about it. */
export function plannedFor(
  options: PlantOptions,
  deployment: Deployment,
  nodes: number,
  questions: readonly { readonly name: string; readonly expected: Expectation }[],
): Planned {
  const flows = questions.map((question) => ({ ...question, kept: isKept(question.expected, deployment) }));
  return {
    scenario: {
      nodes: Array.from({ length: nodes }, (_, index) =>
        nodeOf(
          options,
          deployment,
          index + 1,
          flows.some(({ kept }) => kept),
        ),
      ),
      listen: hostListeners(options, deployment),
      flows: flows.map(({ expected, kept }) => flowOf(options, expected, kept)),
    },
    flows,
  };
}

/** Rows take turns in families, and a sixth of them are tried with the older rules too. */
function isSampled(version: string, family: IPFamily, index: number): boolean {
  if (version === NEWEST) return FAMILIES[index % 2] === family;
  return version === FALLBACK && index % 6 === 0 && family === 'IPv4';
}

/** Rows of the matrix, by version and family. */
export function matrixPlans(options: PlantOptions): readonly Planned[] {
  const cases = FAMILIES.flatMap((family) =>
    MATRIX.flatMap((row, index) =>
      (row.versions ?? SINCE_125)
        .filter((version) => ALL || isSampled(version, family, index))
        .map((version) => ({ row, version, family })),
    ),
  );
  // Rows of one version have most rules in common, which then are loaded once.
  cases.sort((a, b) => ORDER.indexOf(a.version) - ORDER.indexOf(b.version));
  return cases.flatMap(({ row, version, family }): Planned[] => {
    const inline = valueInFamily(family, labList({ services: [row.service], version }));
    const settings = {
      ...valueInFamily(family, row.settings ?? {}),
      kubeProxy: { ...valueInFamily(family, row.settings?.kubeProxy ?? {}), mode: 'ipvs' as const },
    };
    const deployment: Deployment = { snapshot: readSnapshot({ inline }), settings, families: [family] };
    const path = valueInFamily(family, { source: row.source, destination: row.destination });
    if (row.source.healthCheck !== undefined || row.settings?.network?.hairpin === false) return [];
    const expected = expectation(options, deployment, { ...path, family });
    if (expected === undefined || expected.outcomes.length === 0) return [];
    const name = `${row.name} (${version}, ${family})`;
    return [plannedFor(options, deployment, 3, [{ name, expected }])];
  });
}
