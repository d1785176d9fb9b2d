import type { KubernetesVersion } from '../../cluster/settings.js';

/** Served from one minor version of Kubernetes 1 on until another, in which it is gone. */
interface Served {
  readonly apiVersion: string;
  readonly kinds: readonly string[];
  /** Absent: before every version that is modelled. */
  readonly since?: number;
  readonly until?: number;
  /** What to write instead. */
  readonly use?: string;
}

const RBAC = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'];
const WEBHOOKS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
const REVIEWS = ['LocalSubjectAccessReview', 'SelfSubjectAccessReview', 'SubjectAccessReview'];
const FLOWS = ['FlowSchema', 'PriorityLevelConfiguration'];
const WORKLOADS = ['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet', 'ControllerRevision'];

/**
 * API versions that came or went. Source: Kubernetes' "Deprecated API Migration Guide", and for those that came the API
 * changes in the change log of each version.
 */
const VERSIONS: readonly Served[] = [
  {
    apiVersion: 'extensions/v1beta1',
    kinds: ['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
    until: 16,
    use: 'apps/v1',
  },
  { apiVersion: 'extensions/v1beta1', kinds: ['NetworkPolicy'], until: 16, use: 'networking.k8s.io/v1' },
  { apiVersion: 'extensions/v1beta1', kinds: ['PodSecurityPolicy'], until: 16 },
  { apiVersion: 'extensions/v1beta1', kinds: ['Ingress'], until: 22, use: 'networking.k8s.io/v1' },
  { apiVersion: 'apps/v1beta1', kinds: WORKLOADS, until: 16, use: 'apps/v1' },
  { apiVersion: 'apps/v1beta2', kinds: WORKLOADS, until: 16, use: 'apps/v1' },
  { apiVersion: 'apps/v1', kinds: WORKLOADS },
  { apiVersion: 'v1', kinds: ['Node', 'Pod', 'Service', 'Endpoints', 'ConfigMap', 'Secret', 'Namespace'] },
  { apiVersion: 'settings.k8s.io/v1alpha1', kinds: ['PodPreset'], until: 20 },
  { apiVersion: 'batch/v2alpha1', kinds: ['CronJob'], until: 21, use: 'batch/v1' },
  { apiVersion: 'batch/v1beta1', kinds: ['CronJob'], until: 25, use: 'batch/v1' },
  { apiVersion: 'batch/v1', kinds: ['CronJob'], since: 21 },
  { apiVersion: 'batch/v1', kinds: ['Job'] },
  { apiVersion: 'discovery.k8s.io/v1beta1', kinds: ['EndpointSlice'], until: 25, use: 'discovery.k8s.io/v1' },
  { apiVersion: 'discovery.k8s.io/v1', kinds: ['EndpointSlice'], since: 21 },
  { apiVersion: 'events.k8s.io/v1beta1', kinds: ['Event'], until: 25, use: 'events.k8s.io/v1' },
  { apiVersion: 'autoscaling/v2beta1', kinds: ['HorizontalPodAutoscaler'], until: 25, use: 'autoscaling/v2' },
  { apiVersion: 'autoscaling/v2beta2', kinds: ['HorizontalPodAutoscaler'], until: 26, use: 'autoscaling/v2' },
  { apiVersion: 'autoscaling/v2', kinds: ['HorizontalPodAutoscaler'], since: 23 },
  { apiVersion: 'autoscaling/v1', kinds: ['HorizontalPodAutoscaler'] },
  { apiVersion: 'policy/v1beta1', kinds: ['PodDisruptionBudget'], until: 25, use: 'policy/v1' },
  { apiVersion: 'policy/v1beta1', kinds: ['PodSecurityPolicy'], until: 25 },
  { apiVersion: 'policy/v1', kinds: ['PodDisruptionBudget'], since: 21 },
  { apiVersion: 'node.k8s.io/v1alpha1', kinds: ['RuntimeClass'], until: 24, use: 'node.k8s.io/v1' },
  { apiVersion: 'node.k8s.io/v1beta1', kinds: ['RuntimeClass'], until: 25, use: 'node.k8s.io/v1' },
  { apiVersion: 'node.k8s.io/v1', kinds: ['RuntimeClass'], since: 20 },
  {
    apiVersion: 'networking.k8s.io/v1beta1',
    kinds: ['Ingress', 'IngressClass'],
    until: 22,
    use: 'networking.k8s.io/v1',
  },
  { apiVersion: 'networking.k8s.io/v1', kinds: ['Ingress', 'IngressClass', 'NetworkPolicy'] },
  { apiVersion: 'networking.k8s.io/v1', kinds: ['IPAddress', 'ServiceCIDR'], since: 33 },
  {
    apiVersion: 'admissionregistration.k8s.io/v1beta1',
    kinds: WEBHOOKS,
    until: 22,
    use: 'admissionregistration.k8s.io/v1',
  },
  {
    apiVersion: 'apiextensions.k8s.io/v1beta1',
    kinds: ['CustomResourceDefinition'],
    until: 22,
    use: 'apiextensions.k8s.io/v1',
  },
  { apiVersion: 'apiregistration.k8s.io/v1beta1', kinds: ['APIService'], until: 22, use: 'apiregistration.k8s.io/v1' },
  { apiVersion: 'authentication.k8s.io/v1beta1', kinds: ['TokenReview'], until: 22, use: 'authentication.k8s.io/v1' },
  { apiVersion: 'authorization.k8s.io/v1beta1', kinds: REVIEWS, until: 22, use: 'authorization.k8s.io/v1' },
  {
    apiVersion: 'certificates.k8s.io/v1beta1',
    kinds: ['CertificateSigningRequest'],
    until: 22,
    use: 'certificates.k8s.io/v1',
  },
  { apiVersion: 'coordination.k8s.io/v1beta1', kinds: ['Lease'], until: 22, use: 'coordination.k8s.io/v1' },
  { apiVersion: 'rbac.authorization.k8s.io/v1alpha1', kinds: RBAC, until: 22, use: 'rbac.authorization.k8s.io/v1' },
  { apiVersion: 'rbac.authorization.k8s.io/v1beta1', kinds: RBAC, until: 22, use: 'rbac.authorization.k8s.io/v1' },
  { apiVersion: 'scheduling.k8s.io/v1alpha1', kinds: ['PriorityClass'], until: 22, use: 'scheduling.k8s.io/v1' },
  { apiVersion: 'scheduling.k8s.io/v1beta1', kinds: ['PriorityClass'], until: 22, use: 'scheduling.k8s.io/v1' },
  {
    apiVersion: 'storage.k8s.io/v1beta1',
    kinds: ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment'],
    until: 22,
    use: 'storage.k8s.io/v1',
  },
  { apiVersion: 'storage.k8s.io/v1beta1', kinds: ['CSIStorageCapacity'], until: 27, use: 'storage.k8s.io/v1' },
  { apiVersion: 'storage.k8s.io/v1', kinds: ['CSIStorageCapacity'], since: 24 },
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta1',
    kinds: FLOWS,
    until: 26,
    use: 'flowcontrol.apiserver.k8s.io/v1',
  },
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta2',
    kinds: FLOWS,
    since: 23,
    until: 29,
    use: 'flowcontrol.apiserver.k8s.io/v1',
  },
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta3',
    kinds: FLOWS,
    since: 26,
    until: 32,
    use: 'flowcontrol.apiserver.k8s.io/v1',
  },
  { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kinds: FLOWS, since: 29 },
];

/** Groups of the API server itself: nobody else defines kinds in them. */
const BUILT_IN: ReadonlySet<string> = new Set([
  '',
  'apps',
  'autoscaling',
  'batch',
  'extensions',
  'policy',
  'discovery.k8s.io',
  'networking.k8s.io',
]);

/** Kinds whose versions are all in the table. */
const WHOLE: ReadonlySet<string> = new Set([
  'Node',
  'Pod',
  'Service',
  'Endpoints',
  'EndpointSlice',
  'ConfigMap',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'NetworkPolicy',
]);

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/**
 * Why the API server of this version does not take a kind in this API version, in kubectl's words and with what to
 * write instead; undefined where it does, or where that is not known (kinds of custom resource definitions).
 */
export function notServed(kind: string, apiVersion: string, { minor }: KubernetesVersion): string | undefined {
  const words = `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`;
  const known = VERSIONS.find((one) => one.apiVersion === apiVersion && one.kinds.includes(kind));
  if (known === undefined) {
    if (!WHOLE.has(kind) || !BUILT_IN.has(groupOf(apiVersion))) return undefined;
    const right = VERSIONS.filter((one) => one.kinds.includes(kind) && one.until === undefined).map(
      (one) => one.apiVersion,
    );
    return `${words}: Kubernetes has no such API; write ${right.join(' or ')}.`;
  }
  const { since = 0, until = Number.POSITIVE_INFINITY, use } = known;
  if (minor >= until) {
    const instead = use === undefined ? '' : `; write ${use}`;
    return `${words}: Kubernetes serves it no longer since 1.${until}, and the cluster is of 1.${minor}${instead}.`;
  }
  if (minor >= since) return undefined;
  return `${words}: Kubernetes serves it since 1.${since}, and the cluster is of 1.${minor}.`;
}
