/**
 * All rules of the node that was written last, of each cluster: who asks for them again gets them as they are. They
 * follow from the cluster, the node and its settings alone, and go with the cluster.
 */
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { ProxierInput } from './node-program.js';

/** Larger ones are made anew each time. */
const MOST_KEPT = 32 * 1024 * 1024;

interface Kept {
  readonly input: ProxierInput;
  readonly value: { readonly length: number };
}

const byCluster = new WeakMap<Cluster, Map<string, Kept>>();

function sameInput(a: ProxierInput, b: ProxierInput): boolean {
  return a.node === b.node && a.self === b.self && a.family === b.family && a.settings === b.settings;
}

/** The bytes of some pieces together. */
function sizeOf(value: unknown): number {
  if (!Array.isArray(value)) return (value as { readonly length: number }).length;
  return (value as readonly Uint8Array[]).reduce((sum, { length }) => sum + length, 0);
}

/** What `make` gives for this input, or gave for it last. `what` names it: a mode and a form. Nobody may change it. */
export function keptRules<T extends string | readonly Uint8Array[]>(
  what: string,
  input: ProxierInput,
  make: () => T,
): T {
  const slots = remember(byCluster, input.cluster, () => new Map<string, Kept>());
  const kept = slots.get(what);
  if (kept !== undefined && sameInput(kept.input, input)) return kept.value as T;
  const value = make();
  if (sizeOf(value) <= MOST_KEPT) slots.set(what, { input, value });
  return value;
}
