import type { IPFamily } from '../../base/address.js';
import { whenRead } from '../../base/when-read.js';
import { nodeZone } from '../../cluster/addresses.js';
import type { EndpointRef, PathTrace, Probability, ShareBasis } from '../../contract/answers.js';
import type { ProbeResult } from '../../load-balancers/implementation.js';
import type { Client } from '../../path/client.js';
import type { Fabric } from '../../path/fabric.js';
import { isAnswered, type Journey, type Receiver } from '../../path/trail.js';
import { probability } from '../chances.js';
import { sentFrom } from '../findings/door.js';
import { shareBasis } from '../share-basis.js';
import type { ClientJourney } from './client-journey.js';
import { pathHops } from './path-steps.js';

function clientSees(journey: Journey, client: Client): string {
  if (client.kind === 'POD' && journey.cause === 'MISSING_DATA' && journey.verdict === 'UNKNOWN') return 'not known';
  switch (journey.verdict) {
    case 'DELIVERED':
      return 'a connection';
    case 'REJECTED':
      return journey.cause === 'HOST_REFUSED' && journey.packet.protocol === 'TCP'
        ? 'connection refused (RST)'
        : 'connection refused (ICMP port unreachable)';
    case 'DROPPED':
      return journey.cause === 'INVALID_STATE' && journey.receiver !== undefined
        ? 'a connection that falls silent'
        : 'a timeout';
    case 'UNREACHABLE':
      return journey.cause === 'NO_ROUTE' ? 'no route to host, or a timeout' : 'a timeout';
    case 'UNKNOWN':
      return 'not known';
  }
}

/** Who received a journey's packet, as answers name it. Undefined when nobody did. */
export function endpointOf(fabric: Fabric, { receiver }: Journey): EndpointRef | undefined {
  return receiver === undefined ? undefined : receiverRef(fabric, receiver);
}

/** Somebody who takes packets, as answers name it. */
export function receiverRef(fabric: Fabric, receiver: Receiver): EndpointRef {
  const node = receiver.node === undefined ? undefined : fabric.cluster.nodes.get(receiver.node);
  const zone = node && nodeZone(node);
  return {
    address: receiver.address,
    port: receiver.port ?? 0,
    ...(receiver.pod === undefined ? {} : { pod: receiver.pod }),
    ...(receiver.node === undefined ? {} : { node: receiver.node }),
    ...(zone ? { zone } : {}),
  };
}

function probeSees({ status, healthy }: ProbeResult): string {
  return status === undefined ? `a connection: ${healthy ? 'healthy' : 'not healthy'}` : `HTTP status ${status}`;
}

function healthOf({ healthy, status, detail, weight, assumed }: ProbeResult): NonNullable<PathTrace['healthCheck']> {
  return {
    healthy,
    ...(assumed === undefined ? {} : { assumed }),
    ...(status === undefined ? {} : { status }),
    detail,
    ...(weight === undefined ? {} : { weight }),
  };
}

function replyOf({ returns, detail, trail }: NonNullable<Journey['reply']>, family: IPFamily) {
  return whenRead({ returns, explanation: detail }, 'hops', () => pathHops(trail, family));
}

/** A trace that is being made. */
type Making = { -readonly [K in keyof PathTrace]?: PathTrace[K] };

/** The trace of a journey that is delivered and answered, written at once: most traces of most answers are such. */
function deliveredTrace(
  { family }: Fabric,
  { journey, client }: ClientJourney,
  endpoint: EndpointRef,
  known: Probability | undefined,
): PathTrace {
  const basis = shareBasis(journey.chance);
  const { source } = journey.packet;
  const trace: Making = {
    probability: known ?? probability(journey.chance),
    ...(basis === undefined ? {} : { basis }),
    verdict: 'DELIVERED',
    explanation: journey.detail,
    clientSees: 'a connection',
    client: client.name,
    endpoint,
    seenClient: source,
    clientAddressKept: source === sentFrom(journey, client),
  };
  whenRead(trace, 'hops', () => pathHops(journey.trail, family));
  whenRead(trace, 'reply', () => journey.reply && replyOf(journey.reply, family));
  return trace as PathTrace;
}

/**
 * A journey as a trace of the answer; its hops, with every step in words, are made where a form shows them. `group`:
 * what several journeys have together, of which it is the first. `known`: its own probability.
 */
export function traceOf(
  fabric: Fabric,
  clientJourney: ClientJourney,
  group?: Pick<PathTrace, 'probability' | 'count'> & { readonly basis: ShareBasis | undefined },
  known?: Probability,
): PathTrace {
  const { journey, client, probe } = clientJourney;
  const endpoint = endpointOf(fabric, journey);
  const isDelivered = journey.verdict === 'DELIVERED' && endpoint !== undefined && isAnswered(journey);
  if (isDelivered && group === undefined && probe === undefined && journey.cause === undefined)
    return deliveredTrace(fabric, clientJourney, endpoint, known);
  // Where a rule is not decided it is known for whom the packet was, not what it saw.
  const reached = journey.receiver !== undefined && journey.verdict !== 'UNKNOWN';
  const sent = sentFrom(journey, client);
  const basis = group?.basis ?? shareBasis(journey.chance);
  // Field by field in the order of the answer: an answer has up to 1000 of them.
  const trace: Making = { probability: group?.probability ?? probability(journey.chance) };
  if (basis !== undefined) trace.basis = basis;
  trace.verdict = journey.verdict;
  if (journey.cause !== undefined) trace.cause = journey.cause;
  if (journey.beyond === undefined) trace.explanation = journey.detail;
  else whenRead(trace, 'explanation', () => journey.detail);
  trace.clientSees =
    probe !== undefined && journey.verdict === 'DELIVERED' ? probeSees(probe) : clientSees(journey, client);
  if (probe !== undefined) trace.healthCheck = healthOf(probe);
  trace.client = client.name;
  if (endpoint !== undefined) trace.endpoint = endpoint;
  if (reached) {
    trace.seenClient = journey.packet.source;
    trace.clientAddressKept = journey.packet.source === sent;
  }
  whenRead(trace, 'hops', () => pathHops(journey.trail, fabric.family));
  if (isAnswered(journey)) whenRead(trace, 'reply', () => journey.reply && replyOf(journey.reply, fabric.family));
  if (group?.count !== undefined) trace.count = group.count;
  return trace as PathTrace;
}
