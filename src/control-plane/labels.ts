import type { LabelSelector } from '../cluster/objects.js';

export type Labels = Readonly<Record<string, string>>;

const NO_LABELS: Labels = {};

/**
 * Whether the labels carry every pair of a Service's `spec.selector`. An empty selector selects nothing here, as a
 * Service without selector has no pods (Kubernetes: EndpointSlice controller, `service.Spec.Selector == nil`).
 */
export function matchesServiceSelector(
  selector: Labels | null | undefined,
  labels: Labels | undefined = NO_LABELS,
): boolean {
  if (selector === null || selector === undefined) return false;
  const keys = Object.keys(selector);
  return keys.length > 0 && keys.every((key) => Object.hasOwn(labels, key) && labels[key] === selector[key]);
}

/**
 * Whether the labels satisfy a label selector, as apimachinery's `LabelSelectorAsSelector` reads it: an absent selector
 * matches nothing, an empty one everything, an unknown operator nothing.
 */
export function matchesLabelSelector(selector: LabelSelector | null | undefined, labels: Labels = NO_LABELS): boolean {
  if (selector === null || selector === undefined) return false;
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (!Object.hasOwn(labels, key) || labels[key] !== value) return false;
  }
  return (selector.matchExpressions ?? []).every((requirement) => matchesRequirement(requirement, labels));
}

/** One requirement of a label selector or a node selector term (`Gt` and `Lt` compare integers). */
export function matchesRequirement(
  requirement: { readonly key: string; readonly operator: string; readonly values?: readonly string[] | null },
  labels: Labels = NO_LABELS,
): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      const bound = values[0];
      if (value === undefined || bound === undefined || !/^-?\d+$/.test(value) || !/^-?\d+$/.test(bound)) return false;
      return requirement.operator === 'Gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
    }
    default:
      return false;
  }
}
