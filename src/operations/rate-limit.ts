/** How often somebody may ask: a bucket each, that fills evenly (the generic cell rate algorithm). */
import { LRUCache } from 'lru-cache';
import type { ProblemInit } from '../work/problem.js';

/** Clients whose buckets are kept; the one seen longest ago goes, which only helps it. */
const REMEMBERED = 100_000;

export class RateLimit {
  readonly #perMinute: number;
  /** Milliseconds that one request takes of a bucket. */
  readonly #cost: number;
  /** Milliseconds that a whole bucket holds. */
  readonly #capacity: number;
  readonly #now: () => number;
  /** When each bucket will be full again. Absent: there is no limit. */
  readonly #full: LRUCache<string, number> | undefined;

  /** `perMinute`: 0 sets no limit. Up to a tenth of it, at least one, may come at once. */
  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#cost = 60_000 / perMinute;
    this.#capacity = this.#cost * Math.max(1, Math.floor(perMinute / 10));
    this.#now = now;
    this.#full = perMinute === 0 ? undefined : new LRUCache({ max: REMEMBERED });
  }

  /** Counts a request of `key`; the problem it meets if it is one too many, which is not counted. */
  take(key: string): ProblemInit | undefined {
    const buckets = this.#full;
    if (buckets === undefined) return undefined;
    const now = this.#now();
    const full = Math.max(buckets.get(key) ?? now, now) + this.#cost;
    const wait = full - now - this.#capacity;
    if (wait > 1e-6) {
      const seconds = Math.max(1, Math.ceil(wait / 1000));
      return {
        code: 'RATE_LIMITED',
        detail: `More than ${this.#perMinute} requests a minute. Try again in ${seconds} s.`,
        headers: { 'retry-after': String(seconds) },
      };
    }
    buckets.set(key, full);
    return undefined;
  }
}
