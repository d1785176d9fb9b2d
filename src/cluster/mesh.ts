/** Pods whose connections a service mesh takes in hand before they leave the pod: it chooses endpoints itself. */
import { addressOf, cidrContains, networkOf } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from './cluster.js';
import { containersOf } from './containers.js';
import type { Pod } from './objects.js';

/** The label that puts a namespace or a pod into Istio's ambient mesh (istio.io, ambient: add workloads). */
export const AMBIENT_LABEL = 'istio.io/dataplane-mode';

/**
 * The containers of sidecars, plain or native (an init container that goes on), and the names of their meshes. Sources:
 * the injection templates of Istio, Linkerd, Consul, Kuma, Open Service Mesh and App Mesh.
 */
const SIDECARS: readonly { readonly mesh: string; readonly container: RegExp; readonly image?: RegExp }[] = [
  { mesh: 'Istio', container: /^istio-proxy$/ },
  { mesh: 'Linkerd', container: /^linkerd-proxy$/ },
  { mesh: 'Consul', container: /^(?:consul-dataplane|envoy-sidecar|consul-connect-envoy-sidecar)(?:-.+)?$/ },
  { mesh: 'Kuma', container: /^kuma-sidecar$/ },
  { mesh: 'Open Service Mesh or App Mesh', container: /^envoy$/, image: /envoy/ },
];

function sidecarOf(pod: Pod): { readonly mesh: string; readonly container: string } | undefined {
  for (const { name, image = '' } of containersOf(pod.spec)) {
    const found = SIDECARS.find((one) => one.container.test(name) && (one.image?.test(image) ?? true));
    if (found !== undefined) return { mesh: found.mesh, container: name };
  }
  return undefined;
}

function isAmbient(cluster: Cluster, pod: Pod): boolean {
  const own = pod.metadata.labels?.[AMBIENT_LABEL];
  if (own !== undefined) return own === 'ambient';
  const namespace = cluster.resources.get(`Namespace.//${pod.metadata.namespace ?? 'default'}`);
  return namespace?.metadata.labels?.[AMBIENT_LABEL] === 'ambient';
}

/** How a mesh takes the pod's connections in hand, in words; undefined for a pod in none. */
export function meshOf(cluster: Cluster, pod: Pod): string | undefined {
  if (pod.spec?.hostNetwork === true) return undefined;
  const sidecar = sidecarOf(pod);
  if (sidecar !== undefined) return `the sidecar ${sidecar.container} of ${sidecar.mesh}`;
  return isAmbient(cluster, pod) ? 'ztunnel of Istio’s ambient mode' : undefined;
}

/** Whether a list such as `25,3306` or Linkerd's `4000-5000` has the port. */
function portsHold(text: string | undefined, port: number | undefined): boolean {
  if (text === undefined || port === undefined) return false;
  return text.split(',').some((entry) => {
    const [first, last = first] = entry.trim().split('-').map(Number);
    return first !== undefined && last !== undefined && port >= first && port <= last;
  });
}

function rangesHold(text: string | undefined, address: string): boolean {
  const parsed = addressOf(address);
  return (text ?? '').split(',').some((entry) => {
    const range = networkOf(entry.trim());
    return entry.trim() === '*' || (range !== undefined && parsed !== undefined && cidrContains(range, parsed));
  });
}

/**
 * Whether the pod's annotations leave this destination to the network: what is excluded of a sidecar's redirection
 * (Istio: traffic.sidecar.istio.io; Linkerd: config.linkerd.io/skip-outbound-ports).
 */
export function meshLeavesOut({ metadata }: Pod, address: string, port: number | undefined): boolean {
  const annotations = metadata.annotations ?? {};
  const istio = (name: string) => annotations[`traffic.sidecar.istio.io/${name}`];
  const included = istio('includeOutboundIPRanges');
  return (
    istio('interceptionMode') === 'NONE' ||
    portsHold(istio('excludeOutboundPorts'), port) ||
    rangesHold(istio('excludeOutboundIPRanges'), address) ||
    (included !== undefined && !rangesHold(included, address) && !portsHold(istio('includeOutboundPorts'), port)) ||
    portsHold(annotations['config.linkerd.io/skip-outbound-ports'], port)
  );
}

interface Meshed {
  readonly inMesh: number;
  readonly all: number;
  readonly how: string | undefined;
}

// The variants of a cluster that changes make share the pods of the snapshot: they are counted once.
const counts = new WeakMap<Cluster['pods']['base'], WeakMap<object, Meshed>>();

/** The objects among which namespaces are: those of the snapshot, where a change has no namespace. */
function namespacesOf({ resources }: Cluster): object {
  const isNamespace = (key: string) => key.startsWith('Namespace.');
  return [...resources.replacements.keys()].some(isNamespace) ? resources : resources.base;
}

/** How many of the snapshot's pods that have a network of their own are in a mesh, and how the first one is. */
export function meshedPods(cluster: Cluster): Meshed {
  const byNamespaces = remember(counts, cluster.pods.base, () => new WeakMap<object, Meshed>());
  return remember(byNamespaces, namespacesOf(cluster), () => {
    let [inMesh, all] = [0, 0];
    let how: string | undefined;
    for (const pod of cluster.pods.base.values()) {
      const { phase } = pod.status ?? {};
      if (pod.spec?.hostNetwork === true || phase === 'Succeeded' || phase === 'Failed') continue;
      all++;
      const own = meshOf(cluster, pod);
      if (own === undefined) continue;
      inMesh++;
      how ??= own;
    }
    return { inMesh, all, how };
  });
}
