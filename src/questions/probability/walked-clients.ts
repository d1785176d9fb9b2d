import { joinHostPort } from '../../base/address.js';
import { ONE, sum } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import type { ServiceProbability, ServiceRef } from '../../contract/answers.js';
import type { ProbabilityQuestion, TransportProtocol } from '../../contract/requests.js';
import type { Client } from '../../path/client.js';
import { resolveDestination } from '../../path/destinations.js';
import type { Fabric } from '../../path/fabric.js';
import { outsideAddress, type WeightedClient } from '../../path/sources.js';
import type { Journey } from '../../path/trail.js';
import { type ClientGroups, clientGroups } from '../../probability/client-groups.js';
import { type DoorClient, outcomesOf } from '../findings/door.js';
import { clientJourneysOf, journeysOrUnsupported } from '../path/answer-path.js';

import type { ServiceTargeted } from './asked-ports.js';
import { type GroupJourneys, walkGroups } from './walk-groups.js';

function destinationText(fabric: Fabric, destination: ServiceTargeted, groups: readonly WeightedClient[]): string {
  const { target } = destination;
  if (target.via === 'NODE_PORT' && target.node === undefined)
    return `node port ${target.port?.nodePort ?? 0} of the node`;
  const client = groups[0]?.client;
  const targets = client === undefined ? [] : resolveDestination(fabric, destination, client).targets;
  return targets
    .map(({ target: { address, port } }) => (port === undefined ? address : joinHostPort(address, port)))
    .join(', ');
}

/** All ways that new connections to a Service go, and who they come from. */
export interface Walked {
  readonly journeys: readonly Journey[];
  /** The same by groups of clients; where the cluster's data plane is not modelled, one for all. */
  readonly clientJourneys: readonly GroupJourneys[];
  /** Empty where the data plane is not modelled. */
  readonly groups: readonly WeightedClient[];
  /** Who they are, in words. */
  readonly clients: string;
}

/** Walks every client of the question to the destination. Throws QuestionError for clients that are not there. */
export function walkClients(fabric: Fabric, question: ProbabilityQuestion, destination: ServiceTargeted): Walked {
  const anyone: Client = {
    kind: 'OUTSIDE',
    name: 'clients',
    address: outsideAddress(fabric),
    node: '',
    namespace: 'default',
  };
  let clients: ClientGroups | undefined;
  let clientJourneys: readonly GroupJourneys[] | undefined;
  const journeys = journeysOrUnsupported(fabric, anyone, () => {
    clients = clientGroups(fabric, question.clients, destination);
    clientJourneys = walkGroups(fabric, clients.groups, ({ client }) => clientJourneysOf(fabric, client, destination));
    return clientJourneys.flatMap((group) => group.journeys);
  });
  clientJourneys ??= [{ client: anyone, weight: ONE, journeys }];
  return { journeys, clientJourneys, groups: clients?.groups ?? [], clients: clients?.description ?? 'not modelled' };
}

/** What is reported of a Service port beside its shares. */
export type ServiceHead = Pick<ServiceProbability, 'service' | 'via' | 'family' | 'destination' | 'clients'>;

/** Names a destination and the clients that were walked to it. `address`: where they connect to, if that is known. */
export function headOf(
  fabric: Fabric,
  destination: ServiceTargeted,
  { groups, clients, address }: Pick<Walked, 'groups' | 'clients'> & { readonly address?: string },
): ServiceHead {
  const { target } = destination;
  const { name, namespace = 'default' } = target.service.metadata;
  const service: { -readonly [Key in keyof ServiceRef]: ServiceRef[Key] } = { namespace, name };
  if (target.port?.name) service.portName = target.port.name;
  if (target.portNumber !== 0) service.port = target.portNumber;
  service.protocol = target.protocol as TransportProtocol;
  return {
    service,
    via: target.via,
    family: fabric.family,
    destination: address ?? (groups.length === 0 ? '' : destinationText(fabric, destination, groups)),
    clients,
  };
}

/** Who clients are to findings: those of a load balancer are one, whichever backends it sends them to. */
export function doorClients(clientJourneys: readonly GroupJourneys[]): readonly DoorClient[] {
  const balanced = clientJourneys.filter(({ client }) => client.through !== undefined);
  const others = clientJourneys.filter(({ client }) => client.through === undefined);
  const single = others.map(({ client, nodes, weight, journeys }) => ({
    ...{ client, nodes, weight },
    outcomes: outcomesOf(journeys, client, nodes),
  }));
  const byName = new Map<string, GroupJourneys[]>();
  for (const clientJourney of balanced)
    remember(byName, clientJourney.client.name, (): GroupJourneys[] => []).push(clientJourney);
  const merged = [...byName.values()].map((own) => ({
    client: (own[0] as GroupJourneys).client,
    nodes: undefined,
    weight: sum(own.map(({ weight }) => weight)),
    outcomes: own.flatMap(({ journeys, client, entries }) => outcomesOf(journeys, client, entries)),
  }));
  return [...single, ...merged];
}
