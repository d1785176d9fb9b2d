import { isDeepStrictEqual } from '../../base/deep-equal.js';
import type { Pod } from '../../cluster/objects.js';
import type { ObjectFault } from './workload-faults.js';

type Fields = Readonly<Record<string, unknown>>;

/** What of a pod's spec may change. Source: Kubernetes 1.36 pkg/apis/core/validation, `ValidatePodUpdate`. */
const MUTABLE = ['activeDeadlineSeconds', 'terminationGracePeriodSeconds', 'tolerations', 'schedulingGates'];

function withoutImages(containers: unknown): unknown {
  if (!Array.isArray(containers)) return containers;
  return containers.map((one: Fields) => ({ ...one, image: undefined }));
}

/** Why the API server would refuse a pod, new (`before` undefined) or updated: nearly all of its spec is fixed. */
export function podFaults(before: Pod | undefined, wanted: Pod): ObjectFault[] {
  if (before === undefined) {
    if ((wanted.spec?.containers ?? []).length > 0) return [];
    return [{ place: '/spec/containers', detail: 'A Pod needs at least one container.' }];
  }
  const [was, is] = [(before.spec ?? {}) as Fields, (wanted.spec ?? {}) as Fields];
  return Object.keys({ ...was, ...is })
    .filter((key) => {
      if (MUTABLE.includes(key)) return false;
      const only = key === 'containers' || key === 'initContainers' ? withoutImages : (value: unknown) => value;
      return !isDeepStrictEqual(only(was[key]), only(is[key]));
    })
    .map((key) => ({
      place: `/spec/${key}`,
      detail: `${key} of a pod cannot be changed: images, tolerations and deadlines alone can. Delete the pod and make it anew.`,
    }));
}
