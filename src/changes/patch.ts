import { typeFault } from '../api-server/decode.js';
import type { ApiFault } from '../api-server/faults.js';
import type { Fields } from '../api-server/read-fields.js';
import { asStored, completed } from '../api-server/stored-object.js';
import { validate } from '../api-server/validation/index.js';
import { checkObject } from '../cluster/check-object.js';
import type { Cluster } from '../cluster/cluster.js';
import { requireNode, requirePod, requireService, requireSlice, requireWorkload } from '../cluster/lookup.js';
import type { KubernetesObject, Service } from '../cluster/objects.js';
import type { PatchChange } from '../contract/requests.js';
import { addressRules } from '../control-plane/api-rules.js';
import type { ChangeContext, ChangeKind, ChangeResult } from './change.js';
import { controlPlaneVersion } from './control-plane-version.js';
import { mergePatch } from './merge-patch.js';
import { closestPlace, impossible, refuse, refuseObject } from './refused-change.js';
import { replaceNode, replacePod, replaceSlice } from './replace-object.js';
import { type ChangedResourceKind, isResourceKind, patchResource, requireResource } from './replace-resource.js';
import { updateService } from './update-service.js';
import { updateWorkload } from './update-workload.js';

/** The kinds of objects that can be patched. */
type PatchedKind =
  | 'Node'
  | 'Pod'
  | 'Service'
  | 'EndpointSlice'
  | 'Deployment'
  | 'ReplicaSet'
  | 'StatefulSet'
  | 'DaemonSet'
  | ChangedResourceKind;

interface Patched {
  readonly cluster: Cluster;
  readonly change: PatchChange;
  readonly context: ChangeContext;
  readonly pointer: string;
}

function objectOf(
  cluster: Cluster,
  change: PatchChange & { readonly kind: Exclude<PatchedKind, ChangedResourceKind> },
  pointer: string,
): KubernetesObject {
  const { kind, namespace = 'default', name } = change;
  if (kind === 'Node') return requireNode(cluster, name, pointer);
  if (kind === 'Pod') return requirePod(cluster, namespace, name, pointer);
  if (kind === 'Service') return requireService(cluster, namespace, name, pointer);
  if (kind === 'EndpointSlice') return requireSlice(cluster, namespace, name, pointer);
  return requireWorkload(cluster, kind, namespace, name, pointer);
}

/** What says which object it is: a patch that names it has to name it as it is. */
const IDENTITY: readonly (readonly string[])[] = [
  ['kind'],
  ['apiVersion'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'uid'],
];

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[key];
  }
  return found;
}

function checkIdentity(before: KubernetesObject, after: unknown, patch: unknown, pointer: string): void {
  for (const path of IDENTITY) {
    const was = at(before, path);
    const is = at(after, path);
    if (was === is) continue;
    // Objects of a snapshot may lack what says the same as its absence.
    if (was === undefined && path[0] !== 'metadata') continue;
    const place = closestPlace(patch, `/${path.join('/')}`);
    throw impossible(pointer + place, `${path.join('.')} says which object it is and cannot be patched; leave it out.`);
  }
}

/** Refuses what the API server would refuse of the patched object. */
function checkPatched(before: KubernetesObject, value: Fields, { cluster, change, context, pointer }: Patched): void {
  const { kind } = change;
  const place = `${pointer}/patch`;
  const placeOf = (fault: ApiFault) => ({
    pointer: place + closestPlace(change.patch, fault.pointer),
    detail: fault.detail,
  });
  const wrong = typeFault({ ...value, status: undefined }, kind);
  refuseObject(wrong === undefined ? [] : [wrong], placeOf, `The patched ${kind}`);
  const rules = addressRules(controlPlaneVersion(cluster, context.settings));
  const former = completed(kind, kind, before as never);
  refuseObject(validate(kind, former, asStored(kind, kind, former, value), rules), placeOf, `The patched ${kind}`);
}

function patchedObject<T extends KubernetesObject>(before: T, { cluster, change, context, pointer }: Patched): T {
  const place = `${pointer}/patch`;
  const value = mergePatch(before, change.patch, place);
  checkIdentity(before, value, change.patch, place);
  if (change.kind !== 'Service') checkPatched(before, value as Fields, { cluster, change, context, pointer });
  const checked = checkObject(change.kind as Exclude<PatchedKind, ChangedResourceKind>, value);
  if ('object' in checked) return checked.object as T;
  refuse(
    checked.faults.map((fault) => ({
      pointer: place + closestPlace(change.patch, fault.pointer),
      detail: fault.detail,
    })),
    `The patched ${change.kind}`,
  );
  return before;
}

function patchService(before: Service, patched: Patched): ChangeResult {
  const { cluster, change, context, pointer } = patched;
  const wanted = patchedObject(before, patched);
  const place = `${pointer}/patch`;
  return updateService(cluster, before, wanted, context, place, (fault) => ({
    pointer: place + closestPlace(change.patch, fault.pointer),
    detail: fault.detail,
  }));
}

function apply(cluster: Cluster, change: PatchChange, context: ChangeContext, pointer: string): ChangeResult {
  if (change.kind === 'Node' && change.namespace !== undefined) {
    throw impossible(`${pointer}/namespace`, 'Nodes have no namespace; leave it out.');
  }
  const { kind, namespace, name } = change;
  if (isResourceKind(kind)) {
    return patchResource(cluster, requireResource(cluster, { kind, namespace, name }, pointer), change.patch, pointer);
  }
  const before = objectOf(cluster, { ...change, kind }, pointer);
  const patched: Patched = { cluster, change, context, pointer };
  switch (before.kind) {
    case 'Node':
      return replaceNode(cluster, before, patchedObject(before, patched), context);
    case 'Pod':
      return replacePod(cluster, before, patchedObject(before, patched), context);
    case 'Service':
      return patchService(before, patched);
    case 'EndpointSlice':
      return replaceSlice(cluster, before, patchedObject(before, patched), context, 'changes.patch');
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
      return updateWorkload(cluster, before, patchedObject(before, patched), context, `${pointer}/patch/spec`);
    default:
      throw impossible(`${pointer}/kind`, `A ${change.kind} cannot be patched.`);
  }
}

/**
 * `patch`: a JSON merge patch on an object. The result has to be what the reader of snapshots would take, and of a
 * Service what the API server would take; what the controllers do about it is done.
 */
export const patch: ChangeKind<'patch'> = {
  key: 'patch',
  schema: 'PatchChange',
  summary: 'one object gets other fields',
  example: {
    kind: 'Service',
    namespace: 'default',
    name: 'nginx-svc',
    patch: { spec: { internalTrafficPolicy: 'Local' } },
  },
  describe: ({ kind, namespace, name, patch: fields }) =>
    `patch ${kind} ${namespace === undefined ? name : `${namespace}/${name}`} with ${JSON.stringify(fields)}`,
  apply,
};
