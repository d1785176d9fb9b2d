/**
 * What is kept under a row of numbers: a tree with a step for each of them. A sweep looks up a row for every node at
 * every point, and a text of each would have to be made only to be looked up.
 */
export class NumberRow<V> {
  value: V | undefined;
  #next: Map<number, NumberRow<V>> | undefined;

  /** The row with one number more. */
  step(number: number): NumberRow<V> {
    this.#next ??= new Map();
    let next = this.#next.get(number);
    if (next === undefined) {
      next = new NumberRow();
      this.#next.set(number, next);
    }
    return next;
  }
}
