import type { Answer, BatchResult } from '../../contract/answers.js';
import { BATCH_QUESTIONS, type QuestionKind } from '../../questions/kinds.js';
import type { Rows } from './row.js';

/** Rows of several answers, each with the number and name of its question; the columns of all of them. */
export function batchRows({ result }: Answer<BatchResult>, rowsOf: (kind: QuestionKind, answer: Answer) => Rows): Rows {
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
