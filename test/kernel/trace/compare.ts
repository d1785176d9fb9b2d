import type { PathHop, PathTrace } from '../../../src/contract/answers.js';
import type { TraceEntry } from './entry.js';
import type { KernelTrace } from './tracer.js';

/** `table chain: rule`, as both sides report a rule that matched. */
type Shown = string;

const shown = (table: string | undefined, chain: string | undefined, rule: string | undefined): Shown =>
  `${table} ${chain}: ${rule}`;

/** The rules of an answer's hops that matched, by node, in the order in which the packet met them. */
function walked(hops: readonly PathHop[], only: string | undefined): ReadonlyMap<string, readonly Shown[]> {
  const byNode = new Map<string, Shown[]>();
  for (const { kind, name, steps } of hops) {
    if (kind !== 'NODE') continue;
    const rules = steps
      .filter(({ rule, action, table }) => rule !== undefined && action !== 'PASSED_OVER' && (table === only || !only))
      .map(({ table, chain, rule }) => shown(table, chain, rule));
    byNode.set(name, [...(byNode.get(name) ?? []), ...rules]);
  }
  return byNode;
}

/** What a CNI masquerades is a setting to the walk, and rules of its own chains in a plant (rules.ts). */
const isNotCni = ({ chain, rule = '' }: TraceEntry) => !chain.startsWith('CNI-') && !/ -j CNI-\d+$/.test(rule);

function firstDifference(
  direction: string,
  kernel: ReadonlyMap<string, readonly TraceEntry[]>,
  walk: ReadonlyMap<string, readonly Shown[]>,
): string | undefined {
  for (const node of new Set([...kernel.keys(), ...walk.keys()])) {
    const theirs = (kernel.get(node) ?? []).filter(isNotCni).map(({ table, chain, rule }) => shown(table, chain, rule));
    const ours = walk.get(node) ?? [];
    for (let at = 0; at < Math.max(theirs.length, ours.length); at++) {
      if (theirs[at] === ours[at]) continue;
      return (
        `${direction} on ${node}, rule ${at + 1}: the kernel tells ${theirs[at] ?? 'of no more'}; the walk tells ` +
        `${ours[at] ?? 'of no more'}`
      );
    }
  }
  return undefined;
}

/** How many rules a kernel trace reports. */
export function rulesIn({ forward, reply }: KernelTrace): number {
  return [...forward.values(), ...reply.values()].reduce((sum, entries) => sum + entries.length, 0);
}

/**
 * Where a trace of an answer and the kernel's own differ first; undefined where they report the same. Compared are the
 * rules that matched, with table and chain, in order and on each node: of the connection's first packet, and where it
 * was delivered of the answer to it. Rules that did not match are reported by neither, and a random rule that was
 * passed over did not match. `only`: the table that the kernel was asked about, where it was not asked about all.
 */
export function difference(trace: PathTrace, kernel: KernelTrace, only?: string): string | undefined {
  const forward = firstDifference('forward', kernel.forward, walked(trace.hops, only));
  if (forward !== undefined || trace.reply === undefined) return forward;
  return firstDifference('reply', kernel.reply, walked(trace.reply.hops, only));
}
