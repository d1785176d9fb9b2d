import type { ProblemDocument } from '../base/problem-document.js';
import type { Answer, BatchAnswer, BatchResult } from '../contract/answers.js';
import { BATCH_QUESTIONS } from '../questions/kinds.js';
import { backgroundMarkdown } from './assumptions.js';
import { type Inner, joinSections, type Layout, type Report } from './form.js';
import { changesText, footer, headline } from './frame.js';
import { markdownCode, markdownText, printable } from './safe-text.js';
import { item } from './wrap.js';

function title({ question }: BatchAnswer, index: number): string {
  return `Question ${index + 1}: ${question ?? 'unknown'}`;
}

function place({ pointer, in: document }: ProblemDocument['errors'][number]): string {
  const of = document === 'snapshot' ? ' of the snapshot' : '';
  return `${pointer === '' ? 'the whole' : pointer}${of}`;
}

function problemText(problem: ProblemDocument, { paint, width }: Layout): string[] {
  return [
    `  ${paint.bad(printable(problem.code))}`,
    ...item('  ', printable(problem.detail), width, 4),
    ...problem.errors.flatMap((error) => item('    ', printable(`at ${place(error)}: ${error.detail}`), width, 6)),
  ];
}

type Answered = BatchAnswer & { readonly answer: Answer };

/**
 * The entry without what the whole batch assumes and changes, which is reported once; undefined where it has a problem.
 */
function own(entry: BatchAnswer, { assumptions, changes }: Answer): Answered | undefined {
  const { answer } = entry;
  if (answer === undefined) return undefined;
  const shared = new Set(assumptions.map((assumption) => JSON.stringify(assumption)));
  return {
    ...entry,
    answer: {
      ...answer,
      changes: answer.changes.slice(changes.length),
      assumptions: answer.assumptions.filter((assumption) => !shared.has(JSON.stringify(assumption))),
    },
  };
}

/** The report of one answer, as its question writes it. */
function reportOf({ question, answer }: Answered, inner: Inner): string {
  return question === undefined ? '' : inner(BATCH_QUESTIONS[question], answer).trimEnd();
}

/**
 * Every answer's own report, one after the other, each under the number and name of its question; then what holds for
 * all.
 */
function text(batch: Answer<BatchResult>, layout: Layout, inner: Inner): string {
  return joinSections([
    headline(batch, layout),
    ...batch.result.answers.map((entry, index) => {
      const answered = own(entry, batch);
      return [
        layout.paint.bold(`── ${title(entry, index)} ──`),
        '',
        ...(entry.problem === undefined ? [] : problemText(entry.problem, layout)),
        ...(answered === undefined ? [] : [reportOf(answered, inner)]),
      ];
    }),
    [layout.paint.bold('── All questions ──')],
    changesText(batch, layout),
    ...footer(batch, layout),
  ]);
}

/** The same in Markdown. */
function markdown(batch: Answer<BatchResult>, inner: Inner): string {
  return joinSections([
    [`**${markdownText(batch.summary)}**`],
    ...batch.result.answers.flatMap((entry, index) => {
      const answered = own(entry, batch);
      const { problem } = entry;
      return [
        [`# ${title(entry, index)}`],
        ...(problem === undefined
          ? []
          : [
              [`${markdownCode(problem.code)} ${markdownText(problem.detail)}`],
              problem.errors.map((error) => `- ${markdownCode(place(error))}: ${markdownText(error.detail)}`),
            ]),
        ...(answered === undefined ? [] : [[reportOf(answered, inner)]]),
      ];
    }),
    ['# All questions'],
    ...backgroundMarkdown(batch),
  ]);
}

export const batchReport: Report<Answer<BatchResult>> = { text, markdown };
