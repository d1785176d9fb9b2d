/** Load balancers whose address one node holds, which they move: kube-vip, keepalived, Cilium in layer 2. */
import { ONE } from '../../base/fraction.js';
import { keepHeader } from '../forward.js';
import { isSilent } from '../health.js';
import type { Backends, Balanced, Implementation, ProbeResult } from '../implementation.js';
import { nodeBackends } from '../node-filter.js';
import { sourceRanges } from '../source-ranges.js';

/** Whether the node's kubelet reports nothing. */
export function isDown({ cluster }: Balanced, name: string): boolean {
  const node = cluster.nodes.get(name);
  return node !== undefined && isSilent(node);
}

/** Who holds an address: the node that is known to, or every node that may, each alike, since it is not known which. */
export interface Holding {
  readonly holder: string | undefined;
  /** Why a node cannot hold it; undefined: it may. */
  whyNot(node: string): string | undefined;
}

export function holdingProbe(balanced: Balanced, { holder, whyNot }: Holding, node: string): ProbeResult {
  const why = whyNot(node);
  // Who held it before a change, and may no longer, is replaced by some other.
  if (holder !== undefined && whyNot(holder) === undefined) {
    const holds = holder === node && why === undefined;
    return {
      healthy: holds,
      status: undefined,
      detail: holds ? `${node} holds the address` : (why ?? `${holder} holds the address, not ${node}`),
    };
  }
  if (why !== undefined) return { healthy: false, status: undefined, detail: why };
  balanced.assume(
    'loadBalancer.leader',
    'any node that may hold the address, each alike',
    `Which node holds the address of ${balanced.key} is not in the snapshot: one at a time does. Option ` +
      'leader says which.',
  );
  return { healthy: true, status: undefined, detail: `${node} may hold the address`, assumed: true };
}

/**
 * What does not depend on who holds the address: packets come to the node as they were sent, and it answers the client
 * itself.
 */
export const held = {
  allocates: () => ({ scheme: 'EXTERNAL', ipMode: 'VIP' }),
  backends: (balanced): Backends => nodeBackends(balanced, 'nodes, of which one holds the address', () => undefined),
  weights: (_balanced, candidates) => candidates.map(() => ONE),
  forward: (_balanced, sent, backend) => keepHeader(sent, backend),
  failsOpen: () => false,
  affinity: () => ({ by: 'CLIENT_ADDRESS', detail: 'all connections enter at the node that holds the address' }),
  firewall: ({ service }) => ({
    allowed: undefined,
    rules:
      sourceRanges(service) === undefined ? [] : ['none before the nodes: kube-proxy’s rules apply the source ranges'],
  }),
  drain: () => ({
    seconds: 0,
    detail:
      'when another node comes to hold the address, packets of open connections arrive there, where nobody knows them',
  }),
  reply: () => 'DIRECT',
} satisfies Partial<Implementation>;
