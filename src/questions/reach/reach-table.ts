/** Who reaches what in one state of the cluster: every workload to every target, policies judged by classes of pods. */
import { addressFamily, type IPFamily } from '../../base/address.js';
import { fraction, isZero, multiply } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import type { Pod } from '../../cluster/objects.js';
import type { RunningWorkload } from '../../cluster/running-workloads.js';
import type { Assumption } from '../../cluster/settings.js';
import type { Cause, PathVerdict } from '../../contract/answers.js';
import { Fabric } from '../../path/fabric.js';
import { firstEnding, judge } from '../../path/judge.js';
import type { PolicyPoint } from '../../path/policy-point.js';
import type { Ending } from '../../path/trail.js';
import { walkProbe } from '../../path/walk-probe.js';
import { type Enforcement, enforcementOf } from '../../policies/enforcer.js';
import { decide } from '../../policies/evaluate.js';
import type { Direction, End, Flow } from '../../policies/flow.js';
import { podClassNumber } from '../../policies/pod-class.js';
import { addShare, NO_SHARE, type Share } from '../../probability/distribution.js';
import type { Prepared } from '../prepare.js';
import type { ReachTarget } from './reach-targets.js';
import { type WalkRow, WalkRows } from './walk-rows.js';
import {
  type ClientsOnNodes,
  type Connecting,
  clientsOnNodes,
  connecting,
  type Walk,
  Walks,
  type Way,
} from './walks.js';

/** What becomes of a part of the connections. */
export interface Outcome {
  readonly verdict: PathVerdict;
  readonly cause: Cause | undefined;
  /** Where it ends, with a sentence that is made when it is read. */
  readonly end: { readonly detail: string };
  /** NETWORK_POLICY: whose side denies, and the policies that isolate the pod or decide. Equal lists are one. */
  readonly direction: Direction | undefined;
  readonly policies: readonly string[] | undefined;
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

/** What becomes of the connections of pods of one class, on the walks of one row. */
interface Part {
  readonly number: number;
  readonly outcomes: readonly Outcome[];
}

/** Instead of a class: what is decided does not depend on which pod connects. */
const OF_ANY = -1;

/** What is the same of a point for all pods that a walk stands for. */
interface KnownPoint {
  /** Equal for points at which policies decide alike of the same pod. */
  readonly number: number;
  /** Whether policies see the connecting pod's own address there. */
  readonly isOwn: boolean;
  /** Whether the decision depends on which pod connects. */
  readonly isAboutClient: boolean;
}

/** A point with packets from another source. Written out: spread objects that get a field cost V8 microseconds. */
function pointFrom({ node, direction, pod, flow, sentTo }: PolicyPoint, source: End): PolicyPoint {
  const { destination, protocol, port, blocks, isHairpin } = flow;
  const own: { -readonly [Key in keyof Flow]: Flow[Key] } = { source, destination, protocol, port };
  if (blocks !== undefined) own.blocks = blocks;
  if (isHairpin !== undefined) own.isHairpin = isHairpin;
  return sentTo === undefined ? { node, direction, pod, flow: own } : { node, direction, pod, flow: own, sentTo };
}

/** Judges recorded ways for pods, each class of pods once. */
class Judge {
  readonly #prepared: Prepared;
  readonly #enforcement: Enforcement;
  readonly #points = new Map<string, number>();
  readonly #known = { own: new WeakMap<PolicyPoint, KnownPoint>(), other: new WeakMap<PolicyPoint, KnownPoint>() };
  /** By the number of the point (twice, and one more for a pod that reaches itself), then by the class of the pod. */
  readonly #judged = new Map<number, Map<number, Judged>>();
  readonly #lists = new Map<string, readonly string[]>();
  readonly #listOf = new WeakMap<readonly string[], readonly string[]>();
  /** Whether some policy was met that concerns a pod: then the answer rests on who enforces it. */
  isConcerned = false;

  constructor(prepared: Prepared, enforcement: Enforcement) {
    this.#prepared = prepared;
    this.#enforcement = enforcement;
  }

  classOf(pod: Pod): number {
    return podClassNumber(this.#prepared.cluster, pod);
  }

  #pointOf(point: PolicyPoint, isOwn: boolean): KnownPoint {
    return remember(this.#known[isOwn ? 'own' : 'other'], point, () => {
      const { flow, direction, node, pod, sentTo } = point;
      const { source, destination, protocol, port } = flow;
      const to = destination.pod === undefined ? destination.address : this.classOf(destination.pod);
      const from = isOwn ? 'client' : `${source.address} at ${node}`;
      const own = direction === 'INGRESS' ? '' : pod === undefined ? 'client' : this.classOf(pod);
      const sent = sentTo === undefined ? '' : ` ${sentTo.address} ${sentTo.port}`;
      // Two families share classes of pods, and no network.
      const family = addressFamily(destination.address);
      const key = `${family} ${direction} ${own} ${from} ${to} ${protocol} ${port}${sent}`;
      const number = remember(this.#points, key, () => this.#points.size);
      return { number, isOwn, isAboutClient: isOwn || own === 'client' };
    });
  }

  /** What policies say of one pod's connection at a point. */
  #at(point: PolicyPoint, connects: Client, standsFor: string | undefined): Judged {
    const {
      pod: client,
      client: { address },
      ofClass,
    } = connects;
    const { flow } = point;
    const seen = flow.source.pod === client || (standsFor !== undefined && flow.source.address === standsFor);
    const { number, isOwn, isAboutClient } = this.#pointOf(point, seen);
    const isItself = isOwn && flow.destination.pod === client;
    const ofPoint = remember(this.#judged, number * 2 + (isItself ? 1 : 0), () => new Map<number, Judged>());
    return remember(ofPoint, isAboutClient ? ofClass : OF_ANY, () => {
      const source = isOwn && address !== undefined ? { address, pod: client } : flow.source;
      const { decision, ending, isConcerned } = judge(
        this.#prepared.cluster,
        pointFrom(point, source),
        point.pod ?? client,
        this.#enforcement.by,
        // Classes are looked after here.
        decide,
      );
      const { isolatedBy, decidedBy } = decision;
      const policies = decidedBy === undefined ? isolatedBy : [`${decidedBy.kind} ${decidedBy.policy}`];
      return { ending, isConcerned, policies: this.#oneOf(policies) };
    });
  }

  /** The one list of those that are equal. */
  #oneOf(policies: readonly string[]): readonly string[] {
    return remember(this.#listOf, policies, () => remember(this.#lists, policies.join(' '), () => policies));
  }

  /** The end of a way for a pod: the walk's own, or that of the first node whose policies surely do not let it pass. */
  #ended(way: Way, from: Client): Omit<Outcome, 'share'> {
    const standsFor = way.sender.kind === 'POD' ? way.sender.address : undefined;
    let ending: Ending | undefined;
    let by: { readonly direction: Direction; readonly policies: readonly string[] } | undefined;
    for (const point of way.points) {
      // What is denied stays denied; of what is not known a later node may deny.
      if (ending !== undefined && ending.verdict !== 'UNKNOWN') break;
      const judged = this.#at(point, from, standsFor);
      this.isConcerned ||= judged.isConcerned;
      if (!this.#enforcement.enforced) continue;
      const next = firstEnding(ending, judged.ending);
      if (next !== ending) by = { direction: point.direction, policies: judged.policies };
      ending = next;
    }
    const { verdict, cause } = ending ?? way;
    return { verdict, cause, end: ending ?? way, direction: by?.direction, policies: by?.policies };
  }

  /** What becomes of a pod's connections on a walk; shares sum to 1. */
  outcomes({ ways }: Walk, from: Client): readonly Outcome[] {
    const found: Outcome[] = [];
    for (const way of ways) addOutcome(found, this.#ended(way, from), way.share);
    return found;
  }
}

/** The share of the outcomes that `which` picks. */
export function shareOf(outcomes: readonly Outcome[], which: (outcome: Outcome) => boolean): Share {
  return outcomes.reduce((sum, one) => (which(one) ? addShare(sum, one.share) : sum), NO_SHARE);
}

/** Adds a share to the outcome that is alike, or as one more. */
function addOutcome(found: Outcome[], ended: Omit<Outcome, 'share'>, share: Share): void {
  const { verdict, cause, end, direction, policies } = ended;
  const at = found.findIndex(
    (one) => one.verdict === verdict && one.cause === cause && one.direction === direction && one.policies === policies,
  );
  const known = found[at];
  // Written out, with every field: V8 is slow to make and to read objects that are spread and get a field.
  const made = (first: Outcome['end'], sum: Share) => ({ verdict, cause, end: first, direction, policies, share: sum });
  if (known === undefined) found.push(made(end, share));
  else found[at] = made(known.end, addShare(known.share, share));
}

/** The outcomes of several parts, weighted. */
function mixed(
  parts: readonly { readonly outcomes: readonly Outcome[]; readonly count: number }[],
  all: number,
): readonly Outcome[] {
  const found: Outcome[] = [];
  for (const { outcomes, count } of parts) {
    const weight = fraction(count, all);
    for (const outcome of outcomes) addOutcome(found, outcome, weigh(outcome.share, weight));
  }
  return found.filter(({ share }) => !isZero(share.nominal));
}

/** What becomes of connections to one target. Equal lists of outcomes are one object. */
class RowOutcomes {
  readonly #policy: Judge;
  readonly #ofWalks = new Map<number, Map<number, readonly Outcome[]>>();
  readonly #ofRows = new Map<WalkRow, Map<number, Part>>();
  readonly #mixtures = new Map<string, readonly Outcome[]>();
  #parts = 0;

  constructor(policy: Judge) {
    this.#policy = policy;
  }

  /** Those of clients of which each is as likely as the others. */
  of(clients: readonly Client[], rows: WalkRows): readonly Outcome[] {
    const counts = new Map<Part, number>();
    // Pods of a workload are of one class, nearly always, and most have one row.
    let last: { readonly row: WalkRow; readonly ofClass: number; readonly part: Part } | undefined;
    for (const client of clients) {
      const row = rows.of(client);
      const { ofClass } = client;
      if (last?.row !== row || last.ofClass !== ofClass) last = { row, ofClass, part: this.#partOf(row, client) };
      counts.set(last.part, (counts.get(last.part) ?? 0) + 1);
    }
    const [only] = counts.keys();
    if (counts.size === 1 && only !== undefined) return only.outcomes;
    const key = [...counts].map(([{ number }, count]) => `${number}*${count}`).join(',');
    const parts = () => [...counts].map(([{ outcomes }, count]) => ({ outcomes, count }));
    return remember(this.#mixtures, key, () => mixed(parts(), clients.length));
  }

  #partOf(row: WalkRow, client: Client): Part {
    const ofRow = remember(this.#ofRows, row, () => new Map<number, Part>());
    const known = ofRow.get(client.ofClass);
    if (known !== undefined) return known;
    const parts = row.walks.map(({ walk, count }) => ({ outcomes: this.#ofWalk(walk, client), count }));
    const [only] = parts;
    const all = parts.reduce((sum, { count }) => sum + count, 0);
    const outcomes = parts.length === 1 && only !== undefined ? only.outcomes : mixed(parts, all);
    const part = { number: this.#parts++, outcomes };
    ofRow.set(client.ofClass, part);
    return part;
  }

  #ofWalk(walk: Walk, client: Client): readonly Outcome[] {
    const known = remember(this.#ofWalks, walk.number, () => new Map<number, readonly Outcome[]>());
    return remember(known, client.ofClass, () => this.#policy.outcomes(walk, client));
  }
}

/**
 * Every workload to every target. Pods that neither the rules nor the policies tell apart are walked and judged once.
 * Throws QuestionError where a destination's address cannot be chosen.
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
      const places = new Map<string, number>();
      return new Map(
        sources.map((from) => [
          from,
          from.pods.flatMap((pod) => {
            const one = connecting(fabric, pod, places);
            if (one === undefined) return [];
            // Written out: V8 is slow to read objects that are spread and get a field.
            const { client, isApart, place } = one;
            return [{ pod, client, isApart, place, ofClass: policy.classOf(pod) }];
          }),
        ]),
      );
    });
  const onNodes = new Map<IPFamily, ClientsOnNodes | undefined>();
  const onNodesIn = (family: IPFamily) => {
    if (!onNodes.has(family)) onNodes.set(family, clientsOnNodes(fabricOf(family), nodes));
    return onNodes.get(family);
  };
  const pairs = targets.flatMap((to) => {
    const fabric = fabricOf(to.family);
    const numbers = new Map<string, number>();
    const onNodes = onNodesIn(to.family);
    const rows = new WalkRows(to.destinations.map((destination) => new Walks(fabric, destination, onNodes, numbers)));
    const outcomes = new RowOutcomes(policy);
    const clients = clientsIn(to.family);
    return sources.flatMap((from): Pair[] => {
      const pods = clients.get(from) ?? [];
      return pods.length === 0 ? [] : [{ from, to, outcomes: outcomes.of(pods, rows) }];
    });
  });
  const assumptions = [...fabrics.values()].flatMap((fabric) => {
    const { value, why } = enforcement;
    if (policy.isConcerned) fabric.assumptions.add('settings.network.policies', value, why);
    return fabric.assumptions.all();
  });
  return { pairs, assumptions: assumptions.filter(({ field }) => field !== 'clients'), enforcement };
}
