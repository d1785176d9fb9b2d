import { isDeepStrictEqual } from '../base/deep-equal.js';
import { isRecord } from '../base/record.js';
import { remember } from '../base/remember.js';
import { checkAddresses } from './check-addresses.js';
import type { ClusterObjects } from './cluster.js';
import { endpointSliceFrom } from './endpoint-slice.js';
import { isUsedConfigMap, isUsedKind, itemKind, type UsedKind, usedKind } from './kinds.js';
import type { ConfigMap, EndpointSlice, KubernetesObject } from './objects.js';
import { type Placed, placeOf } from './placed.js';
import { quoted, type SnapshotProblems } from './problems.js';
import { repaired } from './repair.js';
import { type Resource, readResource, resourceRole } from './resources.js';
import { sentenceOf } from './schema-sentences.js';
import { schemaErrors } from './schemas.js';
import { SharedEndpoints } from './share-endpoints.js';

/** A document of a snapshot: a parsed value and where it is. */
export interface SnapshotDocument {
  readonly value: unknown;
  /** JSON Pointer of the document in the snapshot; empty when it is all of it. */
  readonly pointer: string;
  /** The file it came from, when there are several. */
  readonly file?: string | undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Equal for a cluster: apart from how the object was fetched (API version) and who wrote which of its fields. */
function sameContent(a: KubernetesObject, b: KubernetesObject): boolean {
  const content = (object: KubernetesObject) => ({
    ...object,
    apiVersion: undefined,
    metadata: { ...object.metadata, managedFields: undefined },
  });
  return isDeepStrictEqual(a, b) || isDeepStrictEqual(content(a), content(b));
}

/** Collects the objects of a snapshot's documents, whatever lists they are in; notes what is wrong with them. */
export class ObjectCollector {
  readonly kept: Readonly<Record<UsedKind, Placed[]>> = {
    Node: [],
    Pod: [],
    Service: [],
    EndpointSlice: [],
    Endpoints: [],
    Deployment: [],
    ReplicaSet: [],
    StatefulSet: [],
    DaemonSet: [],
    ConfigMap: [],
  };
  /** Network policies, namespaces and settings of data planes. Of one that is there twice the later counts. */
  readonly resources: Resource[] = [];
  /** How many objects of other kinds there were. */
  readonly ignored = new Map<string, number>();
  /** The message of the last `Status` object: what kubectl --raw gives instead of objects when a request fails. */
  failure: string | undefined;
  readonly #problems: SnapshotProblems;
  readonly #shared: SharedEndpoints | undefined;
  /** ConfigMaps that nothing is read from. */
  readonly #unread: ConfigMap[] = [];
  /** By kind, namespace and name: no key has to be made for each object. */
  readonly #seen = new Map<string, Map<string, Map<string, Placed>>>();

  /** `areOwn`: the documents are nobody else's, so that what is equal in them can be shared. */
  constructor(problems: SnapshotProblems, areOwn = false) {
    this.#problems = problems;
    this.#shared = areOwn ? new SharedEndpoints() : undefined;
  }

  add(document: SnapshotDocument): void {
    this.#value(document.value, document.pointer, -1, document.file, undefined, undefined);
  }

  /** A list, an array of lists or an object. `kind` and `apiVersion` are those that a typed list says of its items. */
  #value(
    value: unknown,
    base: string,
    index: number,
    file: string | undefined,
    kind: string | undefined,
    apiVersion: unknown,
  ): void {
    const place = () => (index < 0 ? base : `${base}/${index}`);
    if (Array.isArray(value)) {
      const inside = place();
      for (let i = 0; i < value.length; i++) this.#value(value[i], inside, i, file, undefined, undefined);
      return;
    }
    if (!isRecord(value)) {
      const detail = `Here is ${quoted(value)}; it must be a Kubernetes object or a list of them.`;
      this.#problems.add(place(), detail, file);
      return;
    }
    const own = value.kind ?? kind;
    if (typeof own !== 'string' || own === '') {
      const detail =
        own === undefined || own === ''
          ? 'The object has no "kind"; a snapshot holds Kubernetes objects, each with kind and apiVersion.'
          : `kind is ${quoted(own)}; it must be a string such as "Service".`;
      this.#problems.add(place(), detail, file);
      return;
    }
    const items = value.items;
    const ofItems = itemKind(own);
    if (own === 'List' || (ofItems !== undefined && (items !== undefined || usedKind(ofItems, undefined)))) {
      this.#list(items, place(), file, ofItems, value.apiVersion);
      return;
    }
    this.#object(value, own, value.apiVersion ?? apiVersion, base, index, file);
  }

  #list(items: unknown, at: string, file: string | undefined, kind: string | undefined, apiVersion: unknown): void {
    // Go prints a list without items as null.
    if (items === null) return;
    if (!Array.isArray(items)) {
      const detail = items === undefined ? 'The list has no "items"' : `items is ${quoted(items)}`;
      this.#problems.add(items === undefined ? at : `${at}/items`, `${detail}; it must be an array of objects.`, file);
      return;
    }
    const base = `${at}/items`;
    for (let i = 0; i < items.length; i++) {
      this.#value(items[i], base, i, file, kind, kind === undefined ? undefined : apiVersion);
    }
  }

  #ignore(kind: string): void {
    this.ignored.set(kind, (this.ignored.get(kind) ?? 0) + 1);
  }

  #object(
    value: JsonObject,
    kind: string,
    apiVersion: unknown,
    base: string,
    index: number,
    file: string | undefined,
  ): void {
    // Null stands for absent, as everywhere in Kubernetes.
    const version = apiVersion ?? undefined;
    if (version !== undefined && typeof version !== 'string' && isUsedKind(kind)) {
      const detail = `apiVersion is ${quoted(version)}; it must be a string such as "v1".`;
      this.#problems.add(`${index < 0 ? base : `${base}/${index}`}/apiVersion`, detail, file);
      return;
    }
    const used = usedKind(kind, version);
    if (used === undefined && resourceRole(kind, version) !== undefined) {
      this.#resource(value, kind, version, index < 0 ? base : `${base}/${index}`, file);
      return;
    }
    if (used === undefined) {
      if (kind === 'Status' && typeof value.message === 'string') this.failure = value.message;
      this.#ignore(kind);
      return;
    }
    if (used === 'ConfigMap') {
      const metadata = isRecord(value.metadata) ? value.metadata : {};
      if (!isUsedConfigMap(metadata.namespace, metadata.name)) {
        this.#ignore('ConfigMap');
        // Nothing is read from it, but a manifest may be applied to it.
        if (schemaErrors(used, value) === undefined) this.#unread.push({ kind, ...value } as unknown as ConfigMap);
        return;
      }
    }
    let object = value;
    let errors = schemaErrors(used, object);
    if (errors !== undefined) {
      object = repaired(object) as JsonObject;
      errors = schemaErrors(used, object);
    }
    if (errors !== undefined) {
      for (const error of errors) {
        const { pointer, detail } = sentenceOf(error);
        const at = index < 0 ? base : `${base}/${index}`;
        this.#problems.add(at + pointer, detail, file);
      }
      return;
    }
    if (object.kind === undefined) object = { kind, apiVersion, ...object };
    // From here on the object is what its schema says, which is what the type says.
    let typed = object as unknown as KubernetesObject;
    if (used === 'EndpointSlice') {
      const slice = endpointSliceFrom(typed as EndpointSlice);
      this.#shared?.share(slice.endpoints);
      typed = slice;
    }
    const placed: Placed = { object: typed, base, index, file };
    if (!this.#isRepeated(placed)) {
      this.kept[used].push(placed);
      checkAddresses(placed, this.#problems);
    }
  }

  #resource(value: JsonObject, kind: string, apiVersion: unknown, at: string, file: string | undefined): void {
    const read = readResource(kind, apiVersion, value);
    if ('faults' in read) {
      for (const { pointer, detail } of read.faults) this.#problems.add(at + pointer, detail, file);
      return;
    }
    this.resources.push(read.resource);
  }

  /** Whether the object was met before: the same again is left out, a different one of the same name is a problem. */
  #isRepeated(placed: Placed): boolean {
    const { object } = placed;
    const { namespace, name } = object.metadata;
    const space = object.kind === 'Node' ? '' : (namespace ?? 'default');
    const ofKind = remember(this.#seen, object.kind, () => new Map<string, Map<string, Placed>>());
    const ofSpace = remember(ofKind, space, () => new Map<string, Placed>());
    const before = ofSpace.get(name);
    if (before === undefined) {
      ofSpace.set(name, placed);
      return false;
    }
    if (!sameContent(before.object, object)) {
      const where = before.file === undefined || before.file === placed.file ? '' : ` of ${before.file}`;
      const key = object.kind === 'Node' ? `Node/${name}` : `${object.kind}/${space}/${name}`;
      const detail =
        `${key} is here and, with other content, at ` + `${placeOf(before) || '/'}${where}; keep one of the two.`;
      this.#problems.add(placeOf(placed), detail, placed.file);
    }
    return true;
  }

  /** The kept objects, in the order of the snapshot. */
  objects(): ClusterObjects {
    const of = <T extends KubernetesObject>(...kinds: readonly UsedKind[]) =>
      kinds.flatMap((kind) => this.kept[kind].map((placed) => placed.object as T));
    return {
      nodes: of('Node'),
      pods: of('Pod'),
      services: of('Service'),
      endpointSlices: of('EndpointSlice'),
      endpoints: of('Endpoints'),
      workloads: of('Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'),
      configMaps: [...this.#unread, ...of<ConfigMap>('ConfigMap')],
      resources: this.resources,
    };
  }
}
