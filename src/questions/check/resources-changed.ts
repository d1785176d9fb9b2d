/** Changes of objects that decide about connections and are not evaluated: network policies, namespaces' labels. */
import type { Cluster } from '../../cluster/cluster.js';
import { AMBIENT_LABEL } from '../../cluster/mesh.js';
import { policiesOf, policiesSelecting } from '../../cluster/network-policies.js';
import type { Pod } from '../../cluster/objects.js';
import { type Resource, resourceName, resourceRole } from '../../cluster/resources.js';

export interface ChangedResources {
  /** One sentence for each object that changes and is not evaluated. */
  readonly reasons: readonly string[];
  /** `namespace/name` of the Services with an endpoint that a policy selects which changes, newly selects or no longer does. */
  readonly services: readonly string[];
}

const NOTHING: ChangedResources = { reasons: [], services: [] };

const content = (resource: Resource | undefined) =>
  resource === undefined ? '' : JSON.stringify([resource.metadata.labels, resource.spec]);

/** Whether the labels of a namespace decide about anything: policies select by them, ambient meshes are switched by them. */
function namespaceCounts(cluster: Cluster, before: Resource | undefined, after: Resource | undefined): boolean {
  const isMesh = (resource: Resource | undefined) => Object.hasOwn(resource?.metadata.labels ?? {}, AMBIENT_LABEL);
  return policiesOf(cluster).length > 0 || isMesh(before) || isMesh(after);
}

/** The policies that select a pod, as one text. */
function selection(cluster: Cluster, pod: Pod | undefined, changed: ReadonlySet<string>): string {
  if (pod === undefined) return '';
  const names = policiesSelecting(cluster, pod).map(resourceName);
  return names.map((name) => (changed.has(name) ? `${name} (${content(find(cluster, name))})` : name)).join('\n');
}

function find(cluster: Cluster, name: string): Resource | undefined {
  return [...cluster.resources.values()].find((resource) => resourceName(resource) === name);
}

/** What lies between two clusters of network policies and namespaces. */
export function changedResources(before: Cluster, after: Cluster): ChangedResources {
  if (before.resources === after.resources) return NOTHING;
  const keys = new Set([...before.resources.keys(), ...after.resources.keys()]);
  const reasons: string[] = [];
  const changed = new Set<string>();
  for (const key of keys) {
    const [was, is] = [before.resources.get(key), after.resources.get(key)];
    const resource = (is ?? was) as Resource;
    if (content(was) === content(is)) continue;
    const role = resourceRole(resource.kind, resource.apiVersion);
    const name = resourceName(resource);
    const verb = was === undefined ? 'is new' : is === undefined ? 'is gone' : 'changes';
    if (role === 'POLICY') {
      changed.add(name);
      reasons.push(`${name} ${verb}, and what network policies let through is not evaluated.`);
    } else if (role === 'NAMESPACE' && (namespaceCounts(before, was, is) || namespaceCounts(after, was, is))) {
      changed.add(name);
      reasons.push(
        `${name} ${verb}: by its labels network policies select pods and meshes take them in, which is not evaluated.`,
      );
    }
  }
  if (reasons.length === 0) return NOTHING;
  const services = new Set<string>();
  for (const cluster of [before, after]) {
    for (const key of cluster.services.keys()) {
      if (services.has(key)) continue;
      const [namespace = ''] = key.split('/');
      const isTouched = cluster.slicesOf(key).some(({ endpoints }) =>
        endpoints.some(({ targetRef }) => {
          const name = `${targetRef?.namespace ?? namespace}/${targetRef?.name}`;
          const [was, is] = [before.pods.get(name), after.pods.get(name)];
          return selection(before, was, changed) !== selection(after, is, changed);
        }),
      );
      if (isTouched) services.add(key);
    }
  }
  return { reasons, services: [...services].sort() };
}
