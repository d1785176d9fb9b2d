import { joinHostPort } from '../../base/address.js';
import type { ServiceProbability } from '../../contract/answers.js';
import type { Client, Target } from '../../path/client.js';
import { type Destination, resolveDestination } from '../../path/destinations.js';
import type { Fabric } from '../../path/fabric.js';
import type { WeightedClient } from '../../path/sources.js';
import type { Journey, Receiver } from '../../path/trail.js';
import { affinityEntries } from '../../probability/affinity.js';
import type { ReceiverShare } from '../../probability/distribution.js';
import { probability } from '../chances.js';
import { clientJourneysOf } from '../path/answer-path.js';

/** Clients with the ways that their connections go. */
interface Walked extends WeightedClient {
  readonly journeys: readonly Journey[];
}

const PER_NODE =
  'New clients draw as the shares say. A client address that came within the timeout goes to the endpoint it had, ' +
  'kept per node and per Service port; the timeout counts from its last new connection.';

/** Who some walked clients are when they come back to an endpoint: through the backend that led to it. */
function returningTo(walked: readonly Walked[], receiver: Receiver): Client {
  const reached = walked.find(({ journeys }) =>
    journeys.some(({ receiver: one }) => one?.address === receiver.address && one.port === receiver.port),
  );
  return (reached ?? (walked[0] as Walked)).client;
}

/** The client's address as the node sees it: a load balancer may put its own in place. */
function seenSource(fabric: Fabric, client: Client, target: Target): string {
  const source = client.address ?? fabric.host(client.node).sourceFor(target.address) ?? '';
  const [first] = client.through?.shares ?? [];
  if (client.through === undefined || first === undefined) return source;
  const sent = { source, destination: target.address, destinationPort: target.port, protocol: target.protocol };
  const forwarded = client.through.balancer.forward(sent, first.backend);
  return 'refused' in forwarded ? source : forwarded.source;
}

function explanationOf({ through, address }: Client, source: string): string {
  if (through === undefined) return PER_NODE;
  const { affinity } = through.balancer;
  const own =
    affinity.by === 'CLIENT_ADDRESS'
      ? `The load balancer keeps to one backend as well: ${affinity.detail}.`
      : `The load balancer does not (${affinity.detail}): a client that is sent to another node draws anew ` +
        'there, and comes to have up to one endpoint for each node.';
  const proxied =
    source === address
      ? ''
      : ` All clients come from the load balancer's address ${source}: to a node they are one client, with one ` +
        'endpoint.';
  return `${PER_NODE} ${own}${proxied}`;
}

/** The Service port behind a destination, where it has session affinity. */
function stickyPort(fabric: Fabric, destination: Destination, walked: readonly WeightedClient[]) {
  const [anyone] = walked;
  if (anyone === undefined) return undefined;
  // Sent to the pods themselves, connections meet no rule that keeps clients.
  if (anyone.client.through?.balancer.sendsToPods === true) return undefined;
  const target = resolveDestination(fabric, destination, anyone.client).targets[0]?.target;
  if (target?.port === undefined || fabric.settings.unsupportedDataplane !== undefined) return undefined;
  const port = fabric.expectFor(anyone.client.node, target.protocol, target.address, target.port)[0];
  return port === undefined || port.stickyMaxAge === 0 ? undefined : { anyone, target, port };
}

/** The timeout of a destination's session affinity in seconds; 0 without. */
export function stickySecondsOf(
  fabric: Fabric,
  destination: Destination,
  { groups }: { readonly groups: readonly WeightedClient[] },
): number {
  return stickyPort(fabric, destination, groups)?.port.stickyMaxAge ?? 0;
}

/**
 * What session affinity does to a destination: a new client draws as the shares say; a client that comes back within
 * the timeout is walked again with its entry in the node's list, through the same backend where a load balancer is on
 * the way. Undefined for a Service port without affinity.
 */
export function describeAffinity(
  fabric: Fabric,
  destination: Destination,
  walked: readonly Walked[],
  receivers: readonly ReceiverShare[],
): ServiceProbability['affinity'] {
  const found = stickyPort(fabric, destination, walked);
  if (found === undefined) return undefined;
  const { anyone, target, port } = found;
  const returning = receivers.flatMap(({ receiver, share }) => {
    const client = anyone.client.through === undefined ? anyone.client : returningTo(walked, receiver);
    const endpoint = joinHostPort(receiver.address, receiver.port ?? 0);
    const recent = affinityEntries(fabric, client.node, port, endpoint, seenSource(fabric, client, target));
    if (recent === undefined) return [];
    const again = clientJourneysOf(fabric.remembering(recent), client, destination);
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
    explanation: explanationOf(anyone.client, seenSource(fabric, anyone.client, target)),
  };
}
