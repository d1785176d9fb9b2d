/** Who reaches what in one state of the cluster: every workload to every target, policies judged by classes of pods. */
import type { IPFamily } from '../../base/address.js';
import { fraction, isZero, multiply } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import type { Pod } from '../../cluster/objects.js';
import type { RunningWorkload } from '../../cluster/running-workloads.js';
import type { Assumption } from '../../cluster/settings.js';
import type { Cause, PathVerdict } from '../../contract/answers.js';
import { Fabric } from '../../path/fabric.js';
import { firstEnding, judge } from '../../path/policing.js';
import type { PolicyPoint } from '../../path/policy-point.js';
import type { Ending } from '../../path/trail.js';
import { walkProbe } from '../../path/walk-probe.js';
import { type Enforcement, enforcementOf } from '../../policies/enforcer.js';
import type { Direction } from '../../policies/flow.js';
import { podClass } from '../../policies/pod-class.js';
import { addShare, NO_SHARE, type Share } from '../../probability/distribution.js';
import type { Prepared } from '../prepare.js';
import type { ReachTarget } from './targets.js';
import { type Connecting, connecting, type Walk, Walks, type Way } from './walks.js';

/** What becomes of a part of the connections. */
export interface Outcome {
  readonly verdict: PathVerdict;
  readonly cause?: Cause | undefined;
  readonly detail: string;
  /** NETWORK_POLICY: whose side denies, and the policies that isolate the pod or decide. */
  readonly direction?: Direction;
  readonly policies?: readonly string[];
  readonly share: Share;
}

export interface Pair {
  readonly from: RunningWorkload;
  readonly to: ReachTarget;
  readonly outcomes: readonly Outcome[];
}

export interface ReachTable {
  readonly pairs: readonly Pair[];
  readonly assumptions: readonly Assumption[];
  readonly enforcement: Enforcement;
}

interface Judged {
  readonly ending: Ending | undefined;
  readonly isConcerned: boolean;
  readonly policies: readonly string[];
}

const weigh = (share: Share, weight: { readonly n: bigint; readonly d: bigint }): Share => ({
  nominal: multiply(share.nominal, weight),
  programmed: multiply(share.programmed, weight),
});

/** A pod that connects, with the number of its class. */
interface Client extends Connecting {
  readonly ofClass: number;
}

/** Judges recorded ways for pods, each class of pods once. */
class Judge {
  readonly #prepared: Prepared;
  readonly #enforcement: Enforcement;
  readonly #classes = new Map<string, number>();
  readonly #judged = new Map<string, Judged>();
  /** Whether some policy was met that concerns a pod: then the answer rests on who enforces it. */
  isConcerned = false;

  constructor(prepared: Prepared, enforcement: Enforcement) {
    this.#prepared = prepared;
    this.#enforcement = enforcement;
  }

  classOf(pod: Pod): number {
    return remember(this.#classes, podClass(this.#prepared.cluster, pod), () => this.#classes.size);
  }

  /** What policies say of one pod's connection at a point. */
  #at(point: PolicyPoint, { pod: client, client: { address } }: Connecting, standsFor: string | undefined): Judged {
    const { flow, direction, node, sentTo } = point;
    const { destination, protocol, port } = flow;
    const isOwn = flow.source.pod === client || (standsFor !== undefined && flow.source.address === standsFor);
    const pod = point.pod ?? client;
    const to = destination.pod === undefined ? destination.address : this.classOf(destination.pod);
    const from = isOwn ? this.classOf(client) : `${flow.source.address} at ${node}`;
    const self = destination.pod === client && isOwn ? ' itself' : '';
    const own = direction === 'EGRESS' ? this.classOf(pod) : '';
    const sent = sentTo === undefined ? '' : ` ${sentTo.address} ${sentTo.port}`;
    return remember(this.#judged, `${direction} ${own} ${from} ${to} ${protocol} ${port}${self}${sent}`, () => {
      const source = isOwn && address !== undefined ? { address, pod: client } : flow.source;
      const { cluster } = this.#prepared;
      const { decision, ending, isConcerned } = judge(
        cluster,
        { ...point, flow: { ...flow, source } },
        pod,
        this.#enforcement.by,
      );
      const { isolatedBy, decidedBy } = decision;
      const policies = decidedBy === undefined ? isolatedBy : [`${decidedBy.kind} ${decidedBy.policy}`];
      return { ending, isConcerned, policies };
    });
  }

  /** The end of a way for a pod: the walk's own, or that of the first node whose policies do not let it pass. */
  #ended(way: Way, from: Connecting, standsFor: string | undefined): Omit<Outcome, 'share'> {
    let ending: Ending | undefined;
    let by: { readonly direction: Direction; readonly policies: readonly string[] } | undefined;
    let node: string | undefined;
    for (const point of way.points) {
      if (ending !== undefined && point.node !== node) break;
      node = point.node;
      const judged = this.#at(point, from, standsFor);
      this.isConcerned ||= judged.isConcerned;
      if (!this.#enforcement.enforced) continue;
      const next = firstEnding(ending, judged.ending);
      if (next !== ending) by = { direction: point.direction, policies: judged.policies };
      ending = next;
    }
    if (ending === undefined) {
      const { verdict, cause, detail } = way;
      return { verdict, ...(cause === undefined ? {} : { cause }), detail };
    }
    const { verdict, cause, detail } = ending;
    return { verdict, cause, detail, ...by };
  }

  /** What becomes of a pod's connections on a walk; shares sum to 1. */
  outcomes({ client, ways }: Walk, from: Connecting): readonly Outcome[] {
    const standsFor = client.kind === 'POD' ? client.address : undefined;
    const found = new Map<string, Outcome>();
    for (const way of ways) addOutcome(found, { ...this.#ended(way, from, standsFor), share: way.share });
    return [...found.values()];
  }
}

/** The share of the outcomes that `which` picks. */
export function shareOf(outcomes: readonly Outcome[], which: (outcome: Outcome) => boolean): Share {
  return outcomes.reduce((sum, one) => (which(one) ? addShare(sum, one.share) : sum), NO_SHARE);
}

function addOutcome(found: Map<string, Outcome>, outcome: Outcome): void {
  const { verdict, cause, direction, policies, share } = outcome;
  const key = `${verdict} ${cause} ${direction} ${policies?.join(' ')}`;
  const known = found.get(key);
  found.set(key, known === undefined ? outcome : { ...known, share: addShare(known.share, share) });
}

/** The outcomes of several parts, weighted. */
function mixed(
  parts: readonly { readonly outcomes: readonly Outcome[]; readonly count: number }[],
  all: number,
): readonly Outcome[] {
  if (parts.length === 1) return (parts[0] as { readonly outcomes: readonly Outcome[] }).outcomes;
  const found = new Map<string, Outcome>();
  for (const { outcomes, count } of parts) {
    const weight = fraction(count, all);
    for (const outcome of outcomes) addOutcome(found, { ...outcome, share: weigh(outcome.share, weight) });
  }
  return [...found.values()].filter(({ share }) => !isZero(share.nominal));
}

/**
 * Every workload to every target. Pods that neither the rules nor the policies tell apart are walked and judged once. Throws
 * QuestionError where a destination's address cannot be chosen.
 */
export function reachTable(
  prepared: Prepared,
  sources: readonly RunningWorkload[],
  targets: readonly ReachTarget[],
): ReachTable {
  const { cluster, settings } = prepared;
  const fabrics = new Map<IPFamily, Fabric>();
  const fabricOf = (family: IPFamily) =>
    remember(fabrics, family, () => new Fabric(cluster, settings, family, { walkProbe, recordsPolicies: true }));
  const enforcement = enforcementOf(cluster, settings.network.policies);
  const policy = new Judge(prepared, enforcement);
  const nodes = [...new Set(sources.flatMap(({ pods }) => pods.map(({ spec }) => spec?.nodeName ?? '')))];
  const clientsOf = new Map<IPFamily, ReadonlyMap<RunningWorkload, readonly Client[]>>();
  /** The pods of each workload that have an address of the family. */
  const clientsIn = (family: IPFamily) =>
    remember(clientsOf, family, () => {
      const fabric = fabricOf(family);
      return new Map(
        sources.map((from) => [
          from,
          from.pods.flatMap((pod) => {
            const one = connecting(fabric, pod);
            return one === undefined ? [] : [{ ...one, ofClass: policy.classOf(pod) }];
          }),
        ]),
      );
    });
  const pairs = targets.flatMap((to) => {
    const fabric = fabricOf(to.family);
    const numbers = new Map<string, number>();
    const walks = to.destinations.map((destination) => new Walks(fabric, destination, nodes, numbers));
    const known = new Map<string, readonly Outcome[]>();
    const clients = clientsIn(to.family);
    return sources.flatMap((from): Pair[] => {
      const parts = new Map<string, { outcomes: readonly Outcome[]; count: number }>();
      const pods = clients.get(from) ?? [];
      for (const one of pods) {
        for (const each of walks) {
          const walk = each.of(one);
          const key = `${walk.number} ${one.ofClass}`;
          const outcomes = remember(known, key, () => policy.outcomes(walk, one));
          remember(parts, key, () => ({ outcomes, count: 0 })).count += 1;
        }
      }
      if (pods.length === 0) return [];
      const mixture = [...parts].map(([key, { count }]) => `${key}*${count}`).join(',');
      const all = pods.length * walks.length;
      return [{ from, to, outcomes: remember(known, mixture, () => mixed([...parts.values()], all)) }];
    });
  });
  const assumptions = [...fabrics.values()].flatMap((fabric) => {
    const { value, why } = enforcement;
    if (policy.isConcerned) fabric.assumptions.add('settings.network.policies', value, why);
    return fabric.assumptions.all();
  });
  return { pairs, assumptions: assumptions.filter(({ field }) => field !== 'clients'), enforcement };
}
