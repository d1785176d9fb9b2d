import { typeFault, unknownFieldFaults } from '../../api-server/decode.js';
import { type ApiFault, Place } from '../../api-server/faults.js';
import { LAST_APPLIED, notedManifest } from '../../api-server/note.js';
import { storedForm } from '../../api-server/stored-form.js';
import { completed, typeOfKind } from '../../api-server/stored-object.js';
import { type Fields, fieldsIn, textIn } from '../../api-server/values.js';
import { isDeepStrictEqual } from '../../base/deep-equal.js';
import { checkObject } from '../../cluster/check-object.js';
import type { Cluster } from '../../cluster/cluster.js';
import { isUsedConfigMap, type UsedKind, usedKind } from '../../cluster/kinds.js';
import type { KubernetesObject, Service } from '../../cluster/objects.js';
import { isNamespaced as namespacedResource, resourceRole } from '../../cluster/resources.js';
import type { Assumption } from '../../cluster/settings.js';
import { addressRules } from '../../control-plane/api-rules.js';
import { generatedUid } from '../../control-plane/generated-name.js';
import { timestamp } from '../../control-plane/new-pods.js';
import type { ChangeContext, ChangeResult, Consequence, StoredObject } from '../change.js';
import { unchanged } from '../combine.js';
import { controlPlaneVersion } from '../control-plane-version.js';
import { withoutLastApplied } from '../update-service.js';
import { actOn, type Input, sameService } from './act-on-object.js';
import { applyResource } from './apply-resource.js';
import { findObject } from './find-object.js';
import { kubectlRefusal } from './kubectl-checks.js';
import type { Manifest } from './read-manifests.js';
import { notServed } from './served-versions.js';
import { refused, type Subject, sentAndStored } from './subject.js';

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
export type Outcome = 'OBJECT_CREATED' | 'OBJECT_CONFIGURED' | 'OBJECT_UNCHANGED' | 'OBJECT_IGNORED';

/** What became of one manifest. */
export interface AppliedManifest {
  readonly outcome: Outcome;
  readonly result: ChangeResult;
  /** Whether settings may be read differently now: kube-proxy's configuration, or a node, is another. */
  readonly touchesSettings: boolean;
}

const WHY_IGNORED: Readonly<Record<string, string>> = {
  Ingress: 'its controller is a client of Services like others: what it forwards is not part of the model',
  HorizontalPodAutoscaler: 'it does not act here: a change of kind scale sets the number of replicas',
};

/** How manifests are applied: `namespace` is that of objects that name none. */
export interface ApplyOptions {
  readonly namespace: string | undefined;
}

function told(outcome: Outcome, object: string, detail: string): Consequence {
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
function keptStatus(before: KubernetesObject | undefined, after: Fields): unknown {
  return fieldsIn(after.spec).type === 'LoadBalancer' ? (fieldsIn(before).status ?? {}) : {};
}

function nothingDone(cluster: Cluster, { object, manifest }: Subject): AppliedManifest {
  const consequences = [told('OBJECT_UNCHANGED', object, `is so already (${manifest.origin})`)];
  return { outcome: 'OBJECT_UNCHANGED', result: { ...unchanged(cluster), consequences }, touchesSettings: false };
}

function ignored(cluster: Cluster, manifest: Manifest, object: string): AppliedManifest {
  const why = WHY_IGNORED[manifest.kind] ?? 'nothing that is answered here depends on it';
  const consequences = [told('OBJECT_IGNORED', object, `${why} (${manifest.origin})`)];
  return { outcome: 'OBJECT_IGNORED', result: { ...unchanged(cluster), consequences }, touchesSettings: false };
}

const metadataOf = (object: Fields): Fields => fieldsIn(object.metadata);

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
  const version = controlPlaneVersion(cluster, context.settings);
  const input: Input = { cluster, manifest, context, pointer };
  const { sent, stored } = sentAndStored({ ...subject, before: before as unknown as Fields }, addressRules(version));
  const tell = (outcome: StoredObject['outcome'], value: Fields | undefined) =>
    context.stored?.({ kind, namespace, name, outcome, object: value ?? {} });
  if (sent === undefined) {
    tell('UNCHANGED', stored);
    return nothingDone(cluster, subject);
  }
  const touchesSettings = holdsSettings(kind, namespace ?? '');
  const complete = (result: ChangeResult) =>
    storedForm(
      result.stored === undefined ? stored : { ...result.stored, status: keptStatus(before, result.stored) },
      kind,
    ) as Fields;
  if (before === undefined) {
    const metadata = {
      ...metadataOf(sent),
      uid: generatedUid(`${kind}/${namespace ?? 'default'}/${name}`),
      creationTimestamp: timestamp(context.at),
    };
    const result = actOn(input, undefined, checked(kind, { ...sent, metadata }, manifest));
    tell('CREATED', {
      ...complete(result),
      metadata: { ...metadataOf(complete(result)), uid: metadata.uid, creationTimestamp: metadata.creationTimestamp },
    });
    const consequences = [told('OBJECT_CREATED', object, `created (${manifest.origin})`), ...result.consequences];
    return { outcome: 'OBJECT_CREATED', result: { ...result, consequences }, touchesSettings };
  }
  const wanted: KubernetesObject = checked(kind, sent, manifest);
  // A trimmed snapshot lacks defaults that a manifest may name: they are no change.
  const whole = (value: unknown) => completed(kind, subject.type, withoutLastApplied(value as never));
  if (kind !== 'Service' && isDeepStrictEqual(whole(wanted), whole(before))) {
    tell('CONFIGURED', stored);
    return nothingDone(cluster, subject);
  }
  const result = actOn(input, before, wanted);
  tell('CONFIGURED', complete(result));
  const after = result.cluster.services.get(`${namespace}/${name}`);
  if (kind === 'Service' && after !== undefined && sameService(before as Service, after, context, cluster)) {
    return nothingDone(cluster, subject);
  }
  const merging: readonly Assumption[] =
    notedManifest(before as unknown as Fields) === undefined
      ? [
          {
            field: 'changes.apply',
            value: object,
            why: `The object has no annotation ${LAST_APPLIED}: what the manifest leaves out stays as it is.`,
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

/** A ConfigMap that nothing is read from: it is stored, so that a later manifest finds it. */
function applyConfigMap(cluster: Cluster, subject: Subject, context: ChangeContext): AppliedManifest {
  const { manifest, namespace = 'default', name, object } = subject;
  const before = cluster.configMaps.get(`${namespace}/${name}`) as unknown as Fields | undefined;
  const { sent, stored } = sentAndStored({ ...subject, before }, { strict: true });
  const outcome = sent === undefined ? 'UNCHANGED' : before === undefined ? 'CREATED' : 'CONFIGURED';
  context.stored?.({ kind: 'ConfigMap', namespace, name, outcome, object: stored ?? {} });
  if (sent === undefined) return ignored(cluster, manifest, object);
  const next = cluster.with({ configMaps: new Map([[`${namespace}/${name}`, checked('ConfigMap', sent, manifest)]]) });
  return ignored(next, manifest, object);
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
 * Applies one object as `kubectl apply` does: makes it where it is not there, else merges the manifest into it, and lets
 * the API server and the controllers act. Throws RefusedObject with the place in the manifest where kubectl or the API server refuses
 * it, QuestionError NOT_FOUND for a pod's node.
 */
export function applyManifest(
  cluster: Cluster,
  manifest: Manifest,
  { namespace }: ApplyOptions,
  context: ChangeContext,
  pointer: string,
): AppliedManifest {
  const { kind, apiVersion } = manifest;
  const used = usedKind(kind, apiVersion);
  const isResource = used === undefined && resourceRole(kind, apiVersion) !== undefined;
  const isNamespaced = isResource ? namespacedResource(kind, apiVersion) : !CLUSTER_KINDS.includes(kind);
  const named = nameIn(manifest, namespace);
  const object = `${kind} ${isNamespaced ? `${named.namespace}/` : ''}${named.name}`;
  const served =
    apiVersion === undefined ? undefined : notServed(kind, apiVersion, controlPlaneVersion(cluster, context.settings));
  const own = kubectlRefusal(manifest, isNamespaced, namespace, served);
  if (own !== undefined) refused({ manifest, object }, own.causes, own.reason);
  const type = typeOfKind(kind, apiVersion ?? undefined) ?? (used === undefined ? undefined : kind);
  const subject: Subject = {
    manifest,
    kind,
    type: type ?? 'any',
    namespace: isNamespaced ? named.namespace : undefined,
    name: named.name,
    object,
    before: undefined,
  };
  if (isResource) return applyResource(cluster, subject, context);
  if (used === 'ConfigMap' && !isUsedConfigMap(named.namespace, named.name))
    return applyConfigMap(cluster, subject, context);
  return used === undefined ? passOver(cluster, manifest, object) : applyUsed(cluster, used, subject, context, pointer);
}
