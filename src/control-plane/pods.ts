import type { ObjectMeta, OwnerReference, Pod } from '../cluster/objects.js';

/** The owner that manages the object (`metav1.GetControllerOf`): the reference with `controller: true`. */
export function controllerOf(object: { readonly metadata: ObjectMeta }): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/**
 * Whether a reference points at this object: by UID as Kubernetes does; where a trimmed snapshot lacks one of the UIDs,
 * by kind and name.
 */
export function refersTo(
  reference: OwnerReference,
  owner: { readonly kind: string; readonly metadata: ObjectMeta },
): boolean {
  if (reference.uid !== undefined && owner.metadata.uid !== undefined) return reference.uid === owner.metadata.uid;
  return reference.kind === owner.kind && reference.name === owner.metadata.name;
}

/** The pod has ended and never comes back: phase Succeeded or Failed. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Whether the pod is being deleted. */
export function isTerminating(pod: Pod): boolean {
  return typeof pod.metadata.deletionTimestamp === 'string';
}

/** Counts for a controller's replicas (`controller.IsPodActive`). */
export function isActive(pod: Pod): boolean {
  return !isTerminal(pod) && !isTerminating(pod);
}

/** The Ready condition is true. */
export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
}
