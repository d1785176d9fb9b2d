/** How long to wait before something is tried again. */

/**
 * The wait before attempt `tries` (from 1): it doubles up to `most`, and half of it is by chance, so that many do not
 * come at once.
 */
export function backOff(tries: number, first: number, most: number, random = Math.random()): number {
  const whole = Math.min(most, first * 2 ** Math.min(tries - 1, 30));
  return Math.round(whole * (0.5 + random / 2));
}

/** `Retry-After` in milliseconds, at most a minute; undefined when the reply has no such header. */
export function retryAfter(header: string | string[] | undefined): number | undefined {
  const seconds = typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
  return seconds === undefined ? undefined : Math.min(seconds, 60) * 1000;
}

/** Resolves after so many milliseconds, or when the signal fires. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done);
  });
}
