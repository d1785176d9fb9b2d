import { formatFraction, fraction, multiply } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import { nodeZone } from '../cluster/addresses.js';
import { policiesOf } from '../cluster/network-policies.js';
import type { BackendShare, Balancer } from '../load-balancers/balancer.js';
import type { Fabric } from './fabric.js';
import { policyProfile } from './policy-profile.js';

/** A backend with the share of all that it represents. */
export interface AlikeShare extends BackendShare {
  /** The nodes of the backends that it represents, each with the same part of the share; its own is among them. */
  readonly nodes: readonly string[];
  /** Equal for backends that nothing tells apart but the endpoints on them; absent for one that is like no other. */
  readonly nodeClass?: string;
}

/**
 * The nodes with endpoints of the Service, and those that hints name, as the kube-proxies of the backends' nodes have
 * them.
 */
function nodesOfEndpoints(
  fabric: Fabric,
  balancer: Balancer,
  shares: readonly BackendShare[],
): { readonly endpoints: ReadonlySet<string>; readonly hinted: ReadonlySet<string> } {
  const special = new Set<string>();
  const named = new Set<string>();
  const seen = new Set<object>();
  for (const { backend } of shares) {
    if (backend.kind === 'POD' || !fabric.cluster.nodes.has(backend.node)) continue;
    const profile = fabric.settings.proxyOf(backend.node);
    if (seen.has(profile)) continue;
    seen.add(profile);
    const { services } = fabric.program(backend.node);
    for (const port of services.portsOf(balancer.key)) {
      for (const endpoint of services.endpointsOf(port)) {
        // Under Local policy each node has endpoints of its own to choose from.
        const keepsOwn = port.externalPolicyLocal || port.internalPolicyLocal;
        if (endpoint.node !== '') (keepsOwn ? named : special).add(endpoint.node);
        for (const hinted of endpoint.nodeHints) named.add(hinted);
      }
    }
  }
  return { endpoints: special, hinted: named };
}

/**
 * Backends reported as few: nodes that treat the Service's packets alike (the same proxy settings, the same zone, no
 * endpoint of their own) share one representative, with the sum of their shares. `alone`: nodes that are like no other
 * for another reason, such as that the client is on them. Where a node's rules are not known, as in a data plane that
 * is not modelled, throws as `Fabric.program` does.
 */
export function alikeBackends(
  fabric: Fabric,
  balancer: Balancer,
  shares: readonly BackendShare[],
  alone: readonly string[] = [],
): readonly AlikeShare[] {
  const { endpoints, hinted } = nodesOfEndpoints(fabric, balancer, shares);
  const special = new Set([...hinted, ...alone]);
  const profiles = new Map<object, number>();
  const classes = new Map<
    string,
    { readonly first: BackendShare; readonly nodes: string[]; readonly nodeClass?: string }
  >();
  for (const entry of shares) {
    const { node } = entry.backend;
    const alike = classOf(fabric, entry, special, profiles);
    const key = `${alike ?? `node ${node}`} ${formatFraction(entry.share)}`;
    const own = endpoints.has(node) && alike !== undefined;
    // Policies tell nodes apart by the endpoints on them.
    const isOfClass = own && policiesOf(fabric.cluster).length === 0;
    const ofClass = isOfClass ? { nodeClass: key } : {};
    const name = own ? `${key} with the endpoints of ${node}` : key;
    remember(classes, name, () => ({ first: entry, nodes: [] as string[], ...ofClass })).nodes.push(node);
  }
  return [...classes.values()].map(({ first: { backend, share }, nodes, nodeClass }) => ({
    ...{ backend, nodes },
    share: multiply(share, fraction(nodes.length)),
    ...(nodeClass === undefined ? {} : { nodeClass }),
  }));
}

/**
 * Equal for backends that treat a packet alike, whatever endpoints they have; undefined for one that is like no other.
 */
function classOf(
  fabric: Fabric,
  { backend }: BackendShare,
  special: ReadonlySet<string>,
  profiles: Map<object, number>,
): string | undefined {
  const node = fabric.cluster.nodes.get(backend.node);
  if (backend.kind === 'POD') return `pod ${backend.pod ?? ''} ${backend.address ?? ''}`;
  // Rules that are given may be like no other node's.
  const unlike =
    special.has(backend.node) ||
    node === undefined ||
    backend.address === undefined ||
    fabric.isDown(backend.node) ||
    fabric.isParsed(backend.node) ||
    fabric.hashesDestinations(backend.node);
  if (unlike) return undefined;
  const profile = fabric.settings.proxyOf(backend.node);
  const number = profiles.get(profile) ?? profiles.size;
  profiles.set(profile, number);
  return `alike ${number} ${nodeZone(node) ?? ''} ${policyProfile(fabric, backend.node)}`;
}
