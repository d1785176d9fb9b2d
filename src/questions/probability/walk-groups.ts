/**
 * The journeys of groups of clients; those of nodes that nothing tells apart but the endpoints on them are
 * walked as one.
 */
import { sum } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import { alikeNodes } from '../../path/alike-nodes.js';
import type { Fabric } from '../../path/fabric.js';
import type { WeightedClient } from '../../path/sources.js';
import { type Journey, weighted } from '../../path/trail.js';

/** All journeys of one group of clients, weighted by its part of the clients. */
export interface GroupJourneys extends WeightedClient {
  readonly journeys: readonly Journey[];
}

/** Where a group's packets come in. */
function entriesOf({ nodes, entries, client }: WeightedClient): readonly string[] {
  return entries ?? nodes ?? [client.node];
}

/** Walks one client to the destination: its journeys, their chances summing to 1. */
type Walk = (group: WeightedClient) => readonly Journey[];

/** The journeys of groups on nodes of one class. */
function walkClass(fabric: Fabric, groups: readonly WeightedClient[], walk: Walk): readonly GroupJourneys[] {
  const known = new Map<WeightedClient, readonly Journey[]>();
  const journeysOf = (group: WeightedClient) => remember(known, group, () => walk(group));
  const ways = {
    ...{ entriesOf, walk: journeysOf },
    sourceOf: ({ client }: WeightedClient) => client.address,
    // What tells pods' packets from those of outside is a rule beside the one that keeps to a node's endpoints.
    keepsOwn: groups[0]?.client.kind === 'POD',
  };
  return alikeNodes(fabric, groups, ways).map(({ all, of }) => {
    const weight = sum(all.map((group) => group.weight));
    const journeys = weighted(journeysOf(of), weight);
    if (all.length === 1) return { ...of, journeys };
    const places = all.flatMap(entriesOf);
    const { client, nodes } = of;
    return { client, weight, journeys, ...(nodes === undefined ? { entries: places } : { nodes: places }) };
  });
}

/** All journeys of some groups of clients, weighted by their parts of the clients. */
export function walkGroups(fabric: Fabric, groups: readonly WeightedClient[], walk: Walk): readonly GroupJourneys[] {
  const byClass = new Map<string, WeightedClient[]>();
  for (const group of groups) {
    if (group.nodeClass !== undefined) remember(byClass, group.nodeClass, (): WeightedClient[] => []).push(group);
  }
  const done = new Set<string>();
  return groups.flatMap((group) => {
    if (group.nodeClass === undefined) return [{ ...group, journeys: weighted(walk(group), group.weight) }];
    if (done.has(group.nodeClass)) return [];
    done.add(group.nodeClass);
    return walkClass(fabric, byClass.get(group.nodeClass) ?? [], walk);
  });
}
