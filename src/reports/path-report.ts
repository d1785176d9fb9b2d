import { joinHostPort } from '../base/address.js';
import type { Answer, PathResult, PathTrace, VerdictShare } from '../contract/answers.js';
import { backgroundMarkdown, details, markdownReport } from './assumptions.js';
import { joinSections, type Layout, type Report } from './form.js';
import { changesText, findingsText, footer, headline } from './frame.js';
import { paintOf } from './paint.js';
import { outcomeRows } from './path-outcomes.js';
import { outcome, traceTree } from './path-tree.js';
import { wayLines } from './path-way.js';
import { markdownBlock, markdownCode, markdownText, printable } from './safe-text.js';
import { exact, percent, shareText } from './share-text.js';
import { markdownTable } from './text-table.js';
import { drawTree } from './tree.js';
import { EVERYTHING } from './view.js';
import { item } from './wrap.js';

function questionLine({ question }: PathResult): string {
  const port = question.port;
  const resolved = question.addresses.map((address) => (port === undefined ? address : joinHostPort(address, port)));
  const addresses = resolved.filter((address) => !question.destination.includes(address));
  const where = addresses.length > 0 ? ` (${addresses.join(', ')})` : '';
  return `${question.source} → ${question.destination}${where}, ${question.protocol} over ${question.family}`;
}

function omittedText({ omitted }: PathResult): string | undefined {
  if (omitted === undefined || omitted.traces === 0) return undefined;
  const { traces, share } = omitted;
  return `${traces} more ${traces === 1 ? 'trace is' : 'traces are'} not shown; their share is ${shareText(share)}.`;
}

function verdictRow(share: VerdictShare): string[] {
  return [share.verdict, share.cause ?? '', exact(share.share), percent(share.share)];
}

const VERDICT_COLUMNS = [
  { title: 'verdict' },
  { title: 'cause' },
  { title: 'exact', align: 'right' },
  { title: 'percent', align: 'right' },
] as const;

/**
 * The outcome whose way is shown: the one that was named, else the most likely that is not delivered, else the most
 * likely.
 */
function shownTrace(traces: readonly PathTrace[], named: number | undefined): number {
  if (named !== undefined) return Math.min(named, traces.length) - 1;
  return Math.max(
    0,
    traces.findIndex(({ verdict }) => verdict !== 'DELIVERED'),
  );
}

/** The way of one outcome: in short, or as a tree with every rule. */
function wayText(trace: PathTrace, title: string, layout: Layout): string[] {
  return layout.view.rules
    ? drawTree(traceTree(trace, title, layout))
    : [layout.paint.bold(printable(title)), ...wayLines(trace, layout)];
}

function ways({ traces }: PathResult, layout: Layout): string[][] {
  const { view } = layout;
  const [only] = traces;
  if (only === undefined) return [];
  if (traces.length === 1) return [wayText(only, 'The way', layout)];
  const title = (index: number) => `The way of outcome ${index + 1} of ${traces.length}`;
  if (view.all) return traces.map((trace, index) => wayText(trace, title(index), layout));
  const index = shownTrace(traces, view.trace);
  const trace = traces[index] ?? only;
  return [wayText(trace, title(index), layout)];
}

/** What a remedy opens and closes, as far as the first screen names it. */
const NAMED_OPENS = 3;

type Remedy = NonNullable<PathResult['remedies']>[number];

/** What a change of policies opens and closes beside. */
function besides({ opens, opensCount = 0, closes = [] }: Remedy): readonly string[] {
  const more = opensCount - (opens?.length ?? 0);
  const opened = [
    ...(opens ?? []).slice(0, NAMED_OPENS),
    ...(more > 0 || (opens?.length ?? 0) > NAMED_OPENS
      ? [`${opensCount - Math.min(NAMED_OPENS, opens?.length ?? 0)} more`]
      : []),
  ];
  const others = closes.length - NAMED_OPENS;
  const closed = [...closes.slice(0, NAMED_OPENS), ...(others > 0 ? [`${others} more`] : [])];
  return [
    ...(opens === undefined
      ? []
      : [opensCount === 0 ? 'It opens nothing else.' : `It also opens ${opened.join(', ')}.`]),
    ...(closes.length === 0 ? [] : [`It closes ${closed.join(', ')}.`]),
  ];
}

/** What would let the packet pass, each with what becomes of it then. */
function remedyLines({ remedies = [] }: PathResult, { paint, width }: Layout): string[] {
  if (remedies.length === 0) return [];
  return [
    paint.bold('What would let it pass'),
    ...remedies.flatMap((remedy) => [
      ...item('  ', printable(remedy.what), width, 4),
      ...item('    ', printable(remedy.outcome), width, 6),
      ...besides(remedy).flatMap((line) => item('    ', printable(line), width, 6)),
    ]),
  ];
}

function text(answer: Answer<PathResult>, layout: Layout): string {
  const { result } = answer;
  const { view } = layout;
  const omitted = omittedText(result);
  const { lines, left } = outcomeRows(result, layout);
  const several = result.traces.length > 1;
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout),
    changesText(answer, layout),
    [...lines, ...(left === 0 ? [] : [`  ${left} more: --all`])],
    omitted === undefined ? [] : [omitted],
    ...ways(result, layout),
    remedyLines(result, layout),
    ...footer(answer, layout, [
      ...(view.rules ? [] : [['every rule', '--rules'] as const]),
      ...(several && !view.all ? [['another outcome', '--trace N'] as const, ['all of them', '--all'] as const] : []),
    ]),
  ]);
}

/** Traces are folded: their trees have rules longer than a page is wide. */
const TREE_LAYOUT: Layout = { paint: paintOf(false), width: 100, view: EVERYTHING };

function traceDetails(trace: PathTrace, number: number): string {
  const end = trace.endpoint === undefined ? '' : ` → ${joinHostPort(trace.endpoint.address, trace.endpoint.port)}`;
  const summary = `Trace ${number}: ${shareText(trace.probability)} ${outcome(trace)}${end}`;
  return details(
    markdownText(summary),
    markdownBlock(drawTree(traceTree(trace, `[${number}]`, TREE_LAYOUT)).join('\n')),
  );
}

function traceRow(trace: PathTrace, index: number): string[] {
  const { endpoint } = trace;
  return [
    String(index + 1),
    exact(trace.probability),
    percent(trace.probability),
    trace.verdict,
    markdownCode(trace.cause ?? ''),
    endpoint === undefined ? '' : markdownCode(joinHostPort(endpoint.address, endpoint.port)),
    markdownCode(endpoint?.pod ?? ''),
    markdownCode(endpoint?.node ?? ''),
    markdownCode(trace.seenClient ?? ''),
    markdownText(trace.clientSees),
  ];
}

const TRACE_COLUMNS = [
  { title: '#', align: 'right' },
  { title: 'exact', align: 'right' },
  { title: 'percent', align: 'right' },
  { title: 'verdict' },
  { title: 'cause' },
  { title: 'endpoint' },
  { title: 'pod' },
  { title: 'node' },
  { title: 'pod sees' },
  { title: 'client sees' },
] as const;

function markdown(answer: Answer<PathResult>): string {
  const { result } = answer;
  const omitted = omittedText(result);
  return markdownReport([
    [`**${markdownText(answer.summary)}**`],
    [`Path: ${markdownText(questionLine(result))}`],
    markdownTable(VERDICT_COLUMNS, result.verdicts.map(verdictRow)),
    ...(result.remedies === undefined
      ? []
      : [
          ['### What would let it pass'],
          result.remedies.map((one) => `- ${markdownText([`${one.what}: ${one.outcome}`, ...besides(one)].join(' '))}`),
        ]),
    ['### Traces'],
    markdownTable(TRACE_COLUMNS, result.traces.map(traceRow)),
    omitted === undefined ? [] : [omitted],
    ...result.traces.map((trace, index) => [traceDetails(trace, index + 1)]),
    ...backgroundMarkdown(answer),
  ]);
}

/** The ways of a packet: text draws a tree per trace, Markdown a table with the trees folded below it. */
export const pathReport: Report<Answer<PathResult>> = { text, markdown };
