/** The clients of a Service one node, or one zone, at a time: what the flow's second column shows. */
import { useMemo } from 'preact/hooks';
import type { Body, ListedNode, ServiceProbability } from '../api/types.js';
import { addsUp, type SourceGroup } from '../pictures/flow-model.js';
import { useAnswer } from '../state/ask.js';
import { type Fraction, fraction, isZero, parse } from '../state/fraction.js';
import { type Chosen, questionOf } from '../state/service-question.js';
import { request } from '../state/session.js';

/** More nodes than this are asked about zone by zone. */
const MOST_GROUPS = 16;

interface Part {
  readonly name: string;
  readonly kind: 'node' | 'zone';
  readonly detail: string;
  readonly names: readonly string[];
  readonly weight: Fraction;
}

/** One part for each node, or for each zone where there are many nodes. Empty: the clients cannot be distinguished. */
function partsOf({ from }: Chosen, total: ServiceProbability, nodes: readonly ListedNode[]): readonly Part[] {
  if (from !== 'pods' && from !== 'hosts' && from !== 'outside') return [];
  const { loadBalancer } = total;
  if (loadBalancer !== undefined) {
    if (loadBalancer.omittedBackends !== undefined || loadBalancer.backends.some(({ pod }) => pod !== undefined))
      return [];
    const used = loadBalancer.backends.filter(({ share }) => !isZero(parse(share.fraction)));
    if (used.length > MOST_GROUPS || used.length < 2) return [];
    return used.map(({ node, share }) => ({
      name: node,
      kind: 'node',
      detail: '',
      names: [node],
      weight: parse(share.fraction),
    }));
  }
  if (nodes.length < 2) return [];
  if (nodes.length <= MOST_GROUPS) {
    return nodes.map(({ name, zone }) => ({
      name,
      kind: 'node',
      detail: zone ?? '',
      names: [name],
      weight: fraction(1, nodes.length),
    }));
  }
  const zones = new Map<string, string[]>();
  for (const { name, zone = '' } of nodes) zones.set(zone, [...(zones.get(zone) ?? []), name]);
  if (zones.size < 2 || zones.size > MOST_GROUPS) return [];
  return [...zones].sort().map(([zone, names]) => ({
    name: zone === '' ? 'no zone' : zone,
    kind: 'zone',
    detail: `${names.length} ${names.length === 1 ? 'node' : 'nodes'}`,
    names,
    weight: fraction(names.length, nodes.length),
  }));
}

/** The groups, once they are known and sum to exactly what `total` says; empty before and else. */
export function useSourceGroups(
  chosen: Chosen | undefined,
  total: ServiceProbability | undefined,
  nodes: readonly ListedNode[],
  made: Parameters<typeof request>[1],
): readonly SourceGroup[] {
  const parts = useMemo(
    () => (chosen === undefined || total === undefined ? [] : partsOf(chosen, total, nodes)),
    [chosen, total, nodes],
  );
  const questions = parts.map(({ names }): Body => ({ probability: questionOf(chosen as Chosen, names) }));
  const { answer } = useAnswer('batch', questions.length === 0 ? undefined : request({ batch: { questions } }, made));
  return useMemo(() => {
    const answers = answer?.result.answers ?? [];
    if (total === undefined || answers.length !== parts.length) return [];
    const groups = parts.flatMap((part, index): SourceGroup[] => {
      const result = answers[index]?.answer?.result;
      const shares = result !== undefined && 'services' in result ? result.services[0] : undefined;
      return shares === undefined || !('clients' in shares) ? [] : [{ ...part, shares: shares as ServiceProbability }];
    });
    return groups.length === parts.length && addsUp(total, groups) ? groups : [];
  }, [answer, parts, total]);
}
