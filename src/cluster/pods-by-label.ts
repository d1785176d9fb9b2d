/** The pods of a namespace by their labels, so that those of a selector are found without asking all. */
import { remember } from '../base/remember.js';
import type { Cluster } from './cluster.js';
import type { Pod } from './objects.js';

type ByLabel = ReadonlyMap<string, ReadonlySet<Pod>>;

const indexes = new WeakMap<Cluster['pods'], Map<string, ByLabel>>();
const NOBODY: ReadonlySet<Pod> = new Set();

function indexOf(cluster: Cluster, namespace: string): ByLabel {
  const known = remember(indexes, cluster.pods, () => new Map<string, ByLabel>());
  return remember(known, namespace, () => {
    const found = new Map<string, Set<Pod>>();
    for (const pod of cluster.podsIn(namespace)) {
      for (const [key, value] of Object.entries(pod.metadata.labels ?? {})) {
        remember(found, `${key}=${value}`, () => new Set<Pod>()).add(pod);
      }
    }
    return found;
  });
}

/** The pods of a namespace that have a label. */
export function podsLabelled(cluster: Cluster, namespace: string, key: string, value: string): ReadonlySet<Pod> {
  return indexOf(cluster, namespace).get(`${key}=${value}`) ?? NOBODY;
}

/**
 * Pods of a namespace, all those among them that a selector with these `matchLabels` can select: those that have one of
 * the labels, or all where it names no label.
 */
export function candidatesFor(
  cluster: Cluster,
  namespace: string,
  labels: Readonly<Record<string, string>> | undefined,
): Iterable<Pod> {
  const [first] = Object.entries(labels ?? {});
  return first === undefined ? cluster.podsIn(namespace) : podsLabelled(cluster, namespace, ...first);
}
