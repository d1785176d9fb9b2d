import { canonicalAddress } from '../../base/address.js';
import { keepHeader } from '../forward.js';
import type { Balanced, Implementation } from '../implementation.js';
import { sourceRanges } from '../source-ranges.js';
import { allocated } from './pools.js';

/** The first address of the Service's status, which layer 2 elects by for all of them. */
export function firstAddress({ service }: Balanced): string {
  const ip = service.status?.loadBalancer?.ingress?.find((entry) => entry.ip)?.ip ?? service.spec?.loadBalancerIP ?? '';
  return canonicalAddress(ip);
}

/**
 * What does not depend on how addresses are announced: packets come to a node as they were sent, replies leave from
 * there.
 */
export const announced = {
  allocates: allocated,
  forward: (_balanced, sent, backend) => keepHeader(sent, backend),
  failsOpen: () => false,
  firewall: ({ service, settings }) => ({
    // Nothing is before the nodes: loadBalancerSourceRanges are for kube-proxy alone.
    allowed: undefined,
    rules:
      sourceRanges(service) === undefined
        ? []
        : [
            settings.unsupportedDataplane === undefined
              ? 'none before the nodes: kube-proxy’s rules apply the source ranges'
              : 'none before the nodes',
          ],
  }),
  reply: () => 'DIRECT',
  addressIsLocal: () => false,
} satisfies Partial<Implementation>;
