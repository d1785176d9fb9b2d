/**
 * Refusals cost time that answers need: a client that is refused at once and asks again at once takes more of the
 * processor than its answer would. Beyond a burst, refusals leave at a bounded rate; whoever waits for one cannot ask
 * again meanwhile.
 */

export interface PacerOptions {
  /** Refusals a second. */
  readonly rate: number;
  /** Refusals that leave at once, after a while without any. */
  readonly burst: number;
  /** Milliseconds on a clock that never goes back; for tests. */
  readonly now?: () => number;
}

export class Pacer {
  readonly #gap: number;
  readonly #burst: number;
  readonly #now: () => number;
  /** When the last refusal that was let go leaves. */
  #last = Number.NEGATIVE_INFINITY;

  constructor({ rate, burst, now = () => performance.now() }: PacerOptions) {
    this.#gap = 1000 / rate;
    this.#burst = burst * this.#gap;
    this.#now = now;
  }

  /** How long the next refusal waits, milliseconds; `most` bounds it. Counts it. */
  delay(most: number): number {
    const now = this.#now();
    this.#last = Math.max(this.#last + this.#gap, now - this.#burst);
    const wait = this.#last - now;
    if (wait <= 0) return 0;
    if (wait <= most) return wait;
    // Those that leave early do not make the others wait longer.
    this.#last -= this.#gap;
    return most;
  }

  /** Resolves when the next refusal may leave, after `most` milliseconds at the latest. */
  async wait(most: number): Promise<void> {
    const delay = this.delay(most);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
  }
}
