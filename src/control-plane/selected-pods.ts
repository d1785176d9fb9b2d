import type { Cluster } from '../cluster/cluster.js';
import type { Pod, Service } from '../cluster/objects.js';
import { matchesServiceSelector } from './labels.js';

const NO_PODS: readonly Pod[] = [];

/** Finds the pods of many Services: by one of their labels first, so that each pod is not asked for each Service. */
export class SelectedPods {
  readonly #cluster: Cluster;
  readonly #byNamespace = new Map<string, ReadonlyMap<string, readonly Pod[]>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The pods that the Service's selector matches, in snapshot order. */
  of(service: Service): readonly Pod[] {
    const selector = service.spec?.selector;
    const pairs = Object.entries(selector ?? {});
    if (pairs.length === 0) return NO_PODS;
    const index = this.#indexOf(service.metadata.namespace ?? 'default');
    let fewest: readonly Pod[] | undefined;
    for (const [key, value] of pairs) {
      const pods = index.get(`${key}=${value}`) ?? NO_PODS;
      if (fewest === undefined || pods.length < fewest.length) fewest = pods;
    }
    return (fewest ?? NO_PODS).filter((pod) => matchesServiceSelector(selector, pod.metadata.labels));
  }

  #indexOf(namespace: string): ReadonlyMap<string, readonly Pod[]> {
    const known = this.#byNamespace.get(namespace);
    if (known !== undefined) return known;
    const index = new Map<string, Pod[]>();
    for (const pod of this.#cluster.podsIn(namespace)) {
      for (const [key, value] of Object.entries(pod.metadata.labels ?? {})) {
        const pair = `${key}=${value}`;
        const pods = index.get(pair);
        if (pods === undefined) index.set(pair, [pod]);
        else pods.push(pod);
      }
    }
    this.#byNamespace.set(namespace, index);
    return index;
  }
}
