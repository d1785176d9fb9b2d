/**
 * The worst placement of a workload's pods, of those that its constraints allow. A placement is allowed if pods can be
 * put there one after the other, each on a node that kube-scheduler's filters let it go to (scores are not asked: they
 * prefer, they do not forbid).
 */

import { controlPlaneVersion } from '../../changes/control-plane-version.js';
import { nodeZone } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import { podsOfWorkload } from '../../cluster/workload-pods.js';
import type { SolvedPlacement } from '../../contract/answers.js';
import type { Change, SolveQuestion } from '../../contract/requests.js';
import { Scheduler } from '../../control-plane/scheduler/scheduler.js';
import { type SpreadConstraintSpec, schedulingSpec } from '../../control-plane/scheduler/scheduling-spec.js';
import { stateAfter } from '../load/risks.js';
import { type Asked, type Measured, measuredAfter, plainRequest } from './measure.js';
import { comesFromOutside, policyChanges, policyName } from './policy-choices.js';

type Wanted = NonNullable<SolveQuestion['placement']>;
type Scale = NonNullable<SolveQuestion['scale']>;
type ShownPlacement = NonNullable<SolvedPlacement['worst']>;

/** Placements that are looked at one by one, and of which the plain question is asked. */
const [MOST_STATES, MOST_ASKED] = [1500, 60];
/** How many nodes the uneven placements use. */
const MOST_USED = 6;

const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';

/** Nodes of the pods in order of creation. */
type Placement = readonly string[];

const keyOf = (placement: Placement, classOf: (node: string) => string): string => {
  const counts = new Map<string, number>();
  for (const node of placement) counts.set(node, (counts.get(node) ?? 0) + 1);
  return [...counts]
    .map(([node, count]) => `${classOf(node)}:${count}`)
    .sort()
    .join(' ');
};

/** Pods on nodes as the scheduler's filters let them go, beside all other pods of the cluster. */
class Placing {
  readonly #cluster: Cluster;
  readonly #pod: Pod;

  /** `cluster`: without the workload's pods. */
  constructor(cluster: Cluster, pod: Pod) {
    this.#cluster = cluster;
    this.#pod = pod;
  }

  start(placement: Placement): {
    readonly scheduler: Scheduler;
    feasible(): readonly string[];
    put(node: string): void;
  } {
    const scheduler = new Scheduler(this.#cluster);
    let number = 0;
    const next = (): Pod => ({
      ...this.#pod,
      metadata: { ...this.#pod.metadata, name: `placed-${number}`, uid: `placed-${number}` },
    });
    const put = (node: string) => {
      const pod = next();
      number++;
      scheduler.assign({ ...pod, spec: { ...pod.spec, nodeName: node } } as Pod, node);
    };
    // A pod that has been asked about is counted from then on.
    scheduler.decide(next());
    for (const node of placement) put(node);
    return { scheduler, put, feasible: () => scheduler.explain(next()).feasibleNodes };
  }
}

/** Every placement, one of each kind that nothing tells apart; undefined where there are too many. */
function everyPlacement(
  placing: Placing,
  replicas: number,
  classOf: (node: string) => string,
): readonly Placement[] | undefined {
  let level = new Map<string, Placement>([['', []]]);
  let seen = 0;
  for (let placed = 0; placed < replicas; placed++) {
    const next = new Map<string, Placement>();
    for (const placement of level.values()) {
      for (const node of placing.start(placement).feasible()) {
        const longer = [...placement, node];
        const key = keyOf(longer, classOf);
        if (!next.has(key)) next.set(key, longer);
      }
      if (++seen + next.size > MOST_STATES) return undefined;
    }
    level = next;
  }
  return [...level.values()];
}

/**
 * Placements that are as uneven as the filters allow: few nodes or zones with one pod each, and the rest on as few
 * others as can be.
 */
function unevenPlacements(
  placing: Placing,
  replicas: number,
  nodes: readonly string[],
  zoneOf: (node: string) => string,
): readonly Placement[] {
  const found: Placement[] = [];
  const fill = (singles: readonly string[], packed: readonly string[], singlesFirst: boolean) => {
    const run = placing.start([]);
    const counts = new Map<string, number>();
    const put = (node: string) => {
      run.put(node);
      counts.set(node, (counts.get(node) ?? 0) + 1);
      order.push(node);
    };
    const order: string[] = [];
    const rest = [...singles];
    if (singlesFirst)
      for (const node of singles)
        if (run.feasible().includes(node) && order.length < replicas) put(rest.shift() ?? node);
    while (order.length < replicas) {
      const feasible = run.feasible();
      if (feasible.length === 0) return;
      const missing = replicas - order.length;
      const single = rest.find((node) => feasible.includes(node));
      const pack = packed.find((node) => feasible.includes(node));
      const used = feasible
        .filter((node) => counts.has(node) && !singles.includes(node))
        .sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0))[0];
      const fresh = feasible.filter((node) => !counts.has(node) && !singles.includes(node))[0];
      if (single !== undefined && (missing <= rest.length || (pack === undefined && used === undefined))) {
        put(single);
        rest.splice(rest.indexOf(single), 1);
      } else put(pack ?? used ?? fresh ?? (feasible[0] as string));
    }
    found.push(order);
  };
  const zones = new Map<string, string[]>();
  for (const node of nodes) zones.set(zoneOf(node), [...(zones.get(zoneOf(node)) ?? []), node]);
  for (let used = 1; used <= Math.min(MOST_USED, nodes.length, replicas); used++) {
    for (const first of [true, false]) {
      fill(nodes.slice(1, used), nodes.slice(0, 1), first);
      // Of zones too: the packed nodes of one zone, single pods in the others.
      const [packedZone = [], ...others] = [...zones.values()];
      fill(others.flatMap((own) => own.slice(0, 1)).slice(0, used - 1), packedZone, first);
    }
  }
  return found;
}

/** What the scheduler's filters hold a pod to, in words. */
function constraintsOf(pod: Pod): readonly string[] {
  const spec = schedulingSpec(pod);
  const spread = (spec.topologySpreadConstraints ?? []).map(
    ({ topologyKey, maxSkew, whenUnsatisfiable }) =>
      `topologySpreadConstraints: maxSkew ${maxSkew} over ${topologyKey}, ` +
      `${whenUnsatisfiable}${whenUnsatisfiable === 'ScheduleAnyway' ? ' (forbids nothing)' : ''}`,
  );
  const anti = spec.affinity?.podAntiAffinity as
    | { readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly { readonly topologyKey?: string }[] }
    | undefined;
  const apart = (anti?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(
    ({ topologyKey }) => `podAntiAffinity over ${topologyKey}`,
  );
  return [
    ...spread,
    ...apart,
    ...(spec.nodeSelector === undefined ? [] : ['nodeSelector']),
    'resources, taints and the number of pods of each node',
  ];
}

/** The pod without its node, as the scheduler sees it, with one more constraint. */
function pending(pod: Pod, more: readonly SpreadConstraintSpec[] = []): Pod {
  const { nodeName: _, ...spec } = pod.spec ?? {};
  const { status: __, ...rest } = pod;
  const own = schedulingSpec(pod).topologySpreadConstraints ?? [];
  return {
    ...rest,
    spec: { ...spec, ...(own.length + more.length === 0 ? {} : { topologySpreadConstraints: [...own, ...more] }) },
  } as Pod;
}

interface Judged {
  readonly placement: Placement;
  readonly measured: Measured;
}

/** Searches the worst placement. Undefined where the workload has no pod template that can be placed. */
export function worstPlacement(
  asked: Asked,
  scale: Scale,
  { replicas: wanted, policy }: Wanted,
  has: number,
): SolvedPlacement {
  const replicas = wanted ?? Math.max(1, has);
  const { prepared, question } = asked;
  const keys = [...new Set((question.services ?? []).map(({ namespace, name }) => `${namespace}/${name}`))];
  const changes =
    policy === undefined
      ? []
      : keys.flatMap((key) => {
          const service = prepared.cluster.services.get(key);
          return service === undefined
            ? []
            : policyChanges(
                service,
                policy,
                comesFromOutside(question),
                controlPlaneVersion(prepared.cluster, prepared.settings),
              );
        });
  const empty = {
    replicas,
    ...(policy === undefined ? {} : { policy }),
    exhaustive: false,
    tried: 0,
    constraints: [],
    forbids: [],
  };
  const scaledTo = (count: number, placement: Placement = []): Change =>
    ({ scale: { ...scale, replicas: count, ...(placement.length === 0 ? {} : { placement }) } }) as Change;
  const none = stateAfter(prepared, [scaledTo(0)], asked.at);
  const one = none === undefined ? undefined : stateAfter(none, [scaledTo(1)], asked.at);
  const [sample] = one === undefined ? [] : podsOfWorkload(one.cluster, scale.kind, scale.namespace, scale.name);
  if (none === undefined || sample === undefined)
    return {
      ...empty,
      explanation:
        `No pod of ${scale.namespace}/${scale.name} can be placed: the snapshot does not tell its template, or ` +
        'no node takes it.',
    };
  const zoneOf = (name: string) => {
    const node = prepared.cluster.nodes.get(name);
    return (node && nodeZone(node)) ?? '';
  };
  const others = (name: string) => none.cluster.podsOn(name).length;
  const classOf = (name: string) => {
    const node = prepared.cluster.nodes.get(name);
    return (
      `${zoneOf(name)}/${JSON.stringify(node?.status?.allocatable ?? {})}/${others(name)}/` +
      `${none.cluster.podsOn(name).length === 0 ? '' : name}`
    );
  };
  const judge = (placement: Placement): Judged | undefined => {
    const measured = measuredAfter(asked, prepared, [scaledTo(0), scaledTo(replicas, placement), ...changes]);
    return measured === undefined ? undefined : { placement, measured };
  };
  const badness = ({ measured: { delivered, chance = 0, imbalance } }: Judged) =>
    delivered === 0 ? 1e9 : chance * 1e6 + imbalance + (1 - delivered) * 1e3;
  const search = (pod: Pod) => {
    const placing = new Placing(none.cluster, pod);
    const every = replicas <= 12 ? everyPlacement(placing, replicas, classOf) : undefined;
    const nodes = placing.start([]).feasible();
    const all = every ?? unevenPlacements(placing, replicas, nodes, zoneOf);
    const distinct = [...new Map(all.map((placement) => [keyOf(placement, classOf), placement])).values()];
    // The fewer pods the emptiest node has beside the others, the larger is its share under Local: those are asked
    // about first.
    const sorted =
      distinct.length <= MOST_ASKED
        ? distinct
        : [...distinct].sort((a, b) => smallestPart(a) - smallestPart(b)).slice(0, MOST_ASKED);
    const judged = sorted.flatMap((placement) => judge(placement) ?? []);
    return {
      judged: judged.sort((a, b) => badness(b) - badness(a)),
      exhaustive: every !== undefined && distinct.length <= MOST_ASKED,
      looked: distinct.length,
    };
  };
  const own = search(pending(sample));
  const [worst] = own.judged;
  const best = own.judged.at(-1);
  if (worst === undefined)
    return {
      ...empty,
      explanation: `No node takes ${replicas} pods of ${scale.namespace}/${scale.name}.`,
      constraints: [...constraintsOf(sample)],
    };
  const shown = ({ placement, measured }: Judged): ShownPlacement => ({
    nodes: [...new Set(placement)]
      .sort()
      .map((node) => ({ node, pods: placement.filter((one) => one === node).length })),
    imbalance: measured.imbalance,
    hottest: measured.chance === undefined ? `${measured.largest} of connections` : measured.hottest,
    ...(measured.chance === undefined ? {} : { chance: measured.chance }),
    delivered: measured.delivered,
  });
  const labels = sample.metadata.labels ?? {};
  const selector = {
    matchLabels: Object.fromEntries(
      Object.entries(labels).filter(
        ([key]) =>
          key !== 'pod-template-hash' && !key.startsWith('statefulset.') && !key.startsWith('apps.kubernetes.io/'),
      ),
    ),
  };
  const candidates = [
    { topologyKey: HOSTNAME, maxSkew: 1 },
    { topologyKey: ZONE, maxSkew: 1 },
  ].filter(({ topologyKey }) =>
    [...prepared.cluster.nodes.values()].some(({ metadata }) => metadata.labels?.[topologyKey] !== undefined),
  );
  const forbids =
    best === undefined || badness(worst) <= badness(best) + 1e-12
      ? []
      : candidates.flatMap(({ topologyKey, maxSkew }) => {
          const constraint = {
            topologyKey,
            maxSkew,
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: selector,
          } as SpreadConstraintSpec;
          const [left] = search(pending(sample, [constraint])).judged;
          if (left === undefined || badness(left) >= badness(worst) - 1e-9) return [];
          return [{ topologyKey, maxSkew, worst: shown(left) }];
        });
  const times = (value: number) => String(Number(value.toPrecision(3)));
  const where = shown(worst).nodes.map(({ node, pods }) => `${pods} on ${node}`);
  const under = policy === undefined ? '' : ` under ${policyName(policy)}`;
  const lost = (best?.measured.delivered ?? 1) - worst.measured.delivered;
  const even = worst.measured.imbalance <= 1 + 1e-12 && lost < 1e-12;
  const spread = `${where.slice(0, 4).join(', ')}${where.length > 4 ? ` and ${where.length - 4} nodes more` : ''}`;
  const first = even
    ? `Every placement that was looked at is even${under}: no spread of ${replicas} pods gives one of them ` +
      'more than another.'
    : lost > 1e-12
      ? `At worst${under} ${times((1 - worst.measured.delivered) * 100)} % of connections are lost: ${spread}.`
      : `At worst${under} a pod gets ${times(worst.measured.imbalance)} times the even share: ${spread}.`;
  const forbidden = forbids[0];
  const outcomeThen = ({ delivered, imbalance }: ReturnType<typeof shown>) =>
    delivered !== undefined && delivered < 1 - 1e-12
      ? `${times((1 - delivered) * 100)} % are lost then`
      : `at most ${times(imbalance)} times then`;
  const then = even
    ? ''
    : forbidden === undefined
      ? ' No topologySpreadConstraint over nodes or zones would make it better.'
      : ` topologySpreadConstraints with maxSkew ${forbidden.maxSkew} over ${forbidden.topologyKey} ` +
        `(DoNotSchedule) would forbid it: ${outcomeThen(forbidden.worst)}.`;
  return {
    explanation: `${first}${then}`,
    replicas,
    ...(policy === undefined ? {} : { policy }),
    exhaustive: own.exhaustive,
    tried: own.looked,
    worst: shown(worst),
    ...(best === undefined ? {} : { best: shown(best) }),
    constraints: [...constraintsOf(sample)],
    forbids,
    check: plainRequest(asked, [scaledTo(0), scaledTo(replicas, worst.placement), ...changes]),
  };
}

function smallestPart(placement: Placement): number {
  const counts = new Map<string, number>();
  for (const node of placement) counts.set(node, (counts.get(node) ?? 0) + 1);
  return Math.min(...counts.values()) * counts.size;
}
