/** What the page and the saved picture of a way share: kinds of hops, steps by hook, headers from hop to hop. */
import type { Header, Hop, Step } from '../api/types.js';

export const KINDS: Readonly<Record<Hop['kind'], string>> = {
  CLIENT: 'client',
  LOAD_BALANCER: 'load balancer',
  NODE: 'node',
  POD: 'pod',
  OUTSIDE: 'outside',
};

const lastHeader = (steps: readonly Step[], before: Header | undefined): Header | undefined =>
  steps.reduce<Header | undefined>((header, step) => step.after ?? header, before);

/** Steps that follow each other at the same hook. */
export function byHook(steps: readonly Step[]): readonly { readonly hook: string; readonly steps: readonly Step[] }[] {
  const groups: { hook: string; steps: Step[] }[] = [];
  for (const step of steps) {
    const hook = step.hook ?? '';
    const last = groups.at(-1);
    if (last?.hook === hook) last.steps.push(step);
    else groups.push({ hook, steps: [step] });
  }
  return groups;
}

/** The header as it comes out of each hop. */
export function headersOf(hops: readonly Hop[]): readonly (Header | undefined)[] {
  let header: Header | undefined;
  return hops.map(({ steps }) => {
    header = lastHeader(steps, header);
    return header;
  });
}
