import type { Answer, ApplyResult } from '../../contract/answers.js';
import { type RowForm, row } from './row.js';

const COLUMNS = ['kind', 'namespace', 'name', 'outcome', 'reason', 'field', 'drawn'] as const;

/** One row per object. */
export const applyRows: RowForm<Answer<ApplyResult>> = {
  columns: COLUMNS,
  rows: ({ result }) =>
    result.objects.map(({ kind, namespace, name, outcome, error, drawn }) =>
      row(COLUMNS, {
        kind,
        namespace,
        name,
        outcome,
        reason: error?.reason,
        field: error?.causes.map(({ field }) => field).join(','),
        drawn: drawn?.join(','),
      }),
    ),
};
