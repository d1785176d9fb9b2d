import { joinHostPort } from '../base/address.js';
import type { Backend, Balanced, BalancedHeader, Forwarded } from './implementation.js';

/** Passed on as it is: the node sees the load balancer's own address and the Service port as the destination. */
export function keepHeader(sent: BalancedHeader, backend: Backend): Forwarded {
  return { ...sent, detail: `passes the packet to ${backend.node} as it is: destination and source are kept` };
}

/** The node port for the Service port that was connected to; undefined: the Service has none for it. */
function nodePortFor({ service }: Balanced, sent: BalancedHeader): number | undefined {
  const port = service.spec?.ports?.find(
    (one) => one.port === sent.destinationPort && (one.protocol ?? 'TCP') === sent.protocol,
  );
  return port?.nodePort || undefined;
}

/**
 * Rewritten to the node's own address and the Service's node port; `source`: what stands for the client, if it is
 * replaced.
 */
export function toNodePort(
  balanced: Balanced,
  sent: BalancedHeader,
  backend: Backend,
  source?: string,
): Forwarded | { readonly refused: string } {
  const destinationPort = nodePortFor(balanced, sent);
  if (destinationPort === undefined) {
    return {
      refused:
        `Service ${balanced.key} has no node port for port ${sent.destinationPort ?? '?'}, and this load ` +
        'balancer sends to node ports',
    };
  }
  if (backend.address === undefined) {
    return { refused: `${backend.node} has no ${balanced.family} address in the snapshot` };
  }
  const who = source === undefined ? 'the source is kept' : `the source becomes its own address ${source}`;
  return {
    ...sent,
    source: source ?? sent.source,
    destination: backend.address,
    destinationPort,
    detail:
      `rewrites the destination to ${joinHostPort(backend.address, destinationPort)}, a node port of ` +
      `${backend.node}; ${who}`,
  };
}
