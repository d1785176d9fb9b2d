import { matchesLabels } from '../cluster/labels.js';

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
  if (selector === null || selector === undefined || Object.keys(selector).length === 0) return false;
  return matchesLabels(labels, selector);
}

/** One requirement of a node selector term. As in a label selector; `Gt` and `Lt` compare integers. */
export function matchesNodeRequirement(
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
