import { typeFault, unknownFieldFaults } from '../../api-server/decode.js';
import { type ApiFault, Place } from '../../api-server/faults.js';
import { LAST_APPLIED, notedManifest } from '../../api-server/note.js';
import { type Fields, fieldsIn, textIn } from '../../api-server/read-fields.js';
import { storedForm } from '../../api-server/stored-form.js';
import { completed, typeOfKind } from '../../api-server/stored-object.js';
import { isDeepStrictEqual } from '../../base/deep-equal.js';
import { QuestionError } from '../../base/errors.js';
import { checkObject } from '../../cluster/check-object.js';
import type { Cluster } from '../../cluster/cluster.js';
import { isUsedConfigMap, type UsedKind, usedKind } from '../../cluster/kinds.js';
import type { KubernetesObject, Service } from '../../cluster/objects.js';
import { isNamespaced as namespacedResource, resourceKey, resourceRole } from '../../cluster/resources.js';
import type { Assumption } from '../../cluster/settings.js';
import { addressRules } from '../../control-plane/api-rules.js';
import { generatedUid } from '../../control-plane/generated-name.js';
import { timestamp } from '../../control-plane/new-pods.js';
import type { ChangeContext, ChangeResult, Consequence, StoredObject } from '../change.js';
import { unchanged } from '../combine.js';
import { controlPlaneVersion } from '../control-plane-version.js';
import { RefusedObject } from '../refused-change.js';
import { storedService, withoutLastApplied } from '../update-service.js';
import { actOn, type Input, sameService } from './act-on-object.js';
import { applyResource } from './apply-resource.js';
import { findObject, withObject } from './find-object.js';
import { kubectlRefusal } from './kubectl-checks.js';
import type { Manifest } from './read-manifests.js';
import { notServed } from './served-versions.js';
import type { Store } from './storing.js';
import {
  type AppliedManifest,
  type ApplyMode,
  type Outcome,
  plainStore,
  refused,
  type Subject,
  sentAndStored,
} from './subject.js';

/** Kinds without namespaces that a repository usually has. */
const CLUSTER_KINDS = [
  'Node',
  'Namespace',
  'PersistentVolume',
  'StorageClass',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'PriorityClass',
  'IngressClass',
  'GatewayClass',
  'RuntimeClass',
  'CSIDriver',
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'APIService',
];

/** Whether an object was made, changed, left as it was, or is of no use for this service. */
const WHY_IGNORED: Readonly<Record<string, string>> = {
  HorizontalPodAutoscaler: 'it does not act here: a change of kind scale sets the number of replicas',
};

/** How manifests are applied: `namespace` is that of objects that name none. */
export interface ApplyOptions extends ApplyMode {
  readonly namespace: string | undefined;
  /** The only namespace that manifests may name. */
  readonly enforced: string | undefined;
}

function consequence(outcome: Outcome, object: string, detail: string): Consequence {
  return { kind: outcome, object, detail };
}

function nameIn(
  { value }: Manifest,
  namespace: string | undefined,
): { readonly namespace: string; readonly name: string } {
  const metadata = fieldsIn(value.metadata);
  return { namespace: textIn(metadata.namespace) || (namespace ?? 'default'), name: textIn(metadata.name) };
}

/** Objects that kube-proxy's configuration is read from. */
function holdsSettings(kind: string, namespace: string): boolean {
  // Data planes run as DaemonSets of any namespace.
  return kind === 'ConfigMap' || kind === 'DaemonSet' || (namespace === 'kube-system' && kind === 'Pod');
}

/** A value as an object of its kind, as the model reads it. */
function checked<T extends KubernetesObject>(kind: UsedKind, value: Fields, manifest: Manifest): T {
  // A Service is validated where its addresses are settled.
  if (kind === 'Service') return value as unknown as T;
  const result = checkObject(kind, value);
  if ('object' in result) return result.object as T;
  const causes = result.faults.map(
    ({ pointer, detail }): ApiFault => ({ pointer, field: fieldOf(pointer), reason: 'FieldValueInvalid', detail }),
  );
  refused({ manifest, object: `${manifest.origin}: the ${kind}` }, causes);
  return value as unknown as T;
}

/** `spec.ports[0].port`, as the API server names a place. */
function fieldOf(pointer: string): string {
  const tokens = pointer.split('/').slice(1);
  return tokens.reduce(
    (place, token) =>
      /^\d+$/.test(token) ? place.index(Number(token)) : place.child(token.replaceAll('~1', '/').replaceAll('~0', '~')),
    Place.root,
  ).field;
}

/** Of a Service's status only a load balancer keeps its addresses. */
function keptStatus(before: Fields | undefined, after: Fields): unknown {
  return fieldsIn(after.spec).type === 'LoadBalancer' ? (before?.status ?? {}) : {};
}

function nothingDone(
  cluster: Cluster,
  { object, manifest }: Subject,
  assumptions: readonly Assumption[],
): AppliedManifest {
  const consequences = [consequence('OBJECT_UNCHANGED', object, `is so already (${manifest.origin})`)];
  const result = { ...unchanged(cluster), consequences, assumptions };
  return { outcome: 'OBJECT_UNCHANGED', result, touchesSettings: false };
}

function ignored(cluster: Cluster, manifest: Manifest, object: string): AppliedManifest {
  const why = WHY_IGNORED[manifest.kind] ?? 'nothing that is answered here depends on it';
  const consequences = [consequence('OBJECT_IGNORED', object, `${why} (${manifest.origin})`)];
  return { outcome: 'OBJECT_IGNORED', result: { ...unchanged(cluster), consequences }, touchesSettings: false };
}

/** What stores objects of a kind in this cluster. */
function storeOf(cluster: Cluster, kind: UsedKind, type: string, context: ChangeContext): Store {
  if (kind !== 'Service') return plainStore(kind, type, addressRules(controlPlaneVersion(cluster, context.settings)));
  return (before, object) => {
    const service = storedService(cluster, before as Service | undefined, object as unknown as Service, context);
    const status = keptStatus(before, service.service as never);
    const stored = storedForm({ ...service.service, status }, kind) as Fields;
    return { object: stored, faults: service.faults, service };
  };
}

/** That other managers could not be seen. */
function unmanaged({ object }: Subject): Assumption {
  return {
    field: 'changes.apply.managedFields',
    value: object,
    why:
      'The snapshot has no managed fields of it (kubectl prints them with --show-managed-fields): nobody else ' +
      'is taken to own a field, so there are no conflicts, and what the manifest leaves out stays.',
  };
}

/** That there is no note of the last apply. */
function unnoted({ object }: Subject): Assumption {
  return {
    field: 'changes.apply',
    value: object,
    why: `The object has no annotation ${LAST_APPLIED}: what the manifest leaves out stays as it is.`,
  };
}

/**
 * What controllers make of an object that is stored. Where that is beyond the model and the question is about the
 * objects themselves, the object is put into the cluster without it, and the answer says so.
 */
function acting(
  input: Input,
  kind: UsedKind,
  before: KubernetesObject | undefined,
  wanted: KubernetesObject,
  { object }: Subject,
): ChangeResult {
  const beyond = (cluster: Cluster, why: string): ChangeResult => ({
    ...unchanged(cluster),
    assumptions: [{ field: 'changes.apply', value: object, why }],
  });
  let readable: KubernetesObject | undefined;
  try {
    readable = checked(kind, wanted as unknown as Fields, input.manifest);
    return actOn(input, before, readable);
  } catch (error) {
    const isLimit = error instanceof QuestionError && (readable === undefined || !(error instanceof RefusedObject));
    if (!isLimit || input.context.stored === undefined) throw error;
    // What the API server takes and this service cannot read is in no answer about traffic.
    if (readable === undefined) return beyond(input.cluster, `It is not read here: ${error.message}`);
    const next = withObject(input.cluster, kind, readable);
    return beyond(next, `What controllers make of it is not worked out: ${error.message}`);
  }
}

/** The object of a used kind is made or changed, and the controllers act. */
function applyUsed(
  cluster: Cluster,
  kind: UsedKind,
  subject: Subject,
  context: ChangeContext,
  pointer: string,
): AppliedManifest {
  const { manifest, namespace, name, object } = subject;
  const before = findObject(cluster, kind, namespace ?? 'default', name);
  const whole = { ...subject, before: before as unknown as Fields };
  const { sent, stored, service, isUnmanaged } = sentAndStored(whole, storeOf(cluster, kind, subject.type, context));
  const input: Input = { cluster, manifest, context, pointer, ...(service === undefined ? {} : { service }) };
  const tell = (outcome: StoredObject['outcome'], value: Fields) =>
    context.stored?.({ kind, namespace, name, outcome, object: value });
  const assumptions = isUnmanaged ? [unmanaged(subject)] : [];
  const nothing = () => nothingDone(cluster, subject, assumptions);
  if (sent === undefined) {
    tell('UNCHANGED', stored);
    return nothing();
  }
  const touchesSettings = holdsSettings(kind, namespace ?? '');
  if (before === undefined) {
    const drawn = {
      uid: generatedUid(`${kind}/${namespace ?? 'default'}/${name}`),
      creationTimestamp: timestamp(context.at),
    };
    const withDrawn = (value: Fields): Fields => ({ ...value, metadata: { ...fieldsIn(value.metadata), ...drawn } });
    const result = acting(input, kind, undefined, withDrawn(sent) as never, subject);
    tell('CREATED', withDrawn(stored));
    const consequences = [
      consequence('OBJECT_CREATED', object, `created (${manifest.origin})`),
      ...result.consequences,
    ];
    return { outcome: 'OBJECT_CREATED', result: { ...result, consequences }, touchesSettings };
  }
  const wanted = sent as unknown as KubernetesObject;
  // A trimmed snapshot lacks defaults that a manifest may name: they are no change.
  const bare = (value: unknown) => completed(kind, subject.type, withoutLastApplied(value as never));
  const isSame = kind !== 'Service' && isDeepStrictEqual(bare(wanted), bare(before));
  const isWord = subject.serverSide && isDeepStrictEqual(bare(stored), bare(before)) ? 'UNCHANGED' : 'CONFIGURED';
  if (isSame) {
    tell(isWord, stored);
    return nothing();
  }
  const result = acting(input, kind, before, wanted, subject);
  tell(isWord, stored);
  const after = result.cluster.services.get(`${namespace}/${name}`);
  if (kind === 'Service' && after !== undefined && sameService(before as Service, after, context, cluster))
    return nothing();
  const isNoted = subject.serverSide || notedManifest(before as unknown as Fields) !== undefined;
  return {
    outcome: 'OBJECT_CONFIGURED',
    result: {
      ...result,
      consequences: [consequence('OBJECT_CONFIGURED', object, `changed (${manifest.origin})`), ...result.consequences],
      assumptions: [...assumptions, ...(isNoted ? [] : [unnoted(subject)]), ...result.assumptions],
    },
    touchesSettings: touchesSettings || kind === 'Node',
  };
}

/** A ConfigMap that nothing is read from: it is stored, so that a later manifest finds it. */
function applyConfigMap(cluster: Cluster, subject: Subject, context: ChangeContext): AppliedManifest {
  const { manifest, namespace = 'default', name, object } = subject;
  const key = `${namespace}/${name}`;
  const before = cluster.configMaps.get(key) as unknown as Fields | undefined;
  const { sent, stored } = sentAndStored(
    { ...subject, before },
    plainStore('ConfigMap', 'ConfigMap', { strict: true }),
  );
  const outcome = sent === undefined ? 'UNCHANGED' : before === undefined ? 'CREATED' : 'CONFIGURED';
  context.stored?.({ kind: 'ConfigMap', namespace, name, outcome, object: stored });
  if (sent === undefined) return ignored(cluster, manifest, object);
  const isListed = [...cluster.configMaps.values()].some(
    ({ metadata }) => !isUsedConfigMap(metadata.namespace, metadata.name),
  );
  const why = 'The snapshot holds no ConfigMaps of applications: this one is taken to be new.';
  const taken = { field: 'snapshot.configMaps', value: object, why };
  const assumptions = before === undefined && !isListed && context.stored !== undefined ? [taken] : [];
  const next = cluster.with({ configMaps: new Map([[key, checked('ConfigMap', sent, manifest)]]) });
  const passed = ignored(next, manifest, object);
  return { ...passed, result: { ...passed.result, assumptions } };
}

/**
 * Whether a namespace is known not to be there: the snapshot lists namespaces, as every cluster has them, and this is
 * not among them.
 */
function isMissing({ resources }: Cluster, name: string): boolean {
  const has = (namespace: string) =>
    resources.has(resourceKey({ kind: 'Namespace', apiVersion: 'v1', metadata: { name: namespace } }));
  return has('default') && has('kube-system') && !has(name);
}

/** An object of a kind that is not part of the model: refused where the schema shows why, else passed over. */
function passOver(cluster: Cluster, manifest: Manifest, object: string): AppliedManifest {
  const type = typeOfKind(manifest.kind, manifest.apiVersion);
  if (type !== undefined) {
    const wrong = typeFault(manifest.value, type);
    refused(
      { manifest, object },
      wrong === undefined ? unknownFieldFaults(manifest.value, type) : [wrong],
      'BadRequest',
    );
  }
  return ignored(cluster, manifest, object);
}

/**
 * Applies one object as `kubectl apply` does: makes it where it is not there, else merges the manifest into it, and
 * lets the API server and the controllers act. Throws RefusedObject with the place in the manifest where kubectl or the
 * API server refuses it, QuestionError NOT_FOUND for a pod's node.
 */
export function applyManifest(
  cluster: Cluster,
  manifest: Manifest,
  options: ApplyOptions,
  context: ChangeContext,
  pointer: string,
): AppliedManifest & { readonly namespace: string | undefined; readonly name: string } {
  const used = usedKind(manifest.kind, manifest.apiVersion);
  const isScoped = hasNamespace(manifest, used);
  const { namespace, name } = nameIn(manifest, options.namespace);
  const applied = appliedOne(cluster, manifest, options, context, pointer);
  return { ...applied, namespace: isScoped ? namespace : undefined, name };
}

function hasNamespace({ kind, apiVersion }: Manifest, used: UsedKind | undefined): boolean {
  const isResource = used === undefined && resourceRole(kind, apiVersion) !== undefined;
  return isResource ? namespacedResource(kind, apiVersion) : !CLUSTER_KINDS.includes(kind);
}

function appliedOne(
  cluster: Cluster,
  manifest: Manifest,
  { namespace, enforced, serverSide, force }: ApplyOptions,
  context: ChangeContext,
  pointer: string,
): AppliedManifest {
  const { kind, apiVersion } = manifest;
  const used = usedKind(kind, apiVersion);
  const isResource = used === undefined && resourceRole(kind, apiVersion) !== undefined;
  const isNamespaced = hasNamespace(manifest, used);
  const named = nameIn(manifest, namespace);
  const object = `${kind} ${isNamespaced ? `${named.namespace}/` : ''}${named.name}`;
  const served =
    apiVersion === undefined ? undefined : notServed(kind, apiVersion, controlPlaneVersion(cluster, context.settings));
  const own = kubectlRefusal(manifest, isNamespaced, enforced, served);
  if (own !== undefined) refused({ manifest, object }, own.causes, own.reason);
  if (isNamespaced && isMissing(cluster, named.namespace)) {
    const detail = `There is no namespace ${named.namespace}; apply it first.`;
    const causes: ApiFault[] = [{ pointer: '/metadata/namespace', field: '', reason: 'FieldValueNotFound', detail }];
    refused({ manifest, object }, causes, 'NotFound');
  }
  const type = typeOfKind(kind, apiVersion ?? undefined) ?? (used === undefined ? undefined : kind);
  const subject: Subject = {
    manifest,
    kind,
    type: type ?? 'any',
    namespace: isNamespaced ? named.namespace : undefined,
    name: named.name,
    object,
    before: undefined,
    serverSide,
    force,
  };
  if (isResource) return applyResource(cluster, subject, context);
  if (used === 'ConfigMap' && !isUsedConfigMap(named.namespace, named.name))
    return applyConfigMap(cluster, subject, context);
  return used === undefined ? passOver(cluster, manifest, object) : applyUsed(cluster, used, subject, context, pointer);
}
