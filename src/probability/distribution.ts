import { add, compare, type Fraction, ZERO } from '../base/fraction.js';
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

/** Sums shares by a key, keeping the order in which keys first came. */
export function sharesBy<T>(
  items: Iterable<T>,
  keyOf: (item: T) => string,
  shareOf: (item: T) => Share | Chance,
): ReadonlyMap<string, Share> {
  const shares = new Map<string, Share>();
  for (const item of items) {
    const key = keyOf(item);
    shares.set(key, addShare(shares.get(key) ?? NO_SHARE, shareOf(item)));
  }
  return shares;
}

/** One endpoint's share of all new connections. */
export interface ReceiverShare {
  readonly receiver: Receiver;
  readonly share: Share;
}

/** The share of everyone who is reached and answers, in ascending order of address text (kube-proxy's own order). */
export function receiverShares(journeys: readonly Journey[]): readonly ReceiverShare[] {
  const byId = new Map<string, ReceiverShare>();
  for (const journey of journeys) {
    const { receiver } = journey;
    if (receiver === undefined || journey.verdict !== 'DELIVERED') continue;
    const id = `${receiver.address} ${receiver.port ?? ''}`;
    const known = byId.get(id);
    byId.set(id, { receiver: known?.receiver ?? receiver, share: addShare(known?.share ?? NO_SHARE, journey.chance) });
  }
  return [...byId].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, entry]) => entry);
}

/** The largest of shares; 0 of none. */
export function largest(shares: Iterable<Share>): Fraction {
  let top = ZERO;
  for (const share of shares) if (compare(share.nominal, top) > 0) top = share.nominal;
  return top;
}
