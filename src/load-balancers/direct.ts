import { ONE } from '../base/fraction.js';
import type { Arrival, SentHeader } from './arrival.js';

/**
 * No load balancer: the packet arrives at one node, as it was sent, or with a node's ExternalIP translated one to one
 * to its InternalIP (`internal`), as cloud providers do before the node sees it.
 */
export function arriveDirectly(node: string, sent: SentHeader, internal: string | undefined): readonly Arrival[] {
  if (internal === undefined) return [{ ...sent, node, chance: ONE }];
  return [
    {
      ...sent,
      node,
      chance: ONE,
      destination: internal,
      rewritten: `the provider translates ${sent.destination} to ${internal} before ${node} sees it`,
    },
  ];
}
