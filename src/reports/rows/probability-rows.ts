import type { Answer, ProbabilityResult } from '../../contract/answers.js';
import { LOAD_COLUMNS, loadCells, PLACE_COLUMNS, podCells } from './load-cells.js';
import {
  ENDPOINT_COLUMNS,
  endpointCells,
  type Row,
  type RowForm,
  row,
  SERVICE_COLUMNS,
  SHARE_COLUMNS,
  serviceCells,
  shareCells,
} from './row.js';

const COLUMNS = [
  ...SERVICE_COLUMNS,
  'via',
  'family',
  'destination',
  'clients',
  'verdict',
  'cause',
  ...ENDPOINT_COLUMNS,
  ...SHARE_COLUMNS,
  'imbalance',
] as const;

/** Those that an answer with traffic has beside. */
const WITH_LOAD = [...COLUMNS, ...PLACE_COLUMNS, ...LOAD_COLUMNS] as const;

function rows({ result }: Answer<ProbabilityResult>, columns: readonly string[]): readonly Row[] {
  return result.services.flatMap((service) => {
    const { via, family, destination, clients, imbalance } = service;
    const about = { ...serviceCells(service.service), via, family, destination, clients, imbalance: imbalance?.value };
    return [
      ...service.endpoints.map(({ share, ...endpoint }, index) =>
        row(columns, {
          ...about,
          verdict: 'DELIVERED',
          ...endpointCells(endpoint),
          ...shareCells(share),
          ...podCells(service.load, index),
          ...loadCells(service.load),
        }),
      ),
      ...service.verdicts
        .filter(({ verdict, share }) => verdict !== 'DELIVERED' && share.fraction !== '0')
        .map(({ verdict, cause, share }) => row(columns, { ...about, verdict, cause, ...shareCells(share) })),
    ];
  });
}

/**
 * One row per endpoint, and one per verdict and cause of what is not delivered. The shares of a Service port sum to 1.
 * An answer with traffic has columns of loads.
 */
export function probabilityRows({ services }: ProbabilityResult): RowForm<Answer<ProbabilityResult>> {
  const columns = services.some(({ load }) => load !== undefined) ? WITH_LOAD : COLUMNS;
  return { columns, rows: (answer) => rows(answer, columns) };
}
