/**
 * Which IPAddressPools of MetalLB serve a Service. Sources: metallb.io, "Advanced AddressPool configuration"
 * (metallb.io/configuration/_advanced_ipaddresspool_configuration/), "Usage"; metallb/metallb
 * internal/allocator/allocator.go.
 */
import { fieldsOf } from '../../base/record.js';
import { matchesSelector } from '../../cluster/labels.js';
import type { Service } from '../../cluster/objects.js';
import { type Resource, resourceName } from '../../cluster/resources.js';
import { annotationOf } from '../annotations.js';
import { anySelectorMatches, listOf, selectorOf } from '../fields.js';
import type { Allocation, Balanced } from '../implementation.js';
import { type AddressPool, fromPools, rangeOf } from '../pools.js';
import { wantedAddresses } from './sharing.js';

const ASKED_POOL = ['metallb.io/address-pool', 'metallb.universe.tf/address-pool'];

function namespaceLabels({ cluster }: Balanced, name: string): Readonly<Record<string, string>> {
  const object = [...cluster.resources.values()].find(
    ({ kind, metadata }) => kind === 'Namespace' && metadata.name === name,
  );
  return { 'kubernetes.io/metadata.name': name, ...object?.metadata.labels };
}

/**
 * The priority with which a pool serves a Service (a lower number first, pools without one last); undefined: it does
 * not.
 */
function priorityFor(balanced: Balanced, { spec }: Resource, service: Service): number | undefined {
  const { serviceAllocation } = fieldsOf(spec);
  if (serviceAllocation === undefined || serviceAllocation === null) return Number.POSITIVE_INFINITY;
  const { priority, namespaces, namespaceSelectors, serviceSelectors } = fieldsOf(serviceAllocation);
  const namespace = service.metadata.namespace ?? 'default';
  const [named, selectors] = [listOf(namespaces), listOf(namespaceSelectors)];
  const labels = namespaceLabels(balanced, namespace);
  const takesNamespace =
    (named.length === 0 && selectors.length === 0) ||
    named.includes(namespace) ||
    selectors.some((one) => matchesSelector(labels, selectorOf(one)));
  if (!takesNamespace || !anySelectorMatches(serviceSelectors, service.metadata.labels)) return undefined;
  return typeof priority === 'number' && priority > 0 ? priority : Number.POSITIVE_INFINITY;
}

function poolOf(resource: Resource): AddressPool {
  const ranges = listOf(fieldsOf(resource.spec).addresses).flatMap((text) => rangeOf(String(text)) ?? []);
  return { name: resourceName(resource), ranges };
}

/** What MetalLB gives a Service that asks for an address. */
export function allocated(balanced: Balanced): Allocation {
  const { cluster, service } = balanced;
  const all = [...cluster.resources.values()].filter(
    ({ kind, apiVersion }) => kind === 'IPAddressPool' && apiVersion.startsWith('metallb.io/'),
  );
  if (all.length === 0) return fromPools(balanced, undefined, undefined, '');
  const named = ASKED_POOL.map((name) => annotationOf(service, name)).find((name) => name !== undefined);
  const [asked] = wantedAddresses(service);
  const serving = all
    .filter(({ metadata, spec }) =>
      named === undefined ? asked !== undefined || fieldsOf(spec).autoAssign !== false : metadata.name === named,
    )
    .map((pool) => ({ pool, priority: priorityFor(balanced, pool, service) }))
    .filter((one): one is { pool: Resource; priority: number } => one.priority !== undefined)
    .sort((a, b) => (a.priority === b.priority ? 0 : a.priority - b.priority));
  const none =
    named === undefined
      ? 'No IPAddressPool of MetalLB serves the Service by itself (autoAssign, serviceAllocation).'
      : `There is no IPAddressPool ${named} that serves the Service.`;
  return fromPools(
    balanced,
    serving.map(({ pool }) => poolOf(pool)),
    asked,
    none,
  );
}
