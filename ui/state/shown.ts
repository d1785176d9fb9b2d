/** The question whose answer is seen: what "as a request", export and the link are about. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Body, Kind } from '../api/types.js';

export interface Shown {
  readonly kind: Kind;
  readonly body: Body;
}

/** A picture that is made only to be saved, where what is seen is text. */
export interface Drawing {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

/** Makes the drawing of the present view; undefined where what is seen is a picture, or nothing. */
export const drawing = signal<(() => Drawing) | undefined>(undefined);

/** Says how the present view is drawn. */
export function useDrawing(of: unknown, draw: () => Drawing): void {
  useEffect(() => {
    drawing.value = of === undefined ? undefined : draw;
    return () => {
      drawing.value = undefined;
    };
    // The picture is of this alone.
  }, [of]);
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
