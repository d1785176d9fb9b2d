import { divide, formatFraction, fraction, isZero, multiply, sum, toNumber } from '../../base/fraction.js';
import type { EndpointRef, ServiceProbability } from '../../contract/answers.js';
import type { Fabric } from '../../path/fabric.js';
import type { Journey } from '../../path/trail.js';
import { largest, type ReceiverShare, receiverShares, type Share } from '../../probability/distribution.js';
import { receiverRef } from '../path/trace.js';

/** Who is reached, as answers name it, with its share of all new connections. */
interface ReachedEndpoint {
  readonly ref: EndpointRef;
  readonly share: Share;
}

export interface Reached {
  readonly receivers: readonly ReceiverShare[];
  /** In the order of `receivers`. */
  readonly endpoints: readonly ReachedEndpoint[];
  /** Largest share over the even share; absent when nothing is delivered. */
  readonly imbalance?: NonNullable<ServiceProbability['imbalance']> | undefined;
}

/** The largest of the shares of everyone who is reached over the even share; undefined where nothing is delivered. */
export function imbalanceOf(shares: readonly Share[]): Reached['imbalance'] {
  const delivered = sum(shares.map(({ nominal }) => nominal));
  if (isZero(delivered)) return undefined;
  const even = multiply(delivered, fraction(1, shares.length));
  const factor = divide(largest(shares), even);
  return { fraction: formatFraction(factor), value: toNumber(factor) };
}

/** Everyone whom journeys deliver to, and how unevenly. */
export function reachedEndpoints(fabric: Fabric, journeys: readonly Journey[]): Reached {
  const receivers = receiverShares(journeys);
  const endpoints = receivers.map(({ receiver, share }) => ({ ref: receiverRef(fabric, receiver), share }));
  return { receivers, endpoints, imbalance: imbalanceOf(receivers.map(({ share }) => share)) };
}
