/** Bytes on their way to a worker: in pieces that can be handed to another thread without copying, within a budget. */
import { KUBECTL_GET } from '../base/kubectl.js';
import { ProblemError } from './problem.js';

/** Bytes in order: each segment is full but the last, which ends where `length` says. */
export interface Body {
  readonly segments: readonly ArrayBuffer[];
  readonly length: number;
}

/** Bytes that all bodies in memory may take together: many uploads at once must not exhaust the process. */
export class Budget {
  readonly limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes bytes; false when there are not as many. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** The 413, which states the limit. */
export function tooLarge(limit: number): ProblemError {
  return new ProblemError({
    code: 'TOO_LARGE',
    detail:
      `The body is larger than ${limit} bytes, counted after inflating. ` +
      `Leave out kinds that are not used (\`${KUBECTL_GET}\`).`,
  });
}

const FIRST_SEGMENT = 64 * 1024;
const LARGEST_SEGMENT = 1024 * 1024;

/** Gathers chunks in segments of its own, since those of a socket share memory with what else arrives there. */
export class Segments {
  readonly #segments: ArrayBuffer[] = [];
  readonly #budget: Budget;
  #last = new Uint8Array(0);
  #filled = 0;
  #taken = 0;
  length = 0;

  readonly #first: number;

  /**
   * `expected`: how many bytes are said to come, so that small bodies take no more than they need; 0 where nothing is
   * said.
   */
  constructor(budget: Budget, expected = 0) {
    this.#budget = budget;
    this.#first = expected > 0 ? Math.min(expected, FIRST_SEGMENT) : FIRST_SEGMENT;
  }

  /** Copies a chunk; false when the budget is used up. */
  add(chunk: Uint8Array): boolean {
    for (let from = 0; from < chunk.length; ) {
      if (this.#filled === this.#last.length && !this.#grow()) return false;
      const size = Math.min(chunk.length - from, this.#last.length - this.#filled);
      this.#last.set(chunk.subarray(from, from + size), this.#filled);
      this.#filled += size;
      from += size;
    }
    this.length += chunk.length;
    return true;
  }

  #grow(): boolean {
    const size = this.length === 0 ? this.#first : Math.min(Math.max(FIRST_SEGMENT, this.length), LARGEST_SEGMENT);
    if (!this.#budget.take(size)) return false;
    this.#taken += size;
    const segment = new ArrayBuffer(size);
    this.#segments.push(segment);
    this.#last = new Uint8Array(segment);
    this.#filled = 0;
    return true;
  }

  body(): Body {
    return { segments: this.#segments, length: this.length };
  }

  /** Gives back what was taken of the budget. */
  release(): void {
    this.#budget.give(this.#taken);
    this.#taken = 0;
  }
}

/** The client went away: nobody is left to answer. */
export class ClientGone extends Error {}
