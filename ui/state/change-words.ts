/** A change in few words, for chips and lists. Names come from the snapshot or from who types: they are text. */
import type { Change } from '../api/types.js';

const FIELDS: Readonly<Record<string, string>> = {
  type: 'type',
  externalTrafficPolicy: 'externalTrafficPolicy',
  internalTrafficPolicy: 'internalTrafficPolicy',
  sessionAffinity: 'sessionAffinity',
  trafficDistribution: 'trafficDistribution',
};

const ACTIONS = {
  CORDON: 'cordon',
  UNCORDON: 'uncordon',
  DRAIN: 'drain',
  REMOVE: 'remove',
  FAIL: 'lose',
  ADD: 'add',
} as const;

const POD_STATES = { READY: 'ready', NOT_READY: 'not ready', TERMINATING: 'terminating', DELETED: 'deleted' } as const;

function firstName(manifest: unknown): string {
  if (typeof manifest !== 'string') return 'an object';
  const kind = /^\s*"?kind"?:\s*"?(\w+)/m.exec(manifest)?.[1];
  const name = /^\s*"?name"?:\s*"?([\w.-]+)/m.exec(manifest)?.[1];
  return [kind, name].filter((word) => word !== undefined).join(' ') || 'manifests';
}

/** `scale shop/web to 5`, `drain node node-2` … */
export function changeWords(change: Change): string {
  const { scale, service, pods, node, zone, proxy, apply, patch, rollout, loadBalancer } = change;
  if (scale !== undefined) return `scale ${scale.namespace}/${scale.name} to ${scale.replicas}`;
  if (service !== undefined) {
    const said = Object.entries(service).filter(([field]) => field in FIELDS);
    const fields = said.map(([field, value]) => `${FIELDS[field]} ${value === null ? 'none' : String(value)}`);
    return `${service.namespace}/${service.name}: ${fields.length > 0 ? fields.join(', ') : 'other values'}`;
  }
  if (pods !== undefined) {
    const names = pods.names ?? [];
    const which =
      names.length === 1 ? `${pods.namespace}/${names[0]}` : `${names.length || 'selected'} pods of ${pods.namespace}`;
    return `${which} ${POD_STATES[pods.state]}`;
  }
  if (node !== undefined) return `${ACTIONS[node.action]} node ${node.name}`;
  if (zone !== undefined) return `${ACTIONS[zone.action]} zone ${zone.name}`;
  if (proxy !== undefined) {
    const words = [proxy.mode, proxy.kubernetesVersion, proxy.settings === undefined ? undefined : 'other settings'];
    return `kube-proxy ${words.filter((word) => word !== undefined).join(' ')}`;
  }
  if (apply !== undefined) {
    const [first, ...others] = apply.manifests;
    return `apply ${firstName(first)}${others.length > 0 ? ` and ${others.length} more` : ''}`;
  }
  if (patch !== undefined) return `patch ${patch.kind} ${patch.name}`;
  if (rollout !== undefined) return `roll out ${rollout.namespace}/${rollout.name}`;
  if (loadBalancer !== undefined) return `load balancer ${loadBalancer.implementation ?? 'with other options'}`;
  return change.delete === undefined ? 'a change' : `delete ${change.delete.kind} ${change.delete.name}`;
}
