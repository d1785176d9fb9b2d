/** How often somebody may ask: a bucket each, that fills evenly (the generic cell rate algorithm). */
import type { ProblemInit } from '../work/problem.js';

/** Clients whose buckets are remembered; the one seen longest ago is forgotten, which only helps it. */
const REMEMBERED = 100_000;

export class RateLimit {
  readonly #perMinute: number;
  /** Milliseconds that one request takes of a bucket. */
  readonly #cost: number;
  /** Milliseconds that a whole bucket holds. */
  readonly #capacity: number;
  readonly #now: () => number;
  /** When each bucket will be full again; seen longest ago first. */
  readonly #full = new Map<string, number>();

  /** `perMinute`: 0 sets no limit. Up to a tenth of it, at least one, may come at once. */
  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#cost = 60_000 / perMinute;
    this.#capacity = this.#cost * Math.max(1, Math.floor(perMinute / 10));
    this.#now = now;
  }

  /** Counts a request of `key`; the problem it meets if it is one too many, which is not counted. */
  take(key: string): ProblemInit | undefined {
    if (this.#perMinute === 0) return undefined;
    const now = this.#now();
    const full = Math.max(this.#full.get(key) ?? now, now) + this.#cost;
    const wait = full - now - this.#capacity;
    this.#full.delete(key);
    if (wait > 1e-6) {
      this.#full.set(key, full - this.#cost);
      const seconds = Math.max(1, Math.ceil(wait / 1000));
      return {
        code: 'RATE_LIMITED',
        detail: `More than ${this.#perMinute} requests a minute. Try again in ${seconds} s.`,
        headers: { 'retry-after': String(seconds) },
      };
    }
    this.#full.set(key, full);
    if (this.#full.size > REMEMBERED) {
      const [oldest] = this.#full.keys();
      if (oldest !== undefined) this.#full.delete(oldest);
    }
    return undefined;
  }
}
