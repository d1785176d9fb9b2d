/** Reads fields of objects that are kept as they are: a value of another type than expected counts as absent. */
import { fieldsOf } from '../base/record.js';
import { matchesSelector } from '../cluster/labels.js';
import type { LabelSelector } from '../cluster/objects.js';
import { textMapOf } from '../cluster/resources.js';

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text that is not empty; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A label selector as an object has it, without the parts that are not valid. */
export function selectorOf(value: unknown): LabelSelector {
  const { matchLabels, matchExpressions } = fieldsOf(value);
  const expressions = listOf(matchExpressions).map((one) => {
    const { key, operator, values } = fieldsOf(one);
    return { key: String(key ?? ''), operator: String(operator ?? ''), values: listOf(values).map(String) };
  });
  return { matchLabels: textMapOf(matchLabels) ?? {}, matchExpressions: expressions } as LabelSelector;
}

/** Whether one of the selectors matches; no selector at all matches everything. */
export function anySelectorMatches(selectors: unknown, labels: Readonly<Record<string, string>> | undefined): boolean {
  const all = listOf(selectors);
  return all.length === 0 || all.some((one) => matchesSelector(labels, selectorOf(one)));
}

/** A JSON object in a text; empty where the text is not one. */
export function jsonObjectOf(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}
