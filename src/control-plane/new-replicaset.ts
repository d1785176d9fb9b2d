import { type Cluster, workloadKey } from '../cluster/cluster.js';
import type { Workload } from '../cluster/objects.js';
import { generatedUid } from './generated-name.js';
import { timestamp } from './new-pods.js';
import { HASH_LABEL, sameTemplate, templateHash } from './pod-template.js';
import { newestFirst, REVISION_ANNOTATION, revisionOf } from './replicaset-sizes.js';

/** The ReplicaSet for a Deployment's template, and whether the cluster had it. */
export interface TemplateReplicaSet {
  readonly replicaSet: Workload;
  readonly isNew: boolean;
}

/**
 * The ReplicaSet that stands for the Deployment's present template: one of `sets` that has it, which then is the newest
 * revision (a rollback), or a new one without replicas. `unchanged`: the template is the one that the
 * Deployment has had. Source: Kubernetes 1.36 pkg/controller/deployment/sync.go,
 * `getNewReplicaSet`.
 */
export function replicaSetForTemplate(
  cluster: Cluster,
  deployment: Workload,
  sets: readonly Workload[],
  at: number,
  unchanged = false,
): TemplateReplicaSet {
  const { name, namespace = 'default', uid } = deployment.metadata;
  const { template, selector } = deployment.spec ?? {};
  const newest = Math.max(0, ...sets.map(revisionOf));
  // Where a snapshot was trimmed of ReplicaSets' templates, the newest of them stands for one that has not changed.
  const trimmed = unchanged && sets.every((one) => one.spec?.template === undefined);
  const known = trimmed
    ? [...sets].sort(newestFirst)[0]
    : sets.find((one) => sameTemplate(one.spec?.template, template));
  if (known !== undefined) {
    const revision = revisionOf(known) === newest && newest > 0 ? newest : newest + 1;
    const annotations = { ...known.metadata.annotations, [REVISION_ANNOTATION]: String(revision) };
    return { replicaSet: { ...known, metadata: { ...known.metadata, annotations } }, isNew: false };
  }
  const taken = (hash: string) => cluster.workloads.has(workloadKey('ReplicaSet', namespace, `${name}-${hash}`));
  const hash = templateHash(`${namespace}/${name}`, template, taken);
  const labels = { ...template?.metadata?.labels, [HASH_LABEL]: hash };
  const own = `${name}-${hash}`;
  const replicaSet: Workload = {
    kind: 'ReplicaSet',
    metadata: {
      name: own,
      namespace,
      uid: generatedUid(`ReplicaSet/${namespace}/${own}`),
      labels,
      annotations: { [REVISION_ANNOTATION]: String(newest + 1) },
      creationTimestamp: timestamp(at),
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name,
          ...(uid === undefined ? {} : { uid }),
          controller: true,
        },
      ],
    },
    spec: {
      replicas: 0,
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
    status: { replicas: 0, readyReplicas: 0 },
  };
  return { replicaSet, isNew: true };
}
