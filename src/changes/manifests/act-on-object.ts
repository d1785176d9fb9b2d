import { isDeepStrictEqual } from '../../base/deep-equal.js';
import { QuestionError } from '../../base/errors.js';
import { type Cluster, workloadKey } from '../../cluster/cluster.js';
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
import type { NewNode } from '../../contract/requests.js';
import { serviceVersion } from '../../control-plane/api-rules.js';
import { endpointSliceFeatures } from '../../control-plane/features.js';
import { mirroredSlices } from '../../control-plane/mirrored-slices.js';
import { asRead, type StoredService } from '../../control-plane/service-storage.js';
import { MANAGED_BY_LABEL, MIRRORING_CONTROLLER } from '../../control-plane/slice-metadata.js';
import type { ChangeContext, ChangeResult, Consequence } from '../change.js';
import { then, unchanged } from '../combine.js';
import { controlPlaneVersion } from '../control-plane-version.js';
import { addNode } from '../node-add.js';
import { placePods } from '../place-pods.js';
import { impossible, refuse } from '../refused-change.js';
import { replaceNode, replacePod, replaceSlice } from '../replace-object.js';
import { SETTLED, settle } from '../settle.js';
import { updateService, withoutLastApplied } from '../update-service.js';
import { updateWorkload } from '../update-workload.js';
import type { Manifest } from './read-manifests.js';

/** A manifest, and what it is applied to. */
export interface Input {
  readonly cluster: Cluster;
  readonly manifest: Manifest;
  readonly context: ChangeContext;
  /** JSON Pointer of the manifest in the request. */
  readonly pointer: string;
  /** Of a Service: what is stored of it. */
  readonly service?: StoredService;
}

/** Errors of what acts on the object, reported at the manifest. */
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
export function sameService(a: Service, b: Service, context: ChangeContext, cluster: Cluster): boolean {
  const version = controlPlaneVersion(cluster, context.settings);
  const rules = serviceVersion(version, endpointSliceFeatures(version));
  const whole = (service: Service) => ({
    ...asRead(withoutLastApplied(service), rules, 'IPv4'),
    status: service.status ?? { loadBalancer: {} },
  });
  return isDeepStrictEqual(whole(a), whole(b));
}

function mirrored(cluster: Cluster, endpoints: Endpoints, context: ChangeContext): ChangeResult {
  const key = namespacedName(endpoints);
  const service = cluster.services.get(key);
  const stored = cluster.with({ endpoints: new Map([[key, endpoints]]) });
  if (service === undefined || service.spec?.type === 'ExternalName') return unchanged(stored);
  if (Object.keys(service.spec?.selector ?? {}).length > 0) {
    const why =
      'Its Service has a selector: the Endpoints controller would set this object back to what pods show, ' +
      'and kube-proxy does not read it.';
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

/** What is stored, with the identity and the status that the cluster has of it. */
function asCluster(stored: StoredService, { metadata, status }: Service): StoredService {
  const { status: _status, ...service } = stored.service;
  return { ...stored, service: { ...service, metadata, ...(status === undefined ? {} : { status }) } };
}

function applyService(
  { cluster, manifest, context, pointer, service: stored }: Input,
  before: Service | undefined,
  wanted: Service,
): ChangeResult {
  const place = (fault: { readonly pointer: string; readonly detail: string }) =>
    manifest.fault(fault.pointer, fault.detail);
  const updated = updateService(cluster, before, wanted, context, pointer, place, stored && asCluster(stored, wanted));
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

function applyPod({ cluster, context, pointer }: Input, before: Pod | undefined, wanted: Pod): ChangeResult {
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
    // What the reader of manifests took is as the contract has it, but for values of a taint that it does not look
    // into.
    return placed(manifest, '', () => addNode(cluster, wanted.metadata.name, known as NewNode, context, pointer));
  }
  return replaceNode(cluster, before, wanted, context);
}

function applyWorkload(
  { cluster, manifest, context, pointer }: Input,
  before: Workload | undefined,
  wanted: Workload,
): ChangeResult {
  const { kind } = wanted;
  const { name, namespace = 'default' } = wanted.metadata;
  if (before === undefined) {
    // The snapshot may have been taken without this kind: then the object is not new, and its pods are there.
    const known = cluster.with({ workloads: new Map([[workloadKey(kind, namespace, name), wanted]]) });
    const own = podsOfWorkload(known, kind, namespace, name).filter(
      (pod) => pod.metadata.ownerReferences?.[0] !== undefined,
    );
    if (own.length > 0) {
      const detail =
        `The snapshot holds ${own.length} pods of ${kind} ${namespace}/${name}, but not the ${kind} itself: ` +
        `include ${kind.toLowerCase()}s in it (kubectl get deployments,replicasets,statefulsets,daemonsets -A ` +
        '-o json).';
      refuse([manifest.fault('/metadata/name', detail)], detail);
    }
  }
  return placed(manifest, '/spec', () => updateWorkload(cluster, before, wanted, context, pointer));
}

function applySlice(
  { cluster, context }: Input,
  before: EndpointSlice | undefined,
  wanted: EndpointSlice,
): ChangeResult {
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

/**
 * What the API server and the controllers do with an object: `wanted` as the manifest makes it, `before` as it was,
 * undefined where it is new. Throws QuestionError with the place in the manifest.
 */
export function actOn(input: Input, before: KubernetesObject | undefined, wanted: KubernetesObject): ChangeResult {
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
