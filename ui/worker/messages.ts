/** What the page and its worker say to each other. */
import type { Form } from '../api/engine.js';
import type { Body, HeldSnapshot, Kind, Problem } from '../api/types.js';

export type Call =
  | { readonly id: number; readonly does: 'ask'; readonly kind: Kind; readonly body: Body; readonly form: Form }
  | {
      readonly id: number;
      readonly does: 'hold';
      readonly digest: string;
      readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
    };

export type Reply =
  | { readonly id: number; readonly text: string }
  | { readonly id: number; readonly held: HeldSnapshot }
  | { readonly id: number; readonly problem: Problem };
