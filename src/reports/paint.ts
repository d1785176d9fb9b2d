import type { PathVerdict } from '../contract/answers.js';

/** Colours of a terminal, or none. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  doubtful(text: string): string;
}

const plain = (text: string) => text;
const PLAIN: Paint = { bold: plain, dim: plain, good: plain, bad: plain, doubtful: plain };

/** SGR sequences of ECMA-48: on, and the one that ends just that. */
const sgr = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`;
const COLOURS: Paint = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  good: sgr(32, 39),
  bad: sgr(31, 39),
  doubtful: sgr(33, 39),
};

/** Colours when asked for, otherwise text as it is. */
export function paintOf(color: boolean): Paint {
  return color ? COLOURS : PLAIN;
}

/** A verdict in its colour: delivered is good, unknown is doubtful, anything else is bad. */
export function paintVerdict(paint: Paint, verdict: PathVerdict, text: string): string {
  if (verdict === 'DELIVERED') return paint.good(text);
  return verdict === 'UNKNOWN' ? paint.doubtful(text) : paint.bad(text);
}
