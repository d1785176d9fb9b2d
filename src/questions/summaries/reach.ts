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

const example = ({ from, to }: ReachPair) => `${from} to ${to}`;

function changed(pairs: readonly ReachPair[]): string {
  const of = (wanted: ReachPair['change']) => pairs.filter(({ change }) => change === wanted);
  const [cut, opened, added] = [of('CUT'), of('OPENED'), of('ADDED')];
  const parts = [
    ...(cut.length === 0 ? [] : [`cuts ${count(cut.length, 'pair')} (${listed(cut.map(example))})`]),
    ...(opened.length === 0 ? [] : [`opens ${count(opened.length, 'pair')} (${listed(opened.map(example))})`]),
    ...(added.length === 0 ? [] : [`adds ${count(added.length, 'pair')}`]),
  ];
  return parts.length === 0 ? 'The change cuts and opens no pair. ' : `The change ${listed(parts, 3)}. `;
}

/** How many pairs deliver, are denied and by whom; with changes, first what they cut and open. */
export function reachSummary({ pairs, counts, sources, targets, to, enforcement }: ReachResult): string {
  if (sources.length === 0) return 'No workload with running pods is there to connect.';
  if (targets.length === 0) return `No ${to === 'SERVICES' ? 'Service' : 'workload'} is there to connect to.`;
  const what =
    `${count(sources.length, 'workload')} and ` +
    `${count(targets.length, to === 'SERVICES' ? 'Service port' : 'port')}`;
  const all = counts.pairs === 1 ? 'The pair' : `${counts.delivered} of ${count(counts.pairs, 'pair')}`;
  const rest = [
    ...(counts.denied === 0 ? [] : [`network policies deny ${counts.denied}${byWhom(pairs)}`]),
    ...(counts.partly === 0 ? [] : [`${counts.partly} ${counts.partly === 1 ? 'delivers' : 'deliver'} a part`]),
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
