import type { Answer, CheckResult } from '../contract/answers.js';
import type { QuestionKind } from '../questions/kinds.js';
import { QUESTIONS } from '../questions/registry.js';
import type { Inner } from './form.js';
import { junit } from './junit.js';
import { paintOf } from './paint.js';
import { reportOf, rowsOf } from './registry.js';
import { csvOf } from './rows/csv.js';
import { sarif } from './sarif.js';
import { FIRST_SCREEN, type View } from './view.js';

export interface RenderOptions {
  /** ANSI colours in `text`. Default false. */
  readonly color?: boolean;
  /** Columns that prose, tables and bars may take in `text`, at least 40. Default 80. */
  readonly width?: number;
  /** How much `text` and `markdown` show. Default: the first screen. */
  readonly view?: View;
  /** Spaces by which `rows` are indented. Default 0: all on one line. */
  readonly indent?: number;
}

/** What an answer can be written as, beside its JSON; JUnit XML and SARIF are forms of check alone. */
export type ReportForm = 'text' | 'markdown' | 'rows' | 'csv' | 'junit' | 'sarif';

/**
 * An answer as a person reads it in a terminal (`text`), as a bot posts it on a pull request (`markdown`), or flat for
 * dashboards and spreadsheets (`rows` as JSON, `csv`); of check also as test reporters (`junit`) and code scanning
 * (`sarif`) read it. A pure function of its arguments. What comes from a snapshot is escaped, except in JSON and in the
 * exact rules of one part of `chains`. `kind` must be the question that the answer is to: it says which result the
 * answer holds.
 */
export function render(kind: QuestionKind, answer: Answer, form: ReportForm, options: RenderOptions = {}): string {
  if (form === 'rows') return `${JSON.stringify({ rows: rowsOf(kind, answer).rows }, undefined, options.indent)}\n`;
  if (form === 'csv') return csvOf(rowsOf(kind, answer));
  if (form === 'junit' || form === 'sarif') {
    if (!QUESTIONS[kind].forms.includes(form)) throw new Error(`${kind} has no form ${form}`);
    return (form === 'junit' ? junit : sarif)(answer as Answer<CheckResult>);
  }
  const layout = {
    paint: paintOf(options.color ?? false),
    width: Math.max(40, options.width ?? 80),
    view: options.view ?? FIRST_SCREEN,
  };
  const inner: Inner = (one, given) => render(one, given, form, options);
  const report = reportOf(kind);
  return form === 'markdown' ? report.markdown(answer, inner) : report.text(answer, layout, inner);
}
