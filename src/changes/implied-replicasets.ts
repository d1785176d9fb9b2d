import type { Cluster } from '../cluster/cluster.js';
import type { Pod, Workload } from '../cluster/objects.js';
import { podsOfWorkload } from '../cluster/workload-pods.js';
import { generatedName } from '../control-plane/generated-name.js';
import { controllerOf, isActive } from '../control-plane/pods.js';

const HASH_LABEL = 'pod-template-hash';

function replicaSet(
  deployment: Workload,
  name: string,
  uid: string | undefined,
  hash: string | undefined,
  pods: readonly Pod[],
): Workload {
  const { selector, template } = deployment.spec ?? {};
  const created = pods.map((pod) => pod.metadata.creationTimestamp ?? '').sort()[0];
  return {
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: deployment.metadata.namespace ?? 'default',
      ...(uid === undefined ? {} : { uid }),
      ...(created ? { creationTimestamp: created } : {}),
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name: deployment.metadata.name,
          ...(deployment.metadata.uid === undefined ? {} : { uid: deployment.metadata.uid }),
          controller: true,
        },
      ],
    },
    spec: {
      replicas: pods.filter(isActive).length,
      selector: {
        ...selector,
        matchLabels: { ...selector?.matchLabels, ...(hash === undefined ? {} : { [HASH_LABEL]: hash }) },
      },
      ...(template === undefined ? {} : { template }),
    },
  };
}

/**
 * The ReplicaSets of a Deployment where the snapshot was taken without them: one per owner that its pods name, or one
 * for pods without owner; one with a made-up name where there are no pods.
 */
export function impliedReplicaSets(cluster: Cluster, deployment: Workload): Workload[] {
  const { name, namespace = 'default' } = deployment.metadata;
  const byOwner = new Map<string, Pod[]>();
  for (const pod of podsOfWorkload(cluster, 'Deployment', namespace, name)) {
    const owner = controllerOf(pod)?.name ?? '';
    byOwner.set(owner, [...(byOwner.get(owner) ?? []), pod]);
  }
  const madeUp = () => generatedName(`${name}-`, `ReplicaSet/${namespace}/${name}`, (one) => byOwner.has(one));
  if (byOwner.size === 0) return [replicaSet(deployment, madeUp(), undefined, undefined, [])];
  return [...byOwner].map(([owner, pods]) => {
    const hash = pods[0]?.metadata.labels?.[HASH_LABEL];
    const uid = pods[0] === undefined ? undefined : controllerOf(pods[0])?.uid;
    return replicaSet(deployment, owner === '' ? madeUp() : owner, uid, hash, pods);
  });
}
