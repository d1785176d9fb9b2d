/** What a sweep asks about: the Services before the workload, and the question that is answered at each point. */
import { type Problem, QuestionError } from '../../base/errors.js';
import { formatFraction, fraction } from '../../base/fraction.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Service, Workload } from '../../cluster/objects.js';
import { podsOfWorkload } from '../../cluster/workload-pods.js';
import type { ProbabilityQuestion, SweepQuestion } from '../../contract/requests.js';
import { matchesServiceSelector } from '../../control-plane/labels.js';
import { selectingServices } from '../../control-plane/services-in.js';
import { withSources } from '../load/offered.js';
import { everyPort } from '../probability/asked-ports.js';

export const POINTER = '/sweep';

/** Errors of the questions that a sweep nests have places inside it. */
export function nested<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    const placed = (problem: Problem): Problem =>
      problem.pointer.startsWith('/probability') ? { ...problem, pointer: POINTER + problem.pointer } : problem;
    throw new QuestionError(error.code, error.message, error.problems.map(placed));
  }
}

/** The Services before a workload's pods: what is swept where the question names none. */
export function servicesBefore(
  cluster: Cluster,
  workload: Workload,
  at = `${POINTER}/probability/services`,
): readonly Service[] {
  const { kind, metadata, spec } = workload;
  const namespace = metadata.namespace ?? 'default';
  const labels =
    podsOfWorkload(cluster, kind, namespace, metadata.name)[0]?.metadata.labels ?? spec?.template?.metadata?.labels;
  const found = selectingServices(cluster, namespace).filter(({ spec }) =>
    matchesServiceSelector(spec?.selector, labels),
  );
  if (found.length > 0) return found;
  const detail = `No Service selects the pods of ${kind} ${namespace}/${metadata.name}: name those to ask about.`;
  throw new QuestionError('NOT_FOUND', detail, [{ pointer: at, detail }]);
}

export function questionOf(
  cluster: Cluster,
  workload: Workload,
  { probability: asked = {} }: SweepQuestion,
): ProbabilityQuestion {
  if (asked.nodeRules !== undefined) {
    const detail =
      'Rules that are given do not follow the number of replicas: leave nodeRules out, so that those are ' +
      'walked which kube-proxy would write.';
    throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: `${POINTER}/probability/nodeRules`, detail }]);
  }
  const given = nested(() => withSources(cluster, asked, '/probability/traffic'));
  if (given.traffic?.models !== undefined) {
    const detail = 'Models need no cluster, and are the same at every point: ask probability.';
    throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: `${POINTER}/probability/traffic/models`, detail }]);
  }
  if (given.services !== undefined) return given;
  const ports = everyPort(servicesBefore(cluster, workload), given.protocol);
  return { ...given, services: ports.map(({ service }) => service) };
}

/** A chance as bounds are written: an integer or a fraction. */
export function chanceText(chance: number): string {
  let denominator = 1;
  while (
    denominator < 1e15 &&
    Math.abs(chance * denominator - Math.round(chance * denominator)) > 1e-9 * chance * denominator
  )
    denominator *= 10;
  return formatFraction(fraction(Math.round(chance * denominator), denominator));
}
