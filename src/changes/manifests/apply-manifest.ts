import { isDeepStrictEqual } from 'node:util';
import { QuestionError } from '../../base/errors.js';
import { checkObject } from '../../cluster/check-object.js';
import { type Cluster, workloadKey } from '../../cluster/cluster.js';
import { isUsedConfigMap, type UsedKind, usedKind } from '../../cluster/kinds.js';
import {
  type EndpointSlice,
  type Endpoints,
  type KubernetesObject,
  type Node,
  namespacedName,
  type Pod,
  SERVICE_NAME_LABEL,
  type Service,
  type Workload,
} from '../../cluster/objects.js';
import type { Assumption } from '../../cluster/settings.js';
import { podsOfWorkload } from '../../cluster/workload-pods.js';
import { generatedUid } from '../../control-plane/generated-name.js';
import { mirroredSlices } from '../../control-plane/mirrored-slices.js';
import { timestamp } from '../../control-plane/new-pods.js';
import { withFirstClusterIP, withServiceDefaults } from '../../control-plane/new-service.js';
import { MANAGED_BY_LABEL, MIRRORING_CONTROLLER } from '../../control-plane/slice-metadata.js';
import type { ChangeContext, ChangeResult, Consequence } from '../change.js';
import { then, unchanged } from '../combine.js';
import { controlPlaneVersion } from '../control-plane-version.js';
import { addNode } from '../node-add.js';
import { placePods } from '../place-pods.js';
import { impossible, refuse } from '../refusal.js';
import { replaceNode, replacePod, replaceSlice } from '../replace-object.js';
import { SETTLED, settle } from '../settle.js';
import { LAST_APPLIED_ANNOTATION, updateService, withoutLastApplied } from '../update-service.js';
import { updateWorkload } from '../update-workload.js';
import { mergeRules } from './merge-keys.js';
import { podFaults } from './pod-faults.js';
import type { Manifest } from './read-manifests.js';
import { unknownServiceFields } from './service-fields.js';
import { threeWayMerge } from './three-way-merge.js';
import { workloadFaults } from './workload-faults.js';

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
  NetworkPolicy: 'what network policies let through is not part of the model',
  Ingress: 'its controller is a client of Services like others: what it forwards is not part of the model',
  HorizontalPodAutoscaler: 'it does not act here: a change of kind scale sets the number of replicas',
};

interface Input {
  readonly cluster: Cluster;
  readonly manifest: Manifest;
  readonly context: ChangeContext;
  /** JSON Pointer of the manifest in the request. */
  readonly pointer: string;
}

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

function annotated(value: Fields, manifest: Fields): Fields {
  const metadata = isFields(value.metadata) ? value.metadata : {};
  const annotations = {
    ...(isFields(metadata.annotations) ? metadata.annotations : {}),
    [LAST_APPLIED_ANNOTATION]: `${JSON.stringify(manifest)}\n`,
  };
  return { ...value, metadata: { ...metadata, annotations } };
}

function checked<T extends KubernetesObject>(kind: UsedKind, value: Fields, manifest: Manifest): T {
  const result = checkObject(kind, value);
  if ('object' in result) return result.object as T;
  refuse(
    result.faults.map(({ pointer, detail }) => manifest.fault(pointer, detail)),
    `${manifest.origin}: the ${kind}`,
  );
  return value as unknown as T;
}

/** Errors of what acts on the object, told at the manifest. */
function placed(manifest: Manifest, place: string, act: () => ChangeResult): ChangeResult {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof QuestionError) || error.code === 'UNSUPPORTED') throw error;
    const problems = error.problems.map(({ detail }) => ({ ...manifest.fault(place, detail), in: 'request' as const }));
    const [first] = problems;
    throw new QuestionError(
      error.code,
      problems.length === 1 && first !== undefined ? first.detail : error.message,
      problems,
    );
  }
}

/** Whether two states of a Service are the same once defaults are filled in, which trimmed snapshots may lack. */
function sameService(a: Service, b: Service, context: ChangeContext, cluster: Cluster): boolean {
  const version = controlPlaneVersion(cluster, context.settings);
  const whole = (service: Service) => {
    const { spec, ...rest } = withoutLastApplied(withServiceDefaults(undefined, service, version));
    const ports = (spec?.ports ?? []).map((port) => ({ protocol: 'TCP', targetPort: port.port, ...port }));
    return { ...rest, status: service.status ?? { loadBalancer: {} }, spec: { ...spec, ports } };
  };
  return isDeepStrictEqual(whole(a), whole(b));
}

function mirrored(cluster: Cluster, endpoints: Endpoints, context: ChangeContext): ChangeResult {
  const key = namespacedName(endpoints);
  const service = cluster.services.get(key);
  const stored = cluster.with({ endpoints: new Map([[key, endpoints]]) });
  if (service === undefined || service.spec?.type === 'ExternalName') return unchanged(stored);
  if (Object.keys(service.spec?.selector ?? {}).length > 0) {
    const why =
      'Its Service has a selector: the Endpoints controller would set this object back to what pods show, and kube-proxy does not read it.';
    return { ...unchanged(stored), assumptions: [{ field: 'changes.apply', value: `Endpoints ${key}`, why }] };
  }
  const old = cluster
    .slicesOf(key)
    .filter(({ metadata }) => metadata.labels?.[MANAGED_BY_LABEL] === MIRRORING_CONTROLLER);
  const edit = new Map<string, EndpointSlice | undefined>(old.map((slice) => [namespacedName(slice), undefined]));
  const bare = stored.with({ endpointSlices: edit });
  const slices = mirroredSlices(bare, service, endpoints);
  const after = bare.with({ endpointSlices: new Map(slices.map((slice) => [namespacedName(slice), slice])) });
  const done = settle(cluster, after, {}, context);
  const consequences = slices.map(
    (slice): Consequence => ({
      kind: 'SLICE_CHANGED',
      object: namespacedName(slice),
      detail: `mirrors the Endpoints object with ${slice.endpoints.length} endpoints`,
    }),
  );
  return { cluster: done.cluster, choices: [], consequences, assumptions: done.assumptions };
}

function applyService(
  { cluster, manifest, context, pointer }: Input,
  before: Service | undefined,
  wanted: Service,
): ChangeResult {
  const updated = updateService(cluster, before, wanted, context, pointer, (fault) =>
    manifest.fault(fault.pointer, fault.detail),
  );
  const key = namespacedName(wanted);
  if (before !== undefined) return updated;
  const endpoints = cluster.endpoints.get(key);
  if (endpoints !== undefined) return then(updated, context, (current, now) => mirrored(current, endpoints, now));
  if (cluster.pods.size > 0 || Object.keys(wanted.spec?.selector ?? {}).length === 0) return updated;
  const why =
    'The snapshot holds no pods at all, so the new Service has no endpoints: include pods to see those it selects.';
  const assumption: Assumption = { field: 'snapshot.pods', value: `Service ${key}`, why };
  return { ...updated, assumptions: [...updated.assumptions, assumption] };
}

function applyPod({ cluster, manifest, context, pointer }: Input, before: Pod | undefined, wanted: Pod): ChangeResult {
  refuse(
    podFaults(before, wanted).map(({ place, detail }) => manifest.fault(place, detail)),
    `Pod ${namespacedName(wanted)}`,
  );
  if (before !== undefined) return replacePod(cluster, before, wanted, context);
  const version = controlPlaneVersion(cluster, context.settings);
  const { nodeName } = wanted.spec ?? {};
  const pending: Pod = { ...wanted, status: { phase: 'Pending' } };
  const placement = nodeName ? [nodeName] : [];
  const started = placePods(cluster, [pending], { placement, at: context.at, version, inOrder: false, pointer });
  const done = settle(cluster, cluster.with({ pods: started.pods }), { pods: [...started.pods.values()] }, context);
  return {
    cluster: done.cluster,
    choices: started.choices,
    consequences: [...started.consequences, ...done.consequences],
    assumptions: [...started.assumptions, ...done.assumptions, SETTLED],
  };
}

function applyNode(
  { cluster, manifest, context, pointer }: Input,
  before: Node | undefined,
  wanted: Node,
): ChangeResult {
  const { labels } = wanted.metadata;
  const { taints, podCIDR, podCIDRs, unschedulable } = wanted.spec ?? {};
  if (before === undefined) {
    if (unschedulable === true) {
      throw impossible(
        pointer,
        manifest.fault(
          '/spec/unschedulable',
          'A new node that takes no pods: apply it without, then cordon it with a change of kind node.',
        ).detail,
      );
    }
    const ranges = podCIDRs ?? (podCIDR ? [podCIDR] : undefined);
    const known = {
      ...(labels === undefined ? {} : { labels }),
      ...(taints === undefined ? {} : { taints }),
      ...(ranges === undefined ? {} : { podCIDRs: ranges }),
    };
    return placed(manifest, '', () => addNode(cluster, wanted.metadata.name, known, context, pointer));
  }
  const fixed = (['podCIDR', 'podCIDRs', 'providerID'] as const).filter(
    (key) => before.spec?.[key] !== undefined && !isDeepStrictEqual(before.spec[key], wanted.spec?.[key]),
  );
  refuse(
    fixed.map((key) =>
      manifest.fault(
        `/spec/${key}`,
        `${key} of a node cannot be changed; it is ${JSON.stringify(before.spec?.[key])}.`,
      ),
    ),
    `Node ${wanted.metadata.name}`,
  );
  return replaceNode(cluster, before, wanted, context);
}

function applyWorkload(
  { cluster, manifest, context, pointer }: Input,
  before: Workload | undefined,
  wanted: Workload,
): ChangeResult {
  const { kind } = wanted;
  const { name, namespace = 'default' } = wanted.metadata;
  refuse(
    workloadFaults(before, wanted).map(({ place, detail }) => manifest.fault(place, detail)),
    `${kind} ${namespace}/${name}`,
  );
  if (before === undefined) {
    // The snapshot may have been taken without this kind: then the object is not new, and its pods are there.
    const known = cluster.with({ workloads: new Map([[workloadKey(kind, namespace, name), wanted]]) });
    const own = podsOfWorkload(known, kind, namespace, name).filter(
      (pod) => pod.metadata.ownerReferences?.[0] !== undefined,
    );
    if (own.length > 0) {
      const detail = `The snapshot holds ${own.length} pods of ${kind} ${namespace}/${name}, but not the ${kind} itself: include ${kind.toLowerCase()}s in it (kubectl get deployments,replicasets,statefulsets,daemonsets -A -o json).`;
      refuse([manifest.fault('/metadata/name', detail)], detail);
    }
  }
  return placed(manifest, '/spec', () => updateWorkload(cluster, before, wanted, context, pointer));
}

function applySlice(
  { cluster, manifest, context }: Input,
  before: EndpointSlice | undefined,
  wanted: EndpointSlice,
): ChangeResult {
  if (before !== undefined && before.addressType !== wanted.addressType) {
    refuse(
      [manifest.fault('/addressType', `addressType cannot be changed; it is ${before.addressType}.`)],
      'EndpointSlice',
    );
  }
  const result = replaceSlice(cluster, before, wanted, context, 'changes.apply');
  if (wanted.metadata.labels?.[SERVICE_NAME_LABEL] !== undefined) return result;
  const why = `Without the label ${SERVICE_NAME_LABEL} it belongs to no Service: kube-proxy does not look at it.`;
  return {
    ...result,
    assumptions: [
      ...result.assumptions,
      { field: 'changes.apply', value: `EndpointSlice ${namespacedName(wanted)}`, why },
    ],
  };
}

function act(input: Input, before: KubernetesObject | undefined, wanted: KubernetesObject): ChangeResult {
  const { cluster, context } = input;
  switch (wanted.kind) {
    case 'Service':
      return applyService(input, before as Service | undefined, wanted);
    case 'Pod':
      return applyPod(input, before as Pod | undefined, wanted);
    case 'Node':
      return applyNode(input, before as Node | undefined, wanted);
    case 'EndpointSlice':
      return applySlice(input, before as EndpointSlice | undefined, wanted);
    case 'Endpoints':
      return mirrored(cluster, wanted, context);
    case 'ConfigMap':
      return unchanged(cluster.with({ configMaps: new Map([[namespacedName(wanted), wanted]]) }));
    default:
      return applyWorkload(input, before as Workload | undefined, wanted);
  }
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
  const why = WHY_IGNORED[manifest.kind] ?? 'no rule of kube-proxy depends on it';
  const consequences = [told('OBJECT_IGNORED', object, `${why} (${manifest.origin})`)];
  return { outcome: 'OBJECT_IGNORED', result: { ...unchanged(cluster), consequences }, touchesSettings: false };
}

/** Objects that kube-proxy's configuration is read from. */
function holdsSettings(kind: UsedKind, namespace: string): boolean {
  return kind === 'ConfigMap' || (namespace === 'kube-system' && (kind === 'DaemonSet' || kind === 'Pod'));
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
  const object = `${manifest.kind} ${kind === 'Node' ? named.name : `${named.namespace}/${named.name}`}`;
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
    const result = act(input, undefined, checked(kind, threeWayMerge({}, {}, whole, {}), manifest));
    const consequences = [told('OBJECT_CREATED', object, `created (${manifest.origin})`), ...result.consequences];
    return { outcome: 'OBJECT_CREATED', result: { ...result, consequences }, touchesSettings };
  }
  const former = lastApplied(before);
  // The API version says how an object is written down, not what it is.
  const { apiVersion: _version, ...fields } = value;
  const { apiVersion: _former, ...formerFields } = former ?? {};
  const laid = threeWayMerge(before as unknown as Fields, formerFields, fields, mergeRules(kind));
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
  const result = act(input, before, wanted);
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
