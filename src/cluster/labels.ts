import type { LabelSelector } from './objects.js';

type Labels = Readonly<Record<string, string>> | undefined;

function own(labels: Labels, key: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** Whether labels have every pair of a simple selector (a Service's). An empty selector matches everything. */
export function matchesLabels(labels: Labels, selector: Readonly<Record<string, string>>): boolean {
  for (const key in selector) {
    if (Object.hasOwn(selector, key) && own(labels, key) !== selector[key]) return false;
  }
  return true;
}

/**
 * Whether labels match a label selector (apimachinery LabelSelectorAsSelector). An absent selector matches nothing, an
 * empty one everything; an operator that does not exist matches nothing.
 */
export function matchesSelector(labels: Labels, selector: LabelSelector | undefined): boolean {
  if (selector === undefined) return false;
  if (!matchesLabels(labels, selector.matchLabels ?? {})) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
    const value = own(labels, key);
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    if (operator === 'In') return value !== undefined && (values ?? []).includes(value);
    // As in Kubernetes, NotIn holds where the label is absent.
    return operator === 'NotIn' && (value === undefined || !(values ?? []).includes(value));
  });
}
