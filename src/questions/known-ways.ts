/** Ways behind the first hook of a node that questions about one state share. */
import type { IPFamily } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Settings } from '../cluster/settings.js';
import type { KnownWay } from '../path/trail.js';
import type { Prepared } from './prepare.js';

/** So many ways are kept of one state. */
const KEPT = 4096;

/** Ways by what packets have in common; all are forgotten when there are too many. */
class KnownWays extends Map<string, KnownWay> {
  override set(likeness: string, way: KnownWay): this {
    if (this.size >= KEPT) this.clear();
    return super.set(likeness, way);
  }
}

type ByName = Map<string, KnownWays>;

const ofStates = new WeakMap<Cluster, WeakMap<Settings, ByName>>();
const ofComparisons = new WeakMap<Prepared, ByName>();

/**
 * The ways that are known of a state, for a fabric without given rules. A state that is compared with another one has
 * ways of its own: what load balancers remember is that other one's.
 */
export function waysOf(prepared: Prepared, family: IPFamily, phase = ''): Map<string, KnownWay> {
  const { cluster, settings, earlier, rulesFrom } = prepared;
  const byName =
    earlier === undefined && rulesFrom === undefined
      ? remember(
          remember(ofStates, cluster, () => new WeakMap<Settings, ByName>()),
          settings,
          (): ByName => new Map(),
        )
      : remember(ofComparisons, prepared, (): ByName => new Map());
  return remember(byName, `${family} ${phase}`, () => new KnownWays());
}
