import { QuestionError } from '../base/errors.js';
import { divide, type Fraction, fraction, isZero, multiply, parseFraction, sum } from '../base/fraction.js';
import type { Clients } from '../contract/requests.js';
import type { AskedPort, Balancer } from '../load-balancers/balancer.js';
import type { Client } from '../path/client.js';
import { balancerTo, type Destination, describeDestination, type Entry } from '../path/destinations.js';
import type { Fabric } from '../path/fabric.js';
import { outsideClient, podOnNode, resolveSource, type WeightedClient } from '../path/sources.js';
import { balancedGroups, type OutsideOfBalancer } from './balanced-groups.js';
import { type NodeClasses, nodesAsked } from './node-classes.js';
import { clientsAlike } from './nodes-apart.js';

export type ClientsSpec = Clients;

export interface ClientGroups {
  /** Clients that stand for all; their weights sum to 1. */
  readonly groups: readonly WeightedClient[];
  readonly description: string;
}

const POINTER = '/probability/clients';

function weightOf(weight: number | string, pointer: string): Fraction {
  const parsed =
    typeof weight === 'string'
      ? parseFraction(weight)
      : Number.isSafeInteger(weight) && weight >= 0
        ? fraction(weight)
        : undefined;
  if (parsed === undefined) {
    throw new QuestionError('INVALID_REQUEST', `${weight} is not a weight.`, [
      { pointer, detail: 'A weight is an integer from 0, or a fraction "p/q" with q above 0.' },
    ]);
  }
  return parsed;
}

function weightedSources(
  fabric: Fabric,
  weights: NonNullable<ClientsSpec['weights']>,
  destination: Destination,
): readonly WeightedClient[] {
  const parsed = weights.map((entry, index) => weightOf(entry.weight, `${POINTER}/weights/${index}/weight`));
  const all = sum(parsed);
  if (isZero(all)) {
    throw new QuestionError('INVALID_REQUEST', 'The weights sum to 0.', [
      { pointer: `${POINTER}/weights`, detail: 'At least one weight must be above 0.' },
    ]);
  }
  return weights.flatMap((entry, index) => {
    const share = divide(parsed[index] as Fraction, all);
    // Names are checked even where nothing comes from there.
    const clients = resolveSource(
      fabric,
      entry.source,
      through(fabric, destination),
      `${POINTER}/weights/${index}/source`,
    );
    if (isZero(share)) return [];
    return clients.map(({ client, weight }) => ({ client, weight: multiply(weight, share) }));
  });
}

/** The load balancer on the way to a destination, as the entry of outside clients. */
function through(fabric: Fabric, destination: Destination): Entry | undefined {
  const balancer = balancerTo(fabric, destination);
  return balancer === undefined ? undefined : { balancer };
}

/** The port of a Service that a load balancer is asked for. */
export function portOf(destination: Destination): AskedPort | undefined {
  if (destination.kind !== 'SERVICE') return undefined;
  return { port: destination.target.portNumber, protocol: destination.target.protocol };
}

function throughBalancer(
  fabric: Fabric,
  balancer: Balancer,
  destination: Destination,
  outside: OutsideOfBalancer,
  pointer: string,
): ClientGroups {
  const groups = balancedGroups(fabric, balancer, outside, pointer, portOf(destination));
  return { groups, description: `outside clients through the load balancer of ${balancer.key}` };
}

function several(count: number, what: string): string {
  return count === 1 ? `one ${what}` : `${count} ${what}s`;
}

/** Clients on nodes, one on each, before they are grouped. */
export interface AskedNodes {
  readonly kind: 'NODES';
  readonly nodes: NodeClasses;
  readonly clientOn: (node: string) => Client;
  readonly who: string;
}

/** Clients before they are grouped: of nodes, one on each; through a load balancer; or named one by one. */
export type AskedClients =
  | AskedNodes
  | {
      readonly kind: 'BALANCER';
      readonly balancer: Balancer;
      readonly outside: OutsideOfBalancer;
      readonly pointer: string;
    }
  | { readonly kind: 'NAMED'; readonly groups: readonly WeightedClient[]; readonly description: string };

/** Who a question's clients are. Throws QuestionError for names and weights that are wrong. */
export function askedClients(fabric: Fabric, clients: ClientsSpec | undefined, destination: Destination): AskedClients {
  if (clients?.weights !== undefined) {
    return {
      kind: 'NAMED',
      groups: weightedSources(fabric, clients.weights, destination),
      description: `${several(clients.weights.length, 'weighted source')}`,
    };
  }
  if (clients?.workload !== undefined) {
    const { kind, namespace, name } = clients.workload;
    const groups = resolveSource(fabric, { workload: clients.workload }, undefined, POINTER);
    const description = `${several(groups.length, 'pod')} of ${kind} ${namespace}/${name}, all alike`;
    return { kind: 'NAMED', groups, description };
  }
  if (clients?.pod !== undefined) {
    const groups = resolveSource(fabric, { pod: clients.pod }, undefined, POINTER);
    return { kind: 'NAMED', groups, description: `pod ${clients.pod}` };
  }
  if (clients?.loadBalancer !== undefined) {
    const balancer = balancerTo(fabric, destination);
    if (balancer === undefined) {
      throw new QuestionError('INVALID_REQUEST', 'The destination is not reached through a load balancer.', [
        {
          pointer: `${POINTER}/loadBalancer`,
          detail: `${describeDestination(destination)}: ask about a Service of type LoadBalancer, via LOAD_BALANCER.`,
        },
      ]);
    }
    return { kind: 'BALANCER', balancer, outside: clients.loadBalancer, pointer: `${POINTER}/loadBalancer` };
  }
  const entry = balancerTo(fabric, destination);
  if (clients?.external !== undefined && clients.external.entersAt === undefined && entry !== undefined) {
    return { kind: 'BALANCER', balancer: entry, outside: clients.external, pointer: `${POINTER}/external` };
  }
  if (clients?.external !== undefined) {
    const { address, entersAt } = clients.external;
    return {
      kind: 'NODES',
      nodes: nodesAsked(fabric, entersAt, `${POINTER}/external/entersAt`),
      clientOn: (node) => outsideClient(fabric, address, node, `${POINTER}/external`),
      who: 'outside clients entering at',
    };
  }
  return nodeClients(fabric, clients?.nodes ?? {});
}

/** Clients on nodes, where a question has no others; undefined where it has. */
function askedNodes(fabric: Fabric, clients: ClientsSpec | undefined): AskedNodes | undefined {
  const { nodes = {}, ...others } = clients ?? {};
  return Object.keys(others).length > 0 ? undefined : nodeClients(fabric, nodes);
}

/** One client on each of the nodes that are named, or on each that is up. Throws QuestionError for unknown names. */
export function nodeClients(fabric: Fabric, spec: NonNullable<ClientsSpec['nodes']>): AskedNodes {
  const fromHost = spec.from === 'HOST';
  return {
    kind: 'NODES',
    nodes: nodesAsked(fabric, spec.names, `${POINTER}/nodes/names`),
    clientOn: (node) =>
      fromHost
        ? { kind: 'HOST', name: `node/${node}`, address: undefined, node, namespace: 'default' }
        : podOnNode(fabric, node, `${POINTER}/nodes`),
    who: fromHost ? 'processes on' : 'pods on',
  };
}

/**
 * Who the clients on nodes are where nothing of a destination tells nodes apart but their own settings; undefined for
 * clients that are not on nodes. Throws QuestionError for names that are wrong.
 */
export function groupsByNode(fabric: Fabric, clients: ClientsSpec | undefined): ClientGroups | undefined {
  const asked = askedNodes(fabric, clients);
  if (asked === undefined) return undefined;
  const { all, byProfile } = asked.nodes;
  const groups = byProfile.map(({ nodes }) => ({
    ...{ client: asked.clientOn(nodes[0] as string), nodes },
    weight: fraction(nodes.length, all.length),
  }));
  return { groups, description: describeNodes(asked) };
}

function describeNodes({ nodes: { all }, who }: AskedNodes): string {
  return `${who} ${all.length === 1 ? all[0] : `${all.length} nodes alike`}`;
}

/** The clients on nodes, as few as nothing of the destination tells them apart. */
export function groupedNodes(
  fabric: Fabric,
  { nodes, clientOn }: AskedNodes,
  destination: Destination,
): readonly WeightedClient[] {
  return clientsAlike(fabric, destination, nodes, clientOn);
}

/** Who the clients of a destination are. Throws QuestionError for names and weights that are wrong. */
export function clientGroups(fabric: Fabric, clients: ClientsSpec | undefined, destination: Destination): ClientGroups {
  const asked = askedClients(fabric, clients, destination);
  if (asked.kind === 'NAMED') return asked;
  if (asked.kind === 'BALANCER')
    return throughBalancer(fabric, asked.balancer, destination, asked.outside, asked.pointer);
  return {
    groups: groupedNodes(fabric, asked, destination),
    description: describeNodes(asked),
  };
}
