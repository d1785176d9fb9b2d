/** Denials of a packet by network policies, and the labels by which a policy can name their pods. */
import type { Cluster } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import { podsLabelled } from '../../cluster/pods-by-label.js';
import type { PathPolicy } from '../../contract/answers.js';

export type Labels = Readonly<Record<string, string>>;

/** Labels that tell pods of one workload apart, or its versions. */
const PASSING =
  /^(?:pod-template-hash|controller-revision-hash|pod-template-generation|statefulset\.kubernetes\.io\/pod-name|apps\.kubernetes\.io\/pod-index|batch\.kubernetes\.io\/.*|controller-uid|job-name)$/;

/**
 * The fewest labels that select a pod and as few others of its namespace as its labels can: one label where one is as
 * narrow as all. An empty selector for a pod without labels.
 */
export function narrowestLabels(cluster: Cluster, pod: Pod): Labels {
  const own = Object.entries(pod.metadata.labels ?? {}).filter(([key]) => !PASSING.test(key));
  const { namespace = 'default' } = pod.metadata;
  const alike = own.map(([key, value]) => podsLabelled(cluster, namespace, key, value));
  const fewest = alike.reduce((least, one) => (one.size < least.size ? one : least), alike[0] ?? new Set<Pod>());
  const least = [...fewest].filter((one) => alike.every((pods) => pods.has(one))).length;
  const narrow = own.find((_, place) => alike[place]?.size === least);
  return narrow === undefined ? Object.fromEntries(own) : { [narrow[0]]: narrow[1] };
}

/** Labels in words. */
export const labelText = (labels: Labels) => {
  const text = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return text.length === 0 ? 'all pods' : text.join(',');
};

/** What denies, and the pod whose policies do. */
export interface Denial {
  readonly policy: PathPolicy;
  readonly pod: Pod;
}

/** The denials among what policies say, each direction and pod once. */
export function denialsOf(said: readonly PathPolicy[], cluster: Cluster): readonly Denial[] {
  const found = new Map<string, Denial>();
  for (const policy of said) {
    const pod = cluster.pods.get(policy.pod);
    if (policy.verdict !== 'DENY' || pod === undefined) continue;
    const { direction, source, port, protocol } = policy;
    found.set(`${direction} ${policy.pod} ${source} ${port} ${protocol}`, { policy, pod });
  }
  return [...found.values()];
}

/** The address of whoever a pod connects to, or is connected from. */
export const otherEnd = ({ direction, source, destination = '' }: PathPolicy) =>
  direction === 'INGRESS' ? source : destination;
