/**
 * Server-side apply: what it makes of an object and its managers, or with whom it conflicts. Source:
 * sigs.k8s.io/structured-merge-diff, merge (`Updater.Apply`), apimachinery util/managedfields (`lastAppliedManager`).
 */
import type { ApiFault } from '../faults.js';
import { LAST_APPLIED, notedManifest, serverNoteText } from '../note.js';
import { type Fields, fieldsIn } from '../read-fields.js';
import {
  difference,
  EMPTY_SET,
  type FieldSet,
  intersection,
  isEmptySet,
  MEMBER,
  memberNames,
  readFieldSet,
  setOf,
  union,
  withNamedFields,
  without,
  writeFieldSet,
} from './field-set.js';
import { compare, fieldSetOf, merged, withoutIdentity, withoutItems } from './typed.js';

/** Who set which fields of an object, one entry of `metadata.managedFields`. */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly set: FieldSet;
}

/** The managers of an object; undefined where it has no managed fields or they cannot be read. */
export function managersOf(object: Fields | undefined): readonly Manager[] | undefined {
  const { managedFields } = fieldsIn(object?.metadata);
  if (!Array.isArray(managedFields) || managedFields.length === 0) return undefined;
  const found: Manager[] = [];
  for (const entry of managedFields) {
    const { manager, operation, apiVersion, subresource, fieldsV1 } = fieldsIn(entry);
    const set = readFieldSet(fieldsV1);
    if (typeof manager !== 'string' || set === undefined) continue;
    found.push({
      manager,
      operation: operation === 'Apply' ? 'Apply' : 'Update',
      apiVersion: typeof apiVersion === 'string' ? apiVersion : 'v1',
      subresource: typeof subresource === 'string' ? subresource : '',
      set: set.children.size === 0 ? EMPTY_SET : { ...set, own: false },
    });
  }
  return found;
}

/** Managers as `metadata.managedFields`, without times. */
export function asManagedFields(managers: readonly Manager[]): readonly Fields[] {
  return managers.map(({ manager, operation, apiVersion, subresource, set }) => ({
    manager,
    operation,
    apiVersion,
    fieldsType: 'FieldsV1',
    fieldsV1: writeFieldSet(set),
    ...(subresource === '' ? {} : { subresource }),
  }));
}

const isSame = (a: Manager, b: Pick<Manager, 'manager' | 'operation' | 'subresource'>) =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource;

interface ServerApplied {
  readonly object: Fields;
  readonly managers: readonly Manager[];
}

export type ServerApply = ServerApplied | { readonly conflicts: readonly ApiFault[]; readonly set: FieldSet };

/** What clients cannot apply: the status, which has a subresource of its own. */
const RESET: FieldSet = setOf(false, [['f:status', MEMBER]]);

/** Fields that the manager applied before and leaves out now go, unless another manager owns them (`Updater.prune`). */
function pruned(object: unknown, type: string, managers: readonly Manager[], last: FieldSet | undefined): unknown {
  if (last === undefined || isEmptySet(last)) return object;
  const named = (set: FieldSet) => withNamedFields(set, type);
  let kept = withoutItems(object, named(last), type) ?? {};
  const all = named(fieldSetOf(object, type));
  const managed = named(managers.reduce((set, one) => union(set, one.set), EMPTY_SET));
  kept = withoutItems(object, difference(all, union(named(fieldSetOf(kept, type)), managed)), type) ?? {};
  const dangling = intersection(difference(all, named(fieldSetOf(kept, type))), named(last));
  return withoutItems(object, dangling, type) ?? {};
}

const IDENTITY = ['uid', 'creationTimestamp', 'generation', 'resourceVersion', 'deletionTimestamp', 'selfLink'];

/** The object with what the API server gave it, which no manager owns. */
function withIdentity(live: Fields, object: Fields): Fields {
  const former = Object.entries(fieldsIn(live.metadata)).filter(([key]) => IDENTITY.includes(key));
  return former.length === 0
    ? object
    : { ...object, metadata: { ...fieldsIn(object.metadata), ...Object.fromEntries(former) } };
}

function applied(
  live: Fields,
  config: Fields,
  type: string,
  former: readonly Manager[],
  own: Pick<Manager, 'manager' | 'apiVersion'>,
  force: boolean,
): ServerApply {
  const me = { manager: own.manager, operation: 'Apply', subresource: '' } as const;
  const last = former.find((one) => isSame(one, me));
  // What the object is named by is the manifest's too while others' fields are looked at.
  const whole = without(fieldSetOf(config, type), RESET);
  const mine: Manager = { ...me, apiVersion: own.apiVersion, set: withoutIdentity(whole) };
  const others = former.filter((one) => one !== last);
  const managers = [...others, mine];
  const owners = [...others, { ...mine, set: whole }];
  const object = withIdentity(live, pruned(merged(live, config, type), type, owners, last?.set) as Fields);
  const compared = compare(live, object, type);
  const added = without(union(compared.modified, compared.added), RESET);
  const removed = without(compared.removed, RESET);
  const conflicting = others
    .map((one) => ({ one, set: intersection(one.set, added) }))
    .filter(({ set }) => !isEmptySet(set));
  if (!force && conflicting.length > 0) {
    return {
      set: conflicting.reduce((all, { set }) => union(all, set), EMPTY_SET),
      conflicts: conflicting.flatMap(({ one, set }) => memberNames(set).map((field) => conflict(one, field))),
    };
  }
  const left = managers.map((one) => {
    if (one === mine) return one;
    return { ...one, set: difference(difference(one.set, intersection(one.set, added)), removed) };
  });
  return { object, managers: left.filter((one) => !isEmptySet(one.set)) };
}

function conflict({ manager, subresource, operation, apiVersion }: Manager, field: string): ApiFault {
  const by = subresource === '' ? '' : ` with subresource "${subresource}"`;
  const how = operation === 'Update' ? ` using ${apiVersion}` : '';
  return { pointer: '', field, reason: 'FieldManagerConflict', detail: `conflict with "${manager}"${by}${how}` };
}

/** Fields that the last client-side apply set and that are still so: kubectl may take them over without a conflict. */
function takenOver(live: Fields, type: string): FieldSet | undefined {
  const noted = notedManifest(live);
  if (noted === undefined || noted === 'broken') return undefined;
  const { added, removed, modified } = compare(noted, live, type);
  return difference(difference(difference(fieldSetOf(noted, type), modified), added), removed);
}

/**
 * Applies a manifest under a manager's name. `live` is the object as it is stored (empty where it is new), without
 * managed fields. Conflicts with other managers are reported unless `force`. kubectl's own manager takes over what its
 * note of the last client-side apply holds.
 */
export function serverApply(
  live: Fields,
  config: Fields,
  type: string,
  managers: readonly Manager[],
  own: Pick<Manager, 'manager' | 'apiVersion'>,
  force: boolean,
): ServerApply {
  if (own.manager !== 'kubectl') return applied(live, config, type, managers, own, force);
  return withNewNote(asKubectl(live, config, type, managers, own, force), config);
}

/** kubectl's note, where there is one, is of the manifest that was applied last, on whichever side. */
function withNewNote(result: ServerApply, config: Fields): ServerApply {
  if ('conflicts' in result) return result;
  const metadata = fieldsIn(result.object.metadata);
  const annotations = fieldsIn(metadata.annotations);
  if (annotations[LAST_APPLIED] === undefined) return result;
  const noted = { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: serverNoteText(config) } };
  return { ...result, object: { ...result.object, metadata: noted } };
}

function asKubectl(
  live: Fields,
  config: Fields,
  type: string,
  managers: readonly Manager[],
  own: Pick<Manager, 'manager' | 'apiVersion'>,
  force: boolean,
): ServerApply {
  const first = applied(live, config, type, managers, own, force);
  if (!('conflicts' in first)) return first;
  const allowed = takenOver(live, type);
  if (allowed === undefined) return first;
  const names = new Set(memberNames(difference(first.set, allowed)));
  if (names.size > 0) return { ...first, conflicts: first.conflicts.filter(({ field }) => names.has(field)) };
  return applied(live, config, type, managers, own, true);
}

const NOTE = setOf(false, [
  ['f:metadata', setOf(false, [['f:annotations', setOf(false, [[`f:${LAST_APPLIED}`, MEMBER]])]])],
]);

const ownsNote = ({ set }: Manager) => !isEmptySet(intersection(set, NOTE));

/**
 * The managers after kubectl has handed what client-side apply owned over to server-side apply, and whether there was
 * anything to hand over: then the manifest is applied once more. The note keeps an owner of its own. Source: kubectl
 * pkg/cmd/apply (`saveLastApplyAnnotationIfNecessary`, `migrateToSSAIfNecessary`), client-go util/csaupgrade.
 */
export function handedOver(
  managers: readonly Manager[],
  hasNote: boolean,
  apiVersion: string,
): { readonly managers: readonly Manager[]; readonly isAnything: boolean } {
  let all = [...managers];
  if (hasNote && !all.some((one) => one.operation === 'Apply' && ownsNote(one))) {
    all = [...all, { manager: 'kubectl-last-applied', operation: 'Apply', apiVersion, subresource: '', set: NOTE }];
  }
  const former = all.filter((one) => one.operation === 'Update' && one.subresource === '' && ownsNote(one));
  if (former.length === 0) return { managers: all, isAnything: false };
  const own = all.find((one) => isSame(one, { manager: 'kubectl', operation: 'Apply', subresource: '' }));
  const set = [...former, ...(own === undefined ? [] : [own])].reduce((sum, one) => union(sum, one.set), EMPTY_SET);
  const kubectl: Manager = { manager: 'kubectl', operation: 'Apply', apiVersion, subresource: '', set };
  return { managers: [...all.filter((one) => !former.includes(one) && one !== own), kubectl], isAnything: true };
}

/** The managers after an update by a client that does not apply on the server's side (`Updater.Update`). */
export function managersAfterUpdate(
  before: Fields,
  after: Fields,
  type: string,
  managers: readonly Manager[],
  own: Pick<Manager, 'manager' | 'apiVersion'>,
): readonly Manager[] {
  const compared = compare(before, after, type);
  const added = without(withoutIdentity(union(compared.modified, compared.added)), RESET);
  const removed = compared.removed;
  const me = { manager: own.manager, operation: 'Update', subresource: '' } as const;
  const mine = managers.find((one) => isSame(one, me));
  const others = managers
    .filter((one) => one !== mine)
    .map((one) => ({ ...one, set: difference(difference(one.set, added), removed) }));
  const set = union(difference(mine?.set ?? EMPTY_SET, removed), added);
  return [...others, { ...me, apiVersion: own.apiVersion, set }].filter((one) => !isEmptySet(one.set));
}
