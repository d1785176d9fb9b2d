/**
 * Names of ports that only native sidecars give: Calico reads them from 3.29 on (projectcalico/calico PR 8885),
 * kube-network-policies does not. Policies are evaluated without them.
 */
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import { sidecarsOf } from '../../cluster/containers.js';
import { type Container, namespacedName, type Pod } from '../../cluster/objects.js';
import type { Resource } from '../../cluster/resources.js';
import type { Finding } from '../../contract/answers.js';
import { isSubject, readAdminPolicy } from '../../policies/admin-policy.js';
import { type Direction, isPoliced, namespaceOf } from '../../policies/flow.js';
import { readNetworkPolicy } from '../../policies/network-policy.js';
import { isEvaluated, isNetworkPolicy } from '../../policies/policy-set.js';
import { fieldsOf, listOf } from '../../policies/rule.js';
import { selectsPod } from '../../policies/selectors.js';
import type { Doubt } from './policy-objects.js';

interface NamedPort {
  readonly name: string;
  readonly pointer: string;
  readonly direction: Direction;
}

/** The names of ports that rules of a policy ask for. */
function namedPorts({ spec }: Resource): readonly NamedPort[] {
  return (['ingress', 'egress'] as const).flatMap((list) =>
    listOf(fieldsOf(spec)[list]).flatMap((rule, index) =>
      ['ports', 'protocols'].flatMap((field) =>
        listOf(fieldsOf(rule)[field]).flatMap((one, at): readonly NamedPort[] => {
          const { port, namedPort, destinationNamedPort } = fieldsOf(one);
          const name = namedPort ?? destinationNamedPort ?? port;
          if (typeof name !== 'string') return [];
          const direction = list === 'ingress' ? 'INGRESS' : 'EGRESS';
          return [{ name, pointer: `/spec/${list}/${index}/${field}/${at}`, direction }];
        }),
      ),
    ),
  );
}

const names = (containers: readonly Container[] | undefined) =>
  (containers ?? []).flatMap(({ ports }) => (ports ?? []).flatMap(({ name }) => name ?? []));

const found = new WeakMap<Cluster['pods'], readonly Pod[]>();

/** The pods of which a native sidecar gives a port a name. */
function withSidecarNames({ pods }: Cluster): readonly Pod[] {
  return remember(found, pods, () =>
    [...pods.values()].filter((pod) => names(sidecarsOf(pod.spec)).length > 0 && isPoliced(pod)),
  );
}

/** Whether the policy selects the pod. */
function selectsFor(cluster: Cluster, resource: Resource, pod: Pod): boolean {
  if (!isNetworkPolicy(resource)) return isSubject(cluster, readAdminPolicy(resource), pod) !== false;
  const { namespace, podSelector } = readNetworkPolicy(resource);
  return namespaceOf(pod) === namespace && selectsPod(podSelector, pod);
}

/** A doubt for every port of a rule with a name that only a native sidecar of a pod gives. */
export function sidecarNames(cluster: Cluster, policies: readonly Resource[], doubt: Doubt): readonly Finding[] {
  if (withSidecarNames(cluster).length === 0) return [];
  return policies.filter(isEvaluated).flatMap((resource) =>
    namedPorts(resource).flatMap(({ name, pointer, direction }): readonly Finding[] => {
      const pod = withSidecarNames(cluster).find(
        (one) =>
          names(sidecarsOf(one.spec)).includes(name) &&
          !names(one.spec?.containers).includes(name) &&
          (direction === 'EGRESS' || selectsFor(cluster, resource, one)),
      );
      if (pod === undefined) return [];
      const why =
        `only a native sidecar of ${namespacedName(pod)} gives a port the name ${name}, and is not asked here; ` +
        'Calico reads the names of native sidecars from 3.29 on, other network plugins do not.';
      return [doubt(resource, 'SIDECAR_PORT_NAME', pointer, why)];
    }),
  );
}
