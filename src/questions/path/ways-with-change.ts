/**
 * Whether a change of policies or labels lets ways pass that policies deny: what policies say is asked again where they
 * act, and the ways themselves, which are the same, are not walked anew.
 */
import type { Cluster } from '../../cluster/cluster.js';
import { AMBIENT_LABEL } from '../../cluster/mesh.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import { resourceRole } from '../../cluster/resources.js';
import type { PathPolicy, PathResult } from '../../contract/answers.js';
import { actedOnJourney, policiesOnJourney } from '../../path/alike-endpoints.js';
import { SERVICE_LB_LABEL } from '../../path/before-rules.js';
import { passedBalancer } from '../../path/conclude.js';
import { judge } from '../../path/judge.js';
import { type ActedOn, beginningOf, type Journey } from '../../path/trail.js';
import { enforcementOf } from '../../policies/enforcer.js';
import { decide } from '../../policies/evaluate.js';
import { type Direction, type End, namespaceOf } from '../../policies/flow.js';
import { type PodPolicy, readNetworkPolicy } from '../../policies/network-policy.js';
import { isNetworkPolicy } from '../../policies/policy-set.js';
import { selectsPod } from '../../policies/selectors.js';
import type { Prepared } from '../prepare.js';
import type { PathWays } from './answer-path.js';
import type { ClientJourney } from './client-journey.js';

type Side = Pick<Prepared, 'cluster' | 'settings'>;

/** What policies say of the ways that they deny. */
export function policiesOfDenied({ cluster }: Pick<Side, 'cluster'>, { all }: PathWays): readonly PathPolicy[] {
  return all.flatMap(({ journey }) => (journey.cause === 'NETWORK_POLICY' ? policiesOnJourney(cluster, journey) : []));
}

/** Labels by which more than policies selects pods. */
const OF_WAYS = [AMBIENT_LABEL, SERVICE_LB_LABEL];

type Labelled = { readonly metadata: { readonly labels?: Readonly<Record<string, string>> | undefined } };

const labelsOfWays = (one: Labelled | undefined) => OF_WAYS.map((key) => one?.metadata.labels?.[key]).join(' ');

/** Whether two pods differ in nothing but labels, and these in nothing that a way depends on. */
function isRelabelled(was: Pod | undefined, is: Pod | undefined): boolean {
  if (was === undefined || is === undefined) return false;
  const same = (['spec', 'status'] as const).every((field) => JSON.stringify(was[field]) === JSON.stringify(is[field]));
  return same && labelsOfWays(was) === labelsOfWays(is);
}

/** Whether nothing but policies, and labels by which they select, is another on the two sides. */
function hasSameWays(before: Side, after: Side): boolean {
  const [was, is] = [before.cluster, after.cluster];
  const kinds = ['nodes', 'services', 'endpointSlices', 'endpoints', 'workloads', 'configMaps'] as const;
  if (before.settings !== after.settings || kinds.some((kind) => was[kind] !== is[kind])) return false;
  const [byWas, byIs] = [before, after].map(
    ({ cluster, settings }) => enforcementOf(cluster, settings.network.policies).by?.name,
  );
  if (byWas !== byIs || was.pods.base !== is.pods.base || was.resources.base !== is.resources.base) return false;
  for (const key of is.pods.replacements.keys()) {
    const [a, b] = [was.pods.get(key), is.pods.get(key)];
    if (a !== b && !isRelabelled(a, b)) return false;
  }
  for (const key of is.resources.replacements.keys()) {
    const [a, b] = [was.resources.get(key), is.resources.get(key)];
    const one = b ?? a;
    const role = one === undefined || a === b ? 'POLICY' : resourceRole(one.kind, one.apiVersion);
    if (role !== 'POLICY' && (role !== 'NAMESPACE' || labelsOfWays(a) !== labelsOfWays(b))) return false;
  }
  return true;
}

/** The ends of a connection as they are in another cluster. */
function endIn(cluster: Cluster, end: End): End {
  const pod = end.pod === undefined ? undefined : cluster.pods.get(namespacedName(end.pod));
  return pod === undefined ? end : { ...end, pod };
}

/** Whether the NetworkPolicies that a change adds are about a pod; undefined for a change that does more. */
function aboutPods(before: Cluster, after: Cluster): ((pod: Pod, direction: Direction) => boolean) | undefined {
  if (before.pods !== after.pods) return undefined;
  const added: PodPolicy[] = [];
  for (const [key, one] of after.resources.replacements) {
    const was = before.resources.get(key);
    if (was === one) continue;
    if (was !== undefined || one === undefined || !isNetworkPolicy(one)) return undefined;
    added.push(readNetworkPolicy(one));
  }
  return (pod, direction) =>
    added.some(
      ({ namespace, directions, podSelector }) =>
        directions.has(direction) && namespace === namespaceOf(pod) && selectsPod(podSelector, pod),
    );
}

/** A packet's ways as they would be if policies denied nothing, and where policies act on them. */
export class WaysWithChange {
  readonly #before: Side;
  readonly #ways: PathWays;
  #lifted: readonly ClientJourney[] | undefined;
  #points: readonly ActedOn[] | undefined;
  #result: PathResult | undefined;

  constructor(before: Side, ways: PathWays) {
    this.#before = before;
    this.#ways = ways;
  }

  get #beyond(): readonly ClientJourney[] {
    this.#lifted ??= this.#ways.all.flatMap((one) => {
      const further = one.journey.beyond?.();
      return further === undefined ? [one] : further.map((journey) => ({ ...one, journey }));
    });
    return this.#lifted;
  }

  /** Each place once: of many ways several begin alike. */
  get #where(): readonly ActedOn[] {
    const { cluster } = this.#before;
    this.#points ??= [...new Set(this.#beyond.flatMap(({ journey }) => actedOnJourney(cluster, journey)))];
    return this.#points;
  }

  /** Whether policies let everything pass in another state. */
  #passes({ cluster, settings }: Side): boolean {
    const { by, enforced } = enforcementOf(cluster, settings.network.policies);
    if (!enforced) return true;
    const isAbout = aboutPods(this.#before.cluster, cluster);
    return this.#where.every(({ point, passes }) => {
      if (point.pod === undefined) return true;
      const pod = cluster.pods.get(namespacedName(point.pod));
      if (pod === undefined) return false;
      // What a policy is not about it does not change.
      if (passes !== undefined && isAbout?.(pod, point.direction) === false) return passes;
      const { flow } = point;
      const now = { ...flow, source: endIn(cluster, flow.source), destination: endIn(cluster, flow.destination) };
      return judge(cluster, { ...point, pod, flow: now }, pod, by, decide).ending === undefined;
    });
  }

  /**
   * Whether everything is delivered with the change, and the result then; undefined where the ways themselves may be
   * others: they have to be walked.
   */
  result(after: Side): { readonly isDelivered: boolean; readonly result: PathResult } | undefined {
    // Behind a load balancer one node stands for others that are alike; with the change they may not be.
    const isBalanced = ({ journey }: { readonly journey: Journey }) => passedBalancer(beginningOf(journey));
    if (this.#ways.all.some(isBalanced) || !hasSameWays(this.#before, after) || this.#beyond.some(isBalanced))
      return undefined;
    const isDelivered = this.#beyond.every(({ journey }) => journey.verdict === 'DELIVERED') && this.#passes(after);
    this.#result ??= this.#ways.resultOf(this.#beyond);
    return { isDelivered, result: this.#result };
  }
}
