import type { Answer, PathResult } from '../../contract/answers.js';
import { ENDPOINT_COLUMNS, endpointCells, type Row, type RowForm, row, SHARE_COLUMNS, shareCells } from './row.js';

const COLUMNS = [
  'source',
  'destination',
  'protocol',
  'family',
  'client',
  'verdict',
  'cause',
  ...SHARE_COLUMNS,
  ...ENDPOINT_COLUMNS,
  'seenClient',
  'clientAddressKept',
  'clientSees',
  'replyReturns',
  'hops',
  'steps',
  'traces',
  'explanation',
] as const;

function rows({ result }: Answer<PathResult>): readonly Row[] {
  const { source, destination, protocol, family } = result.question;
  const asked = { source, destination, protocol, family };
  const traces = result.traces.map((trace) =>
    row(COLUMNS, {
      ...asked,
      client: trace.client,
      verdict: trace.verdict,
      cause: trace.cause,
      ...shareCells(trace.probability),
      ...endpointCells(trace.endpoint),
      seenClient: trace.seenClient,
      clientAddressKept: trace.clientAddressKept,
      clientSees: trace.clientSees,
      replyReturns: trace.reply?.returns,
      hops: trace.hops.map(({ name }) => name).join(' > '),
      steps: trace.hops.reduce((sum, { steps }) => sum + steps.length, 0),
      traces: trace.count ?? 1,
      explanation: trace.explanation,
    }),
  );
  const { omitted } = result;
  if (omitted === undefined) return traces;
  const explanation = 'traces beyond maxTraces, taken together';
  return [...traces, row(COLUMNS, { ...asked, ...shareCells(omitted.share), traces: omitted.traces, explanation })];
}

/** One row per trace; traces that were left out are one more. The shares sum to 1. */
export const pathRows: RowForm<Answer<PathResult>> = { columns: COLUMNS, rows };
