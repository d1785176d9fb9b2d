/** apply: every object that the changes of a request create, change or delete, before and after, or why it is refused. */
import { isDeepStrictEqual } from '../../base/deep-equal.js';
import type { QuestionError } from '../../base/errors.js';
import type { Refusal } from '../../changes/change.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { Answer, AppliedChange, AppliedObject, ApplyResult } from '../../contract/answers.js';
import type { QuestionRequest } from '../../contract/requests.js';
import { toldFindings } from '../findings/index.js';
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

/** The values that Kubernetes drew for an object, as the choices of the changes tell them. */
function takenFor(changes: readonly AppliedChange[], { namespace, name }: AppliedObject): ReadonlySet<string> {
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  const choices = changes.flatMap((change) => change.choices);
  return new Set(choices.filter(({ what }) => what.endsWith(` ${key}`)).map(({ taken }) => taken));
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
      if (now === undefined) {
        found.push({ ...head, outcome: 'DELETED', before: old });
        continue;
      }
      const object: AppliedObject = {
        ...head,
        outcome: old === undefined ? 'CREATED' : 'CONFIGURED',
        ...(old === undefined ? {} : { before: old }),
        after: now,
      };
      const { metadata } = now as { readonly metadata: Fields };
      const own = DRAWN_METADATA.filter((field) => old === undefined && metadata[field] !== undefined);
      const places = drawnPlaces(old, now, takenFor(changes, object), '');
      const drawn = [...own.map((field) => `/metadata/${field}`), ...places];
      found.push(drawn.length === 0 ? object : { ...object, drawn });
    }
  }
  return found;
}

/** `spec.ports[0].port`, as the API server names a place. */
function fieldName(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => (/^\d+$/.test(token) ? `[${token}]` : `.${token.replaceAll('~1', '/').replaceAll('~0', '~')}`))
    .join('')
    .replace(/^\./, '');
}

function refused({ kind, namespace, name, place, error }: Refusal): AppliedObject {
  const causes = error.problems.map(({ pointer, detail }) => {
    // JSON Pointers do not reach into a text, so the sentence names the place.
    const inText = /^[^:]*, (\/[^\s:]+): /.exec(detail)?.[1];
    const own = pointer.startsWith(place) ? pointer.slice(place.length) : '';
    return { field: fieldName(inText ?? own), message: detail };
  });
  return {
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    outcome: 'REFUSED',
    error: { reason: reasonOf(error), message: error.message, causes },
  };
}

function reasonOf({ code }: QuestionError): string {
  return code === 'NOT_FOUND' ? 'NotFound' : 'Invalid';
}

/** What manifests say that change nothing: `Service shop/web` and whether it is so already. */
function untouched(changes: readonly AppliedChange[], cluster: Cluster): AppliedObject[] {
  const all = new Map<string, unknown>();
  for (const store of STORES) {
    for (const object of (cluster[store] as unknown as Objects).values()) all.set(keyOf(identity(object)), object);
  }
  return changes
    .flatMap(({ consequences }) => consequences)
    .flatMap(({ kind: word, object }): AppliedObject[] => {
      if (word !== 'OBJECT_UNCHANGED' && word !== 'OBJECT_IGNORED') return [];
      const [kind = '', place = ''] = object.split(' ');
      const [namespace, name = namespace ?? ''] = place.split('/') as [string, string?];
      const head = { kind, ...(place.includes('/') ? { namespace } : {}), name };
      if (word === 'OBJECT_IGNORED') return [{ ...head, outcome: 'IGNORED' }];
      const stored = all.get(keyOf(head));
      return [{ ...head, outcome: 'UNCHANGED', ...(stored === undefined ? {} : { before: stored, after: stored }) }];
    });
}

/** What an outcome other than REFUSED does not promise. */
const VALIDATION = {
  field: 'apply.validation',
  value: 'client-side apply of Kubernetes 1.36',
  why: 'Not every rule of the API server is known, nor its admission controllers: it may refuse or change what is accepted here. kubectl apply --dry-run=server has the last word.',
} as const;

/**
 * Makes the changes of a request and lists each object that they create, change, leave as it was or delete, with its state
 * before and after. What the API server refuses is an outcome, and the other changes are made. Throws QuestionError for a
 * request or snapshot that is not valid.
 */
export function answerApply(request: QuestionRequest, snapshot: Snapshot): Answer<ApplyResult> {
  const refusals: Refusal[] = [];
  const prepared = prepare(request, snapshot, (refusal) => refusals.push(refusal));
  const before = prepared.earlier?.cluster ?? prepared.cluster;
  const changed = differing(before, prepared.cluster, prepared.changes);
  const known = new Set(changed.map(keyOf));
  const others = untouched(prepared.changes, prepared.cluster).filter((one) => !known.has(keyOf(one)));
  const { kinds } = request.apply ?? {};
  const objects = [...refusals.map(refused), ...changed, ...others].filter(
    ({ kind }) => kinds === undefined || kinds.includes(kind),
  );
  const findings = toldFindings(changesWithoutEffect(prepared.changes), request.findings);
  return summed('apply', request, prepared.answer({ result: { objects }, assumptions: [VALIDATION] }, findings));
}
