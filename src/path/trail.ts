import { type Fraction, isOne, multiply, ONE } from '../base/fraction.js';
import type { Pod } from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import type { PathPolicy } from '../contract/answers.js';
import type { Balancer } from '../load-balancers/balancer.js';
import type { LeftOutShare } from '../netfilter/left-out.js';
import type { Header, Packet } from '../netfilter/packet.js';
import type { Rule } from '../netfilter/ruleset.js';
import { weaker } from '../netfilter/walk/basis.js';
import type { Chance, StepList } from '../netfilter/walk/types.js';
import type { PolicyPoint } from './policy-point.js';
import type { Cause, PathVerdict } from './verdict.js';

export type HopKind = 'CLIENT' | 'LOAD_BALANCER' | 'NODE' | 'POD' | 'OUTSIDE';

/** Something a host does beside its rules. */
export interface HostStep {
  readonly action: 'ROUTE' | 'CONNTRACK' | 'SEND' | 'RECEIVE' | 'RESOLVE' | 'BALANCE' | 'FIREWALL' | 'NETWORK_POLICY';
  readonly detail: string;
  /** BALANCE: how likely this backend is chosen. */
  readonly chance?: Chance;
  /** BALANCE: the nodes that the chosen one represents, itself among them, each as likely; absent: itself alone. */
  readonly among?: readonly string[];
  readonly before?: Header;
  readonly after?: Header;
  /** NETWORK_POLICY: what policies say, and who decided. */
  readonly policy?: PathPolicy;
  /** NETWORK_POLICY: the same step on the way to another pod, at this address, that policies do not tell apart. */
  readonly forPod?: (pod: Pod, address: string) => HostStep;
}

type TrailEntry =
  | { readonly kind: 'HOP'; readonly hop: HopKind; readonly name: string }
  | { readonly kind: 'HOST'; readonly step: HostStep }
  | { readonly kind: 'RULES'; readonly steps: StepList }
  /** Where policies act, whether they say anything of the packet or not. Nothing that a form shows. */
  | { readonly kind: 'POLICIES'; readonly point: PolicyPoint; readonly passes: boolean | undefined };

/** What happened to a packet so far, newest first; branches share their past. */
export interface Trail {
  readonly entry: TrailEntry;
  readonly previous: Trail | undefined;
}

export interface TrailHop {
  readonly kind: HopKind;
  readonly name: string;
  readonly entries: readonly Shown[];
}

type Shown = Exclude<TrailEntry, { kind: 'HOP' | 'POLICIES' }>;

export function hop(previous: Trail | undefined, kind: HopKind, name: string): Trail {
  return { entry: { kind: 'HOP', hop: kind, name }, previous };
}

export function hostStep(previous: Trail | undefined, step: HostStep): Trail {
  return { entry: { kind: 'HOST', step }, previous };
}

export function ruleSteps(previous: Trail | undefined, steps: StepList | undefined): Trail | undefined {
  return steps === undefined ? previous : { entry: { kind: 'RULES', steps }, previous };
}

/** `passes`: whether policies let the packet pass there; undefined where they are only recorded. */
export function policyPoint(previous: Trail | undefined, point: PolicyPoint, passes?: boolean): Trail {
  return { entry: { kind: 'POLICIES', point, passes }, previous };
}

/** A place on a trail where policies act, and whether they let the packet pass, where that is known. */
export interface ActedOn {
  readonly point: PolicyPoint;
  readonly passes: boolean | undefined;
}

/** Where policies act on a trail, oldest first. Trails that begin alike share these. */
export function actedOn(trail: Trail | undefined): readonly ActedOn[] {
  const found: ActedOn[] = [];
  for (let at = trail; at !== undefined; at = at.previous) if (at.entry.kind === 'POLICIES') found.push(at.entry);
  return found.reverse();
}

/** The trail oldest first, by hop. */
export function hopsOf(trail: Trail | undefined): readonly TrailHop[] {
  const entries: TrailEntry[] = [];
  for (let at = trail; at !== undefined; at = at.previous) entries.push(at.entry);
  const hops: { kind: HopKind; name: string; entries: Shown[] }[] = [];
  for (const entry of entries.reverse()) {
    if (entry.kind === 'HOP') hops.push({ kind: entry.hop, name: entry.name, entries: [] });
    else if (entry.kind !== 'POLICIES') hops.at(-1)?.entries.push(entry);
  }
  return hops;
}

export const CERTAIN: Chance = { nominal: ONE, programmed: ONE };

export function both(a: Chance, b: Chance): Chance {
  if (a === CERTAIN) return b;
  if (b === CERTAIN) return a;
  if (a.nominal === ONE && a.programmed === ONE && a.basis === undefined) return b;
  if (b.nominal === ONE && b.programmed === ONE && b.basis === undefined) return a;
  return {
    nominal: multiply(a.nominal, b.nominal),
    programmed: multiply(a.programmed, b.programmed),
    roundRobin: a.roundRobin || b.roundRobin,
    basis: weaker(a.basis, b.basis),
  };
}

/** A connection that a node tracks: its header as it came in and as it went out. */
export interface Tracked {
  /** '' for a load balancer. */
  readonly node: string;
  /** Set where a load balancer passed it on, and not a node. */
  readonly balancer?: Balancer;
  readonly before: Header;
  readonly after: Header;
  /** The mark of the connection, and which of its bits are not known. */
  readonly mark?: number | undefined;
  readonly unknownMark?: number | undefined;
}

/** The connections that nodes on the way track, newest first. */
export interface TrackedList {
  readonly entry: Tracked;
  readonly previous: TrackedList | undefined;
}

/** A packet somewhere on its way, with how likely it got there. */
export interface Branch {
  readonly chance: Chance;
  readonly packet: Packet;
  readonly trail: Trail | undefined;
  readonly tracked: TrackedList | undefined;
}

/** The end of a branch that did not reach an endpoint, or of one that did. */
export interface Ending {
  readonly verdict: PathVerdict;
  readonly cause?: Cause | undefined;
  /** The rule that decided. */
  readonly rule?: Rule | undefined;
  /** One sentence. */
  readonly detail: string;
  /** It goes to endpoints that are not followed; what becomes of it is found from those that are alike. */
  readonly leftOut?: LeftOutShare | undefined;
  /** It leaves for an address outside of the cluster, of which the snapshot has nothing. */
  readonly leaves?: boolean | undefined;
}

/** Who takes the packet at the end. */
export interface Receiver {
  readonly address: string;
  readonly port: number | undefined;
  readonly node?: string;
  readonly pod?: string;
  /** An endpoint of the Service that was asked for; otherwise just whoever has the address. */
  readonly endpoint: boolean;
}

/** One way a new connection can go, to its end and back. */
export interface Journey extends Ending {
  readonly chance: Chance;
  readonly packet: Packet;
  readonly trail: Trail | undefined;
  readonly receiver?: Receiver | undefined;
  readonly reply?:
    | { readonly returns: boolean; readonly detail: string; readonly trail: Trail | undefined }
    | undefined;
  /** The journey of another client of the same node, where it was taken for this one's: see Fabric.taking. */
  readonly takenFrom?: Journey | undefined;
  /** It stands for so many, each to an endpoint of its own; absent: for itself. */
  readonly count?: number | undefined;
  /** Set where it stands for several: what they are to all clients. */
  readonly bundle?: object | undefined;
  /** Where policies deny it: every way that it would go on, as if none denied anything. Walked when it is called. */
  readonly beyond?: (() => readonly Journey[]) | undefined;
}

/**
 * A journey like another one but for the address and name of who receives it. Its trail, its rules and its reply are
 * walked when they are read.
 */
export class AlikeJourney implements Journey {
  readonly verdict = 'DELIVERED';
  readonly cause = undefined;
  readonly rule = undefined;
  #walked: Journey | undefined;

  constructor(
    readonly chance: Chance,
    readonly packet: Packet,
    readonly receiver: Receiver,
    /** One that is the same up to the rules of the first node; undefined where that is to be walked too. */
    readonly like: Journey | undefined,
    readonly detail: string,
    readonly walk: () => Journey,
  ) {}

  #own(): Journey {
    this.#walked ??= this.walk();
    return this.#walked;
  }

  get trail(): Trail | undefined {
    return this.#own().trail;
  }

  get reply(): Journey['reply'] {
    return this.#own().reply;
  }
}

/** A journey that policies end. Why is put into words when it is read: of many ways few are shown. */
export class DeniedJourney implements Journey {
  readonly verdict: PathVerdict;
  readonly cause: Cause | undefined;
  readonly packet: Packet;
  readonly trail: Trail | undefined;
  readonly #ending: Ending;

  constructor(
    readonly chance: Chance,
    { packet, trail }: Pick<Branch, 'packet' | 'trail'>,
    ending: Ending,
    readonly receiver: Receiver | undefined,
    readonly beyond: () => readonly Journey[],
  ) {
    this.verdict = ending.verdict;
    this.cause = ending.cause;
    this.packet = packet;
    this.trail = trail;
    this.#ending = ending;
  }

  get detail(): string {
    return this.#ending.detail;
  }

  /** The same with another chance, and so what is beyond. */
  rescaled(scale: (chance: Chance) => Chance): DeniedJourney {
    return new DeniedJourney(scale(this.chance), this, this.#ending, this.receiver, scaled(this.beyond, scale));
  }
}

const scaled = (journeys: () => readonly Journey[], scale: (chance: Chance) => Chance) => () =>
  journeys().map((one) => rescaled(one, scale));

/**
 * A journey that policies end as they end another one, whose packet differs in nothing but the pod that it is for. Its
 * trail and its detail are walked when they are read.
 */
export class AlikeDenial implements Journey {
  readonly verdict: PathVerdict;
  readonly cause: Cause | undefined;

  /** `walk` walks it once, and gives what it found when it is called again. */
  constructor(
    readonly chance: Chance,
    readonly packet: Packet,
    /** One that is the same up to the rules of the first node. */
    readonly like: Journey,
    readonly beyond: () => readonly Journey[],
    readonly walk: () => Journey,
  ) {
    this.verdict = like.verdict;
    this.cause = like.cause;
  }

  get trail(): Trail | undefined {
    return this.walk().trail;
  }

  get detail(): string {
    return this.walk().detail;
  }

  /** The same with another chance, and so what is beyond. */
  rescaled(scale: (chance: Chance) => Chance): AlikeDenial {
    const { chance, packet, like, beyond, walk } = this;
    return new AlikeDenial(scale(chance), packet, like, scaled(beyond, scale), walk);
  }
}

/** The journey that another one is like, where its own is walked when it is read. */
export function likeOf(journey: Journey): Journey | undefined {
  return journey instanceof AlikeJourney || journey instanceof AlikeDenial ? journey.like : undefined;
}

/** What became of the first of some packets that are alike: the pod that it was for got it, or policies denied it. */
export interface KnownWay {
  readonly journey: Journey;
  /** What the way behind the first hook rests on. */
  readonly assumed: readonly Assumption[];
}

/** Ways that are known, by what packets have in common (`likenessOf` in alike-endpoints.ts). */
export interface WaysByLikeness {
  get(likeness: string): KnownWay | undefined;
  set(likeness: string, way: KnownWay): unknown;
}

/** The trail of a journey up to the rules of the first node: who sent it, and where it came in. */
export function beginningOf(journey: Journey): Trail | undefined {
  const like = likeOf(journey);
  return like === undefined ? journey.trail : like.trail;
}

/** Whether a journey has a reply. */
export function isAnswered(journey: Journey): boolean {
  return journey instanceof AlikeJourney || journey.reply !== undefined;
}

/** The same journey with another chance, and so what is beyond a denial of it. */
export function rescaled(journey: Journey, scale: (chance: Chance) => Chance): Journey {
  if (journey instanceof DeniedJourney || journey instanceof AlikeDenial) return journey.rescaled(scale);
  const chance = scale(journey.chance);
  if (journey instanceof AlikeJourney) {
    const { packet: own, receiver: who, like, detail: text, walk } = journey;
    return new AlikeJourney(chance, own, who, like, text, walk);
  }
  const { packet, trail, verdict, cause, rule, detail, receiver, reply, leftOut, count, bundle, takenFrom } = journey;
  const plain = { chance, packet, trail, verdict, cause, rule, detail, receiver, reply };
  const isPlain = leftOut === undefined && count === undefined && takenFrom === undefined;
  return isPlain ? plain : { ...plain, leftOut, count, bundle, takenFrom };
}

/** Journeys that are only a share of all: their chances times a weight. */
export function weighted(journeys: readonly Journey[], weight: Fraction): readonly Journey[] {
  if (isOne(weight)) return journeys;
  const scale = ({ nominal, programmed, roundRobin, basis }: Chance): Chance => ({
    nominal: multiply(nominal, weight),
    programmed: multiply(programmed, weight),
    roundRobin,
    basis,
  });
  return journeys.map((journey) => rescaled(journey, scale));
}
