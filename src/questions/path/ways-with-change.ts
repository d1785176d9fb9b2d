/**
 * Whether a change of policies or labels lets ways pass that policies deny: what policies say is asked again where they
 * act, and the ways themselves, which are the same, are not walked anew.
 */
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import { AMBIENT_LABEL } from '../../cluster/mesh.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import { resourceRole } from '../../cluster/resources.js';
import type { PathPolicy, PathResult } from '../../contract/answers.js';
import { actedOnJourney, policiesOnJourney } from '../../path/alike-endpoints.js';
import { SERVICE_LB_LABEL } from '../../path/before-rules.js';
import { passedBalancer } from '../../path/conclude.js';
import { judge } from '../../path/judge.js';
import type { PolicyPoint } from '../../path/policy-point.js';
import { type ActedOn, beginningOf, type Journey } from '../../path/trail.js';
import { enforcementOf } from '../../policies/enforcer.js';
import { decide } from '../../policies/evaluate.js';
import { type Direction, type End, namespaceOf } from '../../policies/flow.js';
import { type PodPolicy, readNetworkPolicy, selects } from '../../policies/network-policy.js';
import { podClassNumber } from '../../policies/pod-class.js';
import { isNetworkPolicy } from '../../policies/policy-set.js';
import { labelsKey } from '../../policies/selectors.js';
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

/** The NetworkPolicies that a change adds; undefined for a change that does more. */
function addedPolicies(before: Cluster, after: Cluster): readonly PodPolicy[] | undefined {
  if (before.pods !== after.pods) return undefined;
  const added: PodPolicy[] = [];
  for (const [key, one] of after.resources.replacements) {
    const was = before.resources.get(key);
    if (was === one) continue;
    if (was !== undefined || one === undefined || !isNetworkPolicy(one)) return undefined;
    added.push(readNetworkPolicy(one));
  }
  return added;
}

/** Whether a policy is about a pod's connections in a direction. */
function isAbout(policy: PodPolicy, pod: Pod, direction: Direction): boolean {
  return policy.directions.has(direction) && policy.namespace === namespaceOf(pod) && selects(policy, pod);
}

/** Whether a rule of a policy names networks. */
const looksAtAddresses = ({ read }: PodPolicy) =>
  [...read.INGRESS, ...read.EGRESS].some(({ peers }) => peers.some(({ kind }) => kind === 'BLOCK'));

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
    const added = addedPolicies(this.#before.cluster, cluster);
    const known = new Map<string, boolean>();
    return this.#where.every(({ point, passes }) => {
      if (point.pod === undefined) return true;
      const pod = cluster.pods.get(namespacedName(point.pod));
      if (pod === undefined) return false;
      // What a policy is not about it does not change.
      if (passes !== undefined && added?.some((one) => isAbout(one, pod, point.direction)) === false) return passes;
      const judged = () => {
        const { flow } = point;
        const now = { ...flow, source: endIn(cluster, flow.source), destination: endIn(cluster, flow.destination) };
        return judge(cluster, { ...point, pod, flow: now }, pod, by, decide).ending === undefined;
      };
      const alike = added === undefined ? undefined : this.#likenessOf(point, added);
      return alike === undefined ? judged() : remember(known, alike, judged);
    });
  }

  /**
   * Equal for points at which added policies decide alike: they select by labels, and what was there before tells the
   * pods not apart. Undefined where that is not known.
   */
  #likenessOf({ direction, flow, node, sentTo }: PolicyPoint, added: readonly PodPolicy[]): string | undefined {
    const { source, destination, protocol, port, blocks, isHairpin } = flow;
    if (isHairpin === true || sentTo !== undefined || added.some(looksAtAddresses)) return undefined;
    const { cluster } = this.#before;
    const ends = [source, destination].map(({ address, pod }) =>
      pod === undefined ? address : `${podClassNumber(cluster, pod)} ${labelsKey(pod)}`,
    );
    const isSame = source.pod !== undefined && source.pod === destination.pod;
    return [direction, node, isSame, protocol, port, blocks, ...ends].join(' ');
  }

  /**
   * The result with the change where everything is delivered then, or leaves the cluster, LOST where not; undefined
   * where the ways themselves may be others: they have to be walked.
   */
  result(after: Side): PathResult | 'LOST' | undefined {
    // Behind a load balancer one node stands for others that are alike; with the change they may not be.
    const isBalanced = ({ journey }: { readonly journey: Journey }) => passedBalancer(beginningOf(journey));
    if (this.#ways.all.some(isBalanced) || !hasSameWays(this.#before, after) || this.#beyond.some(isBalanced))
      return undefined;
    const arrives = this.#beyond.every(({ journey }) => journey.verdict === 'DELIVERED' || journey.leaves === true);
    if (!arrives || !this.#passes(after)) return 'LOST';
    this.#result ??= this.#ways.resultOf(this.#beyond);
    return this.#result;
  }
}
