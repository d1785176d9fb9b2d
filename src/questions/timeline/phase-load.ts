/** The load of one Service port at one moment of a timeline. */
import { jointCost } from '../../capacity/occupancy/characteristic.js';
import type { PodGroup } from '../../capacity/occupancy/groups.js';
import { arriving, atRandom, byClients, type SpreadLoads } from '../../capacity/spread.js';
import type { TimelinePhase } from '../../contract/answers.js';
import { shortNumber } from '../load/fields.js';
import type { Law } from '../load/law.js';
import type { Offered } from '../load/offered.js';
import type { View } from './views.js';

export type PhaseLoad = TimelinePhase['services'][number];

/** What pods take: requests per second, and connections. */
export type CapacityOf = (pod: string) => { readonly rate?: number; readonly connections?: number };

/** How connections choose among pods, and how much work their law may still cost. */
export interface Chances {
  readonly law: Law;
  /** Terms that are left for the whole timeline. */
  terms: number;
  /** Whether some moment has no percentiles because they would take too long. */
  cut: boolean;
}

/**
 * The law of the connections of a moment. Each connection is on a pod by itself, with the pod's part of the mean: it
 * came there by a choice of its own, whenever that was. Undefined where nodes do not choose so, where connections are
 * nowhere because nothing is delivered, and where it takes too long.
 */
function spreadOf(
  held: readonly (readonly [string, number])[],
  offered: Offered,
  capacityOf: CapacityOf,
  chances: Chances,
): SpreadLoads | undefined {
  const { connections, open, clients } = offered;
  const carried = connections ?? open ?? 0;
  const all = held.reduce((sum, [, load]) => sum + load, 0);
  if (carried === 0 || Math.abs(all - carried) > 1e-6 * carried) return undefined;
  const found = new Map<string, PodGroup>();
  for (const [pod, load] of held) {
    const share = Number((load / all).toPrecision(12));
    const capacity = capacityOf(pod).connections;
    const key = `${share} ${capacity}`;
    const known = found.get(key);
    found.set(key, { share, count: (known?.count ?? 0) + 1, ...(capacity === undefined ? {} : { capacity }) });
  }
  const groups = [...found.values()];
  const total = groups.reduce((sum, { count, share }) => sum + count * share, 0);
  const even = groups.map((group) => ({ ...group, share: group.share / total }));
  const { kind } = chances.law;
  const byClient = kind === 'CLIENTS' && clients !== undefined && connections !== undefined;
  const isRandom =
    kind === 'RANDOM' ||
    kind === 'CLIENTS' ||
    (kind === 'STAGES' && clients === undefined && chances.law.entries().every(({ choice }) => choice !== 'IN_TURN'));
  if (!isRandom) return undefined;
  if (open !== undefined) return kind === 'RANDOM' ? arriving(open, even) : undefined;
  const thrown = byClient ? clients : carried;
  const cost = jointCost(thrown, even) + thrown;
  if (cost > chances.terms) {
    chances.cut = true;
    return undefined;
  }
  chances.terms -= cost;
  return byClient ? byClients(clients, carried / clients, even) : atRandom(carried, even);
}

/** The fields of a law: the most and the least loaded pod, and the chances. */
function spreadFields(spread: SpreadLoads | undefined): Partial<PhaseLoad> {
  if (spread === undefined) return {};
  const { most, least, anyIdle, expectedIdle, anyOver, expectedOver } = spread;
  return {
    most,
    least,
    anyIdle,
    expectedIdle,
    ...(anyOver === undefined ? {} : { overChance: anyOver }),
    ...(expectedOver === undefined ? {} : { expectedOver }),
  };
}

/**
 * The load of one Service port at a moment: means, and with connections the law around them. `now`: the connections of
 * each pod; `broken`: those that break at this moment; `added`: pods that the change brings.
 */
export function phaseLoad(
  view: View,
  now: ReadonlyMap<string, number> | undefined,
  broken: number,
  added: ReadonlySet<string>,
  offered: Offered | undefined,
  capacityOf: CapacityOf,
  chances: Chances | undefined,
): { readonly load: PhaseLoad; readonly values: readonly number[] } {
  const ready = [...view.shares.values()].filter((share) => share > 0);
  const rate = offered?.requestsPerSecond;
  const each = offered?.perConnection;
  const held =
    now === undefined
      ? undefined
      : [...now.entries()].filter(([key, load]) => load > 1e-9 || (view.shares.get(key) ?? 0) > 0);
  const pods = new Set([...(held ?? []).map(([key]) => key), ...view.shares.keys()]);
  const all = held?.reduce((sum, [, load]) => sum + load, 0) ?? 0;
  const connections = held?.map(([, load]) => load) ?? [];
  const hottest = connections.length === 0 ? undefined : Math.max(...connections);
  const largest = ready.length === 0 ? undefined : Math.max(...ready);
  const hottestRate =
    rate === undefined
      ? undefined
      : hottest !== undefined && each !== undefined
        ? hottest * each
        : (largest ?? 0) * rate;
  const keys = held?.map(([key]) => key) ?? [...view.shares.keys()];
  const limits = keys.map((key) => ({ ...capacityOf(key), load: now?.get(key), share: view.shares.get(key) ?? 0 }));
  const isLimited = limits.some((one) => one.connections !== undefined || one.rate !== undefined);
  const over = !isLimited
    ? undefined
    : limits.some(({ connections: most, rate: fastest, load = 0, share }) =>
        held !== undefined && most !== undefined
          ? load > most * (1 + 1e-9)
          : rate !== undefined && fastest !== undefined && held === undefined && share * rate > fastest * (1 + 1e-9),
      );
  const mean = (which: (key: string) => boolean): number | undefined => {
    const own = (held ?? []).filter(([key]) => which(key));
    return own.length === 0 ? undefined : own.reduce((sum, [, load]) => sum + load, 0) / own.length;
  };
  const isNew = (key: string) => added.has(key);
  const [oldMean, newMean] = [mean((key) => !isNew(key)), mean(isNew)];
  const even = ready.length === 0 ? undefined : all / ready.length;
  const words =
    hottest !== undefined
      ? `${shortNumber(hottest)} ` +
        `connections${hottestRate === undefined ? '' : `, ${shortNumber(hottestRate)} requests per second`}`
      : hottestRate !== undefined
        ? `${shortNumber(hottestRate)} requests per second`
        : largest === undefined
          ? 'nothing'
          : `${shortNumber(largest * 100)} % of new connections`;
  const values = (held === undefined ? ready : connections).slice().sort((a, b) => b - a);
  return {
    values,
    load: {
      pods: pods.size,
      ready: ready.length,
      ...(largest === undefined ? {} : { largestShare: largest }),
      newConnectionsLost: view.lost,
      ...(now === undefined ? {} : { connectionsBroken: broken }),
      hottest: words,
      ...(hottest === undefined ? {} : { hottestConnections: hottest, coldestConnections: Math.min(...connections) }),
      ...(hottestRate === undefined ? {} : { hottestRequestsPerSecond: hottestRate }),
      ...(oldMean === undefined ? {} : { oldPodConnections: oldMean }),
      ...(newMean === undefined ? {} : { newPodConnections: newMean }),
      ...(now === undefined || all === 0
        ? {}
        : { shareOfNewPods: (held ?? []).reduce((sum, [key, load]) => sum + (isNew(key) ? load : 0), 0) / all }),
      ...(hottest === undefined || even === undefined || even === 0 ? {} : { overEven: hottest / even }),
      ...(over === undefined ? {} : { overCapacity: over }),
      ...(held === undefined || offered === undefined || chances === undefined
        ? {}
        : spreadFields(spreadOf(held, offered, capacityOf, chances))),
    },
  };
}
