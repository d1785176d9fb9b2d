/** What a pod takes, and which pods are alike in it. */
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import { milliValue } from '../../control-plane/quantity.js';
import type { Offered } from './offered.js';

/** Pods that are alike: on one node, with one share of what is delivered. */
export interface LoadedPods {
  readonly count: number;
  /** Of one of them; all pods together have 1. */
  readonly share: number;
  readonly node: string;
  readonly zone: string;
  /** Where it is one. */
  readonly pod?: string;
  /** `address port` of it, as laws name pods. */
  readonly key?: string;
  /** CPU that it requests, in thousandths; absent: not known. */
  readonly cpuMilli?: number | undefined;
}

const cpuOf = new WeakMap<object, number | undefined>();

/** The CPU that a pod's containers request together, in thousandths; undefined where one requests none. */
export function cpuRequest(cluster: Cluster, pod: string | undefined): number | undefined {
  return cpuRequestOf(pod === undefined ? undefined : cluster.pods.get(pod));
}

/** {@link cpuRequest} of a pod's object. */
export function cpuRequestOf(object: Pod | undefined): number | undefined {
  if (object === undefined) return undefined;
  if (cpuOf.has(object)) return cpuOf.get(object);
  const containers = (object.spec?.containers ?? []) as readonly {
    readonly resources?: { readonly requests?: Record<string, string> };
  }[];
  const each = containers.map(({ resources }) => milliValue(resources?.requests?.cpu));
  const sum =
    each.length === 0 || each.some((cpu) => cpu === undefined)
      ? undefined
      : each.reduce<number>((all, cpu) => all + (cpu ?? 0), 0);
  cpuOf.set(object, sum);
  return sum;
}

interface Capacity {
  readonly rate?: number;
  readonly connections?: number;
}

const capacitiesOf = new WeakMap<Offered, Map<number | undefined, Capacity>>();

/** What one of these pods takes: in requests per second and, where loads are connections, in those. */
export function capacityOf(offered: Offered, cpuMilli: number | undefined): Capacity {
  const known = remember(capacitiesOf, offered, () => new Map<number | undefined, Capacity>());
  return remember(known, cpuMilli, () => newCapacity(offered, cpuMilli));
}

function newCapacity(offered: Offered, cpuMilli: number | undefined): Capacity {
  const { maxRequestsPerSecond, cpuMillisecondsPerRequest: cost, perConnection, capacity } = offered;
  const byCpu = cost === undefined || cpuMilli === undefined ? undefined : cpuMilli / cost;
  const rates = [maxRequestsPerSecond, byCpu].filter((one): one is number => one !== undefined);
  const rate = rates.length === 0 ? undefined : Math.min(...rates);
  // A connection's rate is a quotient: what fits exactly must not fail by its rounding.
  const fits =
    rate === undefined || perConnection === undefined || perConnection === 0
      ? undefined
      : Math.floor(rate / perConnection + 1e-9);
  const limits = [capacity, fits].filter((one): one is number => one !== undefined);
  return {
    ...(rate === undefined ? {} : { rate }),
    ...(limits.length === 0 ? {} : { connections: Math.min(...limits) }),
  };
}

export interface Group {
  readonly count: number;
  readonly share: number;
  readonly capacity?: number;
}

/** Pods of equal share and capacity as one group; shares sum to 1. */
export function groupsOf(
  pods: readonly LoadedPods[],
  capacity: (pod: LoadedPods) => number | undefined,
): readonly Group[] {
  const total = pods.reduce((sum, { count, share }) => sum + count * share, 0);
  const found = new Map<number, Map<number | undefined, { -readonly [K in keyof Group]: Group[K] }>>();
  const groups: Group[] = [];
  for (const pod of pods) {
    const limit = capacity(pod);
    let byLimit = found.get(pod.share);
    if (byLimit === undefined) {
      byLimit = new Map();
      found.set(pod.share, byLimit);
    }
    const known = byLimit.get(limit);
    if (known === undefined) {
      const group = {
        share: pod.share / total,
        count: pod.count,
        ...(limit === undefined ? {} : { capacity: limit }),
      };
      byLimit.set(limit, group);
      groups.push(group);
    } else known.count += pod.count;
  }
  return groups;
}
