import type { Change } from '../contract/requests.js';

const listed = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** What of an object is set, as `name value, name value`. */
function fields(object: Readonly<Record<string, unknown>>, without: readonly string[]): string {
  return Object.entries(object)
    .filter(([name]) => !without.includes(name))
    .map(([name, value]) => `${name} ${listed(value)}`)
    .join(', ');
}

/** More files are given as a number. */
const NAMED_FILES = 5;

/** A change as a person would say it: `scale Deployment default/web to 4`. */
export function describeChange(given: unknown): string {
  const { scale, service, patch, apply, rollout, pods, node, proxy, loadBalancer, zone } = given as Change;
  const { delete: deleted } = given as Change;
  if (scale !== undefined) return `scale ${scale.kind} ${scale.namespace}/${scale.name} to ${scale.replicas}`;
  if (service !== undefined) {
    return `Service ${service.namespace}/${service.name}: ${fields({ ...service }, ['namespace', 'name'])}`;
  }
  if (patch !== undefined) {
    const name = patch.namespace === undefined ? patch.name : `${patch.namespace}/${patch.name}`;
    return `patch ${patch.kind} ${name} with ${JSON.stringify(patch.patch)}`;
  }
  if (apply !== undefined) {
    const files = apply.manifests.flatMap((one) =>
      typeof one === 'object' && typeof one.file === 'string' ? [one.file] : [],
    );
    const count = apply.manifests.length;
    const what =
      files.length === count && count <= NAMED_FILES ? files.join(', ') : `${count} manifest${count === 1 ? '' : 's'}`;
    return `apply ${what}${apply.namespace === undefined ? '' : ` in namespace ${apply.namespace}`}`;
  }
  if (rollout !== undefined) {
    const { kind, namespace, name, ...rest } = rollout;
    const more = fields(rest, []);
    return `rollout of ${kind} ${namespace}/${name}${more === '' ? '' : `: ${more}`}`;
  }
  if (pods !== undefined) {
    const which = pods.names?.join(', ') ?? JSON.stringify(pods.selector);
    return `pods ${which} of ${pods.namespace} become ${pods.state}`;
  }
  if (node !== undefined)
    return `node ${node.name}: ${node.action}${node.reschedule === false ? ', pods do not come back' : ''}`;
  if (proxy !== undefined) return `kube-proxy: ${fields({ ...proxy }, [])}`;
  if (loadBalancer !== undefined) {
    const { namespace, name, implementation, options } = loadBalancer;
    const whose = name === undefined ? 'load balancers' : `load balancer of ${namespace}/${name}`;
    return `${whose}: ${[...(implementation === undefined ? [] : [implementation]), fields({ ...options }, [])].filter((text) => text !== '').join(', ')}`;
  }
  if (zone !== undefined)
    return `zone ${zone.name}: ${zone.action}${zone.reschedule === false ? ', pods do not come back' : ''}`;
  if (deleted !== undefined) {
    const { kind, namespace = 'default', name } = deleted;
    return `delete ${kind} ${kind === 'Node' ? name : `${namespace}/${name}`}`;
  }
  return JSON.stringify(given);
}
