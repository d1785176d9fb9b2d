/**
 * Endpoints of a snapshot are many and alike. What JSON.parse makes anew for each of them, the same zone, node and
 * conditions, is shared here, which takes a third of their memory.
 */
import type { SliceEndpoint } from './objects.js';

type Conditions = NonNullable<SliceEndpoint['conditions']>;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** More different texts than there are nodes and zones. */
const MOST_TEXTS = 100_000;

/** In the order in which the API server writes them. */
const CONDITIONS = ['ready', 'serving', 'terminating'] as const;

/** A number for conditions that are written as the API server does; undefined for others. */
function codeOf(conditions: Conditions): number | undefined {
  let code = 0;
  let next = 0;
  for (const key in conditions) {
    while (next < 3 && CONDITIONS[next] !== key) {
      next++;
      code *= 3;
    }
    if (next === 3) return undefined;
    const value: unknown = conditions[key as keyof Conditions];
    if (typeof value !== 'boolean') return undefined;
    code = code * 3 + (value ? 1 : 2);
    next++;
  }
  for (; next < 3; next++) code *= 3;
  return code;
}

export class SharedEndpoints {
  readonly #texts = new Map<string, string>();
  readonly #conditions: (Conditions | undefined)[] = [];

  #text(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size < MOST_TEXTS) this.#texts.set(text, text);
    return text;
  }

  /**
   * Puts equal values in the place of those of each endpoint. The endpoints must be the caller's own: what they hold
   * is equal before and after, and no longer the same objects.
   */
  share(endpoints: readonly SliceEndpoint[]): void {
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[i] as Writable<SliceEndpoint>;
      const { zone, nodeName, conditions } = endpoint;
      if (typeof zone === 'string') endpoint.zone = this.#text(zone);
      if (typeof nodeName === 'string') endpoint.nodeName = this.#text(nodeName);
      if (!conditions) continue;
      const code = codeOf(conditions);
      if (code === undefined) continue;
      this.#conditions[code] ??= conditions;
      endpoint.conditions = this.#conditions[code];
    }
  }
}
