/** How the connections of all pods together spread: the law of the most, the least and what is over capacity. */
import { jointCost } from '../../capacity/occupancy/characteristic.js';
import {
  arriving,
  atRandom,
  byClients,
  type Entry,
  inTurn,
  inTurnOfOwn,
  MOST_SIMULATED,
  type OverBounds,
  overBounds,
  type SpreadLoads,
  simulated,
} from '../../capacity/spread.js';
import { capacityOf, type Group, type LoadedPods } from './capacity.js';
import type { Law } from './law.js';
import { modelled } from './models.js';
import type { Offered } from './offered.js';
import type { LoadInput } from './rates.js';

/** A joint law of more terms takes longer than anybody waits. */
const MOST_TERMS = 6e6;
/** The joint law of all pods is worked out for so many connections at most. */
const MOST_JOINT = 1_000_000;

/** The spread under the door's law; undefined where no law of it is worked out, with the reason. */
export function spreadOf(
  input: LoadInput,
  offered: Offered,
  groups: readonly Group[],
): {
  readonly law: string;
  readonly spread?: SpreadLoads;
  readonly explanation?: string;
  readonly bounds?: OverBounds;
} {
  const { law, pods } = input;
  const { connections, open, clients } = offered;
  const none = (explanation: string) => ({ law: law.kind, explanation });
  if (law.kind === 'UNKNOWN') return none(law.why);
  if (open !== undefined) {
    if (law.kind !== 'RANDOM')
      return none(`How connections that come and go spread is worked out where each is placed at random. ${law.why}`);
    if (open > MOST_JOINT) return none(`Up to ${MOST_JOINT} connections that are open in the mean are worked out.`);
    return { law: 'ARRIVALS', spread: arriving(open, groups) };
  }
  if (connections === undefined) return none('');
  const random = law.kind === 'RANDOM' || law.kind === 'CLIENTS';
  if (
    connections > MOST_JOINT ||
    (random && jointCost(clients !== undefined && law.kind === 'CLIENTS' ? clients : connections, groups) > MOST_TERMS)
  ) {
    const bounds = law.kind === 'RANDOM' ? overBounds(connections, groups) : undefined;
    return {
      ...none(
        'The joint law of so many connections over these pods takes too long to work out: the answer has the ' +
          'laws of single pods, and bounds of the chance that some pod is over its capacity, by normal laws.',
      ),
      ...(bounds === undefined ? {} : { bounds }),
    };
  }
  const each = clients === undefined ? 1 : connections / clients;
  if (law.kind === 'RANDOM' || (clients === undefined && law.kind === 'CLIENTS')) {
    return {
      law: law.kind === 'CLIENTS' ? 'CONNECTIONS_OF_DIFFERENT_CLIENTS' : 'CONNECTIONS',
      spread: atRandom(connections, groups),
    };
  }
  if (law.kind === 'CLIENTS') return { law: 'CLIENTS', spread: byClients(clients ?? connections, each, groups) };
  // A client's connections are placed one by one where its node draws each: with one connection each nothing is kept.
  if (law.kind === 'STAGES' && clients === undefined && law.entries().every(({ choice }) => choice !== 'IN_TURN')) {
    return { law: 'CONNECTIONS_OF_DIFFERENT_CLIENTS', spread: atRandom(connections, groups) };
  }
  const entries = law.entries();
  const keys = new Map(law.pods.map((key, index) => [key, index]));
  const capacity = capacities(pods, offered, keys);
  const [same] = groups;
  if (law.kind === 'IN_TURN') {
    const own = new Set(entries.flatMap((entry) => entry.pods));
    const disjoint = own.size === entries.reduce((sum, entry) => sum + entry.pods.length, 0);
    const alike = entries.every(({ shares }) => shares.every((share) => Math.abs(share - (shares[0] ?? 0)) < 1e-12));
    if (alike && entries.length === 1 && groups.length === 1)
      return { law: 'IN_TURN', spread: inTurn(connections, own.size, same?.capacity) };
    if (alike && disjoint && new Set(groups.map((one) => one.capacity)).size === 1) {
      const nodes = entries.map(({ weight, pods: numbers }) => ({
        weight: weight / entries.reduce((sum, one) => sum + one.weight, 0),
        pods: numbers.length,
        capacity: same?.capacity,
      }));
      return { law: 'IN_TURN', spread: inTurnOfOwn(connections, nodes) };
    }
  }
  const twice = keptByBalancer(law, offered, entries, groups);
  if (twice !== undefined) return { law: law.kind, spread: twice };
  if (connections > MOST_SIMULATED) return none(`Up to ${MOST_SIMULATED} connections are simulated. ${law.why}`);
  const spread = simulated({
    connections,
    clients: law.kind === 'IN_TURN' ? undefined : clients,
    clientsKeepEntry: law.clientsKeepEntry && clients !== undefined && law.kind !== 'IN_TURN',
    entries,
    pods: law.pods.length,
    capacities: capacity,
  });
  return { law: law.kind, spread };
}

/** Up to so many connections the two stages are worked out exactly. */
const MOST_TWO_STAGES = 300;

/**
 * A load balancer that keeps clients on nodes, which draw among pods of their own for each connection: exact where the
 * model takes it.
 */
function keptByBalancer(
  law: Law,
  { connections = 0, clients, at }: Offered,
  entries: readonly Entry[],
  groups: readonly Group[],
): SpreadLoads | undefined {
  if (law.kind !== 'STAGES' || !law.clientsKeepEntry || clients === undefined) return undefined;
  if (connections > MOST_TWO_STAGES || connections % clients !== 0) return undefined;
  const pods = new Set(entries.flatMap((entry) => entry.pods));
  const own = pods.size === entries.reduce((sum, entry) => sum + entry.pods.length, 0);
  const alike = entries.every(
    ({ choice, shares }) => choice === 'RANDOM' && shares.every((share) => Math.abs(share - (shares[0] ?? 0)) < 1e-12),
  );
  const limits = new Set(groups.map(({ capacity }) => capacity));
  if (!own || !alike || limits.size !== 1) return undefined;
  const total = entries.reduce((sum, { weight }) => sum + weight, 0);
  const [capacity] = limits;
  const each = connections / clients;
  const nodes = entries.map(({ weight, pods: numbers }) => ({
    count: 1,
    weight: weight / total,
    pods: numbers.length,
    ...(capacity === undefined ? {} : { capacity }),
  }));
  const given = { connections, connectionsPerClient: each, loadBalancer: 'random', node: 'random', nodes };
  const answer = modelled('two-stage', given, at) as unknown as SpreadLoads;
  // A pod has nothing from a client that goes to another node, or whose connections all go to its neighbours.
  const idle = nodes.reduce(
    (sum, { weight, pods: count }) => sum + count * (1 - weight + weight * (1 - 1 / count) ** each) ** clients,
    0,
  );
  const { most, least, anyIdle = 0, anyOver } = answer;
  return { most, least, anyIdle, expectedIdle: idle, ...(anyOver === undefined ? {} : { anyOver }) };
}

function capacities(
  pods: readonly LoadedPods[],
  offered: Offered,
  keys: ReadonlyMap<string, number>,
): readonly number[] | undefined {
  const byPod = new Array<number>(keys.size).fill(Number.POSITIVE_INFINITY);
  let any = false;
  for (const { key, cpuMilli } of pods) {
    const limit = capacityOf(offered, cpuMilli).connections;
    const index = key === undefined ? undefined : keys.get(key);
    if (limit === undefined) continue;
    any = true;
    // Pods of one group are alike.
    if (index === undefined) byPod.fill(limit);
    else byPod[index] = limit;
  }
  return any ? byPod : undefined;
}
