/** How the answers of each question are written: a report for people, and flat rows. */
import type { Answer } from '../contract/answers.js';
import type { QuestionKind } from '../questions/kinds.js';
import type { ResultOf } from '../questions/results.js';
import { applyReport } from './apply-report.js';
import { batchReport } from './batch-report.js';
import { chainsReport } from './chains-report.js';
import { checkReport } from './check-report.js';
import type { Report } from './form.js';
import { inspectReport } from './inspect-report.js';
import { pathReport } from './path-report.js';
import { probabilityReport } from './probability-report.js';
import { reachReport } from './reach-report.js';
import { applyRows } from './rows/apply-rows.js';
import { batchRows } from './rows/batch-rows.js';
import { chainsRows } from './rows/chains-rows.js';
import { checkRows } from './rows/check-rows.js';
import { inspectRows } from './rows/inspect-rows.js';
import { pathRows } from './rows/path-rows.js';
import { probabilityRows } from './rows/probability-rows.js';
import { reachRows } from './rows/reach-rows.js';
import { type RowForm, type Rows, tableOf } from './rows/row.js';
import { solveRows } from './rows/solve-rows.js';
import { sweepRows } from './rows/sweep-rows.js';
import { timelineRows } from './rows/timeline-rows.js';
import { whatIfRows } from './rows/what-if-rows.js';
import { solveReport } from './solve-report.js';
import { sweepReport } from './sweep-report.js';
import { timelineReport } from './timeline-report.js';
import { whatIfReport } from './what-if-report.js';

interface Written<R> {
  readonly report: Report<Answer<R>>;
  /** `rowsOf` makes the rows of an answer inside this one. */
  rows(answer: Answer<R>, rowsOf: (kind: QuestionKind, answer: Answer) => Rows): Rows;
}

function written<R>(report: Report<Answer<R>>, rows: RowForm<Answer<R>>): Written<R> {
  return { report, rows: (answer) => tableOf(rows, answer) };
}

const REPORTS: { readonly [K in QuestionKind]: Written<ResultOf[K]> } = {
  chains: written(chainsReport, chainsRows),
  path: written(pathReport, pathRows),
  probability: { report: probabilityReport, rows: (answer) => tableOf(probabilityRows(answer.result), answer) },
  'what-if': { report: whatIfReport, rows: (answer) => tableOf(whatIfRows(answer.result), answer) },
  sweep: { report: sweepReport, rows: (answer) => tableOf(sweepRows(answer.result), answer) },
  check: { report: checkReport, rows: (answer) => tableOf(checkRows(answer.result), answer) },
  inspect: { report: inspectReport, rows: (answer) => tableOf(inspectRows(answer.result), answer) },
  apply: written(applyReport, applyRows),
  reach: written(reachReport, reachRows),
  solve: written(solveReport, solveRows),
  timeline: written(timelineReport, timelineRows),
  batch: { report: batchReport, rows: batchRows },
};

/** The report of answers of this kind. An answer of another kind is the caller's fault. */
export function reportOf(kind: QuestionKind): Report<Answer> {
  return REPORTS[kind].report as Report<Answer>;
}

/** An answer as flat rows. `kind` must be the question that it is the answer to. A pure function of its arguments. */
export function rowsOf(kind: QuestionKind, answer: Answer): Rows {
  return (REPORTS[kind] as Written<Answer['result']>).rows(answer, rowsOf);
}
