import type { Answer } from '../contract/answers.js';
import type { QuestionKind } from '../questions/kinds.js';
import type { Paint } from './paint.js';
import type { View } from './view.js';

/** How a text report is laid out. */
export interface Layout {
  readonly paint: Paint;
  /** Columns of the terminal: prose is wrapped to it, bars shrink with it. Rules are never cut. */
  readonly width: number;
  readonly view: View;
}

/** Writes an answer inside another one, in the form that is being written. */
export type Inner = (kind: QuestionKind, answer: Answer) => string;

/** The two forms of one kind of answer. Each ends in a newline unless it is empty. */
export interface Report<A> {
  text(answer: A, layout: Layout, inner: Inner): string;
  markdown(answer: A, inner: Inner): string;
}

/** Joins sections (each a list of lines) with an empty line between; empty sections vanish. */
export function joinSections(sections: readonly (readonly string[])[]): string {
  const filled = sections.filter((section) => section.length > 0);
  return filled.length === 0 ? '' : `${filled.map((section) => section.join('\n')).join('\n\n')}\n`;
}
