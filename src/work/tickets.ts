/**
 * Jobs that wait in a thread's mailbox, so that it finds the next one without being woken. Until the thread begins with
 * a job, the event loop can take it back: both look at a number in memory that they share.
 */

/** Which number says whether a job has begun. */
export interface Ticket {
  readonly cell: number;
  /** Of this job alone: what an earlier job left in the mailbox does not count as this one. */
  readonly number: number;
}

const MOST = 0x3fffffff;

/** The event loop's side: the tickets of one thread. */
export class Tickets {
  /** What the thread needs of them. */
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #free: number[];
  #last = 0;

  /** `count`: jobs that may be in the mailbox at once. */
  constructor(count: number) {
    this.memory = new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT);
    this.#cells = new Int32Array(this.memory);
    this.#free = Array.from({ length: count }, (_, cell) => cell);
  }

  /** A ticket for a job that is about to be sent; there must be one left. */
  issue(): Ticket {
    const cell = this.#free.pop();
    if (cell === undefined) throw new Error('more jobs than tickets');
    this.#last = (this.#last % MOST) + 1;
    Atomics.store(this.#cells, cell, this.#last);
    return { cell, number: this.#last };
  }

  /** Takes the job back, for good; false where the thread has begun with it. */
  withdraw({ cell, number }: Ticket): boolean {
    return Atomics.compareExchange(this.#cells, cell, number, 0) === number;
  }

  /** The job is done, or has been taken back. */
  release({ cell }: Ticket): void {
    this.#free.push(cell);
  }
}

/** The thread's side: begins with a job; false where it has been taken back. */
export function begin(cells: Int32Array, cell: number, number: number): boolean {
  return Atomics.compareExchange(cells, cell, number, -number) === number;
}
