/** A change as phases: when, what, what is lost, and the load of pods as a row of bars. */
import type { Answer, TimelinePhase, TimelineResult } from '../contract/answers.js';
import { chanceText, shortNumber } from '../questions/load/fields.js';
import { backgroundMarkdown, markdownReport } from './assumptions.js';
import { joinSections, type Layout, type Report } from './form.js';
import { changesText, findingsText, footer, headline } from './frame.js';
import { serviceTitle } from './names-in-reports.js';
import { markdownText, printable } from './safe-text.js';
import { type Column, fittedTable, markdownTable, textTable } from './text-table.js';
import { item } from './wrap.js';

/** Phases of the first screen, and of all that a report shows. */
const FIRST_PHASES = 12;
const MAX_PHASES = 400;

type Load = TimelinePhase['services'][number];

const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** One bar for each pod, from the hottest to the coldest; a pod without anything is a dot. */
function drawn(bars: readonly number[] | undefined): string {
  return (bars ?? [])
    .map((part) => (part <= 0 ? '·' : (LEVELS[Math.min(7, Math.max(0, Math.ceil(part * 8) - 1))] as string)))
    .join('');
}

function time(seconds: number): string {
  if (seconds < 600) return `${shortNumber(seconds)} s`;
  return seconds < 7200 ? `${shortNumber(seconds / 60)} min` : `${shortNumber(seconds / 3600)} h`;
}

/** The phases shown: the ends, the worst, and those around it, in their order. */
function shownPhases({ phases, worst }: TimelineResult, all: boolean): readonly number[] {
  const most = all ? MAX_PHASES : FIRST_PHASES;
  const every = phases.map((_, index) => index);
  if (phases.length <= most) return every;
  const middle = worst?.phase ?? 0;
  const rank = (index: number) =>
    index === 0 || index === phases.length - 1 || index === middle
      ? -1
      : Math.min(index, Math.abs(index - middle), phases.length - 1 - index);
  return [...every]
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, most)
    .sort((a, b) => a - b);
}

interface PhaseColumn {
  readonly column: Column;
  /** Left out where the table would be too wide. */
  readonly isExtra?: boolean;
  cell(phase: TimelinePhase, load: Load, index: number): string;
}

function columnsOf({ phases, worst }: TimelineResult): readonly PhaseColumn[] {
  const loads = phases.flatMap(({ services }) => services);
  const right = (title: string): Column => ({ title, align: 'right' });
  const when = (wanted: boolean, column: PhaseColumn): PhaseColumn[] => (wanted ? [column] : []);
  return [
    { column: right('from'), cell: ({ fromSeconds }) => time(fromSeconds) },
    { column: right('for'), cell: ({ seconds }) => (seconds === undefined ? '' : time(seconds)) },
    { column: { title: 'what' }, cell: ({ title }) => title },
    ...when(
      loads.some(({ newConnectionsLost }) => newConnectionsLost > 0),
      { column: right('lost'), cell: (_, { newConnectionsLost: lost }) => (lost > 0 ? chanceText(lost) : '') },
    ),
    ...when(
      loads.some(({ connectionsBroken = 0 }) => connectionsBroken > 0),
      {
        column: right('broken'),
        cell: (_, { connectionsBroken: broken = 0 }) => (broken > 0 ? shortNumber(broken) : ''),
      },
    ),
    ...when(
      loads.some(({ hottestConnections }) => hottestConnections !== undefined),
      {
        column: right('hottest'),
        cell: (_, { hottestConnections: hot, overCapacity }) =>
          hot === undefined ? '' : `${shortNumber(hot)}${overCapacity === true ? '!' : ''}`,
      },
    ),
    ...when(
      loads.some(({ most }) => most !== undefined),
      { column: right('p99'), isExtra: true, cell: (_, { most }) => (most === undefined ? '' : shortNumber(most.p99)) },
    ),
    ...when(
      loads.some(({ overChance }) => overChance !== undefined),
      {
        column: right('over'),
        isExtra: true,
        cell: (_, { overChance }) => (overChance === undefined ? '' : chanceText(overChance)),
      },
    ),
    ...when(
      loads.some(({ newPodConnections }) => newPodConnections !== undefined),
      {
        column: right('new pod'),
        cell: (_, { newPodConnections: own }) => (own === undefined ? '' : shortNumber(own)),
      },
    ),
    ...when(
      loads.some(
        ({ hottestRequestsPerSecond, hottestConnections }) =>
          hottestRequestsPerSecond !== undefined && hottestConnections === undefined,
      ),
      {
        column: right('hottest/s'),
        cell: (_, { hottestRequestsPerSecond: rate, overCapacity }) =>
          rate === undefined ? '' : `${shortNumber(rate)}${overCapacity === true ? '!' : ''}`,
      },
    ),
    { column: { title: 'pods' }, cell: (_, { bars }) => drawn(bars) },
    { column: { title: '' }, cell: (_, __, index) => (index === worst?.phase ? '← worst' : '') },
  ];
}

const SOURCES: Readonly<Record<string, string>> = {
  REQUEST: 'request',
  SNAPSHOT: 'snapshot',
  DEFAULT: 'default',
  ASSUMED: 'assumed',
};

/** What the phases wait for, each once. */
function delayLines({ phases }: TimelineResult): readonly string[] {
  const lines = phases.flatMap(({ delays }) =>
    delays.map(({ what, seconds, source, detail }) => `${what}: ${time(seconds)} (${SOURCES[source]}: ${detail})`),
  );
  return [...new Set(lines)];
}

/** The columns of a table that is at most so wide: extra ones go first, from the last on. */
function fittingColumns(
  columns: readonly PhaseColumn[],
  rowsOf: (columns: readonly PhaseColumn[]) => readonly (readonly string[])[],
  width: number,
): readonly PhaseColumn[] {
  const lines = textTable(
    columns.map(({ column }) => column),
    rowsOf(columns),
  );
  const extra = columns.findLast(({ isExtra }) => isExtra === true);
  if (extra === undefined || lines.every((line) => [...line].length <= width)) return columns;
  return fittingColumns(
    columns.filter((one) => one !== extra),
    rowsOf,
    width,
  );
}

function text(answer: Answer<TimelineResult>, layout: Layout): string {
  const { result } = answer;
  const { view, width, paint } = layout;
  const columns = columnsOf(result);
  const shown = shownPhases(result, view.all);
  const left = result.phases.length - shown.length;
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout),
    ...result.services.map((service, number) => {
      const rowsOf = (wanted: readonly PhaseColumn[]) =>
        shown.flatMap((index) => {
          const phase = result.phases[index];
          const load = phase?.services[number];
          return phase === undefined || load === undefined
            ? []
            : [wanted.map(({ cell }) => printable(cell(phase, load, index)))];
        });
      const fitting = fittingColumns(columns, rowsOf, width - 2);
      return [
        paint.bold(printable(serviceTitle(service))),
        ...fittedTable(
          fitting.map(({ column }) => column),
          rowsOf(fitting),
          width - 2,
        ).map((line) => `  ${line}`.trimEnd()),
      ];
    }),
    left === 0 ? [] : [`${left} of ${result.phases.length} phases are not shown.`],
    delayLines(result).flatMap((line) => item('  ', printable(line), width, 4)),
    changesText(answer, layout),
    ...footer(answer, layout, left > 0 ? [['every phase', '--all'] as const] : []),
  ]);
}

function markdown(answer: Answer<TimelineResult>): string {
  const { result } = answer;
  const columns = columnsOf(result);
  return markdownReport([
    [`**${markdownText(answer.summary)}**`],
    ...result.services.flatMap((service, number) => [
      [`### ${markdownText(serviceTitle(service))}`],
      markdownTable(
        columns.map(({ column }) => column),
        shownPhases(result, true).flatMap((index) => {
          const phase = result.phases[index];
          const load = phase?.services[number];
          return phase === undefined || load === undefined
            ? []
            : [columns.map(({ cell }) => markdownText(cell(phase, load, index)))];
        }),
      ),
    ]),
    delayLines(result).map((line) => `- ${markdownText(line)}`),
    ...backgroundMarkdown(answer),
  ]);
}

/** The phases of a change, with bars. */
export const timelineReport: Report<Answer<TimelineResult>> = { text, markdown };
