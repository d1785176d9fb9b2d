import { addressOf, type IPFamily } from '../base/address.js';
import type { Cluster } from '../cluster/cluster.js';
import { type EndpointSlice, namespacedName, type Service } from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import { NEWEST_VERSION, parseVersion, withCheckedPatch } from '../cluster/versions.js';
import { syncEndpointSlices } from './endpointslices.js';
import { mirroredSlices } from './mirrored-slices.js';
import { SelectedPods } from './selected-pods.js';

export interface EndpointSources {
  readonly cluster: Cluster;
  readonly assumptions: readonly Assumption[];
}

/** At most this many names in an assumption. */
const NAMED = 20;

function named(keys: readonly string[]): { readonly value: readonly string[]; readonly more: string } {
  const value = [...keys].sort().slice(0, NAMED);
  return { value, more: keys.length > NAMED ? ` ${keys.length - NAMED} more are not named here.` : '' };
}

/** The newest version that a node reports: the control plane is never older than its nodes. */
function newestNodeVersion(cluster: Cluster) {
  let newest = NEWEST_VERSION;
  let minor = -1;
  for (const node of cluster.nodes.values()) {
    const version = parseVersion(node.status?.nodeInfo?.kubeletVersion ?? '');
    if (version === undefined || version.major !== 1 || version.minor <= minor) continue;
    minor = version.minor;
    newest = withCheckedPatch(version);
  }
  return newest;
}

/**
 * On slices that were made of an Endpoints object: the families that it does not carry, and that nothing else shows.
 */
const UNKNOWN_FAMILIES = 'kube-whatif/unknown-families';

/**
 * Whether it is not known which endpoints of a family a Service has: only its Endpoints object is there, with another
 * family.
 */
export function endpointsAreUnknown(cluster: Cluster, service: string, family: IPFamily): boolean {
  const slices = cluster.slicesOf(service);
  return (
    slices.every(({ addressType }) => addressType !== family) &&
    slices.some(({ metadata }) => metadata.annotations?.[UNKNOWN_FAMILIES]?.split(' ').includes(family))
  );
}

/** The families of a Service: as its spec says, else those of its cluster IPs. */
function familiesOf({ spec }: Service): readonly IPFamily[] {
  if (spec?.ipFamilies !== undefined && spec.ipFamilies.length > 0) return spec.ipFamilies as readonly IPFamily[];
  const addresses = spec?.clusterIPs ?? [spec?.clusterIP ?? ''];
  return addresses.flatMap((text) => addressOf(text)?.family ?? []);
}

function fromEndpoints(cluster: Cluster): EndpointSources {
  const edit = new Map<string, EndpointSlice | undefined>();
  const mirrored: string[] = [];
  const derived: string[] = [];
  const unknown: string[] = [];
  const selected = new SelectedPods(cluster);
  const version = newestNodeVersion(cluster);
  for (const endpoints of cluster.endpoints.values()) {
    const key = namespacedName(endpoints);
    const service = cluster.services.get(key);
    if (service === undefined || cluster.slicesOf(key).length > 0) continue;
    const slices = mirroredSlices(cluster, service, endpoints);
    mirrored.push(key);
    const missing = familiesOf(service).filter((family) => !slices.some(({ addressType }) => addressType === family));
    if (missing.length === 0 || slices.length === 0) {
      for (const slice of slices) edit.set(namespacedName(slice), slice);
      continue;
    }
    // An Endpoints object carries the Service's first family alone: the other one is in EndpointSlices only.
    const pods = selected.of(service);
    if (pods.length === 0) {
      const annotations = { [UNKNOWN_FAMILIES]: missing.join(' ') };
      for (const slice of slices) {
        edit.set(namespacedName(slice), { ...slice, metadata: { ...slice.metadata, annotations } });
      }
      unknown.push(key);
      continue;
    }
    for (const slice of slices) edit.set(namespacedName(slice), slice);
    for (const [name, slice] of syncEndpointSlices(cluster, service, { version, pods }).edit) {
      if (slice !== undefined && missing.includes(slice.addressType as IPFamily)) edit.set(name, slice);
    }
    derived.push(key);
  }
  if (mirrored.length === 0) return { cluster, assumptions: [] };
  const { value, more } = named(mirrored);
  const others: Assumption[] = [];
  if (derived.length > 0) {
    const { value, more } = named(derived);
    const why =
      'An Endpoints object carries one family: the endpoints of the other one are what the EndpointSlice ' +
      `controller would make of the pods.${more}`;
    others.push({ field: 'snapshot.endpoints.otherFamily', value, why });
  }
  if (unknown.length > 0) {
    const { value, more } = named(unknown);
    const why =
      'An Endpoints object carries one family: which endpoints of the other one these Services have is not ' +
      `known.${more}`;
    others.push({ field: 'snapshot.endpoints.unknownFamily', value, why });
  }
  const why =
    'These Services have no EndpointSlice in the snapshot: their ' + `endpoints come from Endpoints objects.${more}`;
  return {
    cluster: edit.size === 0 ? cluster : cluster.with({ endpointSlices: edit }),
    assumptions: [{ field: 'snapshot.endpoints', value, why }, ...others],
  };
}

function fromPods(cluster: Cluster): EndpointSources {
  const selected = new SelectedPods(cluster);
  const version = newestNodeVersion(cluster);
  const edit = new Map<string, EndpointSlice | undefined>();
  const without: string[] = [];
  const podsWithoutNode = new Set<string>();
  for (const service of cluster.services.values()) {
    const key = namespacedName(service);
    if (service.spec?.type === 'ExternalName') continue;
    if (Object.keys(service.spec?.selector ?? {}).length === 0) {
      without.push(key);
      continue;
    }
    const synced = syncEndpointSlices(cluster, service, { version, pods: selected.of(service) });
    for (const [name, slice] of synced.edit) edit.set(name, slice);
    for (const pod of synced.podsWithoutNode) podsWithoutNode.add(pod);
  }
  const assumptions: Assumption[] = [
    {
      field: 'snapshot.endpointSlices',
      value: 'derived from pods',
      why:
        'The snapshot holds neither EndpointSlices nor Endpoints: endpoints are what the EndpointSlice ' +
        'controller would make of Service selectors and pods.',
    },
  ];
  if (without.length > 0) {
    const { value, more } = named(without);
    const why =
      'These Services have no selector: without EndpointSlices in the ' + `snapshot they have no endpoints.${more}`;
    assumptions.push({ field: 'snapshot.servicesWithoutEndpoints', value, why });
  }
  if (podsWithoutNode.size > 0) {
    const { value, more } = named([...podsWithoutNode]);
    const why =
      'The nodes of these pods are not in the snapshot: they are no endpoints, as the EndpointSlice controller ' +
      `leaves such pods out.${more}`;
    assumptions.push({ field: 'snapshot.podsWithoutNode', value, why });
  }
  return { cluster: edit.size === 0 ? cluster : cluster.with({ endpointSlices: edit }), assumptions };
}

/** Services that the EndpointSlice controller keeps a slice for, though the snapshot holds none. */
function missingSlices(cluster: Cluster): readonly Assumption[] {
  const selected = new SelectedPods(cluster);
  const missing: string[] = [];
  for (const service of cluster.services.values()) {
    const key = namespacedName(service);
    if (service.spec?.type === 'ExternalName' || cluster.slicesOf(key).length > 0) continue;
    if (selected.of(service).length > 0) missing.push(key);
  }
  if (missing.length === 0) return [];
  const { value, more } = named(missing);
  const why =
    'These Services select pods but have no EndpointSlice, while others have: they are taken to have no ' +
    `endpoints.${more}`;
  return [{ field: 'snapshot.servicesWithoutEndpoints', value, why }];
}

/**
 * Gives a snapshot the EndpointSlices that it lacks. Services without any slice but with an Endpoints object get slices
 * that mirror it. A snapshot that holds neither slices nor Endpoints but pods gets what the EndpointSlice controller
 * would make of them. Everything that was derived is listed as an assumption. One edit, whatever the number of
 * Services.
 */
export function withEndpointSources(cluster: Cluster): EndpointSources {
  const mirrored = cluster.endpoints.size > 0 ? fromEndpoints(cluster) : { cluster, assumptions: [] };
  if (mirrored.cluster.endpointSlices.size > 0) {
    return { ...mirrored, assumptions: [...mirrored.assumptions, ...missingSlices(mirrored.cluster)] };
  }
  if (cluster.endpoints.size > 0) return mirrored;
  if (cluster.services.size === 0) return { cluster, assumptions: [] };
  if (cluster.pods.size > 0) return fromPods(cluster);
  const why = 'The snapshot holds neither EndpointSlices nor Endpoints nor pods: no Service has endpoints.';
  return { cluster, assumptions: [{ field: 'snapshot.endpointSlices', value: 'none', why }] };
}
