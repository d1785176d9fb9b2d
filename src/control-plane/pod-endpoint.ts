import { addressOf, type IPFamily } from '../base/address.js';
import { remember } from '../base/remember.js';
import { podAddresses } from '../cluster/cluster.js';
import { type Node, type Pod, type Service, type SliceEndpoint, ZONE_LABEL } from '../cluster/objects.js';
import type { EndpointSliceFeatures } from './features.js';
import { isReady, isTerminal, isTerminating } from './pods.js';

/** Whether a pod that the selector matches is published at all: it has not ended and has an address. */
export function isPublished(pod: Pod, features: EndpointSliceFeatures): boolean {
  if (isTerminal(pod) || podAddresses(pod).length === 0) return false;
  return features.terminating || !isTerminating(pod);
}

/** What an endpoint is made of beside its pod and Service, with what that makes. */
interface Made {
  readonly node: Node | undefined;
  readonly family: IPFamily;
  readonly terminating: boolean;
  readonly published: PublishedEndpoint | undefined;
}

/** An endpoint with its {@link endpointKey}. */
export interface PublishedEndpoint {
  readonly endpoint: SliceEndpoint;
  readonly key: string;
}

// Sweeps settle one Service a thousand times: most of its pods are the same each time.
const made = new WeakMap<Service, WeakMap<Pod, Made>>();

/**
 * Makes the endpoints of a Service's pods for one address family; undefined when a pod has no address of it. Addresses
 * are spelled canonically. Source: Kubernetes 1.36 endpointslice `podToEndpoint`.
 */
export function endpointsOfPods(
  service: Service,
  family: IPFamily,
  features: EndpointSliceFeatures,
): (pod: Pod, node: Node | undefined) => PublishedEndpoint | undefined {
  const ofPods = remember(made, service, () => new WeakMap<Pod, Made>());
  const { terminating } = features;
  return (pod, node) => {
    const known = ofPods.get(pod);
    if (known?.node === node && known?.family === family && known.terminating === terminating) return known.published;
    const endpoint = makeEndpoint(pod, node, service, family, features);
    const published = endpoint && { endpoint, key: endpointKey(endpoint) };
    ofPods.set(pod, { node, family, terminating, published });
    return published;
  };
}

function makeEndpoint(
  pod: Pod,
  node: Node | undefined,
  service: Service,
  family: IPFamily,
  features: EndpointSliceFeatures,
): SliceEndpoint | undefined {
  const addresses: string[] = [];
  for (const text of podAddresses(pod)) {
    const address = addressOf(text);
    if (address?.family === family) addresses.push(address.text);
  }
  if (addresses.length === 0) return undefined;
  const serving = isReady(pod);
  const terminating = isTerminating(pod);
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const namespace = pod.metadata.namespace ?? 'default';
  const zone = node?.metadata.labels?.[ZONE_LABEL];
  const hostname =
    pod.spec?.hostname && pod.spec.subdomain === service.metadata.name ? { hostname: pod.spec.hostname } : {};
  return {
    addresses: addresses.length > 1 ? addresses.sort() : addresses,
    conditions: features.terminating ? { ready, serving, terminating } : { ready },
    ...hostname,
    targetRef: {
      kind: 'Pod',
      namespace,
      name: pod.metadata.name,
      ...(pod.metadata.uid === undefined ? {} : { uid: pod.metadata.uid }),
    },
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(zone ? { zone } : {}),
  };
}

/** Says which endpoints are the same one: addresses and pod. */
export function endpointKey(endpoint: SliceEndpoint): string {
  const { targetRef } = endpoint;
  const { addresses } = endpoint;
  const text = addresses.length === 1 ? addresses[0] : [...addresses].sort().join();
  return `${text}|${targetRef?.namespace ?? ''}/${targetRef?.name ?? ''}`;
}

/** Whether two endpoints of one key say the same (hints aside). */
export function sameEndpoint(a: SliceEndpoint, b: SliceEndpoint): boolean {
  return (
    (a.nodeName ?? undefined) === (b.nodeName ?? undefined) &&
    (a.zone ?? undefined) === (b.zone ?? undefined) &&
    (a.conditions?.ready ?? undefined) === (b.conditions?.ready ?? undefined) &&
    (a.conditions?.serving ?? undefined) === (b.conditions?.serving ?? undefined) &&
    (a.conditions?.terminating ?? undefined) === (b.conditions?.terminating ?? undefined) &&
    a.targetRef?.kind === b.targetRef?.kind &&
    a.targetRef?.uid === b.targetRef?.uid
  );
}
