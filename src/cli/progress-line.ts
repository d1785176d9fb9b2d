import type { ProgressListener } from '../base/progress.js';
import type { Io } from './io.js';

/** Milliseconds after which work is long, and between two lines. */
const LONG = 400;
const BETWEEN = 100;

/**
 * One line on standard error that says how far long work is, where standard error is a terminal; nothing elsewhere, nor
 * for work that is done soon. `now` gives milliseconds.
 */
export class ProgressLine {
  readonly #stderr: Io['stderr'] & { readonly isTTY?: boolean };
  readonly #now: () => number;
  readonly #start: number;
  #next: number;
  #shown = false;

  constructor({ stderr }: Pick<Io, 'stderr'>, now: () => number = () => performance.now()) {
    this.#stderr = stderr;
    this.#now = now;
    this.#start = now();
    this.#next = this.#start + LONG;
  }

  /** Shows a text at once: what begins now is known to be long. */
  show(text: string): void {
    if (this.#stderr.isTTY !== true) return;
    this.#shown = true;
    this.#next = this.#now() + BETWEEN;
    // Back to the start of the line, and the rest of it cleared.
    this.#stderr.write(`\r${text}\u001b[K`);
  }

  /** What is reported while an answer is made. */
  readonly listen: ProgressListener = (done, total, of) => {
    if (this.#now() < this.#next) return;
    this.show(`${done} of ${total} ${of}${total === 1 ? '' : 's'}`);
  };

  /** Takes the line away, before the answer is written. */
  clear(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.#stderr.write('\r\u001b[K');
  }
}
