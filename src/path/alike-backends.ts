import { formatFraction, fraction, multiply } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import { nodeZone } from '../cluster/addresses.js';
import type { BackendShare, Balancer } from '../load-balancers/balancer.js';
import { addressProfile } from '../policies/address-profile.js';
import type { Fabric } from './fabric.js';

/** A backend with the share of all that it represents. */
export interface AlikeShare extends BackendShare {
  /** The nodes of the backends that it represents, each with the same part of the share; its own is among them. */
  readonly nodes: readonly string[];
}

/** The nodes with endpoints of the Service, and those that hints name, as the kube-proxies of the backends' nodes have them. */
function nodesOfEndpoints(fabric: Fabric, balancer: Balancer, shares: readonly BackendShare[]): Set<string> {
  const special = new Set<string>();
  const seen = new Set<object>();
  for (const { backend } of shares) {
    if (backend.kind === 'POD' || !fabric.cluster.nodes.has(backend.node)) continue;
    const profile = fabric.settings.proxyOf(backend.node);
    if (seen.has(profile)) continue;
    seen.add(profile);
    const { services } = fabric.program(backend.node);
    for (const port of services.portsOf(balancer.key)) {
      for (const endpoint of services.endpointsOf(port)) {
        if (endpoint.node !== '') special.add(endpoint.node);
        for (const hinted of endpoint.nodeHints) special.add(hinted);
      }
    }
  }
  return special;
}

/**
 * Backends reported as few: nodes that treat the Service's packets alike (the same proxy settings, the same zone, no endpoint
 * of their own) share one representative, with the sum of their shares. `alone`: nodes that are like no other for another
 * reason, such as that the client is on them. Where a node's rules are not known, as in a data plane that is not
 * modelled, throws as `Fabric.program` does.
 */
export function alikeBackends(
  fabric: Fabric,
  balancer: Balancer,
  shares: readonly BackendShare[],
  alone: readonly string[] = [],
): readonly AlikeShare[] {
  const special = nodesOfEndpoints(fabric, balancer, shares);
  for (const node of alone) special.add(node);
  const profiles = new Map<object, number>();
  const classes = new Map<string, { readonly first: BackendShare; readonly nodes: string[] }>();
  for (const entry of shares) {
    const key = `${classOf(fabric, entry, special, profiles)} ${formatFraction(entry.share)}`;
    remember(classes, key, () => ({ first: entry, nodes: [] as string[] })).nodes.push(entry.backend.node);
  }
  return [...classes.values()].map(({ first: { backend, share }, nodes }) => ({
    ...{ backend, nodes },
    share: multiply(share, fraction(nodes.length)),
  }));
}

/** Equal for backends that treat a packet alike; a backend of its own otherwise. */
function classOf(
  fabric: Fabric,
  { backend }: BackendShare,
  special: ReadonlySet<string>,
  profiles: Map<object, number>,
): string {
  const node = fabric.cluster.nodes.get(backend.node);
  if (backend.kind === 'POD') return `pod ${backend.pod ?? ''} ${backend.address ?? ''}`;
  const unlike =
    special.has(backend.node) || node === undefined || backend.address === undefined || fabric.isDown(backend.node);
  if (unlike) return `node ${backend.node}`;
  const profile = fabric.settings.proxyOf(backend.node);
  const number = profiles.get(profile) ?? profiles.size;
  profiles.set(profile, number);
  return `alike ${number} ${nodeZone(node) ?? ''} ${addressProfile(fabric.cluster, backend.node)}`;
}
