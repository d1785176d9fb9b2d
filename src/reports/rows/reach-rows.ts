import type { Answer, ReachPair, ReachResult } from '../../contract/answers.js';
import { type Row, type RowForm, row } from './row.js';

const COLUMNS = [
  'from',
  'to',
  'family',
  'delivered',
  'deliveredValue',
  'denied',
  'deniedValue',
  'lost',
  'lostValue',
  'unknown',
  'unknownValue',
  'verdict',
  'cause',
  'direction',
  'policies',
  'detail',
  'change',
  'deliveredBefore',
  'deliveredBeforeValue',
] as const;

function pairRow({ from, to, family, delivered, denied, lost, unknown, causes, change, before }: ReachPair): Row {
  const [first] = causes ?? [];
  // Without `before` a pair of a change is as it was.
  const was = change === undefined || change === 'ADDED' ? undefined : (before?.delivered ?? delivered);
  return row(COLUMNS, {
    ...{ from, to, family },
    delivered: delivered.fraction,
    deliveredValue: delivered.value,
    denied: denied?.fraction ?? '0',
    deniedValue: denied?.value ?? 0,
    lost: lost?.fraction ?? '0',
    lostValue: lost?.value ?? 0,
    unknown: unknown?.fraction ?? '0',
    unknownValue: unknown?.value ?? 0,
    verdict: first?.verdict,
    cause: first?.cause,
    direction: first?.direction,
    policies: first?.policies?.join(','),
    detail: first?.detail,
    change,
    deliveredBefore: was?.fraction,
    deliveredBeforeValue: was?.value,
  });
}

/** One row per workload and target; cause and policies are those of the largest share that is not delivered. */
export const reachRows: RowForm<Answer<ReachResult>> = {
  columns: COLUMNS,
  rows: ({ result }) => result.pairs.map(pairRow),
};
