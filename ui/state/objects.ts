/** What there is in the cluster by name, before or after the changes, and what a person types to find it. */
import type { ListedObjects, ListedService, WorkloadRef } from '../api/types.js';
import { type Asked, useAnswer } from './ask.js';
import { changes, digest, request, shownChanges } from './session.js';

const NO_OBJECTS: ListedObjects = { nodes: [], workloads: [], pods: [], services: [] };

/** Names alone: no Service is asked about, so that they come at once. */
const NAMES_ALONE = { inspect: { failOn: 'NEVER', maxServices: 0, lists: ['OBJECTS'] } } as const;

/** The objects of the side that is shown, or of that before the changes. */
export function useObjects(of: 'shown' | 'before' | 'after' = 'shown'): Asked<'inspect'> & { objects: ListedObjects } {
  const made = of === 'before' ? [] : of === 'after' ? changes.value : shownChanges.value;
  const asked = useAnswer('inspect', digest.value === '' ? undefined : request(NAMES_ALONE, made));
  return { ...asked, objects: asked.answer?.result.objects ?? NO_OBJECTS };
}

export const serviceName = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`;

export function findService(objects: ListedObjects, name: string): ListedService | undefined {
  return objects.services.find((service) => serviceName(service) === name);
}

/** `Deployment shop/web` as the contract names a workload. Undefined for what is no workload. */
export function workloadOf(text: string): WorkloadRef | undefined {
  const [, kind, namespace, name] = /^(Deployment|ReplicaSet|StatefulSet|DaemonSet) ([^/\s]+)\/(\S+)$/.exec(text) ?? [];
  return kind === undefined || namespace === undefined || name === undefined
    ? undefined
    : { kind: kind as WorkloadRef['kind'], namespace, name };
}

export interface Choice {
  /** What is put into the field. */
  readonly value: string;
  readonly detail: string;
}

const SCALED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'ReplicaSet']);

/** The workloads that have a number of replicas. */
export function scalable(objects: ListedObjects): readonly Choice[] {
  return objects.workloads
    .filter(({ kind }) => SCALED.has(kind))
    .map((one) => ({
      value: `${one.kind} ${one.namespace}/${one.name}`,
      detail: `${one.replicas ?? one.pods} replicas`,
    }));
}

/** The first choices whose name has all the words that were typed, those that begin with them first. */
export function matching(choices: readonly Choice[], typed: string, most = 12): readonly Choice[] {
  const words = typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return choices.slice(0, most);
  const first: Choice[] = [];
  const others: Choice[] = [];
  for (const choice of choices) {
    const text = `${choice.value} ${choice.detail}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    const begins = choice.value
      .toLowerCase()
      .split(/[\s/]+/)
      .some((part) => part.startsWith(words[0] as string));
    (begins ? first : others).push(choice);
    if (first.length >= most) break;
  }
  return [...first, ...others].slice(0, most);
}
