/** A workload at many numbers of replicas: what `scale` gives at each, worked out together where that is the same. */
import { type Cluster, podAddresses } from '../cluster/cluster.js';
import { type EndpointSlice, namespacedName, type SliceEndpoint } from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import type { ScaleChange } from '../contract/requests.js';
import { growingEndpoints } from '../control-plane/growing-endpoints.js';
import type { ChangeContext, ChangeResult, Consequence } from './change.js';
import { scale } from './scale.js';
import { syncOptions } from './settle.js';

/** Pods that a number of replicas asks for and that do not run. */
export interface Unplaced {
  readonly pods: number;
  /** Why, most pods first; pods of a StatefulSet that waits for one before them count in `pods` alone. */
  readonly reasons: readonly { readonly pods: number; readonly why: string }[];
}

/** A cluster with the workload at one number of replicas. */
export interface ScaledCluster {
  readonly cluster: Cluster;
  readonly unplaced: Unplaced;
  readonly assumptions: readonly Assumption[];
  /** Addresses of the pods that were removed. */
  readonly removed: ReadonlySet<string>;
  /** Whether Kubernetes decides some of it at random. */
  readonly tied: boolean;
}

/** One new pod, in the order of creation. */
interface NewPod {
  /** `namespace/name` */
  readonly key: string;
  readonly addresses: readonly string[];
  readonly why: string | undefined;
}

/**
 * How a workload grows: pods are created one after the other, and where the nth goes does not depend on how many come
 * after it. So every number of replicas up to `most` has the first of these pods.
 */
export interface Growth {
  readonly at: ScaledCluster;
  readonly most: number;
  /** Pods that are there already. */
  readonly kept: number;
  /** The position of each new pod that runs, by address. */
  readonly position: ReadonlyMap<string, number>;
  unplacedAt(replicas: number): Unplaced;
  /** The cluster at `most`, with only the endpoints of so many replicas. */
  endpointsAt(replicas: number): Cluster;
  /** The same with the EndpointSlices that the controller writes for so many: where hints depend on their number. */
  settledAt(replicas: number): Cluster;
}

function newPods({ cluster, consequences }: ChangeResult): NewPod[] {
  const pods = new Map<string, NewPod>();
  for (const { kind, object, detail } of consequences) {
    if ((kind !== 'POD_ADDED' && kind !== 'POD_NOT_PLACED') || pods.has(object)) continue;
    const pod = cluster.pods.get(object);
    // A pod that gets no address is on its node and does not start.
    const runs = kind === 'POD_ADDED' && pod?.status?.phase === 'Running';
    pods.set(object, {
      key: object,
      addresses: pod === undefined ? [] : podAddresses(pod),
      why: runs ? undefined : detail,
    });
  }
  return [...pods.values()];
}

/** `wanted`: how many pods are to be created, of which these were. */
function unplacedOf(created: readonly NewPod[], wanted: number): Unplaced {
  const reasons = new Map<string, number>();
  let running = 0;
  for (const { why } of created) {
    if (why === undefined) running++;
    else reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  return {
    pods: wanted - running,
    reasons: [...reasons].map(([why, pods]) => ({ pods, why })).sort((a, b) => b.pods - a.pods),
  };
}

const addressesOf = (cluster: Cluster, consequences: readonly Consequence[]): ReadonlySet<string> =>
  new Set(
    consequences
      .filter(({ kind }) => kind === 'POD_REMOVED')
      .flatMap(({ object }) => podAddresses(cluster.pods.get(object) ?? { kind: 'Pod', metadata: { name: object } })),
  );

/** A grown cluster by how many of its new pods have endpoints: what does so is looked for once. */
function withFirst(grown: Cluster, position: ReadonlyMap<string, number>): (count: number) => Cluster {
  const at = ({ addresses }: SliceEndpoint) => position.get(addresses[0] ?? '') ?? -1;
  const growing = [...grown.endpointSlices.values()]
    .filter(({ endpoints }) => endpoints.some((one) => at(one) >= 0))
    .map((slice) => ({ slice, key: namespacedName(slice), places: slice.endpoints.map(at) }));
  return (count) => {
    const slices = growing.map(({ slice, key, places }): [string, EndpointSlice] => [
      key,
      { ...slice, endpoints: slice.endpoints.filter((_, index) => (places[index] as number) < count) },
    ]);
    return grown.with({ endpointSlices: new Map(slices) });
  };
}

/** One workload of a cluster, to be scaled in many ways. Errors point at `pointer`. */
export class ScalePoints {
  readonly #cluster: Cluster;
  readonly #workload: Omit<ScaleChange, 'replicas'>;
  readonly #context: ChangeContext;
  readonly #pointer: string;

  constructor(cluster: Cluster, workload: Omit<ScaleChange, 'replicas'>, context: ChangeContext, pointer: string) {
    this.#cluster = cluster;
    this.#workload = workload;
    this.#context = context;
    this.#pointer = pointer;
  }

  #scaled(replicas: number): ChangeResult {
    return scale.apply(this.#cluster, { ...this.#workload, replicas }, this.#context, this.#pointer);
  }

  /** Exactly what `scale` makes of the cluster. Throws QuestionError as `scale` does. */
  at(replicas: number): ScaledCluster {
    return this.#pointOf(this.#scaled(replicas), replicas);
  }

  #pointOf(result: ChangeResult, replicas: number): ScaledCluster {
    const { cluster, consequences, assumptions, choices } = result;
    const created = newPods(result);
    // A StatefulSet that waits creates fewer than it wants; everybody else creates all of them.
    const wanted = this.#waits(created) ? replicas - this.#keptBy(result, created) : created.length;
    return {
      cluster,
      unplaced: unplacedOf(created, wanted),
      assumptions,
      removed: addressesOf(this.#cluster, consequences),
      tied: choices.length > 0,
    };
  }

  /** A grown cluster with the EndpointSlices that its first new pods alone have, by how many these are. */
  #settled(grown: Cluster, created: readonly NewPod[]): (count: number) => Cluster {
    const before = this.#cluster.endpointSlices;
    let slicesOf: ReturnType<typeof growingEndpoints> | undefined;
    return (count) => {
      slicesOf ??= growingEndpoints(
        this.#cluster,
        created.map(({ key }) => grown.pods.get(key)),
        syncOptions(this.#cluster, this.#context),
      );
      const written = slicesOf(count);
      const changed = new Set([...grown.endpointSlices.replacements.keys(), ...written.keys()]);
      const slices = [...changed].map((key): [string, EndpointSlice | undefined] => [
        key,
        written.has(key) ? written.get(key) : before.get(key),
      ]);
      return grown.with({ endpointSlices: new Map(slices) });
    };
  }

  #waits(created: readonly NewPod[]): boolean {
    return this.#workload.kind === 'StatefulSet' && created.some(({ why }) => why !== undefined);
  }

  /** The pods that were there before and still are, of those that the workload counts. */
  #keptBy({ cluster }: ChangeResult, created: readonly NewPod[]): number {
    const { kind, namespace, name } = this.#workload;
    return (cluster.workloads.get(`${kind}/${namespace}/${name}`)?.status?.replicas ?? created.length) - created.length;
  }

  /**
   * How the workload grows up to so many replicas; undefined where the first pods of a larger number are not those of a
   * smaller one: several ReplicaSets share the growth, or some pods go.
   */
  growth(most: number): Growth | undefined {
    const result = this.#scaled(most);
    const created = newPods(result);
    const shared = result.assumptions.some(({ field }) => field === 'changes.scale.replicaSets');
    if (shared || created.length === 0 || result.consequences.some(({ kind }) => kind === 'POD_REMOVED'))
      return undefined;
    const kept = this.#waits(created) ? this.#keptBy(result, created) : most - created.length;
    const position = new Map<string, number>();
    for (const [index, { addresses, why }] of created.entries()) {
      for (const address of why === undefined ? addresses : []) {
        // Pods in their hosts' networks are not distinguished by their addresses.
        if (position.has(address)) return undefined;
        position.set(address, index);
      }
    }
    // A new pod that takes the place of another has its place among the pods, too.
    if (created.some(({ key }) => this.#cluster.pods.has(key))) return undefined;
    const first = withFirst(result.cluster, position);
    const settled = this.#settled(result.cluster, created);
    return {
      at: this.#pointOf(result, most),
      most,
      kept,
      position,
      endpointsAt: (replicas) => first(replicas - kept),
      settledAt: (replicas) => settled(replicas - kept),
      unplacedAt: (replicas) => {
        const some = created.slice(0, replicas - kept);
        return unplacedOf(some, this.#waits(some) ? replicas - kept : some.length);
      },
    };
  }
}
