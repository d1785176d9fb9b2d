/**
 * apply: every object that the changes of a request create, change or delete, before and after, or why it is refused.
 */

import type { ApiFault } from '../../api-server/faults.js';
import { completed, TOKEN_VOLUME, typeOfKind } from '../../api-server/stored-object.js';
import { isDeepStrictEqual } from '../../base/deep-equal.js';
import { remember } from '../../base/remember.js';
import type { Refusal, StoredObject } from '../../changes/change.js';
import { controlPlaneVersion } from '../../changes/control-plane-version.js';
import { RefusedObject } from '../../changes/refused-change.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { Assumption, KubernetesVersion } from '../../cluster/settings.js';
import type { Answer, AppliedChange, AppliedObject, ApplyResult, Finding } from '../../contract/answers.js';
import type { QuestionRequest } from '../../contract/requests.js';
import { shownFindings } from '../findings/index.js';
import { changesWithoutEffect } from '../findings/no-effect.js';
import { prepare } from '../prepare.js';
import { summed } from '../summaries/index.js';

type Fields = Readonly<Record<string, unknown>>;
type Stored = Fields & {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

/** The maps of a cluster that hold objects. */
const STORES = [
  'resources',
  'configMaps',
  'services',
  'workloads',
  'nodes',
  'pods',
  'endpoints',
  'endpointSlices',
] as const satisfies readonly (keyof Cluster)[];

/** Objects by key, as far as they are read here. */
interface Objects {
  get(key: string): Stored | undefined;
  keys(): Iterable<string>;
  values(): Iterable<Stored>;
}

/** What a server draws for a new object. */
const DRAWN_METADATA = ['uid', 'creationTimestamp'] as const;

function textOf(value: unknown): string {
  return typeof value === 'object' ? '' : String(value);
}

/** Places in a value that hold one of these texts, and held something else before. */
function drawnPlaces(before: unknown, after: unknown, taken: ReadonlySet<string>, place: string): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (typeof after !== 'object' || after === null) return taken.has(textOf(after)) ? [place] : [];
  return Object.entries(after).flatMap(([key, value]) => {
    const token = key.replaceAll('~', '~0').replaceAll('/', '~1');
    return drawnPlaces((Object(before) as Fields)[key], value, taken, `${place}/${token}`);
  });
}

function identity({ kind, metadata }: Stored): Pick<AppliedObject, 'kind' | 'namespace' | 'name'> {
  const { name, namespace } = metadata;
  return { kind, ...(namespace === undefined ? {} : { namespace }), name };
}

function keyOf({ kind, namespace = '', name }: Pick<AppliedObject, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace}/${name}`;
}

const drawn = new WeakMap<readonly AppliedChange[], ReadonlyMap<string, ReadonlySet<string>>>();

/** The values that Kubernetes drew, by the object that ends the sentence of a choice. */
function drawnIn(changes: readonly AppliedChange[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { what, taken } of changes.flatMap((change) => change.choices)) {
    remember(found, what.slice(what.lastIndexOf(' ') + 1), () => new Set<string>()).add(taken);
  }
  return found;
}

/** The values that Kubernetes drew for an object, as the choices of the changes tell them. */
function takenFor(changes: readonly AppliedChange[], { namespace, name }: AppliedObject): Iterable<string> {
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  return remember(drawn, changes, () => drawnIn(changes)).get(key) ?? [];
}

const STORED_METADATA = ['managedFields', 'selfLink'];

/** An object as it is shown: with its defaults, without what says only who set which field. */
function shownObject(object: Stored | undefined): Stored | undefined {
  if (object === undefined) return undefined;
  const type = typeOfKind(object.kind, typeof object.apiVersion === 'string' ? object.apiVersion : undefined);
  const whole = type === undefined ? object : (completed(object.kind, type, object) as Stored);
  const metadata = Object.entries(whole.metadata).filter(([key]) => !STORED_METADATA.includes(key));
  return { ...whole, metadata: Object.fromEntries(metadata) as Stored['metadata'] };
}

function applied(
  head: Pick<AppliedObject, 'kind' | 'namespace' | 'name'>,
  before: Stored | undefined,
  after: Stored,
  outcome: AppliedObject['outcome'],
  changes: readonly AppliedChange[],
): AppliedObject {
  const [old, now] = [shownObject(before), shownObject(after)];
  const object: AppliedObject = { ...head, outcome, ...(old === undefined ? {} : { before: old }), after: now };
  const metadata: Fields = now?.metadata ?? {};
  const own = DRAWN_METADATA.filter((field) => old === undefined && metadata[field] !== undefined);
  const taken = new Set([...takenFor(changes, object), ...(head.kind === 'Pod' ? [TOKEN_VOLUME] : [])]);
  const places = [...own.map((field) => `/metadata/${field}`), ...drawnPlaces(old, now, taken, '')];
  return places.length === 0 ? object : { ...object, drawn: places };
}

/** What lies between two clusters, object by object. */
function differing(before: Cluster, after: Cluster, changes: readonly AppliedChange[]): AppliedObject[] {
  const found: AppliedObject[] = [];
  for (const store of STORES) {
    const [was, is] = [before[store], after[store]] as unknown as readonly Objects[];
    if (was === is || was === undefined || is === undefined) continue;
    for (const key of new Set([...was.keys(), ...is.keys()])) {
      const [old, now] = [was.get(key), is.get(key)];
      const some = now ?? old;
      if (some === undefined || old === now || isDeepStrictEqual(old, now)) continue;
      const head = identity(some);
      if (now === undefined) found.push({ ...head, outcome: 'DELETED', before: shownObject(old) });
      else found.push(applied(head, old, now, old === undefined ? 'CREATED' : 'CONFIGURED', changes));
    }
  }
  return found;
}

/** Reasons that say all: kubectl's own, and those of the API server that name no field. */
const WITHOUT_CAUSES: readonly string[] = [
  'UnknownKind',
  'NoName',
  'OtherNamespace',
  'BrokenNote',
  'BrokenPatch',
  'NotFound',
  'Forbidden',
];

/** Causes of one place and one reason as one, as clients of the API server show them. */
function distinct(causes: readonly ApiFault[]) {
  const found = new Map<string, { readonly field: string; readonly reason: string; readonly message: string }>();
  for (const { field, reason, detail } of causes) {
    const key = `${reason} ${field}`;
    const message = [found.get(key)?.message, detail].filter((text) => text !== undefined).join(' ');
    found.set(key, { field, reason, message });
  }
  return [...found.values()];
}

function refused({ kind, namespace, name, error }: Refusal): AppliedObject {
  const isTyped = error instanceof RefusedObject;
  const causes = isTyped
    ? distinct(WITHOUT_CAUSES.includes(error.reason) ? [] : error.causes)
    : error.problems.map(({ detail }) => ({ field: '', reason: 'FieldValueInvalid' as const, message: detail }));
  const reason = isTyped ? error.reason : error.code === 'NOT_FOUND' ? 'NotFound' : 'Invalid';
  return {
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    outcome: 'REFUSED',
    error: { reason, message: error.message, causes },
  };
}

/** All objects of a cluster by kind, namespace and name. */
function objectsOf(cluster: Cluster): ReadonlyMap<string, Stored> {
  const all = new Map<string, Stored>();
  for (const store of STORES) {
    for (const object of (cluster[store] as unknown as Objects).values()) all.set(keyOf(identity(object)), object);
  }
  return all;
}

/** What manifests say that is of kinds that the model does not use, and what changes nothing. */
function untouched(changes: readonly AppliedChange[], all: ReadonlyMap<string, Stored>): AppliedObject[] {
  return changes
    .flatMap(({ consequences }) => consequences)
    .flatMap(({ kind: word, object }): AppliedObject[] => {
      if (word !== 'OBJECT_UNCHANGED' && word !== 'OBJECT_IGNORED') return [];
      const [kind = '', place = ''] = object.split(' ');
      const [namespace, name = namespace ?? ''] = place.split('/') as [string, string?];
      const head = { kind, ...(place.includes('/') ? { namespace } : {}), name };
      if (word === 'OBJECT_IGNORED') return [{ ...head, outcome: 'IGNORED' }];
      const stored = shownObject(all.get(keyOf(head)));
      return [{ ...head, outcome: 'UNCHANGED', ...(stored === undefined ? {} : { before: stored, after: stored }) }];
    });
}

/**
 * The objects of manifests as the API server stores them, before controllers act. Where a later change of the request
 * changed the object again, the cluster has the last word.
 */
function storedObjects(
  stored: readonly StoredObject[],
  former: ReadonlyMap<string, Stored>,
  changes: readonly AppliedChange[],
): AppliedObject[] {
  const last = new Map<string, StoredObject>();
  const first = new Map<string, StoredObject['outcome']>();
  for (const one of stored) {
    const key = keyOf(one as AppliedObject);
    last.set(key, one);
    // What is created and then changed is created; what is changed and then left alone is changed.
    if (first.get(key) === undefined || first.get(key) === 'UNCHANGED') first.set(key, one.outcome);
  }
  return [...last].map(([key, { kind, namespace, name, object }]) => {
    const head = { kind, ...(namespace === undefined ? {} : { namespace }), name };
    return applied(head, former.get(key), object as Stored, first.get(key) ?? 'UNCHANGED', changes);
  });
}

/** The version whose API server the model is compared with. */
const MODELLED = 36;

/** What an outcome other than REFUSED does not promise. */
function validation(version: KubernetesVersion): Assumption {
  const other =
    version.minor === MODELLED
      ? ''
      : ` The cluster is of 1.${version.minor}: what is documented to differ is followed, the rest is taken to ` +
        'be alike.';
  return {
    field: 'apply.validation',
    value: `Kubernetes 1.${MODELLED}`,
    why:
      `Objects are stored and refused as kube-apiserver 1.${MODELLED} does with its default feature gates and ` +
      `admission.${other} Webhooks, quotas and policies of admission are not known: kubectl apply ` +
      '--dry-run=server has the last word.',
  };
}

/**
 * Makes the changes of a request and lists each object that they create, change, leave as it was or delete, with its
 * state before and after. What the API server refuses is an outcome, and the other changes are made. Throws
 * QuestionError for a request or snapshot that is not valid.
 */
export function answerApply(request: QuestionRequest, snapshot: Snapshot): Answer<ApplyResult> {
  const seen: (Refusal | StoredObject)[] = [];
  const prepared = prepare(request, snapshot, {
    refused: (refusal) => seen.push(refusal),
    stored: (object) => seen.push(object),
  });
  const stored = seen.filter((one): one is StoredObject => 'outcome' in one);
  const before = prepared.earlier?.cluster ?? prepared.cluster;
  const onlyManifests = (request.changes ?? []).every(({ apply }) => apply !== undefined);
  const manifests = storedObjects(stored, objectsOf(before), prepared.changes);
  const own = new Set(manifests.map(keyOf));
  const changed = differing(before, prepared.cluster, prepared.changes);
  const later = new Set(onlyManifests ? [] : changed.map(keyOf));
  const known = new Set([...changed.map(keyOf), ...own]);
  const others = untouched(prepared.changes, objectsOf(prepared.cluster)).filter((one) => !known.has(keyOf(one)));
  const { kinds } = request.apply ?? {};
  const byKey = new Map(manifests.filter((one) => !later.has(keyOf(one))).map((one) => [keyOf(one), one]));
  const inOrder = seen.flatMap((one): readonly AppliedObject[] => {
    if (!('outcome' in one)) return [refused(one)];
    const key = keyOf(one as AppliedObject);
    const object = byKey.get(key);
    byKey.delete(key);
    return object === undefined ? [] : [object];
  });
  const objects = [
    ...inOrder,
    ...changed.filter((one) => later.has(keyOf(one)) || !own.has(keyOf(one))),
    ...others,
  ].filter(({ kind }) => kinds === undefined || kinds.includes(kind));
  // A change that is refused did not fail to matter: its outcome says so.
  const isRefused = ({ evidence }: Finding) =>
    seen.some((one) => !('outcome' in one) && `${one.place}/`.startsWith(`${evidence.pointer}/`));
  const withoutEffect = changesWithoutEffect(prepared.changes).filter((found) => !isRefused(found));
  const findings = shownFindings(withoutEffect, request.findings);
  return summed(
    'apply',
    request,
    prepared.answer(
      { result: { objects }, assumptions: [validation(controlPlaneVersion(before, prepared.settings))] },
      findings,
    ),
  );
}
