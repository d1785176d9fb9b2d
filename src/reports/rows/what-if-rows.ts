import { parseFraction, toNumber, ZERO } from '../../base/fraction.js';
import { formatSigned, shiftOf, signedToNumber } from '../../base/signed-fraction.js';
import type {
  Answer,
  ChainsDifference,
  PathDifference,
  Probability,
  ProbabilityDifference,
  ShiftedShare,
  WhatIfResult,
} from '../../contract/answers.js';
import { ENDPOINT_COLUMNS, endpointCells, type Row, type RowForm, row, SERVICE_COLUMNS, serviceCells } from './row.js';

const SHIFT_COLUMNS = ['before', 'after', 'shift', 'beforeValue', 'afterValue', 'shiftValue'] as const;

const CHAINS = [
  'change',
  'nodes',
  'family',
  'table',
  'chain',
  'before',
  'after',
  ...SERVICE_COLUMNS,
  'endpoint',
] as const;
const PATH = [
  'change',
  'client',
  'verdict',
  'cause',
  ...ENDPOINT_COLUMNS,
  ...SHIFT_COLUMNS,
  'stepsRemoved',
  'stepsAdded',
  'seenClientBefore',
  'seenClientAfter',
] as const;
const PROBABILITY = [
  'change',
  ...SERVICE_COLUMNS,
  'via',
  'family',
  'verdict',
  'cause',
  ...ENDPOINT_COLUMNS,
  ...SHIFT_COLUMNS,
] as const;

function shiftCells({ before, after, shift }: ShiftedShare) {
  return {
    before: before.fraction,
    after: after.fraction,
    shift: shift.fraction,
    beforeValue: before.value,
    afterValue: after.value,
    shiftValue: shift.value,
  };
}

/** The same of two shares, of which one may be missing: that side has 0. */
function sidesCells(before: Probability | undefined, after: Probability | undefined) {
  const [was, is] = [before, after].map((side) => parseFraction(side?.fraction ?? '0') ?? ZERO);
  const shift = shiftOf(was ?? ZERO, is ?? ZERO);
  return {
    before: before?.fraction ?? '0',
    after: after?.fraction ?? '0',
    shift: formatSigned(shift),
    beforeValue: toNumber(was ?? ZERO),
    afterValue: toNumber(is ?? ZERO),
    shiftValue: signedToNumber(shift),
  };
}

function chains({ rules }: ChainsDifference): Row[] {
  return rules.flatMap(({ nodes, family, table, chain, added, removed, changed }) => {
    const about = { nodes: nodes.join(','), family, table, chain };
    return [
      ...removed.map(({ text, service, endpoint }) =>
        row(CHAINS, { ...about, change: 'REMOVED', before: text, ...serviceCells(service), endpoint }),
      ),
      ...changed.map(({ before, after, service, endpoint }) =>
        row(CHAINS, { ...about, change: 'CHANGED', before, after, ...serviceCells(service), endpoint }),
      ),
      ...added.map(({ text, service, endpoint }) =>
        row(CHAINS, { ...about, change: 'ADDED', after: text, ...serviceCells(service), endpoint }),
      ),
    ];
  });
}

function path({ traces }: PathDifference): Row[] {
  return traces.map(({ change, client, verdict, cause, endpoint, before, after, steps, seenClient }) =>
    row(PATH, {
      change,
      client,
      verdict,
      cause,
      ...endpointCells(endpoint),
      ...sidesCells(before, after),
      stepsRemoved: steps.removed.length,
      stepsAdded: steps.added.length,
      seenClientBefore: seenClient?.before,
      seenClientAfter: seenClient?.after,
    }),
  );
}

function probability({ services }: ProbabilityDifference): Row[] {
  return services.flatMap(({ change, service, via, family, endpoints, verdicts }) => {
    const about = { change, ...serviceCells(service), via, family };
    return [
      ...endpoints.map((endpoint) =>
        row(PROBABILITY, { ...about, verdict: 'DELIVERED', ...endpointCells(endpoint), ...shiftCells(endpoint) }),
      ),
      ...verdicts
        .filter(({ verdict }) => verdict !== 'DELIVERED')
        .map((verdict) =>
          row(PROBABILITY, { ...about, verdict: verdict.verdict, cause: verdict.cause, ...shiftCells(verdict) }),
        ),
    ];
  });
}

const COLUMNS = { chains: CHAINS, path: PATH, probability: PROBABILITY } as const;

/** One row per rule, trace, or endpoint and verdict that is different; the columns are those of the question. */
export function whatIfRows({ question }: WhatIfResult): RowForm<Answer<WhatIfResult>> {
  return {
    columns: COLUMNS[question],
    rows: ({ result }) => {
      switch (result.question) {
        case 'chains':
          return chains(result.difference);
        case 'path':
          return path(result.difference);
        case 'probability':
          return probability(result.difference);
      }
    },
  };
}
