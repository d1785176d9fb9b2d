/** The question whose answer is seen: what "as a request", export and the link are about. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Body, Kind } from '../api/types.js';

export interface Shown {
  readonly kind: Kind;
  readonly body: Body;
}

export const shown = signal<Shown | undefined>(undefined);

/** Says what the present view asks. */
export function useShown(kind: Kind, body: Body | undefined): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  useEffect(() => {
    shown.value = body === undefined ? undefined : { kind, body };
    return () => {
      shown.value = undefined;
    };
    // The text stands for the body.
  }, [kind, text]);
}
