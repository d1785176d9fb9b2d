import { addressFamily, type IPFamily } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import { atLeast, type KubernetesVersion } from '../cluster/settings.js';
import type { ClusterIPs } from './cluster-ips.js';
import type { ServiceFault } from './service-faults.js';
import { isHeadless, needsClusterIP, typeOf } from './service-fields.js';

type Spec = NonNullable<Service['spec']>;

/** A cluster IP that was free and is taken now. */
export interface TakenAddress {
  readonly family: IPFamily;
  readonly address: string;
}

export interface AddressedService {
  readonly service: Service;
  readonly taken: readonly TakenAddress[];
  readonly faults: readonly ServiceFault[];
}

/**
 * The defaults of a Service that do not rest on other objects; for an update (`before`) those of fields that were there
 * and were taken away. Source: Kubernetes 1.36 pkg/apis/core/v1/defaults.go.
 */
export function withServiceDefaults(
  before: Service | undefined,
  service: Service,
  version: KubernetesVersion,
): Service {
  const { spec = {} } = service;
  const type = spec.type ?? 'ClusterIP';
  const defaults: Spec = {
    type,
    sessionAffinity: 'None',
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    ...(type !== 'ExternalName' && atLeast(version, 22) ? { internalTrafficPolicy: 'Cluster' } : {}),
  };
  // A field that comes with the type is filled in where the type is another one now.
  const former = before?.spec?.type ?? 'ClusterIP';
  const comes = (key: string) =>
    (key === 'allocateLoadBalancerNodePorts' && former !== type) ||
    (key === 'internalTrafficPolicy' && former === 'ExternalName');
  const missing = Object.entries(defaults).filter(
    ([key]) => before === undefined || comes(key) || before.spec?.[key as keyof Spec] !== undefined,
  );
  const whole: Spec = { ...Object.fromEntries(missing), ...spec };
  if (type !== 'ExternalName') return { ...service, spec: whole };
  const { internalTrafficPolicy: _policy, ...named } = whole;
  return { ...service, spec: named };
}

/**
 * The first of `clusterIPs` is `clusterIP`: where an update changes the one alone, the other follows (the API server's
 * `normalizeClusterIPs`).
 */
export function withFirstClusterIP(before: Service, wanted: Service): Service {
  const { clusterIP, clusterIPs } = wanted.spec ?? {};
  const former = before.spec?.clusterIPs;
  if (clusterIPs === undefined || clusterIP === before.spec?.clusterIP || clusterIP === clusterIPs[0]) return wanted;
  if (JSON.stringify(former) !== JSON.stringify(clusterIPs)) return wanted;
  const { clusterIPs: _all, ...spec } = wanted.spec ?? {};
  return { ...wanted, spec: clusterIP ? { ...spec, clusterIPs: [clusterIP, ...clusterIPs.slice(1)] } : spec };
}

const dualStacked = new WeakMap<ReadonlyMap<string, Service>, { readonly service: Service | undefined }>();

/** A Service of both families: the first of these is the one that the cluster's Services have by themselves. */
function dualStackedIn(services: ReadonlyMap<string, Service>): Service | undefined {
  for (const service of services.values()) if (service.spec?.ipFamilies?.length === 2) return service;
  return undefined;
}

/** The family in which the cluster's Services are where they do not say: that of Service default/kubernetes. */
function primaryFamily({ services }: Cluster): IPFamily | undefined {
  const known = () => remember(dualStacked, services.base, () => ({ service: dualStackedIn(services.base) })).service;
  const own = services.get('default/kubernetes') ?? known();
  const family = own?.spec?.ipFamilies?.[0];
  if (family === 'IPv4' || family === 'IPv6') return family;
  return addressFamily(own?.spec?.clusterIP ?? '');
}

function wantedFamilies(
  cluster: Cluster,
  service: Service,
  ranges: ClusterIPs,
  faults: ServiceFault[],
): { readonly families: readonly IPFamily[]; readonly policy: string } {
  const { spec = {} } = service;
  const named = (spec.ipFamilies ?? []).filter((one): one is IPFamily => one === 'IPv4' || one === 'IPv6');
  const given = (spec.clusterIPs ?? []).flatMap((text) => addressFamily(text) ?? []);
  const known = ranges.families(primaryFamily(cluster));
  const first = named.length > 0 ? named : given;
  const selectorless = isHeadless(service) && Object.keys(spec.selector ?? {}).length === 0;
  const policy = spec.ipFamilyPolicy ?? (first.length > 1 || selectorless ? 'RequireDualStack' : 'SingleStack');
  const second = [...first, ...known.filter((family) => !first.includes(family))];
  for (const [index, family] of named.entries()) {
    if (known.includes(family) || isHeadless(service)) continue;
    const detail = `The cluster has no range of ${family} cluster IPs, as far as the snapshot shows; its Services are of ${known.join(' and ')}.`;
    faults.push({ pointer: `/spec/ipFamilies/${index}`, detail });
  }
  if (policy === 'RequireDualStack' && second.length < 2 && !selectorless) {
    const detail = `ipFamilyPolicy is RequireDualStack, but the cluster is of ${known.join(' and ')} alone, as far as the snapshot shows.`;
    faults.push({ pointer: '/spec/ipFamilyPolicy', detail });
  }
  if (policy === 'SingleStack') return { families: second.slice(0, 1), policy };
  // A headless Service without selector is of both families even where the cluster is of one.
  const both: readonly IPFamily[] = selectorless
    ? [...second, ...(['IPv4', 'IPv6'] as const).filter((one) => !second.includes(one))]
    : second;
  return { families: both.slice(0, 2), policy };
}

/**
 * Gives a Service that has none the cluster IPs that the API server would: one of each of its families. Addresses that it
 * names are checked. A Service that has its addresses already is left alone. Source: Kubernetes 1.36
 * pkg/registry/core/service/storage/alloc.go (`initIPFamilyFields`, `allocClusterIPs`).
 */
export function withClusterIPs(
  cluster: Cluster,
  before: Service | undefined,
  wanted: Service,
  ranges: ClusterIPs,
): AddressedService {
  const { spec = {} } = wanted;
  if (!needsClusterIP(wanted) || (before !== undefined && needsClusterIP(before)))
    return { service: wanted, taken: [], faults: [] };
  const faults: ServiceFault[] = [];
  const key = namespacedName(wanted);
  const named = (spec.clusterIPs ?? []).length > 0 ? spec.clusterIPs : undefined;
  const [first = spec.clusterIP ?? ''] = named ?? [];
  const given = named ?? (first === '' ? [] : [first]);
  const { families, policy } = wantedFamilies(
    cluster,
    { ...wanted, spec: { ...spec, clusterIPs: given } },
    ranges,
    faults,
  );
  if (isHeadless(wanted) || first === 'None') {
    const headless: Spec = {
      ...spec,
      clusterIP: 'None',
      clusterIPs: ['None'],
      ipFamilies: families,
      ipFamilyPolicy: policy,
    };
    return { service: { ...wanted, spec: headless }, taken: [], faults };
  }
  for (const [index, text] of given.entries()) {
    const pointer = named === undefined ? '/spec/clusterIP' : `/spec/clusterIPs/${index}`;
    const owner = ranges.ownerOf(text);
    if (owner !== undefined)
      faults.push({
        pointer,
        detail: `${text} is the cluster IP of Service ${owner}; name another, or none to get a free one.`,
      });
    else if (!ranges.allows(text)) {
      faults.push({
        pointer,
        detail: `${text} is outside the API server's range of cluster IPs; name none to get a free one.`,
      });
    }
  }
  const taken: TakenAddress[] = [];
  const addresses = families.map((family, index) => {
    const own = given.find((text) => addressFamily(text) === family);
    if (own !== undefined) return own;
    const address = faults.length > 0 ? undefined : ranges.take(family, key);
    if (address !== undefined) taken.push({ family, address });
    else if (faults.length === 0) {
      faults.push({
        pointer: '/spec/clusterIP',
        detail: `No ${family} cluster IP is free (family ${index + 1} of the Service); name one.`,
      });
    }
    return address ?? '';
  });
  const [clusterIP = ''] = addresses;
  return {
    service: {
      ...wanted,
      spec: { ...spec, clusterIP, clusterIPs: addresses, ipFamilies: families, ipFamilyPolicy: policy },
    },
    taken,
    faults,
  };
}

/** What a Service is before it exists, for rules that compare with what was. */
export function nothingBefore(service: Service): Service {
  return { kind: 'Service', metadata: service.metadata, spec: { type: typeOf(service) } };
}
