/** Cells of the matrix, the summary of who reaches whom, and why, for pairs of which nothing is delivered. */
import t from 'tap';
import type { ReachPair, ReachResult } from '../../src/contract/answers.js';
import { reachSummary } from '../../src/questions/summaries/reach.js';
import { notDelivered } from '../../src/reports/reach-causes.js';
import { cellOf } from '../../src/reports/reach-matrix.js';

const share = (fraction: string) => ({ fraction, value: 0, programmed: '0' });

/** A pair with these shares: delivered, denied, lost, not known. */
function pairOf([delivered, denied, lost, unknown]: readonly string[]): ReachPair {
  const given = (one: string | undefined) => one !== undefined && one !== '0';
  return {
    ...{ from: 'Deployment a/a', to: 'a/b:80', family: 'IPv4', delivered: share(delivered ?? '0') },
    ...(given(denied) ? { denied: share(denied as string) } : {}),
    ...(given(lost) ? { lost: share(lost as string) } : {}),
    ...(given(unknown) ? { unknown: share(unknown as string) } : {}),
  } as ReachPair;
}

const CELLS: readonly (readonly [cell: string, shares: readonly string[]])[] = [
  ['yes', ['1', '0', '0', '0']],
  ['no', ['0', '1', '0', '0']],
  ['lost', ['0', '0', '1', '0']],
  ['no+lost', ['0', '1/2', '1/2', '0']],
  ['1/3', ['1/3', '1/3', '1/3', '0']],
  ['?', ['0', '1/2', '0', '1/2']],
];

t.test('cells', async (t) => {
  for (const [cell, shares] of CELLS) t.equal(cellOf(pairOf(shares)), cell, shares.join(' '));
});

t.test('a pair that delivers nothing does not deliver a part', async (t) => {
  const pairs = [pairOf(['0', '1/2', '1/2']), pairOf(['1/2', '1/2']), pairOf(['1'])];
  const summary = reachSummary({
    ...{ to: 'SERVICES', pairs, sources: [{}], targets: [{}, {}, {}], enforcement: { enforced: true, why: '' } },
    counts: { pairs: 3, delivered: 1, denied: 0, lost: 0, partly: 2, unknown: 0, omitted: 0 },
  } as unknown as ReachResult);
  t.match(summary, '1 of 3 pairs');
  t.match(summary, '1 delivers a part; 1 delivers nothing, a part denied and the rest lost for other causes.');
});

t.test('why pairs are not delivered: who denies, what loses them, and what is not known', async (t) => {
  const by = (verdict: string, cause: string, more: object = {}) => ({
    verdict,
    cause,
    detail: `${cause} it is`,
    ...more,
  });
  const denied = (policy: string) =>
    by('DROPPED', 'NETWORK_POLICY', { direction: 'INGRESS', policies: [policy], detail: `by ${policy}` });
  const pairs = [
    [denied('a/in')],
    [denied('b/in'), by('REJECTED', 'NO_ENDPOINTS')],
    [denied('b/in')],
    // Of one pair several ways end alike.
    [
      by('UNKNOWN', 'NETWORK_POLICY', { direction: 'EGRESS' }),
      by('UNKNOWN', 'NETWORK_POLICY', { direction: 'INGRESS' }),
    ],
    [by('UNKNOWN', 'MISSING_DATA')],
    [by('UNKNOWN', 'NETWORK_POLICY', { direction: 'INGRESS' })],
  ].map((causes) => ({ ...pairOf(['0', '1']), causes }) as unknown as ReachPair);
  t.same(notDelivered(pairs), [
    { title: 'Denied', reasons: ['ingress by b/in: 2 pairs, as by b/in', 'ingress by a/in: 1 pair, as by a/in'] },
    { title: 'Lost', reasons: ['NO_ENDPOINTS: 1 pair, as NO_ENDPOINTS it is'] },
    {
      title: 'Not known',
      reasons: ['NETWORK_POLICY: 2 pairs, as NETWORK_POLICY it is', 'MISSING_DATA: 1 pair, as MISSING_DATA it is'],
    },
  ]);
  t.same(notDelivered([pairOf(['1'])]), []);
});
