/** The rules of policies by the pods that they may match: of many rules few are looked at for a connection. */

import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Pod } from '../cluster/objects.js';
import type { Direction, Flow } from './flow.js';
import { matchesRule, type PodPolicy, type ReadRule } from './network-policy.js';
import type { Verdict } from './rule.js';
import { labelText } from './selectors.js';

/** A rule: its policy, and its place in the policy's list. */
interface Place {
  readonly policy: PodPolicy;
  readonly rule: number;
  readonly read: ReadRule;
}

/** The rules of some policies in one direction. */
export class RuleIndex {
  readonly #direction: Direction;
  readonly #all: readonly Place[];
  /** Places of rules with a peer that asks for no label, or with no peers: they may match any pod. */
  readonly #ofAny: readonly number[];
  /** Places of rules with a peer that asks for a label, by a label of each such peer. */
  readonly #byLabel: ReadonlyMap<string, readonly number[]>;

  constructor(policies: readonly PodPolicy[], direction: Direction) {
    this.#direction = direction;
    this.#all = policies.flatMap((policy) => policy.read[direction].map((read, rule) => ({ policy, rule, read })));
    const ofAny: number[] = [];
    const byLabel = new Map<string, number[]>();
    for (const [place, { read }] of this.#all.entries()) {
      const { labels } = read;
      if (labels === undefined) ofAny.push(place);
      else for (const label of labels) remember(byLabel, label, (): number[] => []).push(place);
    }
    this.#ofAny = ofAny;
    this.#byLabel = byLabel;
  }

  /** Calls `found` for every rule with its verdict, in order, until it returns true. */
  each(cluster: Cluster, flow: Flow, found: (policy: PodPolicy, rule: number, verdict: Verdict) => boolean): void {
    for (const place of this.#all) if (this.#ask(cluster, flow, place, found)) return;
  }

  /** The same without rules that surely do not match, for whatever reason. */
  eachThatMayMatch(
    cluster: Cluster,
    flow: Flow,
    found: (policy: PodPolicy, rule: number, verdict: Verdict) => boolean,
  ): void {
    const end = this.#direction === 'INGRESS' ? flow.source : flow.destination;
    const among = end.pod === undefined ? this.#all : this.#mayMatch(end.pod);
    for (const place of among) if (this.#ask(cluster, flow, place, found)) return;
  }

  #mayMatch({ metadata }: Pod): readonly Place[] {
    let places = this.#ofAny;
    for (const [key, value] of Object.entries(metadata.labels ?? {})) {
      const more = this.#byLabel.get(labelText(key, value));
      if (more !== undefined) places = places.length === 0 ? more : [...places, ...more];
    }
    // A rule with several peers may be there more than once.
    const once = places === this.#ofAny ? places : [...new Set(places)].sort((a, b) => a - b);
    return once.map((place) => this.#all[place] as Place);
  }

  #ask(
    cluster: Cluster,
    flow: Flow,
    { policy, rule, read }: Place,
    found: (policy: PodPolicy, rule: number, verdict: Verdict) => boolean,
  ): boolean {
    return found(policy, rule, matchesRule(cluster, policy, this.#direction, read, flow));
  }
}
