/** Which rights a reader of snapshots needs in a cluster, as the rules of a Kubernetes ClusterRole. */
import { BALANCER_KINDS, POLICY_KINDS, type SNAPSHOT_KINDS } from './kubectl.js';

/** One rule of a ClusterRole (rbac.authorization.k8s.io/v1). */
export interface ReadRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** The API groups of the kinds that kubectl takes without one. */
const GROUPS: Readonly<Record<(typeof SNAPSHOT_KINDS)[number] | 'configmaps', string>> = {
  nodes: '',
  namespaces: '',
  pods: '',
  services: '',
  configmaps: '',
  endpointslices: 'discovery.k8s.io',
  deployments: 'apps',
  replicasets: 'apps',
  statefulsets: 'apps',
  daemonsets: 'apps',
  networkpolicies: 'networking.k8s.io',
  horizontalpodautoscalers: 'autoscaling',
};

/** Only reading; never Secrets, never a subresource. */
const VERBS = ['get', 'list', 'watch'] as const;

/**
 * The rules for every kind that a snapshot may hold: a rule for each API group, groups in alphabetical order. ConfigMaps are among
 * them, for the settings of kube-proxy and of network plugins.
 */
export function readRules(): readonly ReadRule[] {
  const byGroup = new Map<string, string[]>();
  const add = (group: string, resource: string) => {
    const resources = byGroup.get(group) ?? [];
    resources.push(resource);
    byGroup.set(group, resources);
  };
  for (const [resource, group] of Object.entries(GROUPS)) add(group, resource);
  for (const kind of [...POLICY_KINDS, ...BALANCER_KINDS]) {
    const dot = kind.indexOf('.');
    add(kind.slice(dot + 1), kind.slice(0, dot));
  }
  return [...byGroup]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([group, resources]) => ({ apiGroups: [group], resources: resources.sort(), verbs: VERBS }));
}
