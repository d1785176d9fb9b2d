/** Label selectors of policies. Of a namespace that the snapshot does not hold only the name is known. */

import { fieldsOf } from '../base/record.js';
import { remember } from '../base/remember.js';
import { scalarText } from '../base/scalar-text.js';
import type { Cluster } from '../cluster/cluster.js';
import { matchesSelector } from '../cluster/labels.js';
import type { LabelSelector, Pod } from '../cluster/objects.js';
import { textMapOf } from '../cluster/resources.js';
import { namespaceOf } from './flow.js';

/** `undefined`: what would decide is not in the snapshot. */
export type Match = boolean | undefined;

type Labels = Readonly<Record<string, string>>;

/** A label as one text, to look things up by. */
export const labelText = (key: string, value: string): string => `${key}=${value}`;

export const NAME_LABEL = 'kubernetes.io/metadata.name';

/** The value of a label of a namespace that the snapshot does not hold. */
const NOT_KNOWN = Symbol('not known');

/** Both hold: false where one is known not to. */
export function allOf(...matches: readonly Match[]): Match {
  if (matches.includes(false)) return false;
  return matches.includes(undefined) ? undefined : true;
}

const selectors = new WeakMap<object, LabelSelector | null>();

/** A value as a label selector, read once; one that cannot be read selects nothing. */
export function selectorOf(value: unknown): LabelSelector | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return remember(selectors, value, () => readSelector(value) ?? null) ?? undefined;
}

function readSelector(value: object): LabelSelector | undefined {
  const { matchLabels, matchExpressions } = fieldsOf(value);
  const labels = textMapOf(matchLabels);
  if (labels === undefined) return undefined;
  const list = Array.isArray(matchExpressions) ? matchExpressions : [];
  const expressions = list.map((one) => {
    const { key, operator, values } = fieldsOf(one);
    const texts = Array.isArray(values) ? values.filter((text): text is string => typeof text === 'string') : [];
    return { key: scalarText(key), operator: scalarText(operator), values: texts };
  });
  return { matchLabels: labels, matchExpressions: expressions };
}

/** Whether a selector asks for nothing: it selects everything, whatever its labels. */
export function selectsAll(value: unknown): boolean {
  const selector = selectorOf(value);
  if (selector === undefined) return false;
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

interface NamespaceLabels {
  readonly labels: Labels;
  /** Whether the snapshot holds the namespace: else only its name is known. */
  readonly isKnown: boolean;
}

const namespaceLabels = new WeakMap<object, Map<string, NamespaceLabels>>();

/** The labels of a namespace, its name among them. */
function labelsOfNamespace({ resources }: Pick<Cluster, 'resources'>, name: string): NamespaceLabels {
  const key = `Namespace.//${name}`;
  // Clusters that are edits of one have most of their namespaces together.
  const shared = resources.replacements.has(key) ? resources : resources.base;
  const byName = remember(namespaceLabels, shared, () => new Map<string, NamespaceLabels>());
  return remember(byName, name, () => {
    const own = resources.get(key)?.metadata.labels;
    return { labels: { ...own, [NAME_LABEL]: name }, isKnown: own !== undefined };
  });
}

/** Whether a selector (as the policy has it) selects the namespace. */
export function selectsNamespace(cluster: Pick<Cluster, 'resources'>, value: unknown, name: string): Match {
  const selector = selectorOf(value);
  if (selector === undefined) return false;
  const { labels, isKnown } = labelsOfNamespace(cluster, name);
  if (isKnown) return matchesSelector(labels, selector);
  const isName = (key: string) => key === NAME_LABEL;
  const pairs = Object.entries(selector.matchLabels ?? {});
  const expressions = selector.matchExpressions ?? [];
  const part = {
    matchLabels: Object.fromEntries(pairs.filter(([key]) => isName(key))),
    matchExpressions: expressions.filter(({ key }) => isName(key)),
  };
  if (!matchesSelector(labels, part)) return false;
  const rest = pairs.some(([key]) => !isName(key)) || expressions.some(({ key }) => !isName(key));
  return rest ? undefined : true;
}

/**
 * Whether a namespace has labels in common with that of a policy's subject, as the API's first form has it:
 * `sameLabels`, all of them with the same values; `notSameLabels`, all of them, and one with another value. An empty
 * list selects nothing (network-policy-api v0.1.1).
 */
export function relatesTo(
  cluster: Pick<Cluster, 'resources'>,
  { sameLabels, notSameLabels }: { readonly sameLabels?: unknown; readonly notSameLabels?: unknown },
  name: string,
  subject: string,
): Match {
  const wantsSame = Array.isArray(sameLabels);
  const keys = ((wantsSame ? sameLabels : notSameLabels) as readonly unknown[]).map(scalarText);
  if (keys.length === 0) return false;
  const own = labelsOfNamespace(cluster, name);
  const other = labelsOfNamespace(cluster, subject);
  const valueIn = ({ labels, isKnown }: NamespaceLabels, key: string) =>
    labels[key] ?? (isKnown ? undefined : NOT_KNOWN);
  const values = keys.map((key) => [valueIn(own, key), valueIn(other, key)] as const);
  if (values.some(([is]) => is === undefined)) return false;
  const same = values.map(([is, wanted]): Match => {
    if (wanted === undefined) return false;
    return is === NOT_KNOWN || wanted === NOT_KNOWN ? undefined : is === wanted;
  });
  if (wantsSame) return allOf(...same);
  if (same.includes(false)) return values.some(([is]) => is === NOT_KNOWN) ? undefined : true;
  return same.includes(undefined) ? undefined : false;
}

const labelKeys = new WeakMap<Pod, string>();

/** Equal for pods of one namespace with the same labels. */
export function labelsKey(pod: Pod): string {
  return remember(labelKeys, pod, () => JSON.stringify([namespaceOf(pod), pod.metadata.labels ?? {}]));
}

/** Whether a selector (as the policy has it) selects the pod by its labels. */
export function selectsPod(value: unknown, pod: Pod): boolean {
  return matchesSelector(pod.metadata.labels, selectorOf(value));
}
