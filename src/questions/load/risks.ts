/**
 * What the traffic of a door comes to when a zone or a node is lost, or a workload is rolled out: the plain question,
 * asked of that state.
 */
import { QuestionError } from '../../base/errors.js';
import { remember } from '../../base/remember.js';
import { applyChanges } from '../../changes/index.js';
import { nodeZone } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import { namespacedName } from '../../cluster/objects.js';
import type { Settings } from '../../cluster/settings.js';
import type { ServiceProbability } from '../../contract/answers.js';
import type { Change, ProbabilityQuestion } from '../../contract/requests.js';
import { matchesServiceSelector } from '../../control-plane/labels.js';
import type { Risk } from '../findings/door.js';
import { hottestText } from '../findings/load.js';
import type { Prepared } from '../prepare.js';

/** Zones, and kinds of nodes that are alike, that are tried. */
const [MOST_ZONES, MOST_NODES] = [12, 12];

type State = { readonly cluster: Cluster; readonly settings: Settings };

const statesOf = new WeakMap<Cluster, Map<string, Prepared | undefined>>();

/**
 * The state that more changes lead to; undefined where they cannot be made (no such strategy, nothing to roll out).
 * Health checks of load balancers have found them, as in the phase after.
 */
export function stateAfter(prepared: Prepared, changes: readonly Change[], at: number): Prepared | undefined {
  const states = remember(statesOf, prepared.cluster, () => new Map<string, Prepared | undefined>());
  return remember(states, JSON.stringify([changes, at]), () => {
    try {
      const changed = applyChanges(prepared.cluster, changes, { settings: prepared.settings, at });
      const earlier: State = { cluster: prepared.cluster, settings: prepared.settings };
      return { ...prepared, cluster: changed.cluster, settings: changed.settings, earlier };
    } catch (error) {
      if (error instanceof QuestionError) return undefined;
      throw error;
    }
  });
}

/** A loss that may happen, as a change. */
export interface Loss {
  readonly kind: 'ZONE' | 'NODE';
  readonly name: string;
  readonly change: Change;
}

/** The zones and nodes that have endpoints of a Service port; of nodes that are alike in zone and share one. */
export function lossesOf(cluster: Cluster, endpoints: ServiceProbability['endpoints']): readonly Loss[] {
  const shares = new Map<string, number>();
  for (const { node, share } of endpoints)
    if (node !== undefined) shares.set(node, (shares.get(node) ?? 0) + share.value);
  const zoneOf = (name: string) => {
    const node = cluster.nodes.get(name);
    return node === undefined ? undefined : nodeZone(node);
  };
  const zones = [...new Set([...shares.keys()].map(zoneOf))]
    .filter((zone): zone is string => zone !== undefined)
    .sort();
  const classes = new Map<string, string>();
  for (const [name, share] of [...shares].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))) {
    if (cluster.nodes.has(name)) remember(classes, `${zoneOf(name)} ${share.toPrecision(12)}`, () => name);
  }
  return [
    ...(zones.length < 2
      ? []
      : zones
          .slice(0, MOST_ZONES)
          .map((name): Loss => ({ kind: 'ZONE', name, change: { zone: { name, action: 'FAIL' } } as Change }))),
    ...(shares.size < 2
      ? []
      : [...classes.values()]
          .slice(0, MOST_NODES)
          .map((name): Loss => ({ kind: 'NODE', name, change: { node: { name, action: 'FAIL' } } as Change }))),
  ];
}

const ROLLED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);

/** The workloads whose pods a Service selects. */
function workloadsBehind(cluster: Cluster, service: string) {
  const object = cluster.services.get(service);
  const selector = object?.spec?.selector;
  if (selector === undefined || selector === null || Object.keys(selector).length === 0) return [];
  return [...cluster.workloads.values()].filter(
    ({ kind, metadata, spec }) =>
      ROLLED.has(kind) &&
      (metadata.namespace ?? 'default') === (object?.metadata.namespace ?? 'default') &&
      matchesServiceSelector(selector, spec?.template?.metadata?.labels),
  );
}

/** Asks the plain question of a state. */
export type AskLoad = (state: Prepared, question: ProbabilityQuestion) => ServiceProbability | undefined;

/**
 * How a state bears the traffic: the chance of a pod over its capacity, and the hottest pod in words. Undefined: not
 * known.
 */
function bearing(
  result: ServiceProbability | undefined,
): { readonly chance: number; readonly hottest: string } | undefined {
  if (result === undefined || result.unknown.value > 0) return undefined;
  if (result.delivered.value === 0) return { chance: 1, hottest: 'nothing: no connection is delivered' };
  const chance = (result.load as { readonly overCapacity?: number } | undefined)?.overCapacity;
  return chance === undefined ? undefined : { chance, hottest: hottestText(result.load) };
}

/** The losses and roll-outs after which some pod is over its capacity with a larger chance than is put up with. */
export function risksOf(
  prepared: Prepared,
  question: ProbabilityQuestion,
  result: ServiceProbability,
  maxChance: number,
  at: number,
  ask: AskLoad,
): readonly Risk[] {
  const now = bearing(result);
  // Where pods are over their capacity already, a loss says nothing more.
  if (now === undefined || now.chance > maxChance) return [];
  const { cluster } = prepared;
  const service = `${result.service.namespace}/${result.service.name}`;
  const tried: { readonly kind: Risk['kind']; readonly name: string; readonly change: Change }[] = [
    ...lossesOf(cluster, result.endpoints),
    ...workloadsBehind(cluster, service).map((workload) => ({
      kind: 'ROLLOUT' as const,
      name: `${workload.kind} ${namespacedName(workload)}`,
      change: {
        rollout: {
          kind: workload.kind,
          namespace: workload.metadata.namespace ?? 'default',
          name: workload.metadata.name,
          state: 'FEWEST_READY',
        },
      } as Change,
    })),
  ];
  return tried.flatMap(({ kind, name, change }) => {
    const state = stateAfter(prepared, [change], at);
    const then = state === undefined ? undefined : bearing(ask(state, question));
    return then === undefined || then.chance <= maxChance ? [] : [{ kind, name, ...then }];
  });
}
