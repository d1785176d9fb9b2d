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

/** The one that an answer has beside which does not list each endpoint: how many a row stands for. */
const WITH_COUNT = [...COLUMNS, 'endpoints'] as const;

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
          endpoints: 1,
          ...podCells(service.load, index),
          ...loadCells(service.load),
        }),
      ),
      ...(service.omitted === undefined
        ? []
        : [
            row(columns, {
              ...about,
              verdict: 'DELIVERED',
              ...shareCells(service.omitted.share),
              endpoints: service.omitted.endpoints,
            }),
          ]),
      ...service.verdicts
        .filter(({ verdict, share }) => verdict !== 'DELIVERED' && share.fraction !== '0')
        .map(({ verdict, cause, share }) => row(columns, { ...about, verdict, cause, ...shareCells(share) })),
    ];
  });
}

/**
 * One row per endpoint, and one per verdict and cause of what is not delivered. The shares of a Service port sum to 1.
 * An answer with traffic has columns of loads. Endpoints that are not listed are one row.
 */
export function probabilityRows({ services }: ProbabilityResult): RowForm<Answer<ProbabilityResult>> {
  const hasLoad = services.some(({ load }) => load !== undefined);
  const isCut = services.some(({ omitted }) => omitted !== undefined);
  const columns = hasLoad ? WITH_LOAD : isCut ? WITH_COUNT : COLUMNS;
  return { columns, rows: (answer) => rows(answer, columns) };
}
