/** How much of an answer a report shows: the first screen by default, what is behind it where it is asked for. */
export interface View {
  /** Every outcome, endpoint, row and finding, changes with what followed from them. */
  readonly all: boolean;
  /** Every rule that a packet meets, verbatim. */
  readonly rules: boolean;
  /** What the answer assumes, each with its reason. */
  readonly assumptions: boolean;
  /** Decimal and programmed values beside the exact fractions. */
  readonly values: boolean;
  /** The outcome whose way is shown, from 1; the worst where none is named. */
  readonly trace?: number;
}

/** What may be named in `show`, in the order in which help lists it. */
export const VIEW_WORDS = ['all', 'rules', 'assumptions', 'values'] as const;
export type ViewWord = (typeof VIEW_WORDS)[number];

export const FIRST_SCREEN: View = { all: false, rules: false, assumptions: false, values: false };
export const EVERYTHING: View = { all: true, rules: true, assumptions: true, values: true };

/** The view of some words. */
export function viewOf(words: readonly ViewWord[], trace?: number): View {
  const has = (word: ViewWord) => words.includes(word);
  return {
    all: has('all'),
    rules: has('rules'),
    assumptions: has('assumptions'),
    values: has('values'),
    ...(trace === undefined ? {} : { trace }),
  };
}
