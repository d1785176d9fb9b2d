/** What of an object is left out of a snapshot: no answer is made from it, or it is nobody else's business. */
import { isRecord } from '../base/record.js';

type Fields = Readonly<Record<string, unknown>>;

function without(value: unknown, ...names: readonly string[]): Fields {
  if (!isRecord(value)) return value as Fields;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

/** Of a node: the list of its images is often half of it. */
function trimmedNode(node: Fields): Fields {
  if (!isRecord(node.status)) return node;
  return { ...node, status: without(node.status, 'images', 'volumesInUse', 'volumesAttached') };
}

const CONTAINER_BALLAST = ['envFrom', 'volumeMounts', 'volumeDevices', 'livenessProbe', 'startupProbe', 'lifecycle'];

/** Of a container: the environment holds passwords. Only kube-vip is read by it. */
function trimmedContainer(container: unknown): unknown {
  if (!isRecord(container)) return container;
  const isKubeVip = typeof container.image === 'string' && container.image.includes('kube-vip');
  return without(container, ...CONTAINER_BALLAST, ...(isKubeVip ? [] : ['env']));
}

function trimmedPod(pod: Fields): Fields {
  if (!isRecord(pod.spec)) return pod;
  const spec: Record<string, unknown> = { ...without(pod.spec, 'volumes', 'imagePullSecrets') };
  for (const name of ['containers', 'initContainers', 'ephemeralContainers']) {
    const list = spec[name];
    if (Array.isArray(list)) spec[name] = list.map(trimmedContainer);
  }
  return { ...pod, spec };
}

/**
 * The object as it goes into a snapshot. Templates of workloads stay whole, since manifests are compared with them.
 * `kind` and `apiVersion`: those of the list that it came in, whose items have none.
 */
export function trimmed(item: unknown, kind: string, apiVersion: string): Fields {
  const object = isRecord(item) ? item : {};
  const whole = { apiVersion, kind, ...object, metadata: without(object.metadata, 'managedFields', 'selfLink') };
  if (kind === 'Node') return trimmedNode(whole);
  return kind === 'Pod' ? trimmedPod(whole) : whole;
}
