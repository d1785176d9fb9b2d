/**
 * Outside clients whose packets come in at many nodes with endpoints of their own: where two of the nodes, each with one of the endpoints,
 * pass packets to every endpoint in the same way, all of them do.
 */
import { equals, sum } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import type { Fabric } from '../../path/fabric.js';
import type { WeightedClient } from '../../path/sources.js';
import { type Journey, weighted } from '../../path/trail.js';
import { outcomesOf } from '../findings/door.js';
import type { GroupJourneys } from './walked-clients.js';

/** Where a group's packets come in. */
function entriesOf({ nodes, entries, client }: WeightedClient): readonly string[] {
  return entries ?? nodes ?? [client.node];
}

/** Whether journeys all reach pods that are endpoints, and what those see of the client is the same for all of them. */
function reachPods(fabric: Fabric, { client }: WeightedClient, journeys: readonly Journey[]): boolean {
  const outcomes = outcomesOf(journeys, client);
  return outcomes.every(({ verdict, receiver, kept }) => {
    if (verdict !== 'DELIVERED' || receiver?.endpoint !== true || kept !== outcomes[0]?.kept) return false;
    return fabric.places.locate(receiver.address).kind === 'POD';
  });
}

function alikeTo(a: readonly Journey[], b: readonly Journey[]): boolean {
  if (a.length !== b.length) return false;
  return a.every(({ receiver, chance }, index) => {
    const other = b[index] as Journey;
    return (
      receiver?.address === other.receiver?.address &&
      receiver?.port === other.receiver?.port &&
      equals(chance.nominal, other.chance.nominal) &&
      equals(chance.programmed, other.chance.programmed) &&
      chance.roundRobin === other.chance.roundRobin &&
      JSON.stringify(chance.basis) === JSON.stringify(other.chance.basis)
    );
  });
}

/** Walks one client to the destination: its journeys, their chances summing to 1. */
type Walk = (group: WeightedClient) => readonly Journey[];

/** Some groups as one, with the journeys of one of them. */
function joined(groups: readonly WeightedClient[], of: WeightedClient, journeys: readonly Journey[]): GroupJourneys {
  const weight = sum(groups.map((group) => group.weight));
  const places = groups.flatMap(entriesOf);
  const { client, nodes } = of;
  return {
    ...{ client, weight },
    ...(nodes === undefined ? { entries: places } : { nodes: places }),
    journeys: weighted(journeys, weight),
  };
}

/** The journeys of groups that are kin; as few groups as they are alike. */
function walkKin(fabric: Fabric, groups: readonly WeightedClient[], walk: Walk): readonly GroupJourneys[] {
  const known = new Map<WeightedClient, readonly Journey[]>();
  const journeysOf = (group: WeightedClient) => remember(known, group, () => walk(group));
  const apart = (some: readonly WeightedClient[]): readonly GroupJourneys[] =>
    some.map((group) => ({ ...group, journeys: weighted(journeysOf(group), group.weight) }));
  const [any] = groups;
  if (any === undefined || groups.length < 3) return apart(groups);
  const holders = new Set(journeysOf(any).map(({ receiver }) => receiver?.node));
  const isHolder = (group: WeightedClient) => entriesOf(group).some((node) => holders.has(node));
  const [holding, others] = [groups.filter(isHolder), groups.filter((group) => !isHolder(group))];
  const [first, second] = holding;
  const fits =
    first !== undefined &&
    second !== undefined &&
    reachPods(fabric, first, journeysOf(first)) &&
    reachPods(fabric, second, journeysOf(second)) &&
    alikeTo(journeysOf(first), journeysOf(second));
  const [other] = others;
  return [
    ...(fits ? [joined(holding, first, journeysOf(first))] : apart(holding)),
    // Nodes of which no endpoint is chosen are as nodes without endpoints.
    ...(other === undefined ? [] : [joined(others, other, journeysOf(other))]),
  ];
}

/** All journeys of some groups of clients, weighted by their parts of the clients. */
export function walkGroups(fabric: Fabric, groups: readonly WeightedClient[], walk: Walk): readonly GroupJourneys[] {
  const kin = new Map<string, WeightedClient[]>();
  for (const group of groups) {
    if (group.kin !== undefined && !fabric.walksEach) remember(kin, group.kin, (): WeightedClient[] => []).push(group);
  }
  const done = new Set<string>();
  return groups.flatMap((group) => {
    const own = group.kin === undefined ? undefined : kin.get(group.kin);
    if (group.kin === undefined || own === undefined)
      return [{ ...group, journeys: weighted(walk(group), group.weight) }];
    if (done.has(group.kin)) return [];
    done.add(group.kin);
    return walkKin(fabric, own, walk);
  });
}
