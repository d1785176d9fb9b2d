import { joinHostPort } from '../base/address.js';
import type { Answer, PathResult, PathTrace, VerdictShare } from '../contract/answers.js';
import { backgroundMarkdown, backgroundText, details, markdownReport } from './assumptions.js';
import { joinSections, type Layout, type Report } from './form.js';
import { paintOf, paintVerdict } from './paint.js';
import { outcome, traceTree } from './path-tree.js';
import { markdownBlock, markdownCode, markdownText, printable } from './safe-text.js';
import { exact, percent, shareText } from './shares.js';
import { markdownTable, textTable } from './table.js';
import { drawTree } from './tree.js';

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

function text(answer: Answer<PathResult>, layout: Layout): string {
  const { result } = answer;
  const { paint } = layout;
  const traces = result.traces.map((trace, index) =>
    drawTree(traceTree(trace, `[${index + 1}/${result.traces.length}]`, layout)),
  );
  const omitted = omittedText(result);
  const [titles = '', ...rows] = textTable(VERDICT_COLUMNS, result.verdicts.map(verdictRow));
  const verdicts = rows.map((row, index) => paintVerdict(paint, result.verdicts[index]?.verdict ?? 'UNKNOWN', row));
  return joinSections([
    [paint.bold(printable(questionLine(result)))],
    ...traces,
    omitted === undefined ? [] : [omitted],
    ...backgroundText(answer, layout),
    rows.length === 0 ? [] : [paint.bold('Verdicts'), `  ${titles}`, ...verdicts.map((row) => `  ${row}`)],
  ]);
}

/** Traces are folded: their trees have rules longer than a page is wide. */
const TREE_LAYOUT: Layout = { paint: paintOf(false), width: 100 };

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
    [`## Path: ${markdownText(questionLine(result))}`],
    markdownTable(VERDICT_COLUMNS, result.verdicts.map(verdictRow)),
    ['### Traces'],
    markdownTable(TRACE_COLUMNS, result.traces.map(traceRow)),
    omitted === undefined ? [] : [omitted],
    ...result.traces.map((trace, index) => [traceDetails(trace, index + 1)]),
    ...backgroundMarkdown(answer),
  ]);
}

/** The ways of a packet: text draws a tree per trace, Markdown a table with the trees folded below it. */
export const pathReport: Report<Answer<PathResult>> = { text, markdown };
