import type { Answer, InspectResult } from '../../contract/answers.js';
import { findingRow } from './check-rows.js';
import { LOAD_COLUMNS, loadCells, PLACE_COLUMNS, placesOfLoad } from './load-cells.js';
import { type Row, type RowForm, row, SERVICE_COLUMNS, serviceCells } from './row.js';

const COLUMNS = ['row', 'severity', 'code', 'message', ...SERVICE_COLUMNS, 'via', 'family', 'clients'] as const;

/** Those that an answer with traffic has beside. */
const WITH_LOAD = [...COLUMNS, 'pod', 'node', 'zone', ...PLACE_COLUMNS, ...LOAD_COLUMNS] as const;

/** The load behind a door, then that of its pods, nodes and zones. */
function loadRows({ service, via, family, clients, load }: NonNullable<InspectResult['loads']>[number]): Row[] {
  const about = { ...serviceCells(service), via, family, clients };
  return [
    row(WITH_LOAD, { row: 'DOOR', ...about, ...loadCells(load) }),
    ...placesOfLoad(load).map(({ row: kind, place, cells }) =>
      row(WITH_LOAD, { row: kind, ...about, ...place, ...cells }),
    ),
  ];
}

/** One row per finding. With traffic also one per door (DOOR), and one for each of its pods, nodes and zones. */
export function inspectRows({ loads }: InspectResult): RowForm<Answer<InspectResult>> {
  const columns = loads === undefined ? COLUMNS : WITH_LOAD;
  return {
    columns,
    rows: ({ findings, result }) => [
      ...findings.map((one) => findingRow(one, columns)),
      ...(result.loads ?? []).flatMap(loadRows),
    ],
  };
}
