/** The kinds of objects that a snapshot is read for, and the API groups they may come from. */
import { SYSTEM_CONFIG_MAPS } from '../base/kubectl.js';

export const USED_KINDS = [
  'Node',
  'Pod',
  'Service',
  'EndpointSlice',
  'Endpoints',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'ConfigMap',
] as const;

export type UsedKind = (typeof USED_KINDS)[number];

const CORE = /^v1$/;
const APPS = /^(?:apps|extensions)\//;
/** discovery.k8s.io/v1 since 1.21; v1beta1 1.17 to 1.24. */
const DISCOVERY = /^discovery\.k8s\.io\/v1(?:beta1)?$/;

const API_VERSIONS: ReadonlyMap<string, RegExp> = new Map<UsedKind, RegExp>([
  ['Node', CORE],
  ['Pod', CORE],
  ['Service', CORE],
  ['EndpointSlice', DISCOVERY],
  ['Endpoints', CORE],
  ['Deployment', APPS],
  ['ReplicaSet', APPS],
  ['StatefulSet', APPS],
  ['DaemonSet', APPS],
  ['ConfigMap', CORE],
]);

/**
 * Whether objects of this kind and apiVersion are read. A kind of the same name from another group (Knative's Service)
 * is not. An absent apiVersion is taken for the usual one: items of typed lists carry none.
 */
export function usedKind(kind: string, apiVersion: unknown): UsedKind | undefined {
  const versions = API_VERSIONS.get(kind);
  if (
    versions === undefined ||
    !(apiVersion === undefined || (typeof apiVersion === 'string' && versions.test(apiVersion)))
  )
    return undefined;
  return kind as UsedKind;
}

/** Whether a kind of this name is used, whatever group it comes from. */
export function isUsedKind(kind: string): boolean {
  return API_VERSIONS.has(kind);
}

/** The kind of a typed list's items: `Pod` for `PodList`, `undefined` for `List` and for kinds that are no lists. */
export function itemKind(listKind: string): string | undefined {
  return listKind.endsWith('List') && listKind !== 'List' ? listKind.slice(0, -'List'.length) : undefined;
}

/** The ConfigMaps that say how kube-proxy, the ip-masq-agent, NodeLocal DNSCache and data planes are set up. */
export function isUsedConfigMap(namespace: unknown, name: unknown): boolean {
  if (namespace === 'kube-system' && (SYSTEM_CONFIG_MAPS as readonly unknown[]).includes(name)) return true;
  // These data planes are installed in namespaces of the user's choice.
  return name === 'cilium-config' || (typeof name === 'string' && /^antrea-config(?:-[a-z0-9]+)?$/.test(name));
}
