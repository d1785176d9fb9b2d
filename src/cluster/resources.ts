/**
 * Objects of which only little is read: network policies, the settings of data planes, namespaces, autoscalers. They
 * are kept with their metadata and spec as they are, and whoever reads them checks the type of each field before it is
 * used.
 */

import { storedPolicyFaults } from '../api-server/validation/stored-policy.js';
import { fieldsOf } from '../base/record.js';
import type { ObjectMeta } from './objects.js';

export type ResourceRole =
  | 'POLICY'
  | 'DATAPLANE'
  | 'NAMESPACE'
  | 'LOAD_BALANCER'
  | 'AUTOSCALER'
  | 'ADDRESS_RANGE'
  | 'DEFINITION';

export interface Resource {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: ObjectMeta;
  /** As the object has it; of any shape. */
  readonly spec?: unknown;
  /** Of those that are read for load balancers; as the object has it. */
  readonly status?: unknown;
}

interface ResourceKind {
  readonly kind: string;
  readonly group: RegExp;
  readonly role: ResourceRole;
  readonly namespaced: boolean;
}

const CALICO = /^(?:crd\.)?projectcalico\.org\//;
const policy = (kind: string, group: RegExp, namespaced: boolean): ResourceKind => ({
  kind,
  group,
  role: 'POLICY',
  namespaced,
});

/** The kinds that are kept, by API group. Staged policies of Calico are not among them: nobody enforces them. */
const RESOURCE_KINDS: readonly ResourceKind[] = [
  policy('NetworkPolicy', /^(?:networking\.k8s\.io|extensions)\//, true),
  policy('AdminNetworkPolicy', /^policy\.networking\.k8s\.io\//, false),
  policy('BaselineAdminNetworkPolicy', /^policy\.networking\.k8s\.io\//, false),
  policy('ClusterNetworkPolicy', /^(?:policy\.networking\.k8s\.io|crd\.antrea\.io|networking\.k8s\.aws)\//, false),
  policy('NetworkPolicy', CALICO, true),
  policy('GlobalNetworkPolicy', CALICO, false),
  policy('CiliumNetworkPolicy', /^cilium\.io\//, true),
  policy('CiliumClusterwideNetworkPolicy', /^cilium\.io\//, false),
  policy('NetworkPolicy', /^crd\.antrea\.io\//, true),
  policy('ApplicationNetworkPolicy', /^networking\.k8s\.aws\//, true),
  policy('FQDNNetworkPolicy', /^networking\.gke\.io\//, true),
  policy('EgressFirewall', /^k8s\.ovn\.org\//, true),
  { kind: 'FelixConfiguration', group: CALICO, role: 'DATAPLANE', namespaced: false },
  { kind: 'Installation', group: /^operator\.tigera\.io\//, role: 'DATAPLANE', namespaced: false },
  { kind: 'Network', group: /^(?:operator|config)\.openshift\.io\//, role: 'DATAPLANE', namespaced: false },
  { kind: 'HorizontalPodAutoscaler', group: /^autoscaling\//, role: 'AUTOSCALER', namespaced: true },
  { kind: 'ServiceCIDR', group: /^networking\.k8s\.io\//, role: 'ADDRESS_RANGE', namespaced: false },
  { kind: 'Namespace', group: /^v1$/, role: 'NAMESPACE', namespaced: false },
  // Which there are says which plugins: nothing but their names is kept.
  { kind: 'CustomResourceDefinition', group: /^apiextensions\.k8s\.io\//, role: 'DEFINITION', namespaced: false },
  ...['IPAddressPool', 'L2Advertisement', 'BGPAdvertisement', 'BGPPeer', 'ServiceL2Status'].map(
    (kind): ResourceKind => ({ kind, group: /^metallb\.io\//, role: 'LOAD_BALANCER', namespaced: true }),
  ),
  ...[
    'CiliumL2AnnouncementPolicy',
    'CiliumLoadBalancerIPPool',
    'CiliumBGPPeeringPolicy',
    'CiliumBGPClusterConfig',
    'CiliumBGPAdvertisement',
  ].map((kind): ResourceKind => ({ kind, group: /^cilium\.io\//, role: 'LOAD_BALANCER', namespaced: false })),
  // Leases say who holds an address: of kube-vip, and of Cilium in layer 2.
  { kind: 'Lease', group: /^coordination\.k8s\.io\//, role: 'LOAD_BALANCER', namespaced: true },
  // An Ingress may have a load balancer of its own, whose targets are the Service's pods or nodes.
  { kind: 'Ingress', group: /^(?:networking\.k8s\.io|extensions)\//, role: 'LOAD_BALANCER', namespaced: true },
  { kind: 'IngressClass', group: /^networking\.k8s\.io\//, role: 'LOAD_BALANCER', namespaced: false },
  {
    kind: 'IngressClassParams',
    group: /^(?:elbv2\.k8s\.aws|eks\.amazonaws\.com)\//,
    role: 'LOAD_BALANCER',
    namespaced: false,
  },
  {
    kind: 'TargetGroupBinding',
    group: /^(?:elbv2\.k8s\.aws|eks\.amazonaws\.com)\//,
    role: 'LOAD_BALANCER',
    namespaced: true,
  },
];

function kindOf(kind: string, apiVersion: unknown): ResourceKind | undefined {
  return RESOURCE_KINDS.find(
    (one) =>
      one.kind === kind &&
      // Items of a typed list carry no apiVersion: they are taken for the usual kind of that name.
      (apiVersion === undefined ? one === RESOURCE_KINDS.find((other) => other.kind === kind) : true) &&
      (apiVersion === undefined || (typeof apiVersion === 'string' && one.group.test(apiVersion))),
  );
}

/** What an object of this kind and API version is kept for; undefined where it is not kept here. */
export function resourceRole(kind: string, apiVersion: unknown): ResourceRole | undefined {
  return kindOf(kind, apiVersion)?.role;
}

/** Whether objects of this kind have a namespace. */
export function isNamespaced(kind: string, apiVersion: unknown): boolean {
  return kindOf(kind, apiVersion)?.namespaced ?? false;
}

/** `NetworkPolicy default/web`, `AdminNetworkPolicy tenants`: a resource in a sentence. */
export function resourceName({ kind, apiVersion, metadata }: Resource): string {
  if (!isNamespaced(kind, apiVersion)) return `${kind} ${metadata.name}`;
  return `${kind} ${metadata.namespace ?? 'default'}/${metadata.name}`;
}

/** The key of a resource among a cluster's: kind, API group, namespace, name. */
export function resourceKey({ kind, apiVersion, metadata }: Resource): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const namespace = isNamespaced(kind, apiVersion) ? (metadata.namespace ?? 'default') : '';
  return `${kind}.${group}/${namespace}/${metadata.name}`;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Pairs of texts; undefined where the value is no such map. Absent is a map without pairs. */
export function textMapOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  return Object.values(value).every((one) => typeof one === 'string')
    ? (value as Readonly<Record<string, string>>)
    : undefined;
}

/** A value as a resource of its kind, or what is wrong with it: places in the value and what would be right. */
export type ReadResource =
  | { readonly resource: Resource }
  | { readonly faults: readonly { readonly pointer: string; readonly detail: string }[] };

/** API versions of items in typed lists, which carry none. */
const USUAL_VERSIONS: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networking.k8s.io/v1',
  Namespace: 'v1',
  ServiceCIDR: 'networking.k8s.io/v1',
  HorizontalPodAutoscaler: 'autoscaling/v2',
  Ingress: 'networking.k8s.io/v1',
  IngressClass: 'networking.k8s.io/v1',
  Lease: 'coordination.k8s.io/v1',
};

/** The roles for which the status of an object is kept. */
const HAS_STATUS: ReadonlySet<ResourceRole | undefined> = new Set([
  'LOAD_BALANCER',
  'AUTOSCALER',
  'NAMESPACE',
] as const);

/** The API version of an object of one of these kinds, the usual one where it carries none. */
export function resourceVersion(kind: string, apiVersion: unknown): string {
  return typeof apiVersion === 'string' ? apiVersion : (USUAL_VERSIONS[kind] ?? '');
}

/** Reads an object of one of these kinds: metadata is checked, spec is kept as it is. */
export function readResource(kind: string, apiVersion: unknown, value: Fields): ReadResource {
  const metadata = fieldsOf(value.metadata);
  const faults: { pointer: string; detail: string }[] = [];
  const isName = (text: unknown, required: boolean) =>
    text === undefined
      ? !required
      : typeof text === 'string' && text !== '' && text.length <= 253 && !/[\s/]/.test(text);
  for (const [field, required] of [
    ['name', true],
    ['namespace', false],
  ] as const) {
    if (isName(metadata[field], required)) continue;
    faults.push({ pointer: `/metadata/${field}`, detail: `metadata.${field} of a ${kind} must be a name.` });
  }
  for (const field of ['labels', 'annotations']) {
    if (textMapOf(metadata[field]) !== undefined) continue;
    faults.push({
      pointer: `/metadata/${field}`,
      detail: `metadata.${field} must be an object whose values are strings.`,
    });
  }
  const version = resourceVersion(kind, apiVersion);
  if (faults.length === 0)
    faults.push(...storedPolicyFaults(kind, version, value).map(({ pointer, detail }) => ({ pointer, detail })));
  if (faults.length > 0) return { faults };
  const { name, namespace } = metadata as { readonly name: string; readonly namespace?: string };
  const [labels, annotations] = [metadata.labels, metadata.annotations].map(textMapOf);
  return {
    resource: {
      kind,
      apiVersion: version,
      metadata: {
        ...(metadata as object),
        name,
        ...(namespace === undefined ? {} : { namespace }),
        labels: labels ?? {},
        annotations: annotations ?? {},
      },
      ...(value.spec === undefined || kind === 'CustomResourceDefinition' ? {} : { spec: value.spec }),
      ...(value.status !== undefined && HAS_STATUS.has(resourceRole(kind, version)) ? { status: value.status } : {}),
      // Cilium's policies may hold several rules beside `spec`.
      ...(value.specs === undefined ? {} : { spec: { ...fieldsOf(value.spec), specs: value.specs } }),
    },
  };
}
