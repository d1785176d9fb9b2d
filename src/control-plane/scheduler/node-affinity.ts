import type { Node, Pod } from '../../cluster/objects.js';
import { matchesNodeRequirement } from '../labels.js';
import { type NodeSelectorTerm, schedulingSpec } from './scheduling-spec.js';

/** Whether a node satisfies a node selector term. A term without requirements matches no node. */
export function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    expressions.every((requirement) => matchesNodeRequirement(requirement, node.metadata.labels)) &&
    fields.every((requirement) => matchesNodeRequirement(requirement, { 'metadata.name': node.metadata.name }))
  );
}

/** Whether the node satisfies the pod's nodeSelector and its required node affinity (`GetRequiredNodeAffinity`). */
export function matchesRequiredNodeAffinity(pod: Pod, node: Node): boolean {
  const spec = schedulingSpec(pod);
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) {
    if (node.metadata.labels?.[key] !== value) return false;
  }
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || (required.nodeSelectorTerms ?? []).some((term) => matchesTerm(term, node));
}
