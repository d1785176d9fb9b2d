import type { IPFamily } from '../../base/address.js';
import { type Fraction, sum } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import { whenRead } from '../../base/when-read.js';
import type {
  Cause,
  EndpointShare,
  PathVerdict,
  ServiceProbability,
  ServiceRef,
  VerdictShare,
} from '../../contract/answers.js';
import type { Rule } from '../../netfilter/ruleset.js';
import type { Client } from '../../path/client.js';
import { beginningOf, hopsOf, type Journey, type Receiver } from '../../path/trail.js';
import type { ZoneShares } from './zones.js';

/** One way that a client's new connections go, without the steps on it. */
export interface DoorOutcome {
  /** Of the connections of all the door's clients. */
  readonly share: Fraction;
  /** The same as the kernel's thresholds make it. */
  readonly programmed: Fraction;
  readonly verdict: PathVerdict;
  readonly cause?: Cause | undefined;
  /** One sentence. */
  readonly detail: string;
  /** The rule that decided, where one did. */
  readonly rule?: Rule | undefined;
  readonly receiver?: Receiver | undefined;
  /**
   * The nodes at which an outside client's packet comes in, each as likely: one, or several that treat it alike. Absent
   * for clients inside the cluster, and where it never comes to a node.
   */
  readonly entries?: readonly string[] | undefined;
  /** Whether whoever is reached sees the client's own address. */
  readonly kept: boolean;
}

export interface DoorClient {
  readonly client: Client;
  /** The nodes whose clients it stands for, all alike; absent: it stands for itself. */
  readonly nodes?: readonly string[] | undefined;
  /** Its part of the door's clients. */
  readonly weight: Fraction;
  readonly outcomes: readonly DoorOutcome[];
  /** It is known, without looking at the outcomes, that they reach endpoints of the door's own Service alone. */
  readonly reachesOwnAlone?: true;
}

/** What a loss or a roll-out leaves, where that is too little. */
export interface Risk {
  readonly kind: 'ZONE' | 'NODE' | 'ROLLOUT';
  /** The zone, the node, or the workload. */
  readonly name: string;
  /** The chance of a pod over its capacity then; 1 where nothing is delivered. */
  readonly chance: number;
  /** The load of the hottest pod then, in words. */
  readonly hottest: string;
}

/**
 * One way to a Service port with those who take it, as a question saw it: what findings are made of. `via` is ADDRESS,
 * HOST or POD where the question did not name a Service.
 */
export interface Door {
  /** What finds the same door on the other side of a change. */
  readonly id: string;
  readonly service?: ServiceRef | undefined;
  readonly via: string;
  readonly family: IPFamily;
  readonly destination: string;
  /** The name that `destination` stands for, where that is an invented address: it is not compared with an address. */
  readonly publishedAs?: string | undefined;
  /** In words. */
  readonly clients: string;
  readonly endpoints: readonly EndpointShare[];
  readonly verdicts: readonly VerdictShare[];
  readonly imbalance?: ServiceProbability['imbalance'] | undefined;
  /** Seconds; 0: no session affinity. */
  readonly affinity: number;
  /** The load of its pods, where the question says how much is sent. */
  readonly load?: ServiceProbability['load'];
  /** What losses and roll-outs leave too little of that traffic's capacity, where that was asked. */
  readonly risks?: readonly Risk[];
  readonly from: readonly DoorClient[];
  /** What of their connections leaves the zone, where that is known without looking at each. */
  readonly zoneShares?: ZoneShares | undefined;
}

/** Whether two sides' doors have the same destination: by name where an invented address stands for it. */
export function sameDestination(
  a: Pick<Door, 'destination' | 'publishedAs'>,
  b: Pick<Door, 'destination' | 'publishedAs'>,
): boolean {
  return a.publishedAs === undefined || b.publishedAs === undefined
    ? a.destination === b.destination
    : a.publishedAs === b.publishedAs;
}

/** The address that a client sent from: its own, or the one that its host took by the route. */
export function sentFrom(journey: Journey, client: Client): string | undefined {
  if (client.address !== undefined) return client.address;
  const [first] = hopsOf(beginningOf(journey));
  for (const entry of first?.entries ?? []) {
    if (entry.kind === 'HOST' && entry.step.after !== undefined) return entry.step.after.source;
  }
  return undefined;
}

/** The node to which a packet came first, and the nodes that it represents where a load balancer chose it. */
function firstNode(journey: Journey): { readonly node?: string; readonly among?: readonly string[] | undefined } {
  let node: string | undefined;
  let among: readonly string[] | undefined;
  for (let at = beginningOf(journey); at !== undefined; at = at.previous) {
    if (at.entry.kind === 'HOP' && at.entry.hop === 'NODE') node = at.entry.name;
    if (at.entry.kind === 'HOST' && at.entry.step.action === 'BALANCE') among = at.entry.step.among;
  }
  return node === undefined ? {} : { node, among };
}

/**
 * What a question's journeys of one client come to. `among`: the nodes that a packet may come in at in place of the one
 * that it came in at, itself among them.
 */
export function outcomesOf(
  journeys: readonly Journey[],
  client: Client,
  among?: readonly string[],
): readonly DoorOutcome[] {
  const alone = new Map<string, readonly string[]>();
  const entriesOf = (journey: Journey): readonly string[] | undefined => {
    const { node, among: chosenFrom } = client.kind === 'OUTSIDE' ? firstNode(journey) : {};
    if (node === undefined) return undefined;
    const alike = among ?? chosenFrom;
    return alike?.includes(node) ? alike : remember(alone, node, () => [node]);
  };
  return journeys.map((journey) => {
    const { chance, verdict, cause, rule, receiver, packet } = journey;
    const kept = receiver !== undefined && packet.source === sentFrom(journey, client);
    const entries = entriesOf(journey);
    const { nominal: share, programmed } = chance;
    if (journey.beyond === undefined) {
      const { detail } = journey;
      return { share, programmed, verdict, cause, detail, rule, receiver, entries, kept };
    }
    const outcome = { share, programmed, verdict, cause, rule, receiver, entries, kept };
    return whenRead(outcome, 'detail', () => journey.detail);
  });
}

/** The sum of the outcomes' shares that `which` picks, over all clients of a door. */
export function shareWhere(door: Door, which: (outcome: DoorOutcome, from: DoorClient) => boolean): Fraction {
  const shares: Fraction[] = [];
  for (const from of door.from) {
    for (const outcome of from.outcomes) if (which(outcome, from)) shares.push(outcome.share);
  }
  return sum(shares);
}
