import type { Answer, TimelineResult } from '../../contract/answers.js';
import { EXTREME_COLUMNS, extremeCells } from './load-cells.js';
import { type Row, type RowForm, row, SERVICE_COLUMNS, serviceCells } from './row.js';

const COLUMNS = [
  'phase',
  'title',
  'fromSeconds',
  'seconds',
  ...SERVICE_COLUMNS,
  'via',
  'family',
  'pods',
  'ready',
  'largestShare',
  'newConnectionsLost',
  'connectionsBroken',
  'hottestConnections',
  'coldestConnections',
  'oldPodConnections',
  'newPodConnections',
  'shareOfNewPods',
  'overEven',
  'hottestRequestsPerSecond',
  'overCapacity',
  'worst',
  'delays',
  ...EXTREME_COLUMNS,
  'overChance',
  'expectedOver',
  'anyIdle',
  'expectedIdle',
] as const;

function rows({ result }: Answer<TimelineResult>): readonly Row[] {
  return result.phases.flatMap(({ title, fromSeconds, seconds, delays, services }, phase) =>
    services.map(({ hottest: _, bars: __, most, least, ...load }, index) => {
      const head = result.services[index];
      return row(COLUMNS, {
        ...{ phase, title, fromSeconds, seconds },
        ...serviceCells(head?.service),
        via: head?.via,
        family: head?.family,
        ...load,
        ...extremeCells('most', most),
        ...extremeCells('least', least),
        worst: phase === result.worst?.phase,
        delays: delays.map(({ what, seconds: time, source }) => `${what} ${time} s (${source})`).join('; '),
      });
    }),
  );
}

/** One row per phase and Service port. */
export const timelineRows: RowForm<Answer<TimelineResult>> = { columns: COLUMNS, rows };
