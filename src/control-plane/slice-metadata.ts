import type { IPFamily } from '../base/address.js';
import {
  type EndpointSlice,
  type OwnerReference,
  SERVICE_NAME_LABEL,
  type Service,
  type SlicePort,
} from '../cluster/objects.js';
import type { Labels } from './labels.js';

export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';
/** What the EndpointSlice controller calls itself. */
export const SLICE_CONTROLLER = 'endpointslice-controller.k8s.io';
export const MIRRORING_CONTROLLER = 'endpointslicemirroring-controller.k8s.io';

const RESERVED: ReadonlySet<string> = new Set([SERVICE_NAME_LABEL, MANAGED_BY_LABEL, HEADLESS_LABEL]);

/**
 * Whether the slice is the EndpointSlice controller's: its managed-by label says so. A slice without that label whose
 * endpoints all name pods counts as one whose labels were trimmed, since nobody else writes such slices.
 */
export function isControllerSlice(slice: EndpointSlice): boolean {
  const manager = slice.metadata.labels?.[MANAGED_BY_LABEL];
  if (manager !== undefined) return manager === SLICE_CONTROLLER;
  return slice.endpoints.length > 0 && slice.endpoints.every((endpoint) => endpoint.targetRef?.kind === 'Pod');
}

/**
 * Whether the slice belongs to this very Service, not to an older one of its name. Trimmed metadata is no objection.
 */
export function isOwnedBy(slice: EndpointSlice, service: Service): boolean {
  const owners = slice.metadata.ownerReferences ?? [];
  if (owners.length === 0) return true;
  return owners.some(
    (owner) =>
      owner.kind === 'Service' &&
      (owner.uid === undefined || service.metadata.uid === undefined
        ? owner.name === service.metadata.name
        : owner.uid === service.metadata.uid),
  );
}

function withoutReserved(labels: Labels | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(labels ?? {}).filter(([key]) => !RESERVED.has(key)));
}

/** Whether the Service has a cluster IP. */
function hasClusterIP(service: Service): boolean {
  const clusterIP = service.spec?.clusterIP;
  return Boolean(clusterIP) && clusterIP !== 'None';
}

/** The labels of a Service's slices: the Service's own, and those that say whose slice it is. */
export function sliceLabels(slice: EndpointSlice, service: Service): { labels: Labels; changed: boolean } {
  const own = withoutReserved(service.metadata.labels);
  const before = withoutReserved(slice.metadata.labels);
  const keys = Object.keys(own);
  const changed = keys.length !== Object.keys(before).length || keys.some((key) => own[key] !== before[key]);
  return {
    labels: {
      ...own,
      ...(hasClusterIP(service) ? {} : { [HEADLESS_LABEL]: '' }),
      [SERVICE_NAME_LABEL]: service.metadata.name,
      [MANAGED_BY_LABEL]: SLICE_CONTROLLER,
    },
    changed,
  };
}

/** An empty slice of the Service; its name stays empty until it is written. */
export function newSliceFor(service: Service, family: IPFamily, ports: readonly SlicePort[]): EndpointSlice {
  const owner: OwnerReference & { readonly blockOwnerDeletion: boolean } = {
    apiVersion: 'v1',
    kind: 'Service',
    name: service.metadata.name,
    ...(service.metadata.uid === undefined ? {} : { uid: service.metadata.uid }),
    controller: true,
    blockOwnerDeletion: true,
  };
  const slice: EndpointSlice = {
    kind: 'EndpointSlice',
    metadata: {
      name: '',
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace ?? 'default',
      ownerReferences: [owner],
    },
    addressType: family,
    endpoints: [],
    ports,
  };
  return { ...slice, metadata: { ...slice.metadata, labels: sliceLabels(slice, service).labels } };
}
