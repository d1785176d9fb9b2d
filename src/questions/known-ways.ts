/** Ways behind the first hook of a node that questions about one state share. */
import type { IPFamily } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Settings } from '../cluster/settings.js';
import type { KnownWay, WaysByLikeness } from '../path/trail.js';
import type { Prepared } from './prepare.js';

/** So many ways are kept of one state. */
const KEPT = 4096;

/**
 * Ways by what packets have in common. A question's own are there while it is answered; those that a second question
 * has walked too are kept for all: most are walked once, and what is kept costs the garbage collector more than walking
 * it twice.
 */
class KnownWays implements WaysByLikeness {
  #ofQuestion = new Map<string, KnownWay>();
  readonly #walked = new Set<string>();
  readonly #kept = new Map<string, KnownWay>();

  get(likeness: string): KnownWay | undefined {
    return this.#kept.get(likeness) ?? this.#ofQuestion.get(likeness);
  }

  set(likeness: string, way: KnownWay): void {
    if (!this.#walked.has(likeness)) {
      this.#ofQuestion.set(likeness, way);
      return;
    }
    if (this.#kept.size >= KEPT) this.#kept.clear();
    this.#kept.set(likeness, way);
  }

  /** Another question begins. */
  begin(): this {
    if (this.#walked.size >= KEPT) this.#walked.clear();
    for (const likeness of this.#ofQuestion.keys()) this.#walked.add(likeness);
    // Not cleared: the table of an old map is old itself, and what it has had is alive to the collector of young
    // objects.
    this.#ofQuestion = new Map();
    return this;
  }
}

type ByName = Map<string, KnownWays>;

const ofStates = new WeakMap<Cluster, WeakMap<Settings, ByName>>();
const ofComparisons = new WeakMap<Prepared, ByName>();

/**
 * The ways that are known of a state, for a fabric without given rules. A state that is compared with another one has
 * ways of its own: what load balancers remember is that other one's.
 */
export function waysOf(prepared: Prepared, family: IPFamily, phase = ''): WaysByLikeness {
  const { cluster, settings, earlier, rulesFrom } = prepared;
  const byName =
    earlier === undefined && rulesFrom === undefined
      ? remember(
          remember(ofStates, cluster, () => new WeakMap<Settings, ByName>()),
          settings,
          (): ByName => new Map(),
        )
      : remember(ofComparisons, prepared, (): ByName => new Map());
  return remember(byName, `${family} ${phase}`, () => new KnownWays()).begin();
}
