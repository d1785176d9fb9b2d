import { withDefaults } from '../../api-server/defaults.js';
import { withCanonicalQuantities } from '../../api-server/stored-form.js';
import { kubectlPatch, withPatch } from '../../api-server/strategic-merge.js';
import { unknownFields } from '../../api-server/unknown-fields.js';
import { isDeepStrictEqual } from '../../base/deep-equal.js';
import { checkObject } from '../../cluster/check-object.js';
import { type Cluster, workloadKey } from '../../cluster/cluster.js';
import { isUsedConfigMap, type UsedKind, usedKind } from '../../cluster/kinds.js';
import { type KubernetesObject, namespacedName, type Service } from '../../cluster/objects.js';
import { resourceRole } from '../../cluster/resources.js';
import type { Assumption } from '../../cluster/settings.js';
import { generatedUid } from '../../control-plane/generated-name.js';
import { timestamp } from '../../control-plane/new-pods.js';
import { withFirstClusterIP } from '../../control-plane/new-service.js';
import type { ChangeContext, ChangeResult, Consequence } from '../change.js';
import { unchanged } from '../combine.js';
import { controlPlaneVersion } from '../control-plane-version.js';
import { refuse } from '../refusal.js';
import { LAST_APPLIED_ANNOTATION, withoutLastApplied } from '../update-service.js';
import { actOn, type Input, sameService } from './act-on-object.js';
import { applyResource } from './apply-resource.js';
import type { Manifest } from './read-manifests.js';
import { notServed } from './served-versions.js';
import { unknownServiceFields } from './service-fields.js';
import { threeWayMerge } from './three-way-merge.js';

type Fields = Readonly<Record<string, unknown>>;

/** Whether an object was made, changed, left as it was, or is of no use for this service. */
export type Outcome = 'OBJECT_CREATED' | 'OBJECT_CONFIGURED' | 'OBJECT_UNCHANGED' | 'OBJECT_IGNORED';

/** What became of one manifest. */
export interface AppliedManifest {
  readonly outcome: Outcome;
  readonly result: ChangeResult;
  /** Whether settings may be read differently now: kube-proxy's configuration, or a node, is another. */
  readonly touchesSettings: boolean;
}

/** What the API server fills in, and takes from no manifest. */
const SERVER_FIELDS = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'resourceVersion',
  'generation',
  'managedFields',
  'selfLink',
];

const WHY_IGNORED: Readonly<Record<string, string>> = {
  Ingress: 'its controller is a client of Services like others: what it forwards is not part of the model',
  HorizontalPodAutoscaler: 'it does not act here: a change of kind scale sets the number of replicas',
};

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function find(cluster: Cluster, kind: UsedKind, namespace: string, name: string): KubernetesObject | undefined {
  const key = `${namespace}/${name}`;
  switch (kind) {
    case 'Node':
      return cluster.nodes.get(name);
    case 'Pod':
      return cluster.pods.get(key);
    case 'Service':
      return cluster.services.get(key);
    case 'EndpointSlice':
      return cluster.endpointSlices.get(key);
    case 'Endpoints':
      return cluster.endpoints.get(key);
    case 'ConfigMap':
      return cluster.configMaps.get(key);
    default:
      return cluster.workloads.get(workloadKey(kind, namespace, name));
  }
}

/** The manifest as it is applied: with its namespace, without what only servers write. */
function applied(manifest: Manifest, kind: UsedKind, namespace: string): Fields {
  const { status, metadata, ...value } = manifest.value;
  const kept = Object.entries(isFields(metadata) ? metadata : {}).filter(([key]) => !SERVER_FIELDS.includes(key));
  // A Service's status tells the address of its load balancer, which a snapshot of the later cluster would show.
  const told = kind === 'Service' && status !== undefined && status !== null ? { status } : {};
  const { namespace: _namespace, annotations, ...plain } = Object.fromEntries(kept);
  // What was printed from a cluster carries the note of the last apply; this apply writes its own.
  const { [LAST_APPLIED_ANNOTATION]: _last, ...noted } = isFields(annotations) ? annotations : {};
  const own = isFields(annotations)
    ? { ...plain, ...(Object.keys(noted).length === 0 ? {} : { annotations: noted }) }
    : { ...plain, ...(annotations === undefined ? {} : { annotations }) };
  return { ...value, metadata: kind === 'Node' ? own : { ...own, namespace }, ...told };
}

function lastApplied(current: KubernetesObject): Fields | undefined {
  const text = current.metadata.annotations?.[LAST_APPLIED_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The manifest as kubectl compares it: it always has annotations, and the note of the last apply among them. */
function withNote(manifest: Fields, before: KubernetesObject): Fields {
  const metadata = isFields(manifest.metadata) ? manifest.metadata : {};
  const note = before.metadata.annotations?.[LAST_APPLIED_ANNOTATION];
  const own = isFields(metadata.annotations) ? metadata.annotations : {};
  const annotations = note === undefined ? own : { ...own, [LAST_APPLIED_ANNOTATION]: note };
  if (before.metadata.annotations === undefined && Object.keys(annotations).length === 0) return manifest;
  return { ...manifest, metadata: { ...metadata, annotations } };
}

function annotated(value: Fields, manifest: Fields): Fields {
  const metadata = isFields(value.metadata) ? value.metadata : {};
  const annotations = {
    ...(isFields(metadata.annotations) ? metadata.annotations : {}),
    [LAST_APPLIED_ANNOTATION]: `${JSON.stringify(manifest)}\n`,
  };
  return { ...value, metadata: { ...metadata, annotations } };
}

function checked<T extends KubernetesObject>(kind: UsedKind, value: Fields, manifest: Manifest): T {
  const result = checkObject(kind, withDefaults(kind, value));
  if ('object' in result) return result.object as T;
  refuse(
    result.faults.map(({ pointer, detail }) => manifest.fault(pointer, detail)),
    `${manifest.origin}: the ${kind}`,
  );
  return value as unknown as T;
}

function told(outcome: Outcome, object: string, detail: string): Consequence {
  return { kind: outcome, object, detail };
}

function nameIn(
  manifest: Manifest,
  namespace: string | undefined,
): { readonly namespace: string; readonly name: string } {
  const metadata = isFields(manifest.value.metadata) ? manifest.value.metadata : {};
  const own = metadata.namespace;
  return {
    namespace: typeof own === 'string' && own !== '' ? own : (namespace ?? 'default'),
    name: typeof metadata.name === 'string' ? metadata.name : '',
  };
}

function ignored(cluster: Cluster, manifest: Manifest, object: string): AppliedManifest {
  const why = WHY_IGNORED[manifest.kind] ?? 'nothing that is answered here depends on it';
  const consequences = [told('OBJECT_IGNORED', object, `${why} (${manifest.origin})`)];
  return { outcome: 'OBJECT_IGNORED', result: { ...unchanged(cluster), consequences }, touchesSettings: false };
}

/** Objects that kube-proxy's configuration is read from. */
function holdsSettings(kind: UsedKind, namespace: string): boolean {
  // Data planes run as DaemonSets of any namespace.
  return kind === 'ConfigMap' || kind === 'DaemonSet' || (namespace === 'kube-system' && kind === 'Pod');
}

/**
 * Applies one object as `kubectl apply` does: makes it where it is not there, else merges the manifest into it, and lets
 * the API server and the controllers act. `namespace` is that of objects that name none. Throws QuestionError
 * IMPOSSIBLE_CHANGE with the place in the manifest where the API server would refuse it, NOT_FOUND for a pod's node.
 */
export function applyManifest(
  cluster: Cluster,
  manifest: Manifest,
  namespace: string | undefined,
  context: ChangeContext,
  pointer: string,
): AppliedManifest {
  const named = nameIn(manifest, namespace);
  const kind = usedKind(manifest.kind, manifest.apiVersion);
  if (kind === undefined && resourceRole(manifest.kind, manifest.apiVersion) !== undefined) {
    return applyResource(cluster, manifest, named.namespace);
  }
  const object = `${manifest.kind} ${kind === 'Node' ? named.name : `${named.namespace}/${named.name}`}`;
  if (manifest.apiVersion !== undefined) {
    const refusal = notServed(manifest.kind, manifest.apiVersion, controlPlaneVersion(cluster, context.settings));
    if (refusal !== undefined) refuse([manifest.fault('/apiVersion', refusal)], object);
  }
  if (kind === undefined || (kind === 'ConfigMap' && !isUsedConfigMap(named.namespace, named.name))) {
    return ignored(cluster, manifest, object);
  }
  if (named.name === '') {
    const { generateName } = Object(manifest.value.metadata) as { readonly generateName?: unknown };
    const detail =
      generateName === undefined
        ? `The ${kind} has no metadata.name.`
        : 'generateName cannot be applied, as kubectl says too: the object needs a metadata.name.';
    refuse([manifest.fault('/metadata/name', detail)], object);
  }
  if (kind === 'Service') {
    refuse(
      unknownServiceFields(manifest.value).map(({ place, detail }) => manifest.fault(place, detail)),
      object,
    );
  }
  const unknown = kind === 'Service' ? [] : unknownFields(manifest.value, kind);
  refuse(
    unknown.map((place) => manifest.fault(place, `${place.split('/').at(-1)} is no field of a ${kind} at this place.`)),
    object,
  );
  const input: Input = { cluster, manifest, context, pointer };
  const value = applied(manifest, kind, named.namespace);
  const before = find(cluster, kind, named.namespace, named.name);
  const touchesSettings = holdsSettings(kind, named.namespace);
  if (before === undefined) {
    const { metadata } = value as { readonly metadata: Fields };
    const made = {
      uid: generatedUid(`${kind}/${named.namespace}/${named.name}`),
      creationTimestamp: timestamp(context.at),
    };
    const whole = annotated({ ...value, metadata: { ...metadata, ...made } }, value);
    const result = actOn(input, undefined, checked(kind, threeWayMerge({}, {}, whole, {}), manifest));
    const consequences = [told('OBJECT_CREATED', object, `created (${manifest.origin})`), ...result.consequences];
    return { outcome: 'OBJECT_CREATED', result: { ...result, consequences }, touchesSettings };
  }
  const former = lastApplied(before);
  // The API version says how an object is written down, not what it is.
  const { apiVersion: _version, ...fields } = value;
  const { apiVersion: _former, ...formerFields } = former ?? {};
  const current = before as unknown as Fields;
  const patch = kubectlPatch(formerFields, withNote(fields, before), current, kind);
  const laid = withPatch(current, withCanonicalQuantities(patch, kind) as Fields, kind);
  const merged: Fields =
    before.kind === 'Service' ? { ...withFirstClusterIP(before, laid as unknown as Service) } : laid;
  const asItIs = (): AppliedManifest => ({
    outcome: 'OBJECT_UNCHANGED',
    result: {
      ...unchanged(cluster),
      consequences: [told('OBJECT_UNCHANGED', object, `is so already (${manifest.origin})`)],
    },
    touchesSettings: false,
  });
  if (isDeepStrictEqual(withoutLastApplied(merged as unknown as KubernetesObject), withoutLastApplied(before)))
    return asItIs();
  const wanted: KubernetesObject = checked(kind, annotated(merged, value), manifest);
  const result = actOn(input, before, wanted);
  if (wanted.kind === 'Service') {
    const key = namespacedName(wanted);
    const after = result.cluster.services.get(key);
    if (after !== undefined && sameService(before as Service, after, context, cluster)) return asItIs();
  }
  const merging: readonly Assumption[] =
    former === undefined
      ? [
          {
            field: 'changes.apply',
            value: object,
            why: `The object has no annotation ${LAST_APPLIED_ANNOTATION}: what the manifest leaves out stays as it is.`,
          },
        ]
      : [];
  return {
    outcome: 'OBJECT_CONFIGURED',
    result: {
      ...result,
      consequences: [told('OBJECT_CONFIGURED', object, `changed (${manifest.origin})`), ...result.consequences],
      assumptions: [...merging, ...result.assumptions],
    },
    touchesSettings: touchesSettings || kind === 'Node',
  };
}
