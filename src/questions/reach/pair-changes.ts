/**
 * What a change does to pairs of workloads and Service ports through network policies and the labels that they select
 * by.
 */
import { compare, type Fraction, subtract } from '../../base/fraction.js';
import type { RunningWorkload } from '../../cluster/running-workloads.js';
import type { Finding } from '../../contract/answers.js';
import { type Enforcement, enforcementOf } from '../../policies/enforcer.js';
import { deniersText, finding, listed, MAX_LISTED } from '../findings/finding.js';
import { dnsServers } from '../findings/policy-dns.js';
import type { Prepared } from '../prepare.js';
import { type Denier, newDenier } from './new-denier.js';
import { type Outcome, type Pair, shareOf } from './reach-table.js';
import type { ReachTarget } from './reach-targets.js';

export const sourceName = ({ kind, namespace, name }: RunningWorkload) => `${kind} ${namespace}/${name}`;
export const keyOf = ({ from, to }: Pair) => `${sourceName(from)}\n${to.name}\n${to.family}`;

export const isDenied = ({ verdict, cause }: Outcome) => cause === 'NETWORK_POLICY' && verdict !== 'UNKNOWN';
const isDelivered = ({ verdict }: Outcome) => verdict === 'DELIVERED';

/** The same pair on both sides of a change. */
export interface PairChange {
  readonly from: RunningWorkload;
  readonly to: ReachTarget;
  readonly was: readonly Outcome[];
  readonly is: readonly Outcome[];
}

/** The pairs that both sides have. */
export function pairChanges(before: readonly Pair[], after: readonly Pair[]): readonly PairChange[] {
  const earlier = new Map(before.map((pair) => [keyOf(pair), pair]));
  return after.flatMap((pair): PairChange[] => {
    const was = earlier.get(keyOf(pair));
    return was === undefined ? [] : [{ from: pair.from, to: pair.to, was: was.outcomes, is: pair.outcomes }];
  });
}

interface Shift extends PairChange, Denier {
  /** How much more policies deny, or deny less. */
  readonly share: Fraction;
}

/** Pairs of which policies deny more than before; `more` false: less, and more is delivered. */
function shifts(changes: readonly PairChange[], more: boolean): readonly Shift[] {
  return changes.flatMap((change): Shift[] => {
    const { was, is } = change;
    const [left, right] = more ? [was, is] : [is, was];
    const [deniedLess, denied] = [left, right].map((side) => shareOf(side, isDenied).nominal) as [Fraction, Fraction];
    const [deliveredMore, delivered] = [left, right].map((side) => shareOf(side, isDelivered).nominal) as [
      Fraction,
      Fraction,
    ];
    if (compare(denied, deniedLess) <= 0 || compare(deliveredMore, delivered) <= 0) return [];
    const by = newDenier(left.filter(isDenied), right.filter(isDenied));
    return [{ ...change, ...by, share: subtract(denied, deniedLess) }];
  });
}

/** Shifts to one target by the same policies. */
function grouped(all: readonly Shift[]): readonly (readonly [Shift, ...Shift[]])[] {
  const groups = new Map<string, [Shift, ...Shift[]]>();
  for (const one of all) {
    const key = JSON.stringify([one.to.name, one.to.family, one.policies, one.direction]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [one]);
    else known.push(one);
  }
  return [...groups.values()];
}

const portOf = ({ service, workload, port, portName, protocol, family }: ReachTarget) => {
  const { namespace, name } = service ?? workload ?? { namespace: '', name: '' };
  return { service: `${namespace}/${name}`, port, portName, protocol, family };
};

const wordsOf = (group: readonly Shift[]) => listed(group.map(({ from }) => sourceName(from)));

/** The least and the largest share of a group. */
function sharesOf(group: readonly [Shift, ...Shift[]]): { readonly least: string; readonly most: string } {
  const sorted = group.map(({ share }) => share).sort(compare);
  const text = (one: Fraction | undefined) => (one === undefined ? '' : `${one.n}${one.d === 1n ? '' : `/${one.d}`}`);
  return { least: text(sorted[0]), most: text(sorted.at(-1)) };
}

/** Which part of their connections the workloads of a group lose: nothing where that is all of each. */
function partWords(group: readonly [Shift, ...Shift[]]): string {
  const { least, most } = sharesOf(group);
  if (least !== most) return `${least} to ${most === '1' ? 'all' : most} of `;
  return most === '1' ? '' : `${most} of `;
}

function evidenceOf(group: readonly [Shift, ...Shift[]]) {
  const [{ to, policies, direction, detail }] = group;
  const { least, most } = sharesOf(group);
  return {
    ...portOf(to),
    policy: policies.join(','),
    policies: policies.slice(0, MAX_LISTED),
    direction,
    from: group.slice(0, MAX_LISTED).map(({ from }) => sourceName(from)),
    fromCount: group.length,
    share: most,
    ...(least === most ? {} : { leastShare: least }),
    explanation: detail,
  };
}

const ESTABLISHED: Readonly<Record<string, string>> = {
  KEPT: 'leaves established connections alone: they go on until they end, and only new ones are denied',
  CUT: 'judges every packet: established connections are cut as well',
  UNKNOWN: 'may keep established connections or cut them: which, is not documented',
};

/** What becomes of established connections of so many pairs that are denied; of none: of those with outside. */
export function establishedFinding(pairs: number, { by }: Enforcement): Finding {
  const kept = by?.established ?? 'UNKNOWN';
  const name = by?.name ?? 'Who enforces the policies is not known, and';
  const who = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  const what =
    pairs === 0
      ? 'connections with addresses outside of the cluster'
      : `${pairs === 1 ? 'a pair' : `${pairs} pairs`} of workload and Service port`;
  const message = `${who} ${ESTABLISHED[kept]}. The change denies ${what}.`;
  const evidence = { established: kept, enforcer: by?.name, pairs };
  return finding('NETWORK_POLICY_ESTABLISHED', message, evidence, kept === 'KEPT' ? 'INFO' : 'WARNING');
}

/** Whether a target is the cluster's DNS. */
function isDns({ cluster }: Pick<Prepared, 'cluster'>, { service }: ReachTarget): boolean {
  if (service === undefined) return false;
  const names = ['kube-dns', 'coredns', 'rke2-coredns-rke2-coredns'];
  return service.namespace === 'kube-system' && names.includes(service.name) && dnsServers(cluster).length > 0;
}

/** A target in words; of a Service of two families with the one that is meant. */
function targetWords({ cluster }: Pick<Prepared, 'cluster'>, { name, service, family }: ReachTarget): string {
  const spec = service && cluster.services.get(`${service.namespace}/${service.name}`)?.spec;
  return (spec?.ipFamilies?.length ?? 1) > 1 ? `${name} over ${family}` : name;
}

/**
 * What policies newly deny (DNS first) and newly let in from other namespaces, and what becomes of established
 * connections.
 */
export function pairFindings(
  changes: readonly PairChange[],
  after: Pick<Prepared, 'cluster' | 'settings'>,
): readonly Finding[] {
  const enforcement = enforcementOf(after.cluster, after.settings.network.policies);
  const cut = shifts(changes, true);
  const cuts = grouped(cut).map((group): Finding => {
    const [{ to, policies, direction }] = group;
    const whose = direction === 'EGRESS' ? 'egress' : 'ingress';
    const dns = isDns(after, to);
    const words = targetWords(after, to);
    const name = dns ? `DNS (${words})` : words;
    const message =
      `The change denies ${partWords(group)}the connections of ${wordsOf(group)} to ${name}: ${whose} by ` +
      `${deniersText(policies)}.`;
    return finding('NETWORK_POLICY_CUTS', message, { ...evidenceOf(group), ...(dns ? { dns: true } : {}) });
  });
  const opened = shifts(changes, false).filter(
    ({ from, to }) => from.namespace !== (to.service ?? to.workload)?.namespace,
  );
  const opens = grouped(opened).map((group): Finding => {
    const [{ to, policies }] = group;
    const spaces = [...new Set(group.map(({ from }) => from.namespace))].sort();
    const message =
      `The change lets ${wordsOf(group)} of ` +
      `${spaces.length === 1 ? 'another namespace' : 'other namespaces'} (${listed(spaces)}) connect to ` +
      `${targetWords(after, to)}, ` +
      `which ${deniersText(policies)} denied before.`;
    return finding('NETWORK_POLICY_OPENS', message, { ...evidenceOf(group), namespaces: spaces.slice(0, MAX_LISTED) });
  });
  const established = cut.length === 0 ? [] : [establishedFinding(cut.length, enforcement)];
  const first = (one: Finding) => (one.evidence.dns === true ? 0 : 1);
  return [...cuts.sort((a, b) => first(a) - first(b)), ...established, ...opens];
}

/** Whether the outcomes of two sides differ in what policies deny, or in what is not known. */
export function differsByPolicy({ was, is }: PairChange): boolean {
  const isOther = (which: (outcome: Outcome) => boolean) =>
    compare(shareOf(was, which).nominal, shareOf(is, which).nominal) !== 0;
  return isOther(isDenied) || isOther(isUnknown);
}

const isUnknown = ({ verdict }: Outcome) => verdict === 'UNKNOWN';

/** Why it is not known what a change does to some of these pairs; undefined where all is known. */
export function unknownOfPairs(changes: readonly PairChange[]): string | undefined {
  for (const { from, to, was, is } of changes) {
    const one = is.find(isUnknown) ?? was.find(isUnknown);
    if (one !== undefined) return `Whether ${sourceName(from)} reaches ${to.name}: ${one.end.detail}.`;
  }
  return undefined;
}
