import type { Answer, TimelinePhase, TimelineResult } from '../../contract/answers.js';
import { type Cell, type Row, type RowForm, row, SERVICE_COLUMNS, serviceCells } from './row.js';

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
  'mostMean',
  'mostP5',
  'mostP50',
  'mostP95',
  'mostP99',
  'leastMean',
  'leastP5',
  'leastP50',
  'leastP95',
  'leastP99',
  'overChance',
  'expectedOver',
  'anyIdle',
  'expectedIdle',
] as const;

type Load = TimelinePhase['services'][number];

function summaryCells(name: 'most' | 'least', summary: Load['most']): Readonly<Record<string, Cell>> {
  if (summary === undefined) return {};
  const { mean, p5, p50, p95, p99 } = summary;
  const cells = { Mean: mean, P5: p5, P50: p50, P95: p95, P99: p99 };
  return Object.fromEntries(Object.entries(cells).map(([level, value]) => [`${name}${level}`, value]));
}

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
        ...summaryCells('most', most),
        ...summaryCells('least', least),
        worst: phase === result.worst?.phase,
        delays: delays.map(({ what, seconds: time, source }) => `${what} ${time} s (${source})`).join('; '),
      });
    }),
  );
}

/** One row per phase and Service port. */
export const timelineRows: RowForm<Answer<TimelineResult>> = { columns: COLUMNS, rows };
