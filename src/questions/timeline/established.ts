/** Connections that stay where they are: on which pods they are at each moment, as means. */
import type { Remaining } from '../../capacity/time-models.js';
import type { View } from './views.js';

/** The part of delivered new connections that a pod gets. */
function deliveredParts({ shares }: View): ReadonlyMap<string, number> {
  const all = [...shares.values()].reduce((sum, share) => sum + share, 0);
  return all === 0 ? new Map() : new Map([...shares].map(([key, share]) => [key, share / all]));
}

/**
 * So many connections in the mean, in balance on the pods of a view at first. Whenever a connection ends another one is
 * opened, by the shares of that moment; those whose pod goes are opened anew at once.
 */
export class Established {
  readonly #all: number;
  readonly #remaining: Remaining;
  #base: Map<string, number>;
  #parts: ReadonlyMap<string, number>;
  /** When the base was taken. */
  #since = 0;

  constructor(all: number, remaining: Remaining, view: View) {
    this.#all = all;
    this.#remaining = remaining;
    this.#parts = deliveredParts(view);
    this.#base = new Map([...this.#parts].map(([key, part]) => [key, all * part]));
  }

  /** The connections of each pod at a moment. */
  at(seconds: number): ReadonlyMap<string, number> {
    const left = this.#remaining(Math.max(0, seconds - this.#since));
    // Where nothing is delivered, what ends is not opened again.
    const renewed = this.#all * (1 - left);
    const now = new Map<string, number>();
    for (const [key, count] of this.#base) now.set(key, count * left);
    for (const [key, part] of this.#parts) now.set(key, (now.get(key) ?? 0) + renewed * part);
    return now;
  }

  /**
   * From this moment on new connections go by another view, and these pods are gone. The number of connections that
   * break.
   */
  turn(seconds: number, view: View, gone: ReadonlySet<string>): number {
    const base = new Map(this.at(seconds));
    this.#parts = deliveredParts(view);
    this.#since = seconds;
    let broken = 0;
    for (const key of gone) {
      broken += base.get(key) ?? 0;
      base.delete(key);
    }
    for (const [key, part] of this.#parts) base.set(key, (base.get(key) ?? 0) + broken * part);
    this.#base = base;
    return broken;
  }

  /** How much the hottest pod has above what the shares of now give it in the end: 0 is even. */
  unevenness(seconds: number): number {
    let most = 0;
    const now = this.at(seconds);
    for (const [key, part] of this.#parts)
      if (part > 0) most = Math.max(most, (now.get(key) ?? 0) / (this.#all * part) - 1);
    return most;
  }

  get since(): number {
    return this.#since;
  }
}
