import type { Assumption } from '../cluster/settings.js';

/** Collects the assumptions that an answer comes to rest on, one per field. */
export class AssumptionList {
  readonly #byField = new Map<string, Assumption>();
  readonly #recorders: Assumption[][] = [];

  add(field: string, value: unknown, why: string): void {
    if (!this.#byField.has(field)) this.#byField.set(field, { field, value, why });
    for (const recorder of this.#recorders) recorder.push({ field, value, why });
  }

  addAll(assumptions: readonly Assumption[]): void {
    for (const { field, value, why } of assumptions) this.add(field, value, why);
  }

  /** What some work comes to rest on, whether others rest on it too or not. */
  recording<T>(work: () => T): { readonly value: T; readonly assumed: readonly Assumption[] } {
    const assumed: Assumption[] = [];
    this.#recorders.push(assumed);
    try {
      return { value: work(), assumed };
    } finally {
      this.#recorders.pop();
    }
  }

  all(): readonly Assumption[] {
    return [...this.#byField.values()];
  }
}
