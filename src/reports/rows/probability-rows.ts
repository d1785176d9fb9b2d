import type { Answer, ProbabilityResult } from '../../contract/answers.js';
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

function rows({ result }: Answer<ProbabilityResult>): readonly Row[] {
  return result.services.flatMap((service) => {
    const { via, family, destination, clients, imbalance } = service;
    const about = { ...serviceCells(service.service), via, family, destination, clients, imbalance: imbalance?.value };
    return [
      ...service.endpoints.map(({ share, ...endpoint }) =>
        row(COLUMNS, { ...about, verdict: 'DELIVERED', ...endpointCells(endpoint), ...shareCells(share) }),
      ),
      ...service.verdicts
        .filter(({ verdict, share }) => verdict !== 'DELIVERED' && share.fraction !== '0')
        .map(({ verdict, cause, share }) => row(COLUMNS, { ...about, verdict, cause, ...shareCells(share) })),
    ];
  });
}

/** One row per endpoint, and one per verdict and cause of what is not delivered. The shares of a Service port sum to 1. */
export const probabilityRows: RowForm<Answer<ProbabilityResult>> = { columns: COLUMNS, rows };
