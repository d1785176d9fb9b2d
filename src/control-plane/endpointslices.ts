import { addressOf, type IPFamily } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import {
  type EndpointSlice,
  type Node,
  namespacedName,
  type Pod,
  type Service,
  type SliceEndpoint,
  type SlicePort,
} from '../cluster/objects.js';
import type { KubernetesVersion } from '../cluster/settings.js';
import { NEWEST_VERSION } from '../cluster/versions.js';
import { endpointPorts, portsKey, samePortsOnPods } from './endpoint-ports.js';
import { type EndpointSliceFeatures, endpointSliceFeatures } from './features.js';
import { generatedName } from './generated-name.js';
import { matchesServiceSelector } from './labels.js';
import { endpointsOfPods, isPublished } from './pod-endpoint.js';
import { removeHints, type SliceChanges } from './slice-changes.js';
import { isControllerSlice, isOwnedBy, MANAGED_BY_LABEL, newSliceFor, sliceLabels } from './slice-metadata.js';
import { packEndpoints } from './slice-packing.js';
import { addTopologyHints, asksForTopologyHints, type HintEvent } from './topology-hints.js';
import { actsOnTrafficDistribution, addTrafficDistributionHints } from './traffic-distribution.js';
import { cpuRatiosByZone } from './zone-allocation.js';

export interface SyncOptions {
  /** Whose controller syncs. Default: the newest. */
  readonly version?: KubernetesVersion;
  /** Feature gates set explicitly on the controller manager. */
  readonly featureGates?: Readonly<Record<string, boolean>>;
  /**
   * What slices that are written carry as the time of the change that caused it (RFC 3339). Absent: they carry none.
   */
  readonly triggerTime?: string;
  /** The pods that the Service's selector matches, where the caller has them at hand. */
  readonly pods?: readonly Pod[];
}

export interface SyncResult {
  /** Slices written (by `namespace/name`) and, undefined, deleted. Empty when all is as it should be. */
  readonly edit: ReadonlyMap<string, EndpointSlice | undefined>;
  readonly events: readonly HintEvent[];
  /** Pods left out because the snapshot does not hold their node, `namespace/name`. */
  readonly podsWithoutNode: readonly string[];
  /** Slices without a managed-by label that were taken for the controller's, by name. */
  readonly assumedManaged: readonly string[];
}

const TRIGGER_TIME_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time';
const NOTHING: SyncResult = { edit: new Map(), events: [], podsWithoutNode: [], assumedManaged: [] };

const ratiosOf = new WeakMap<Cluster['nodes'], { readonly ratios: ReadonlyMap<string, number> | undefined }>();

function cpuRatios(cluster: Cluster): ReadonlyMap<string, number> | undefined {
  let known = ratiosOf.get(cluster.nodes);
  if (known === undefined) {
    known = { ratios: cpuRatiosByZone(cluster.nodes.values()) };
    ratiosOf.set(cluster.nodes, known);
  }
  return known.ratios;
}

/** The address families of a Service: as it says, else that of its cluster IP, else (headless) both. */
function familiesOf(service: Service): IPFamily[] {
  const listed = (service.spec?.ipFamilies ?? []).filter((one): one is IPFamily => one === 'IPv4' || one === 'IPv6');
  if (listed.length > 0) return [...new Set(listed)];
  const clusterIP = service.spec?.clusterIP;
  if (clusterIP && clusterIP !== 'None') return [addressOf(clusterIP)?.family ?? 'IPv4'];
  return ['IPv4', 'IPv6'];
}

/** The pods of its namespace that a Service's selector matches; none without a selector. */
export function podsSelectedBy(cluster: Cluster, service: Service): Pod[] {
  const selector = service.spec?.selector;
  return cluster
    .podsIn(service.metadata.namespace ?? 'default')
    .filter((pod) => matchesServiceSelector(selector, pod.metadata.labels));
}

interface Group {
  readonly ports: readonly SlicePort[];
  readonly endpoints: Map<string, SliceEndpoint>;
}

function desiredGroups(
  pods: readonly Pod[],
  nodes: { get(name: string): Node | undefined },
  service: Service,
  family: IPFamily,
  features: EndpointSliceFeatures,
  podsWithoutNode: Set<string>,
): Map<string, Group> {
  const groups = new Map<string, Group>();
  const endpointOf = endpointsOfPods(service, family, features);
  const isAlike = samePortsOnPods(service);
  let group: Group | undefined;
  for (const pod of pods) {
    if (!isPublished(pod, features)) continue;
    if (group === undefined || !isAlike) {
      const ports = endpointPorts(service, pod);
      group = remember(groups, portsKey(ports), () => ({ ports, endpoints: new Map<string, SliceEndpoint>() }));
    }
    const node = nodes.get(pod.spec?.nodeName ?? '');
    if (node === undefined && service.spec?.publishNotReadyAddresses !== true) {
      podsWithoutNode.add(namespacedName(pod));
      continue;
    }
    const published = endpointOf(pod, node);
    if (published !== undefined) group.endpoints.set(published.key, published.endpoint);
  }
  return groups;
}

interface FamilyPlan extends SliceChanges {
  readonly toDelete: readonly EndpointSlice[];
}

function planFamily(
  service: Service,
  family: IPFamily,
  existing: readonly EndpointSlice[],
  groups: Map<string, Group>,
): FamilyPlan {
  const toCreate: EndpointSlice[] = [];
  const toUpdate: EndpointSlice[] = [];
  const unchanged: EndpointSlice[] = [];
  const toDelete = existing.filter((slice) => !isOwnedBy(slice, service));
  const byPorts = new Map<string, EndpointSlice[]>();
  for (const slice of existing) {
    if (!isOwnedBy(slice, service)) continue;
    const key = portsKey(slice.ports);
    byPorts.set(key, [...(byPorts.get(key) ?? []), slice]);
  }
  for (const [key, { ports, endpoints }] of groups) {
    const plan = packEndpoints({
      existing: byPorts.get(key) ?? [],
      desired: endpoints,
      ports,
      labelsFor: (slice) => sliceLabels(slice, service),
      newSlice: () => newSliceFor(service, family, ports),
    });
    toCreate.push(...plan.toCreate);
    toUpdate.push(...plan.toUpdate);
    unchanged.push(...plan.unchanged);
    toDelete.push(...plan.toDelete);
  }
  for (const [key, slices] of byPorts) if (!groups.has(key)) toDelete.push(...slices);
  if (toDelete.length === existing.length && toCreate.length === 0) {
    // A Service with nothing to publish has one empty slice.
    const [only] = toDelete;
    const placeholder = newSliceFor(service, family, []);
    const isPlaceholder =
      toDelete.length === 1 &&
      only !== undefined &&
      only.endpoints.length === 0 &&
      only.ports.length === 0 &&
      isOwnedBy(only, service) &&
      !sliceLabels(only, service).changed;
    if (isPlaceholder) return { toCreate, toUpdate, unchanged: [...unchanged, only], toDelete: [] };
    toCreate.push(placeholder);
  }
  return { toCreate, toUpdate, unchanged, toDelete };
}

function hint(
  cluster: Cluster,
  service: Service,
  family: IPFamily,
  plan: FamilyPlan,
  features: EndpointSliceFeatures,
): { readonly changes: SliceChanges; readonly events: readonly HintEvent[] } {
  if (asksForTopologyHints(service, features)) return addTopologyHints(plan, cpuRatios(cluster), family);
  const distribution = service.spec?.trafficDistribution;
  if (actsOnTrafficDistribution(distribution, features)) {
    return { changes: addTrafficDistributionHints(plan, distribution), events: [] };
  }
  return { changes: removeHints(plan), events: [] };
}

/**
 * One sync of a Service by the EndpointSlice controller: what its slices become, given the cluster's pods and nodes.
 * Slices of other managers (hand-made, mirrored) are left alone, and so are Services without selector and of type
 * ExternalName. Endpoints stay in the slices they are in. Source: Kubernetes 1.36 pkg/controller/endpointslice,
 * staging endpointslice `reconciler.go`.
 */
export function syncEndpointSlices(cluster: Cluster, service: Service, options: SyncOptions = {}): SyncResult {
  const selector = service.spec?.selector;
  if (service.spec?.type === 'ExternalName' || Object.keys(selector ?? {}).length === 0) return NOTHING;
  const features = endpointSliceFeatures(options.version ?? NEWEST_VERSION, options.featureGates);
  const pods = options.pods ?? podsSelectedBy(cluster, service);
  const edit = new Map<string, EndpointSlice | undefined>();
  const events: HintEvent[] = [];
  const podsWithoutNode = new Set<string>();
  const all = cluster.slicesOf(namespacedName(service));
  const managed = all.filter((slice) => !slice.metadata.deletionTimestamp && isControllerSlice(slice));
  const assumedManaged = managed.filter((slice) => slice.metadata.labels?.[MANAGED_BY_LABEL] === undefined);
  const families = familiesOf(service);
  for (const slice of managed) {
    if (!families.some((family) => family === slice.addressType)) edit.set(namespacedName(slice), undefined);
  }
  const write = (slice: EndpointSlice, created: boolean) => {
    const { [TRIGGER_TIME_ANNOTATION]: _old, ...kept } = slice.metadata.annotations ?? {};
    const annotations =
      options.triggerTime === undefined ? kept : { ...kept, [TRIGGER_TIME_ANNOTATION]: options.triggerTime };
    const namespace = service.metadata.namespace ?? 'default';
    const name = created
      ? generatedName(`${service.metadata.name}-`, `EndpointSlice/${namespacedName(service)}`, (one) => {
          const key = `${namespace}/${one}`;
          return edit.has(key) || cluster.endpointSlices.has(key);
        })
      : slice.metadata.name;
    edit.set(`${namespace}/${name}`, { ...slice, metadata: { ...slice.metadata, name, annotations } });
  };
  for (const family of families) {
    const groups = desiredGroups(pods, cluster.nodes, service, family, features, podsWithoutNode);
    const existing = managed.filter((slice) => slice.addressType === family);
    const plan = planFamily(service, family, existing, groups);
    const hinted = hint(cluster, service, family, plan, features);
    events.push(...hinted.events);
    // Slices that would be deleted are rewritten as far as new ones are needed, which spares the proxies an event.
    const toCreate = [...hinted.changes.toCreate];
    for (const old of plan.toDelete) {
      const replacement = isOwnedBy(old, service) ? toCreate.pop() : undefined;
      if (replacement === undefined) edit.set(namespacedName(old), undefined);
      else {
        const { uid, creationTimestamp, name } = old.metadata;
        write(
          {
            ...replacement,
            metadata: {
              ...replacement.metadata,
              name,
              ...(uid === undefined ? {} : { uid }),
              ...(creationTimestamp ? { creationTimestamp } : {}),
            },
          },
          false,
        );
      }
    }
    for (const slice of toCreate) write(slice, true);
    for (const slice of hinted.changes.toUpdate) write(slice, false);
  }
  return {
    edit,
    events,
    podsWithoutNode: [...podsWithoutNode],
    assumedManaged: assumedManaged.map((slice) => slice.metadata.name),
  };
}
