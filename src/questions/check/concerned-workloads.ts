/** The workloads of whose connections network policies may say something else after a change. */
import type { Cluster } from '../../cluster/cluster.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import { type Resource, resourceName } from '../../cluster/resources.js';
import { runningWorkloads } from '../../cluster/running-workloads.js';
import { type Enforcement, enforcementOf } from '../../policies/enforcer.js';
import type { Direction } from '../../policies/flow.js';
import { isEvaluated, policySetOf } from '../../policies/policy-set.js';
import type { Prepared } from '../prepare.js';
import { sourceName } from '../reach/pair-changes.js';

const contentOf = ({ metadata, spec }: Resource) => JSON.stringify([metadata.labels, spec]);

/** Whether policies that are evaluated, or the labels of a namespace, differ. */
function policiesDiffer(before: Cluster, after: Cluster): { readonly policies: boolean; readonly namespaces: boolean } {
  let [policies, namespaces] = [false, false];
  if (before.resources === after.resources) return { policies, namespaces };
  for (const key of new Set([...before.resources.keys(), ...after.resources.keys()])) {
    const [was, is] = [before.resources.get(key), after.resources.get(key)];
    const one = (is ?? was) as Resource;
    if (was === is || (was !== undefined && is !== undefined && contentOf(was) === contentOf(is))) continue;
    if (one.kind === 'Namespace') namespaces = true;
    else policies ||= isEvaluated(one);
  }
  return { policies, namespaces };
}

/** The policies that are about a pod in one direction, with how sure that is. */
function aboutPod(cluster: Cluster, pod: Pod, direction: Direction): readonly (readonly [Resource, boolean])[] {
  const set = policySetOf(cluster);
  return [
    ...set.isolating(pod, direction).policies.map(({ resource }) => [resource, true] as const),
    ...set.subjects(pod).map(({ policy, isSure }) => [policy.resource, isSure] as const),
  ];
}

/** Whether two sides' policies about a pod are the same; most are the same objects. */
function sameAbout(was: ReturnType<typeof aboutPod>, is: ReturnType<typeof aboutPod>): boolean {
  return (
    was.length === is.length &&
    was.every(([one, isSure], index) => {
      const [other, isSureToo] = is[index] as readonly [Resource, boolean];
      if (isSure !== isSureToo) return false;
      return one === other || (resourceName(one) === resourceName(other) && contentOf(one) === contentOf(other));
    })
  );
}

const labelsOf = (pod: Pod | undefined) => JSON.stringify(pod?.metadata.labels ?? {});

/** By direction, and those whose own labels, or their namespace's, are others: policies of anybody may mean them. */
export type Concerned = Readonly<Record<Direction | 'relabelled', ReadonlySet<string>>>;

/** The workloads of which policies say something else on the two sides, or whose labels are others. */
function concerned(before: Cluster, after: Cluster, wide: boolean): Concerned {
  const found = { EGRESS: new Set<string>(), INGRESS: new Set<string>(), relabelled: new Set<string>() };
  const earlier = new Map(runningWorkloads(before).map((one) => [sourceName(one), one]));
  for (const workload of runningWorkloads(after)) {
    const name = sourceName(workload);
    const was = earlier.get(name)?.pods[0];
    for (const direction of ['EGRESS', 'INGRESS'] as const) {
      const differs = workload.pods.some((pod) => {
        const same = before.pods.get(namespacedName(pod)) ?? was;
        if (same === undefined) return false;
        if (wide) {
          found.relabelled.add(name);
          return true;
        }
        if (same === pod && before.resources === after.resources) return false;
        if (labelsOf(same) !== labelsOf(pod)) {
          found.relabelled.add(name);
          return true;
        }
        return !sameAbout(aboutPod(before, same, direction), aboutPod(after, pod, direction));
      });
      if (differs) found[direction].add(name);
    }
  }
  return found;
}

/** The workloads that a change of policies, or of labels, is about. */
export function concernedBy(clusters: readonly [Cluster, Cluster]): Concerned {
  const { namespaces } = policiesDiffer(...clusters);
  return concerned(...clusters, namespaces && clusters.some(looksAtNamespaces));
}

/** Whether some policy of the cluster looks at labels of namespaces. */
const looksAtNamespaces = (cluster: Cluster) =>
  [...cluster.resources.values()].some(
    (one) => isEvaluated(one) && /"namespaces?(?:Selector)?":/.test(JSON.stringify(one.spec ?? {})),
  );

const DIRECTIONS: readonly Direction[] = ['EGRESS', 'INGRESS'];

/** How policies are enforced, where that decides about connections: not who is seen. */
function manner({ enforced, by }: Enforcement): string {
  if (!enforced) return 'IGNORED';
  const { admin, blocks, denial, seesMasqueraded, seesServices, deniesByDefault } = by ?? {};
  return JSON.stringify([by?.name, admin, blocks, denial, seesMasqueraded, seesServices, deniesByDefault]);
}

/**
 * The workloads that it is about where somebody else enforces policies after a change, or nobody does any more: those
 * that policies select. Undefined where that is as before.
 */
export function concernedByPlugin(
  before: Pick<Prepared, 'cluster' | 'settings'>,
  after: Pick<Prepared, 'cluster' | 'settings'>,
): Concerned | undefined {
  const [was, is] = [before, after].map((one) => enforcementOf(one.cluster, one.settings.network.policies)) as [
    Enforcement,
    Enforcement,
  ];
  if (was === is || manner(was) === manner(is)) return undefined;
  const all = [was, is].some(({ enforced, by }) => enforced && by?.deniesByDefault === true);
  const found = { EGRESS: new Set<string>(), INGRESS: new Set<string>(), relabelled: new Set<string>() };
  for (const { cluster } of [before, after]) {
    for (const workload of runningWorkloads(cluster)) {
      for (const direction of DIRECTIONS) {
        const isAbout = all || workload.pods.some((pod) => aboutPod(cluster, pod, direction).length > 0);
        if (isAbout) found[direction].add(sourceName(workload));
      }
    }
  }
  return found;
}

/** The workloads that either of two changes is about. */
export function concernedByEither(one: Concerned, other: Concerned): Concerned {
  const of = (key: keyof Concerned) => new Set([...one[key], ...other[key]]);
  return { EGRESS: of('EGRESS'), INGRESS: of('INGRESS'), relabelled: of('relabelled') };
}
