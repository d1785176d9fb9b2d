import type { Answer, InspectResult } from '../../contract/answers.js';
import { findingRow } from './check-rows.js';
import { type RowForm, SERVICE_COLUMNS } from './row.js';

const COLUMNS = ['row', 'severity', 'code', 'message', ...SERVICE_COLUMNS, 'via', 'family', 'clients'] as const;

/** One row per finding. */
export const inspectRows: RowForm<Answer<InspectResult>> = {
  columns: COLUMNS,
  rows: ({ findings }) => findings.map((one) => findingRow(one, COLUMNS)),
};
