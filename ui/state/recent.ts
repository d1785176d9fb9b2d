/** Snapshots that were opened in this browser before: their digests and names, nothing of what is in them. */

export interface Recent {
  readonly digest: string;
  readonly name: string;
}

const KEY = 'kube-whatif.recent';
const MOST = 6;

/** The last ones, the newest first. A browser that keeps nothing has none. */
export function recent(): readonly Recent[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    if (!Array.isArray(value)) return [];
    return value.filter((one): one is Recent => typeof one?.digest === 'string' && typeof one?.name === 'string');
  } catch {
    return [];
  }
}

export function remember(one: Recent): void {
  try {
    const others = recent().filter(({ digest }) => digest !== one.digest);
    localStorage.setItem(KEY, JSON.stringify([one, ...others].slice(0, MOST)));
  } catch {
    // Without storage there is nothing to remember with.
  }
}
