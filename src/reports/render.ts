import type {
  Answer,
  BatchResult,
  ChainsResult,
  CheckResult,
  PathResult,
  ProbabilityResult,
  SweepResult,
  WhatIfResult,
} from '../contract/answers.js';
import { BATCH_QUESTIONS, type QuestionKind } from '../questions/kinds.js';
import { batchMarkdown, batchText, type Give } from './batch-report.js';
import { chainsReport } from './chains-report.js';
import { checkReport } from './check-report.js';
import type { Report } from './form.js';
import { junit } from './junit.js';
import { paintOf } from './paint.js';
import { pathReport } from './path-report.js';
import { probabilityReport } from './probability-report.js';
import { csvOf } from './rows/csv.js';
import { rowsOf } from './rows/rows.js';
import { sarif } from './sarif.js';
import { sweepReport } from './sweep-report.js';
import { whatIfReport } from './what-if-report.js';

export interface RenderOptions {
  /** ANSI colours in `text`. Default false. */
  readonly color?: boolean;
  /** Columns that prose and bars may take in `text`, at least 40. Default 100. */
  readonly width?: number;
  /** Spaces by which `rows` are indented. Default 0: all on one line. */
  readonly indent?: number;
}

/** What an answer can be written as, beside its JSON; JUnit XML and SARIF are forms of check alone. */
export type ReportForm = 'text' | 'markdown' | 'rows' | 'csv' | 'junit' | 'sarif';

/**
 * An answer as a person reads it in a terminal (`text`), as a bot posts it on a pull request (`markdown`), or flat for
 * dashboards and spreadsheets (`rows` as JSON, `csv`); of check also as test reporters (`junit`) and code scanning (`sarif`)
 * read it. A pure function of its arguments. What comes from a snapshot is escaped, except in JSON and in the exact rules of
 * one part of `chains`. `kind` must be the question that the answer is to: it says which result the answer holds.
 */
export function render(kind: QuestionKind, answer: Answer, form: ReportForm, options: RenderOptions = {}): string {
  if (form === 'rows') return `${JSON.stringify({ rows: rowsOf(kind, answer).rows }, undefined, options.indent)}\n`;
  if (form === 'csv') return csvOf(rowsOf(kind, answer));
  if (form === 'junit' || form === 'sarif') {
    if (kind !== 'check') throw new Error(`${kind} has no form ${form}`);
    return (form === 'junit' ? junit : sarif)(answer as Answer<CheckResult>);
  }
  const layout = { paint: paintOf(options.color ?? false), width: Math.max(40, options.width ?? 100) };
  const give = <A extends Answer>(report: Report<A>, given: A) =>
    form === 'markdown' ? report.markdown(given) : report.text(given, layout);
  const ofBatch: Give = ({ question, answer: single }) =>
    question === undefined ? '' : render(BATCH_QUESTIONS[question], single, form, options);
  switch (kind) {
    case 'chains':
      return give(chainsReport, answer as Answer<ChainsResult>);
    case 'path':
      return give(pathReport, answer as Answer<PathResult>);
    case 'probability':
      return give(probabilityReport, answer as Answer<ProbabilityResult>);
    case 'what-if':
      return give(whatIfReport, answer as Answer<WhatIfResult>);
    case 'sweep':
      return give(sweepReport, answer as Answer<SweepResult>);
    case 'check':
      return give(checkReport, answer as Answer<CheckResult>);
    case 'batch': {
      const given = answer as Answer<BatchResult>;
      return form === 'markdown' ? batchMarkdown(given, ofBatch) : batchText(given, layout, ofBatch);
    }
  }
}
