import type { ChainsResult } from '../../contract/answers.js';
import { count, listed } from './sentence-parts.js';

/** Whose rules these are, and how many nodes carry them. */
export function chainsSummary({ parts, format }: ChainsResult): string {
  if (parts.length === 0) return 'No node carries rules that were asked for.';
  const nodes = [...new Set(parts.flatMap(({ nodes: names }) => names))];
  const families = [...new Set(parts.map(({ family }) => family))];
  const kinds = [...new Set(parts.map(({ mode, version }) => `${mode} mode of Kubernetes ${version}`))];
  const where = nodes.length <= 2 ? listed(nodes) : count(nodes.length, 'node');
  return (
    `The rules that kube-proxy programs on ${where} in ${kinds.join(', ')}, ${families.join(' and ')}, as ` +
    `${format}.`
  );
}
