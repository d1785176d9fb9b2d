import type {
  Answer,
  ChainsDifference,
  PathDifference,
  ProbabilityDifference,
  WhatIfResult,
} from '../contract/answers.js';
import { backgroundMarkdown, details, markdownReport } from './assumptions.js';
import { joinSections, type Layout, type Report } from './form.js';
import { changesText, findingsText, footer, headline } from './frame.js';
import type { Paint } from './paint.js';
import { markdownBlock, markdownCode, markdownText, printable } from './safe-text.js';
import { arrow, paintedArrow, SHIFT_COLUMNS, shiftCells } from './shift.js';
import { markdownTable, textTable } from './text-table.js';
import { MOST_NAMED, shortDifference } from './what-if-short.js';
import {
  CHAIN_COLUMNS,
  chainRows,
  establishedText,
  imbalanceText,
  nodeLines,
  nodesText,
  SERVICE_COLUMNS,
  type ShiftTable,
  serviceEstablishedText,
  serviceRows,
  serviceTables,
  serviceTitle,
  stepLines,
  TRACE_COLUMNS,
  traceCells,
  verdictTable,
} from './what-if-tables.js';
import { item } from './wrap.js';

const CHANGES_TITLE = 'What the changes did';

const indented = (lines: readonly string[]) => lines.map((line) => (line === '' ? '' : `  ${line}`));

function unchangedText({ services, unchanged }: ProbabilityDifference): string | undefined {
  if (unchanged === 0 || services.length === 0) return undefined;
  return unchanged === 1
    ? 'One more Service port stays as it is.'
    : `${unchanged} more Service ports stay as they are.`;
}

function isEmpty(result: WhatIfResult): boolean {
  switch (result.question) {
    case 'chains': {
      const { unified, nodes } = result.difference;
      return unified.length + nodes.added.length + nodes.removed.length === 0;
    }
    case 'path':
      return result.difference.traces.every(({ change }) => change === 'SAME');
    case 'probability':
      return result.difference.services.length === 0;
  }
}

// ── text ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function shiftLines({ names, rows }: ShiftTable, { paint }: Layout): string[] {
  const lines = textTable(
    [...names, ...SHIFT_COLUMNS],
    rows.map(({ cells, share }) => [...cells.map(printable), ...shiftCells(share)]),
  );
  const width = Math.max(...lines.map((line) => [...line].length));
  return lines.map((line, index) => {
    const row = rows[index - 1];
    if (row === undefined || row.share.shift.fraction === '0') return line;
    return (
      `${line}${' '.repeat(width - [...line].length + 2)}` +
      `${paintedArrow(paint, row.share.shift, 16, row.unwanted ?? false)}`
    );
  });
}

/** A line of a diff in the colour of its sign. */
function diffLine(line: string, paint: Paint): string {
  const text = printable(line);
  if (line.startsWith('-')) return paint.bad(text);
  return line.startsWith('+') ? paint.good(text) : line.startsWith('@@') ? paint.dim(text) : text;
}

function diffLines(text: string, paint: Paint): string[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => diffLine(line, paint));
}

function chainsText(difference: ChainsDifference, layout: Layout): string[][] {
  const { paint } = layout;
  const services = serviceRows(difference).map((row) => row.map(printable));
  const chains = chainRows(difference).map((row) => row.map(printable));
  return [
    nodeLines(difference).map(printable),
    services.length === 0 ? [] : textTable(SERVICE_COLUMNS, services),
    chains.length === 0 ? [] : textTable(CHAIN_COLUMNS, chains),
    ...difference.unified.map(({ nodes, family, text }) => [
      paint.bold(printable(`${nodesText(nodes)}, ${family}`)),
      ...diffLines(text, paint),
    ]),
  ];
}

function pathText(difference: PathDifference, layout: Layout): string[][] {
  const { verdicts, traces, omitted } = difference;
  const steps = stepLines(difference);
  return [
    shiftLines(verdictTable(verdicts), layout),
    textTable(
      TRACE_COLUMNS,
      traces.map((trace) => traceCells(trace).map(printable)),
    ),
    omitted === undefined ? [] : [`${omitted} more traces are not shown.`],
    steps.length === 0
      ? []
      : [
          layout.paint.bold('Steps that the packet no longer takes (-) or takes newly (+)'),
          ...steps.map((line) => diffLine(line, layout.paint)),
        ],
  ];
}

function probabilityText(difference: ProbabilityDifference, layout: Layout): string[][] {
  const unchanged = unchangedText(difference);
  return [
    ...difference.services.flatMap((service) => {
      const balance = imbalanceText(service);
      return [
        [
          layout.paint.bold(printable(serviceTitle(service))),
          ...item('  ', printable(serviceEstablishedText(service)), layout.width, 4),
          ...(balance === undefined ? [] : [`  ${balance}`]),
        ],
        ...serviceTables(service).map((table) => indented(shiftLines(table, layout))),
      ];
    }),
    unchanged === undefined ? [] : [unchanged],
  ];
}

function differenceText(result: WhatIfResult, layout: Layout): string[][] {
  switch (result.question) {
    case 'chains':
      return chainsText(result.difference, layout);
    case 'path':
      return pathText(result.difference, layout);
    case 'probability':
      return probabilityText(result.difference, layout);
  }
}

/** What becomes of established connections; of probability each Service tells its own. */
function establishedLine({ question, established }: WhatIfResult): string {
  const { kept, lost, lostEndpoints, rechosen, explanation } = established;
  if (question !== 'path' || kept === undefined || lost === undefined || lostEndpoints === undefined)
    return explanation;
  const shares = { kept, lost, lostEndpoints, ...(rechosen === undefined ? {} : { rechosen }) };
  return `${establishedText(shares)}. ${explanation}`;
}

/** The same without its explanation, of which a Service's own lines or the counts say what matters. */
function establishedInShort({ question, established }: WhatIfResult): string {
  const { kept, lost, lostEndpoints, rechosen, explanation } = established;
  if (question !== 'path') return '';
  if (kept === undefined || lost === undefined || lostEndpoints === undefined) return explanation;
  const shares = { kept, lost, lostEndpoints, ...(rechosen === undefined ? {} : { rechosen }) };
  return `${establishedText(shares, MOST_NAMED)}.`;
}

function text(answer: Answer<WhatIfResult>, layout: Layout): string {
  const { result } = answer;
  const { view } = layout;
  const established = view.all ? establishedLine(result) : establishedInShort(result);
  const difference = isEmpty(result) ? [] : view.all ? differenceText(result, layout) : shortDifference(result, layout);
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout),
    changesText(answer, layout, 'Change'),
    ...difference,
    established === '' ? [] : item('', printable(established), layout.width, 2),
    ...footer(answer, layout, view.all ? [] : [['the whole difference', '--all'] as const]),
  ]);
}

// ── Markdown ────────────────────────────────────────────────────────────────────────────────────────────────────────

function shiftMarkdown({ names, rows }: ShiftTable): string[] {
  return markdownTable(
    [...names, ...SHIFT_COLUMNS, { title: '' }],
    rows.map(({ cells, share }) => [...cells.map(markdownCode), ...shiftCells(share), arrow(share.shift, 12)]),
  );
}

function diffBlock(text: string): string {
  // Within a fence lines are as they are: what moves a terminal's cursor is spelled out.
  return markdownBlock(text.replace(/\n$/, '').split('\n').map(printable).join('\n'), 'diff');
}

/** Diffs of more lines are folded away. */
const LONG_DIFF = 40;

function foldedDiff(summary: string, text: string): string[] {
  const block = diffBlock(text);
  return [text.split('\n').length > LONG_DIFF ? details(summary, block) : `${summary}\n\n${block}`];
}

function chainsMarkdown(difference: ChainsDifference): string[][] {
  const services = serviceRows(difference).map(([name = '', ...counts]) => [markdownCode(name), ...counts]);
  const chains = chainRows(difference).map(([nodes = '', family = '', table = '', chain = '', ...counts]) => [
    markdownText(nodes),
    family,
    markdownText(table),
    markdownCode(chain),
    ...counts,
  ]);
  return [
    nodeLines(difference).map((line) => `- ${markdownText(line)}`),
    services.length === 0 ? [] : markdownTable(SERVICE_COLUMNS, services),
    chains.length === 0 ? [] : [details('By chain', markdownTable(CHAIN_COLUMNS, chains).join('\n'))],
    ...difference.unified.map(({ nodes, family, text: diff }) =>
      foldedDiff(markdownText(`${nodesText(nodes)}, ${family}`), diff),
    ),
  ];
}

function pathMarkdown(difference: PathDifference): string[][] {
  const { verdicts, traces, omitted } = difference;
  const steps = stepLines(difference);
  const rows = traces.map((trace) => {
    const [change = '', client = '', verdict = '', cause = '', endpoint = '', pod = '', share = '', sees = ''] =
      traceCells(trace);
    return [
      change,
      markdownText(client),
      verdict,
      cause,
      ...[endpoint, pod].map(markdownCode),
      share,
      markdownCode(sees),
    ];
  });
  return [
    shiftMarkdown(verdictTable(verdicts)),
    markdownTable(TRACE_COLUMNS, rows),
    omitted === undefined ? [] : [`${omitted} more traces are not shown.`],
    steps.length === 0
      ? []
      : foldedDiff('Steps that the packet no longer takes (-) or takes newly (+)', steps.join('\n')),
  ];
}

function probabilityMarkdown(difference: ProbabilityDifference): string[][] {
  const unchanged = unchangedText(difference);
  return [
    ...difference.services.flatMap((service) => {
      const balance = imbalanceText(service);
      const [endpoints, ...others] = serviceTables(service);
      return [
        [`### ${markdownText(serviceTitle(service))}`],
        [`- ${markdownText(serviceEstablishedText(service))}`, ...(balance === undefined ? [] : [`- ${balance}`])],
        endpoints === undefined ? [] : shiftMarkdown(endpoints),
        ...others.map(shiftMarkdown),
      ];
    }),
    unchanged === undefined ? [] : [unchanged],
  ];
}

function differenceMarkdown(result: WhatIfResult): string[][] {
  switch (result.question) {
    case 'chains':
      return chainsMarkdown(result.difference);
    case 'path':
      return pathMarkdown(result.difference);
    case 'probability':
      return probabilityMarkdown(result.difference);
  }
}

function markdown(answer: Answer<WhatIfResult>): string {
  const { result } = answer;
  const same = isEmpty(result);
  return markdownReport([
    [`**${markdownText(answer.summary)}**`],
    ...(same ? [] : differenceMarkdown(result)),
    [markdownText(establishedLine(result))],
    ...backgroundMarkdown(answer, CHANGES_TITLE),
  ]);
}

/** What a change does: first what shifts, in tables with before → after, then the diff, then what it rests on. */
export const whatIfReport: Report<Answer<WhatIfResult>> = { text, markdown };
