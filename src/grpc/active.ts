/** Counts the calls under way. */
export class Active {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** The handler, whose calls count until what it returns is done. */
  counted<Arguments extends readonly unknown[]>(handler: (...args: Arguments) => Promise<void>) {
    return (...args: Arguments): void => {
      this.#count++;
      void handler(...args).finally(() => {
        this.#count--;
        if (this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve();
      });
    };
  }

  /** Resolves when none is under way, or after `limit` milliseconds. */
  async done(limit: number): Promise<void> {
    if (this.#count === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      timer = setTimeout(resolve, limit);
    });
    clearTimeout(timer);
  }
}
