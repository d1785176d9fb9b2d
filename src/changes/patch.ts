import { isDeepStrictEqual } from 'node:util';
import { checkObject } from '../cluster/check-object.js';
import type { Cluster } from '../cluster/cluster.js';
import { workloadKey } from '../cluster/cluster.js';
import { requireNode, requirePod, requireService, requireSlice, requireWorkload } from '../cluster/lookup.js';
import {
  type EndpointSlice,
  type KubernetesObject,
  type Node,
  namespacedName,
  type Pod,
  type Service,
  type Workload,
  ZONE_LABEL,
} from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import { isControllerSlice } from '../control-plane/slice-metadata.js';
import type { ChangeContext, ChangeKind, ChangeResult, Consequence } from './change.js';
import { differences } from './differences.js';
import { mergePatch } from './merge-patch.js';
import { closestPlace, impossible, refuse } from './refusal.js';
import { scale } from './scale.js';
import { settle, type Unsettled } from './settle.js';
import { updateService } from './update-service.js';

/** The kinds of objects that can be patched. */
export type PatchedKind =
  | 'Node'
  | 'Pod'
  | 'Service'
  | 'EndpointSlice'
  | 'Deployment'
  | 'ReplicaSet'
  | 'StatefulSet'
  | 'DaemonSet';

/** A JSON merge patch (RFC 7386) on one object of the cluster. */
export interface PatchChange {
  readonly kind: PatchedKind;
  /** Default `default`. Nodes have none. */
  readonly namespace?: string;
  readonly name: string;
  readonly patch: Readonly<Record<string, unknown>>;
}

interface Patched {
  readonly cluster: Cluster;
  readonly change: PatchChange;
  readonly context: ChangeContext;
  readonly pointer: string;
}

function objectOf(cluster: Cluster, change: PatchChange, pointer: string): KubernetesObject {
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

function patchedObject<T extends KubernetesObject>(before: T, { change, pointer }: Patched): T {
  const place = `${pointer}/patch`;
  const value = mergePatch(before, change.patch, place);
  checkIdentity(before, value, change.patch, place);
  const checked = checkObject(change.kind, value);
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

function told(
  kind: Consequence['kind'],
  object: string,
  before: KubernetesObject,
  after: KubernetesObject,
): Consequence[] {
  return differences(before, after).map((detail) => ({ kind, object, detail }));
}

function settled(
  { cluster, context }: Patched,
  changed: Cluster,
  unsettled: Unsettled,
  consequences: readonly Consequence[],
  assumptions: readonly Assumption[] = [],
): ChangeResult {
  const done = settle(cluster, changed, unsettled, context);
  return {
    cluster: done.cluster,
    choices: [],
    consequences: [...consequences, ...done.consequences],
    assumptions: [...assumptions, ...done.assumptions],
  };
}

function patchNode(before: Node, patched: Patched): ChangeResult {
  const after = patchedObject(before, patched);
  const { name } = before.metadata;
  const moved = before.metadata.labels?.[ZONE_LABEL] !== after.metadata.labels?.[ZONE_LABEL];
  const changed = patched.cluster.with({ nodes: new Map([[name, after]]) });
  const pods = moved ? patched.cluster.podsOn(name) : [];
  return settled(patched, changed, { pods }, told('NODE_CHANGED', name, before, after));
}

function patchPod(before: Pod, patched: Patched): ChangeResult {
  const after = patchedObject(before, patched);
  const key = namespacedName(before);
  const changed = patched.cluster.with({ pods: new Map([[key, after]]) });
  return settled(patched, changed, { pods: [before, after] }, told('POD_CHANGED', key, before, after));
}

function patchSlice(before: EndpointSlice, patched: Patched): ChangeResult {
  const after = patchedObject(before, patched);
  const key = namespacedName(before);
  const changed = patched.cluster.with({ endpointSlices: new Map([[key, after]]) });
  const assumptions = isControllerSlice(after)
    ? [
        {
          field: 'changes.patch',
          value: `EndpointSlice ${key}`,
          why: 'The EndpointSlice controller would set this slice back to what pods show: the answer is about the moment before it does.',
        },
      ]
    : [];
  return settled(patched, changed, {}, told('SLICE_CHANGED', key, before, after), assumptions);
}

function patchService(before: Service, patched: Patched): ChangeResult {
  const { cluster, change, context, pointer } = patched;
  const wanted = patchedObject(before, patched);
  const place = `${pointer}/patch`;
  return updateService(
    cluster,
    before,
    wanted,
    context,
    place,
    (fault) => place + closestPlace(change.patch, fault.pointer),
  );
}

/** A number of replicas is scaled to; pods are not made anew from a changed template. */
function patchWorkload(before: Workload, patched: Patched): ChangeResult {
  const { context, pointer } = patched;
  const after = patchedObject(before, patched);
  const { kind } = before;
  const { name, namespace = 'default' } = before.metadata;
  const replicas = after.spec?.replicas ?? 1;
  const resized = kind !== 'DaemonSet' && replicas !== (before.spec?.replicas ?? 1);
  const kept = resized && before.spec?.replicas !== undefined ? { replicas: before.spec.replicas } : {};
  const { replicas: _replicas, ...spec } = after.spec ?? {};
  const stored = resized ? { ...after, spec: { ...spec, ...kept } } : after;
  const changed = patched.cluster.with({ workloads: new Map([[workloadKey(kind, namespace, name), stored]]) });
  const consequences = told('WORKLOAD_CHANGED', `${kind} ${namespace}/${name}`, before, stored);
  const assumptions: Assumption[] = isDeepStrictEqual(before.spec?.template, after.spec?.template)
    ? []
    : [
        {
          field: 'changes.patch',
          value: `${kind} ${namespace}/${name}`,
          why: 'The pods are those of the former template: that a rollout replaces them is not part of the answer.',
        },
      ];
  if (!resized) return settled(patched, changed, {}, consequences, assumptions);
  const scaled = scale.apply(changed, { kind, namespace, name, replicas }, context, `${pointer}/patch/spec`);
  return {
    ...scaled,
    consequences: [...consequences, ...scaled.consequences],
    assumptions: [...assumptions, ...scaled.assumptions],
  };
}

function apply(cluster: Cluster, change: PatchChange, context: ChangeContext, pointer: string): ChangeResult {
  if (change.kind === 'Node' && change.namespace !== undefined) {
    throw impossible(`${pointer}/namespace`, 'Nodes have no namespace; leave it out.');
  }
  const before = objectOf(cluster, change, pointer);
  const patched: Patched = { cluster, change, context, pointer };
  switch (before.kind) {
    case 'Node':
      return patchNode(before, patched);
    case 'Pod':
      return patchPod(before, patched);
    case 'Service':
      return patchService(before, patched);
    case 'EndpointSlice':
      return patchSlice(before, patched);
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
      return patchWorkload(before, patched);
    default:
      throw impossible(`${pointer}/kind`, `A ${change.kind} cannot be patched.`);
  }
}

/**
 * `patch`: a JSON merge patch on an object. The result has to be what the reader of snapshots would take, and of a
 * Service what the API server would take; what the controllers do about it is done.
 */
export const patch: ChangeKind<PatchChange> = { key: 'patch', apply };
