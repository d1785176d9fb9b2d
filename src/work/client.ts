/**
 * Whoever asked, as far as the work is concerned: still there, or gone. An AbortSignal says the same; to make one and
 * to listen to it takes longer than all else that happens to a small question on its way.
 */
export class Client {
  #gone = false;
  #listeners: (() => void)[] = [];

  /** Whether the client has gone: nobody waits for the answer. */
  get gone(): boolean {
    return this.#gone;
  }

  /** The client has gone: calls those who listen, once. */
  leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const listener of this.#listeners.splice(0)) listener();
  }

  /** Calls `listener` when the client goes. Whoever listens to one that is gone already is never called. */
  onGone(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Stops calling `listener`. */
  offGone(listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }
}
