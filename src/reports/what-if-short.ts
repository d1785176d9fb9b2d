/** The difference that a change makes, as much of it as fits a screen. */
import { joinHostPort } from '../base/address.js';
import { remember } from '../base/remember.js';
import type {
  ChainsDifference,
  PathDifference,
  ProbabilityDifference,
  ServiceDifference,
  WhatIfResult,
} from '../contract/answers.js';
import type { Layout } from './form.js';
import { printable } from './safe-text.js';
import { shortShare } from './share-text.js';
import { beforeAfter, points } from './shift.js';
import { type Column, fittedTable } from './text-table.js';
import {
  CHAIN_COLUMNS,
  chainRows,
  nodeLines,
  nodesText,
  SERVICE_COLUMNS,
  serviceEstablishedText,
  serviceRows,
  serviceTitle,
  stepLines,
} from './what-if-tables.js';
import { item } from './wrap.js';

const MOST_ROWS = 12;
const MOST_SERVICES = 2;
const MOST_DIFF_LINES = 16;
const MOST_STEPS = 6;
/** Endpoints that are named of those whose connections are lost. */
export const MOST_NAMED = 3;

const SHORT_SHIFT: readonly Column[] = [
  { title: 'before', align: 'right' },
  { title: 'after', align: 'right' },
  { title: 'points', align: 'right' },
];

/** The first rows of a table, indented, and how many are left. */
function firstRows(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  word: string,
  { width }: Layout,
): string[] {
  const [titles = '', ...lines] = fittedTable(
    columns,
    rows.map((row) => row.map(printable)),
    width - 2,
  );
  const left = lines.length - MOST_ROWS;
  return [titles, ...lines.slice(0, MOST_ROWS), ...(left > 0 ? [`${left} more ${word}: --all`] : [])].map(
    (line) => `  ${line}`,
  );
}

/** Rows that differ in the names of pods and nodes alone, as one: how many pods, and on how many nodes. */
function classes(
  rows: readonly (readonly string[])[],
  [pod, node]: readonly [pod: number, node: number],
  isPod: (row: readonly string[]) => boolean,
): readonly (readonly string[])[] {
  if (rows.length <= MOST_ROWS) return rows;
  const groups = new Map<string, (readonly string[])[]>();
  for (const [index, row] of rows.entries()) {
    const rest = row.filter((_, at) => at !== pod && at !== node);
    remember(groups, JSON.stringify(isPod(row) ? rest : index), (): (readonly string[])[] => []).push(row);
  }
  return [...groups.values()].map((group) => {
    const [first = []] = group;
    if (group.length === 1) return first;
    const nodes = [...new Set(group.map((row) => row[node] ?? ''))];
    const where = nodes.length === 1 ? (nodes[0] ?? '') : `${nodes.length} nodes`;
    return first.map((cell, at) => (at === pod ? `${group.length} pods` : at === node ? where : cell));
  });
}

type Side = ServiceDifference['endpoints'][number]['before'];

function shiftRow(
  names: readonly string[],
  one: { readonly before: Side; readonly after: Side; readonly shift: ServiceDifference['endpoints'][number]['shift'] },
): string[] {
  const cell = (share: Side) => (share.fraction === '0' ? '–' : shortShare(share));
  return [...names, cell(one.before), cell(one.after), points(one.shift)];
}

function serviceText(service: ServiceDifference, layout: Layout): string[] {
  const moved = service.endpoints.filter(({ shift }) => shift.fraction !== '0');
  const lost = service.verdicts.filter(({ verdict, shift }) => verdict !== 'DELIVERED' && shift.fraction !== '0');
  return [
    printable(serviceTitle(service)),
    ...(moved.length === 0
      ? []
      : firstRows(
          [{ title: 'pod' }, { title: 'node' }, ...SHORT_SHIFT],
          classes(
            moved.map((one) => shiftRow([one.pod ?? joinHostPort(one.address, one.port), one.node ?? ''], one)),
            [0, 1],
            () => true,
          ),
          'endpoints',
          layout,
        )),
    ...(lost.length === 0
      ? []
      : firstRows(
          [{ title: 'not delivered' }, ...SHORT_SHIFT],
          lost.map((one) => shiftRow([`${one.verdict} ${one.cause ?? ''}`.trim()], one)),
          'causes',
          layout,
        )),
    ...item('  ', printable(`${serviceEstablishedText(service, MOST_NAMED)}.`), layout.width, 4),
  ];
}

/** One row for each way to a Service port. */
function serviceRow(service: ServiceDifference): string[] {
  const { endpoints, verdicts, change, established } = service;
  const number = (side: 'before' | 'after') => String(endpoints.filter((one) => one[side].fraction !== '0').length);
  const delivered = verdicts.find(({ verdict }) => verdict === 'DELIVERED');
  const cell = (share: Side | undefined) => (share === undefined ? '–' : shortShare(share));
  return [
    serviceTitle(service),
    change,
    `${number('before')} → ${number('after')}`,
    delivered === undefined ? '–' : `${cell(delivered.before)} → ${cell(delivered.after)}`,
    cell(established.lost),
  ];
}

function probabilityText({ services, unchanged }: ProbabilityDifference, layout: Layout): string[][] {
  const stays =
    unchanged === 0
      ? []
      : [
          `${unchanged} more ` +
            `${unchanged === 1 ? 'way to a Service port stays as it is' : 'ways to Service ports stay as they are'}.`,
        ];
  if (services.length <= MOST_SERVICES) return [...services.map((service) => serviceText(service, layout)), stays];
  const columns = [
    { title: 'Service port' },
    { title: 'change' },
    { title: 'pods' },
    { title: 'delivered' },
    { title: 'connections lost', align: 'right' },
  ] as const;
  const rows = services.map(serviceRow);
  const table = firstRows(columns, rows, 'Service ports', layout);
  const fits = table.every((line) => [...line].length <= layout.width);
  const lines = fits
    ? table
    : services.slice(0, MOST_ROWS).flatMap((service) => {
        const [name = '', change = '', pods = '', delivered = '', lost = ''] = serviceRow(service);
        return [
          ...item('  ', printable(name), layout.width, 4),
          ...item(
            '    ',
            `${change}: pods ${pods}, delivered ${delivered}, open connections lost ${lost}`,
            layout.width,
            6,
          ),
        ];
      });
  const left = services.length - MOST_ROWS;
  return [fits || left <= 0 ? lines : [...lines, `  ${left} more Service ports: --all`], stays];
}

function firstLines(lines: readonly string[], most: number, word: string): string[] {
  const left = lines.length - most;
  return left > 0 ? [...lines.slice(0, most), `  ${left} more ${word}: --all`] : [...lines];
}

function pathText(difference: PathDifference, layout: Layout): string[][] {
  const { traces, verdicts } = difference;
  const moved = traces.filter(({ change }) => change !== 'SAME');
  const rows = moved.map(({ change, verdict, cause, endpoint, before, after }) => [
    change,
    verdict === 'DELIVERED' ? (endpoint?.pod ?? endpoint?.address ?? '') : `${verdict} ${cause ?? ''}`.trim(),
    endpoint?.node ?? '',
    beforeAfter(before, after),
  ]);
  const delivered = new Set(moved.flatMap(({ endpoint }) => endpoint?.pod ?? endpoint?.address ?? []));
  const steps = stepLines(difference);
  return [
    rows.length === 0
      ? firstRows(
          [{ title: 'verdict' }, ...SHORT_SHIFT],
          verdicts.map((one) => shiftRow([`${one.verdict} ${one.cause ?? ''}`.trim()], one)),
          'verdicts',
          layout,
        )
      : firstRows(
          [{ title: 'change' }, { title: 'outcome' }, { title: 'node' }, { title: 'before → after' }],
          classes(rows, [1, 2], ([, outcome = '']) => delivered.has(outcome)),
          'outcomes',
          layout,
        ),
    steps.length === 0
      ? []
      : firstLines(['Steps that go (-) and come (+)', ...steps.map(printable)], MOST_STEPS + 1, 'steps'),
  ];
}

function chainsText(difference: ChainsDifference, layout: Layout): string[][] {
  const services = serviceRows(difference);
  const [first] = difference.unified;
  const chains = chainRows(difference).map((row) => [row[3] ?? '', ...row.slice(4)]);
  const chainColumns = CHAIN_COLUMNS.slice(3);
  const diff = first === undefined ? [] : first.text.replace(/\n$/, '').split('\n');
  return [
    nodeLines(difference).map(printable),
    services.length === 0 ? [] : firstRows(SERVICE_COLUMNS, services, 'Services', layout),
    services.length > 0 || chains.length === 0 ? [] : firstRows(chainColumns, chains, 'chains', layout),
    first === undefined
      ? []
      : [
          printable(
            `${nodesText(first.nodes)}, ` +
              first.family +
              (difference.unified.length > 1 ? ` (${difference.unified.length - 1} more: --all)` : ''),
          ),
          ...firstLines(
            diff.map((line) => {
              const text = printable(line);
              if (line.startsWith('-')) return layout.paint.bad(text);
              return line.startsWith('+') ? layout.paint.good(text) : text;
            }),
            MOST_DIFF_LINES,
            'lines',
          ),
        ],
  ];
}

/** The difference in short, by question. */
export function shortDifference(result: WhatIfResult, layout: Layout): string[][] {
  switch (result.question) {
    case 'chains':
      return chainsText(result.difference, layout);
    case 'path':
      return pathText(result.difference, layout);
    case 'probability':
      return probabilityText(result.difference, layout);
  }
}
