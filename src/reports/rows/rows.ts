import type {
  Answer,
  BatchResult,
  ChainsResult,
  CheckResult,
  PathResult,
  ProbabilityResult,
  SweepResult,
  WhatIfResult,
} from '../../contract/answers.js';
import { BATCH_QUESTIONS, type QuestionKind } from '../../questions/kinds.js';
import { chainsRows } from './chains-rows.js';
import { checkRows } from './check-rows.js';
import { pathRows } from './path-rows.js';
import { probabilityRows } from './probability-rows.js';
import type { Row, RowForm } from './row.js';
import { sweepRows } from './sweep-rows.js';
import { whatIfRows } from './what-if-rows.js';

export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

function flat<A extends Answer>({ columns, rows }: RowForm<A>, answer: A): Rows {
  return { columns, rows: rows(answer) };
}

/** Rows of several answers, each with the number and name of its question; the columns of all of them. */
function batchRows({ result }: Answer<BatchResult>): Rows {
  const tables = result.answers.map(({ question, answer, problem }, index): Rows => {
    const about = { index, question: question ?? null };
    if (question === undefined || answer === undefined) {
      return { columns: [], rows: [{ ...about, problem: problem?.code ?? null, detail: problem?.detail ?? null }] };
    }
    const { columns, rows } = rowsOf(BATCH_QUESTIONS[question], answer);
    return { columns, rows: rows.map((one) => ({ ...about, ...one })) };
  });
  const columns = ['index', 'question', ...new Set(tables.flatMap((table) => table.columns)), 'problem', 'detail'];
  const rows = tables.flatMap((table) => table.rows);
  return { columns, rows: rows.map((one) => Object.fromEntries(columns.map((name) => [name, one[name] ?? null]))) };
}

/** An answer as flat rows. `kind` must be the question that it is the answer to. A pure function of its arguments. */
export function rowsOf(kind: QuestionKind, answer: Answer): Rows {
  switch (kind) {
    case 'chains':
      return flat(chainsRows, answer as Answer<ChainsResult>);
    case 'path':
      return flat(pathRows, answer as Answer<PathResult>);
    case 'probability':
      return flat(probabilityRows, answer as Answer<ProbabilityResult>);
    case 'what-if': {
      const given = answer as Answer<WhatIfResult>;
      return flat(whatIfRows(given.result), given);
    }
    case 'sweep':
      return flat(sweepRows, answer as Answer<SweepResult>);
    case 'check':
      return flat(checkRows, answer as Answer<CheckResult>);
    case 'batch':
      return batchRows(answer as Answer<BatchResult>);
  }
}
