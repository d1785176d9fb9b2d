import { add, compare, type Fraction, FractionSum, ZERO } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import type { Chance } from '../netfilter/walk/types.js';
import type { Journey, Receiver } from '../path/trail.js';

/** A share of all new connections: nominal, and as the kernel's thresholds make it. */
export interface Share {
  readonly nominal: Fraction;
  readonly programmed: Fraction;
}

export const NO_SHARE: Share = { nominal: ZERO, programmed: ZERO };

export function addShare(a: Share, b: Share | Chance): Share {
  return { nominal: add(a.nominal, b.nominal), programmed: add(a.programmed, b.programmed) };
}

/** A sum of shares that grows. */
export class ShareSum {
  /** Most sums are of one share. */
  #only: Share | Chance | undefined;
  #sums: { readonly nominal: FractionSum; readonly programmed: FractionSum } | undefined;

  add(share: Share | Chance): void {
    if (this.#sums === undefined) {
      if (this.#only === undefined) {
        this.#only = share;
        return;
      }
      this.#sums = { nominal: new FractionSum(), programmed: new FractionSum() };
      this.#sums.nominal.add(this.#only.nominal);
      this.#sums.programmed.add(this.#only.programmed);
    }
    this.#sums.nominal.add(share.nominal);
    this.#sums.programmed.add(share.programmed);
  }

  get share(): Share {
    if (this.#sums !== undefined) return { nominal: this.#sums.nominal.value, programmed: this.#sums.programmed.value };
    return this.#only === undefined ? NO_SHARE : { nominal: this.#only.nominal, programmed: this.#only.programmed };
  }
}

/** Sums shares by a key, keeping the order in which keys first came. */
export function sharesBy<T>(
  items: Iterable<T>,
  keyOf: (item: T) => string,
  shareOf: (item: T) => Share | Chance,
): ReadonlyMap<string, Share> {
  const sums = new Map<string, ShareSum>();
  for (const item of items) remember(sums, keyOf(item), () => new ShareSum()).add(shareOf(item));
  return new Map([...sums].map(([key, sum]) => [key, sum.share]));
}

/** One endpoint's share of all new connections. */
export interface ReceiverShare {
  readonly receiver: Receiver;
  readonly share: Share;
}

/**
 * The share of everyone who is reached and answers, in ascending order of address text (kube-proxy's own order). Those
 * who are taken together are not among them.
 */
export function receiverShares(journeys: readonly Journey[]): readonly ReceiverShare[] {
  const byId = new Map<string, { readonly receiver: Receiver; readonly sum: ShareSum }>();
  for (const journey of journeys) {
    const { receiver } = journey;
    if (receiver === undefined || journey.verdict !== 'DELIVERED' || journey.bundle !== undefined) continue;
    const id = `${receiver.address} ${receiver.port ?? ''}`;
    remember(byId, id, () => ({ receiver, sum: new ShareSum() })).sum.add(journey.chance);
  }
  return [...byId]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, { receiver, sum }]) => ({ receiver, share: sum.share }));
}

/** The largest of shares; 0 of none. */
export function largest(shares: Iterable<Share>): Fraction {
  let top = ZERO;
  for (const share of shares) if (compare(share.nominal, top) > 0) top = share.nominal;
  return top;
}
