import { joinHostPort } from '../base/address.js';
import { type Destination, resolveDestination } from '../path/destinations.js';
import { Fabric } from '../path/fabric.js';
import type { WeightedClient } from '../path/sources.js';
import { affinityEntries } from '../probability/affinity.js';
import type { ReceiverShare } from '../probability/distribution.js';
import type { ServiceProbability } from './answer.js';
import { probability } from './chances.js';
import { tripsOf } from './path.js';
import type { Prepared } from './prepare.js';

/**
 * What session affinity does to a destination: a new client draws as the shares say; a client that comes back within
 * the timeout is walked again with its entry in the node's list. Undefined for a Service port without affinity.
 */
export function describeAffinity(
  prepared: Prepared,
  fabric: Fabric,
  destination: Destination,
  { client }: WeightedClient,
  receivers: readonly ReceiverShare[],
): ServiceProbability['affinity'] {
  const target = resolveDestination(fabric, destination, client).targets[0]?.target;
  if (target?.port === undefined || fabric.settings.unsupportedDataplane !== undefined) return undefined;
  const port = fabric.expectFor(client.node, target.protocol, target.address, target.port)[0];
  if (port === undefined || port.stickyMaxAge === 0) return undefined;
  const source = client.address ?? fabric.host(client.node).sourceFor(target.address) ?? '';
  const returning = receivers.flatMap(({ receiver, share }) => {
    const endpoint = joinHostPort(receiver.address, receiver.port ?? 0);
    const recent = affinityEntries(fabric, client.node, port, endpoint, source);
    if (recent === undefined) return [];
    const again = tripsOf(
      new Fabric(prepared.cluster, prepared.settings, fabric.family, { recent }),
      client,
      destination,
    );
    const goesTo = again.map((journey) =>
      journey.receiver === undefined
        ? journey.verdict
        : joinHostPort(journey.receiver.address, journey.receiver.port ?? 0),
    );
    return [{ endpoint, share: probability(share), goesTo: [...new Set(goesTo)].join(', ') }];
  });
  return {
    type: 'ClientIP',
    timeoutSeconds: port.stickyMaxAge,
    returning,
    explanation:
      'New clients draw as the shares say. A client address that came within the timeout goes to the endpoint it had, ' +
      'kept per node and per Service port; the timeout counts from its last new connection.',
  };
}
