import { nodeAddresses } from '../cluster/addresses.js';
import type { Cluster } from '../cluster/cluster.js';
import type { ContainerStatus, Node, OwnerReference, Pod, PodSpec, Workload } from '../cluster/objects.js';
import { generatedName, generatedUid } from './generated-name.js';

/** What the pods of a workload are made from. */
export interface PodTemplate {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

/**
 * The template of a workload's pods: labels as its template and selector have them; the spec of a pod that it has,
 * which shows what admission added (sidecars, default requests), else of its template. `fallback`: the Deployment, for
 * a ReplicaSet whose template was trimmed. Undefined when nothing shows the pods' spec.
 */
export function templateOf(workload: Workload, sample: Pod | undefined, fallback?: Workload): PodTemplate | undefined {
  const template = workload.spec?.template ?? fallback?.spec?.template;
  const known = sample?.spec ?? template?.spec;
  if (known === undefined) return undefined;
  const { nodeName: _nodeName, hostname: _hostname, ...spec } = known;
  const annotations = template?.metadata?.annotations;
  return {
    labels: {
      ...(template?.metadata?.labels ?? sample?.metadata.labels),
      ...workload.spec?.selector?.matchLabels,
    },
    ...(annotations === undefined ? {} : { annotations }),
    spec: template?.spec?.hostname === undefined ? spec : { ...spec, hostname: template.spec.hostname },
  };
}

function ownerReference(workload: Workload): OwnerReference & { readonly blockOwnerDeletion: boolean } {
  return {
    apiVersion: 'apps/v1',
    kind: workload.kind,
    name: workload.metadata.name,
    ...(workload.metadata.uid === undefined ? {} : { uid: workload.metadata.uid }),
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** RFC 3339 in whole seconds, as Kubernetes writes timestamps. */
export function timestamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** Names for new pods of a ReplicaSet that no pod has: `<name>-` and five characters. */
export function podNames(cluster: Cluster, workload: Workload, existing: number, count: number): string[] {
  const namespace = workload.metadata.namespace ?? 'default';
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const seed = `Pod/${namespace}/${workload.metadata.name}/${existing + i}`;
    const taken = (name: string) => names.has(name) || cluster.pods.has(`${namespace}/${name}`);
    names.add(generatedName(`${workload.metadata.name}-`, seed, taken));
  }
  return [...names];
}

/** A pod as a controller creates it: without a node, Pending. `at`: milliseconds since 1970. */
export function pendingPod(workload: Workload, template: PodTemplate, name: string, at: number): Pod {
  const namespace = workload.metadata.namespace ?? 'default';
  const ordinal = workload.kind === 'StatefulSet' ? name.slice(workload.metadata.name.length + 1) : undefined;
  return {
    kind: 'Pod',
    metadata: {
      name,
      ...(ordinal === undefined ? { generateName: `${workload.metadata.name}-` } : {}),
      namespace,
      uid: generatedUid(`Pod/${namespace}/${name}`),
      labels:
        ordinal === undefined
          ? template.labels
          : {
              ...template.labels,
              'statefulset.kubernetes.io/pod-name': name,
              'apps.kubernetes.io/pod-index': ordinal,
            },
      ...(template.annotations === undefined ? {} : { annotations: template.annotations }),
      creationTimestamp: timestamp(at),
      ownerReferences: [ownerReference(workload)],
    },
    spec:
      ordinal === undefined
        ? template.spec
        : {
            ...template.spec,
            hostname: name,
            ...(workload.spec?.serviceName ? { subdomain: workload.spec.serviceName } : {}),
          },
    status: { phase: 'Pending' },
  };
}

/** The pod once it runs on its node and is ready. */
export function runningPod(pod: Pod, node: Node, addresses: readonly string[], at: number): Pod {
  const since = timestamp(at);
  const statuses = (pod.spec?.containers ?? []).map(
    (container): ContainerStatus => ({ name: container.name, ready: true, restartCount: 0 }),
  );
  const conditions = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: since,
  }));
  const [hostIP] = nodeAddresses(node);
  return {
    ...pod,
    spec: { ...pod.spec, nodeName: node.metadata.name },
    status: {
      phase: 'Running',
      ...(hostIP === undefined ? {} : { hostIP }),
      ...(addresses[0] === undefined ? {} : { podIP: addresses[0] }),
      podIPs: addresses.map((ip) => ({ ip })),
      startTime: since,
      conditions,
      containerStatuses: statuses,
    },
  };
}
