/** Traffic policies as changes of a Service. */

import type { Service } from '../../cluster/objects.js';
import { atLeast, type KubernetesVersion } from '../../cluster/settings.js';
import { ENUMS } from '../../contract/gen/types.js';
import type { Change, ProbabilityQuestion } from '../../contract/requests.js';

export const POLICIES = ENUMS['SolvedPolicy.best'];
export type Policy = (typeof POLICIES)[number];

const ANNOTATIONS = ['service.kubernetes.io/topology-mode', 'service.kubernetes.io/topology-aware-hints'] as const;

/**
 * Whether the question's connections come from outside: then externalTrafficPolicy decides, else internalTrafficPolicy.
 */
export function comesFromOutside({ clients, services = [] }: ProbabilityQuestion): boolean {
  if (clients?.external !== undefined || clients?.loadBalancer !== undefined) return true;
  if (clients?.weights?.some(({ source }) => source.external !== undefined) === true) return true;
  return (
    clients === undefined &&
    services.some(({ via }) => via === 'NODE_PORT' || via === 'LOAD_BALANCER' || via === 'EXTERNAL_IP')
  );
}

/** The changes that give a Service a policy, and nothing of the others. */
export function policyChanges(
  service: Service,
  policy: Policy,
  outside: boolean,
  version: KubernetesVersion,
): readonly Change[] {
  const { name, namespace = 'default', annotations } = service.metadata;
  const { type, externalIPs = [], trafficDistribution } = service.spec ?? {};
  const external = type === 'NodePort' || type === 'LoadBalancer' || externalIPs.length > 0;
  const isLocal = policy === 'LOCAL';
  const preferred =
    policy === 'PREFER_SAME_NODE' ? 'PreferSameNode' : policy === 'PREFER_SAME_ZONE' ? sameZone(version) : null;
  const change = {
    namespace,
    name,
    internalTrafficPolicy: isLocal && !outside ? 'Local' : 'Cluster',
    ...(external ? { externalTrafficPolicy: isLocal && outside ? 'Local' : 'Cluster' } : {}),
    ...(preferred === null && !trafficDistribution ? {} : { trafficDistribution: preferred }),
  };
  const mode = policy === 'TOPOLOGY_AUTO' ? 'Auto' : null;
  const annotated = ANNOTATIONS.some((key) => annotations?.[key] !== undefined);
  const patch = {
    metadata: {
      annotations: {
        [ANNOTATIONS[0]]: mode,
        ...(annotations?.[ANNOTATIONS[1]] === undefined ? {} : { [ANNOTATIONS[1]]: null }),
      },
    },
  };
  return [
    { service: change } as Change,
    ...(mode !== null || annotated
      ? [{ patch: { kind: 'Service', namespace, name, patch } } as unknown as Change]
      : []),
  ];
}

/** PreferSameZone is the name of PreferClose since Kubernetes 1.34. */
function sameZone(version: KubernetesVersion): string {
  return atLeast(version, 34) ? 'PreferSameZone' : 'PreferClose';
}

/** How people call it. */
export function policyName(policy: Policy): string {
  const names: Readonly<Record<Policy, string>> = {
    CLUSTER: 'Cluster',
    LOCAL: 'Local',
    PREFER_SAME_ZONE: 'PreferSameZone',
    PREFER_SAME_NODE: 'PreferSameNode',
    TOPOLOGY_AUTO: 'topology-mode Auto',
  };
  return names[policy];
}
