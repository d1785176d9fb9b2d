/**
 * Services without a selector, whose slices stay as they are while a change takes pods away from their addresses, or
 * puts others there.
 */
import { addressOf, canonicalAddress } from '../../base/address.js';
import { ownsAddress } from '../../cluster/addresses.js';
import { type Cluster, podAddresses } from '../../cluster/cluster.js';
import { namespacedName } from '../../cluster/objects.js';

/** Who has which address of a pod network, as canonical text. */
function holders({ pods }: Cluster): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const pod of pods.values()) {
    if (!ownsAddress(pod)) continue;
    for (const text of podAddresses(pod)) {
      const address = addressOf(text)?.text;
      if (address !== undefined && !found.has(address)) found.set(address, namespacedName(pod));
    }
  }
  return found;
}

/** Addresses that one side's pods have and the other's do not, or that another pod has. */
function movedAddresses(before: Cluster, after: Cluster): ReadonlySet<string> {
  const [was, is] = [holders(before), holders(after)];
  const moved = new Set<string>();
  for (const [address, pod] of was) if (is.get(address) !== pod) moved.add(address);
  for (const address of is.keys()) if (!was.has(address)) moved.add(address);
  return moved;
}

/** Of such addresses those that slices of a Service list for new connections. */
function listed(cluster: Cluster, key: string, moved: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { endpoints } of cluster.slicesOf(key)) {
    for (const { addresses, conditions } of endpoints ?? []) {
      if (conditions?.ready === false) continue;
      for (const text of addresses) {
        // IPv4 has one spelling.
        const address = text.includes(':') ? canonicalAddress(text) : text;
        if (moved.has(address)) found.add(address);
      }
    }
  }
  return found;
}

/**
 * `namespace/name` of the Services without a selector of which both sides' slices list such an address: the
 * EndpointSlice controller keeps the slices of Services with one current, and nobody those that are made by hand.
 */
export function servicesOfMovedPods(before: Cluster, after: Cluster): readonly string[] {
  if (before.pods === after.pods) return [];
  const withoutSelector: string[] = [];
  for (const [key, { spec }] of after.services.entries())
    if (Object.keys(spec?.selector ?? {}).length === 0) withoutSelector.push(key);
  // Of large clusters few Services are without one.
  if (withoutSelector.length === 0) return [];
  const moved = movedAddresses(before, after);
  return withoutSelector.filter((key) => {
    const was = listed(before, key, moved);
    return was.size > 0 && [...listed(after, key, moved)].some((address) => was.has(address));
  });
}
