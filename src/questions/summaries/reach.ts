import type { ReachPair, ReachResult } from '../../contract/answers.js';
import { count, listed, percent } from './sentence-parts.js';

/** The policies that deny most pairs. */
function byWhom(pairs: readonly ReachPair[]): string {
  const counts = new Map<string, number>();
  const add = (names: Iterable<string>, times: number) => {
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + times);
  };
  // Most pairs are denied by one list of policies, which many pairs share.
  const alone = new Map<readonly string[], number>();
  for (const { causes = [] } of pairs) {
    const lists = causes.flatMap(({ cause, policies }) =>
      cause === 'NETWORK_POLICY' && policies !== undefined ? [policies] : [],
    );
    const [only] = lists;
    if (lists.length === 1 && only !== undefined) alone.set(only, (alone.get(only) ?? 0) + 1);
    else add(new Set(lists.flat()), 1);
  }
  for (const [names, times] of alone) add(new Set(names), times);
  const sorted = [...counts].sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1)).map(([name]) => name);
  return sorted.length === 0 ? '' : ` (${listed(sorted)})`;
}

/** Cut, opened and added pairs; where two families are asked about, with the family. */
function changed(pairs: readonly ReachPair[]): string {
  const of = (wanted: ReachPair['change']) => pairs.filter(({ change }) => change === wanted);
  const [cut, opened, added, unknown] = [of('CUT'), of('OPENED'), of('ADDED'), of('UNKNOWN')];
  const isOfTwo = new Set(pairs.map(({ family }) => family)).size > 1;
  const example = ({ from, to, family }: ReachPair) => `${from} to ${to}${isOfTwo ? ` over ${family}` : ''}`;
  const parts = [
    ...(cut.length === 0 ? [] : [`cuts ${count(cut.length, 'pair')} (${listed(cut.map(example))})`]),
    ...(opened.length === 0 ? [] : [`opens ${count(opened.length, 'pair')} (${listed(opened.map(example))})`]),
    ...(added.length === 0 ? [] : [`adds ${count(added.length, 'pair')}`]),
  ];
  const notKnown =
    unknown.length === 0 ? '' : `What the change does to ${count(unknown.length, 'pair')} is not known. `;
  if (parts.length > 0) return `The change ${listed(parts, 3)}. ${notKnown}`;
  return notKnown === '' ? 'The change cuts and opens no pair. ' : notKnown;
}

/** Pairs of which nothing is delivered, a part is denied and a part lost for other causes. */
const isMixed = ({ delivered, denied, lost, unknown }: ReachPair) =>
  unknown === undefined && delivered.fraction === '0' && denied !== undefined && lost !== undefined;

/**
 * How many pairs deliver, are denied and by whom; with changes, first what they cut and open. `families`: those that
 * are asked about, where the question says.
 */
export function reachSummary(
  { pairs, counts, sources, targets, to, enforcement }: ReachResult,
  families: readonly string[] = [],
): string {
  if (sources.length === 0) return 'No workload with running pods is there to connect.';
  if (targets.length === 0) {
    const over = families.length === 0 ? '' : ` over ${families.join(' or ')}`;
    return `No ${to === 'SERVICES' ? 'Service' : 'workload'} is there to connect to${over}.`;
  }
  const what =
    `${count(sources.length, 'workload')} and ` +
    `${count(targets.length, to === 'SERVICES' ? 'Service port' : 'port')}`;
  const all = counts.pairs === 1 ? 'The pair' : `${counts.delivered} of ${count(counts.pairs, 'pair')}`;
  const mixed = pairs.filter(isMixed).length;
  const partly = counts.partly - mixed;
  const rest = [
    ...(counts.denied === 0 ? [] : [`network policies deny ${counts.denied}${byWhom(pairs)}`]),
    ...(partly === 0 ? [] : [`${partly} ${partly === 1 ? 'delivers' : 'deliver'} a part`]),
    ...(mixed === 0
      ? []
      : [`${mixed} ${mixed === 1 ? 'delivers' : 'deliver'} nothing, a part denied and the rest lost for other causes`]),
    ...(counts.lost === 0 ? [] : [`${counts.lost} ${counts.lost === 1 ? 'is' : 'are'} lost for other causes`]),
    ...(counts.unknown === 0 ? [] : [`${counts.unknown} ${counts.unknown === 1 ? 'is' : 'are'} not known`]),
  ];
  const delivered =
    counts.pairs === 1
      ? `The pair of ${what} ` +
        `${counts.delivered === 1 ? 'delivers everything' : `delivers ${percent((pairs[0] as ReachPair).delivered)}`}`
      : `${all} of ${what} deliver everything`;
  const hint = enforcement.enforced ? '' : ' Network policies are taken to be ignored.';
  const start = pairs.some(({ change }) => change !== undefined) ? changed(pairs) : '';
  return `${start}${[delivered, ...rest].join('; ')}.${hint}`;
}
