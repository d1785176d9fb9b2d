/** Objects that controllers make of what somebody wrote: a reviewer reads how many, and each where all is shown. */
import type { AppliedObject } from '../contract/answers.js';

interface Owned {
  readonly metadata?: {
    readonly ownerReferences?: readonly { readonly controller?: boolean }[];
    readonly labels?: Readonly<Record<string, string>>;
  };
}

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const SERVICE_NAME = 'kubernetes.io/service-name';

/** Whether a controller keeps the object: it has an owner that controls it, or is a slice of a Service. */
export function isControlled({ kind, outcome, before, after }: AppliedObject): boolean {
  if (outcome === 'REFUSED' || outcome === 'IGNORED') return false;
  const { metadata } = Object(after ?? before) as Owned;
  if (metadata?.ownerReferences?.some(({ controller }) => controller === true)) return true;
  const { labels = {} } = metadata ?? {};
  return kind === 'EndpointSlice' && (labels[MANAGED_BY] !== undefined || labels[SERVICE_NAME] !== undefined);
}

/** `58 Pods deleted, 2 EndpointSlices configured`: what controllers do, by kind and outcome. */
export function controlledCounts(objects: readonly AppliedObject[]): readonly string[] {
  const counts = new Map<string, { readonly kind: string; readonly outcome: string; count: number }>();
  for (const { kind, outcome } of objects) {
    const key = `${kind} ${outcome}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { kind, outcome: outcome.toLowerCase(), count: 1 });
    else known.count++;
  }
  return [...counts.values()].map(({ kind, outcome, count }) => `${count} ${kind}${count === 1 ? '' : 's'} ${outcome}`);
}
