import type { Answer, InspectResult } from '../contract/answers.js';
import { chanceText, fieldsOfLoad, shortNumber } from '../questions/load/fields.js';
import { backgroundMarkdown, markdownReport } from './assumptions.js';
import { doorTitle } from './check-words.js';
import { joinSections, type Layout, type Report } from './form.js';
import { changesText, findingsText, footer, headline } from './frame.js';
import { serviceText } from './names-in-reports.js';
import { markdownText, printable } from './safe-text.js';
import { exact, hasShare } from './share-text.js';
import { markdownTable, textTable } from './text-table.js';
import { item } from './wrap.js';

/** Causes that the first screen names: the findings are the answer. */
const NAMED = 8;

/** The Services in few numbers, each the worst of its doors; the lists of objects are for programs. */
function servicesText({ result: { services } }: Answer<InspectResult>): string[] {
  if (services === undefined) return [];
  const columns = [
    { title: 'Service' },
    { title: 'endpoints', align: 'right' },
    { title: 'lost', align: 'right' },
    { title: 'imbalance', align: 'right' },
    { title: 'cross-zone', align: 'right' },
  ] as const;
  const rows = services.map(({ service, endpoints, notDelivered, unknown, imbalance, crossZone }) => [
    service,
    String(endpoints),
    hasShare(unknown) ? 'not known' : exact(notDelivered),
    imbalance === undefined ? '' : exact(imbalance),
    crossZone === undefined ? '' : exact(crossZone),
  ]);
  return textTable(columns, rows);
}

/** Doors that the first screen has loads of. */
const MOST_DOORS = 12;

/** Rows of a comment on a pull request. */
const MOST_IN_MARKDOWN = 50;

const LOADS = [
  { title: 'Service' },
  { title: 'door' },
  { title: 'hottest/s', align: 'right' },
  { title: 'most p50', align: 'right' },
  { title: 'p99', align: 'right' },
  { title: 'idle', align: 'right' },
  { title: 'over capacity', align: 'right' },
] as const;

/** The load behind each door, those first whose pods are over their capacity. */
function loadCellsOf({ loads = [] }: InspectResult): readonly (readonly string[])[] {
  const doors = loads.map((door) => ({ door, fields: fieldsOfLoad(door.load) ?? {} }));
  doors.sort((a, b) => (b.fields.overCapacity ?? 0) - (a.fields.overCapacity ?? 0));
  const number = (value: number | undefined) => (value === undefined ? '' : shortNumber(value));
  return doors.map(({ door, fields: { requestsPerSecond, most, anyIdle, overCapacity } }) => [
    `${serviceText(door.service)}${door.family === 'IPv6' ? ' IPv6' : ''}`,
    doorTitle(door),
    number(requestsPerSecond?.most),
    number(most?.p50),
    number(most?.p99),
    anyIdle === undefined ? '' : chanceText(anyIdle),
    overCapacity === undefined ? '' : chanceText(overCapacity),
  ]);
}

/** A table where it fits; otherwise two lines for each door. */
function loadsText({ result }: Answer<InspectResult>, { view, width }: Layout): string[] {
  const all = loadCellsOf(result);
  const rows = (view.all ? all : all.slice(0, MOST_DOORS)).map((cells) => cells.map(printable));
  if (rows.length === 0) return [];
  const left = all.length - rows.length;
  const more = left === 0 ? [] : [`${left} more: --all`];
  const table = textTable(LOADS, rows);
  if (table.every((line) => [...line].length <= width)) return [...table, ...more];
  return [
    ...rows.flatMap(([service = '', door = '', ...cells]) => {
      const known = cells.flatMap((cell, index) => (cell === '' ? [] : [`${LOADS[index + 2]?.title} ${cell}`]));
      return [...item('', `${service} by ${door}`, width, 2), ...item('  ', known.join(', '), width, 4)];
    }),
    ...more,
  ];
}

function text(answer: Answer<InspectResult>, layout: Layout): string {
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout, NAMED),
    changesText(answer, layout),
    servicesText(answer),
    loadsText(answer, layout),
    ...footer(answer, layout, layout.view.all ? [] : [['every finding', '--all'] as const]),
  ]);
}

function markdown(answer: Answer<InspectResult>): string {
  const loads = loadCellsOf(answer.result);
  return markdownReport([
    [`**${markdownText(answer.summary)}**`],
    loads.length === 0
      ? []
      : markdownTable(
          LOADS,
          loads.slice(0, MOST_IN_MARKDOWN).map((cells) => cells.map(markdownText)),
        ),
    ...backgroundMarkdown(answer),
  ]);
}

/** What is wrong with a cluster: its findings by cause, the worst first. */
export const inspectReport: Report<Answer<InspectResult>> = { text, markdown };
