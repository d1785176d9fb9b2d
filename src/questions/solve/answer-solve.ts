/**
 * solve: the least replicas, the best policy, the worst placement, the limits of a roll-out. Each solution is the plain
 * question's, searched.
 */
import { QuestionError } from '../../base/errors.js';
import { requireWorkload } from '../../cluster/lookup.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { Answer, SolveResult } from '../../contract/answers.js';
import type { ProbabilityQuestion, QuestionRequest, SolveQuestion } from '../../contract/requests.js';
import { shownFindings } from '../findings/index.js';
import { findingsOfChanges } from '../findings/of-changes.js';
import { hasCapacity, type Offered, readTraffic, wrongTraffic } from '../load/offered.js';
import { momentOf, type Prepared } from '../prepare.js';
import { answerProbability } from '../probability/answer-probability.js';
import { everyPort } from '../probability/asked-ports.js';
import { summed } from '../summaries/index.js';
import { servicesBefore } from '../sweep/asked.js';
import { bestPolicy } from './best-policy.js';
import { leastReplicas } from './least-replicas.js';
import { type Asked, measure } from './measure.js';
import { rolloutLimits } from './rollout-limits.js';
import { worstPlacement } from './worst-placement.js';

const ASKS = ['replicas', 'policy', 'placement', 'rollout'] as const;
const TRAFFIC = '/solve/probability/traffic';

function missing(at: string, detail: string): QuestionError {
  return new QuestionError('INVALID_REQUEST', detail, [{ pointer: at, detail }]);
}

/** Throws INVALID_REQUEST for what is missing or says nothing. */
function check(solve: SolveQuestion | undefined): SolveQuestion {
  if (solve === undefined || ASKS.every((name) => solve[name] === undefined)) {
    throw missing(
      '/solve',
      `Say what is searched for: at least one of ${ASKS.join(', ')}, as {"solve": {"scale": {…}, "replicas": ` +
        '{}, "probability": {"traffic": {…}}}}.',
    );
  }
  if (solve.scale === undefined) {
    for (const name of ['replicas', 'placement', 'rollout'] as const) {
      if (solve[name] !== undefined) throw missing('/solve/scale', `Say which workload: ${name} is about its pods.`);
    }
  }
  return solve;
}

/** The plain question with its Services named: those before the workload's pods, where it names none. */
function questionOf({ cluster }: Prepared, { scale, probability: given = {} }: SolveQuestion): ProbabilityQuestion {
  if (given.services !== undefined) return given;
  if (scale === undefined)
    throw missing('/solve/probability/services', 'Say which Services, or which workload (scale) they are before.');
  const workload = requireWorkload(cluster, scale.kind, scale.namespace, scale.name, '/solve/scale');
  const ports = everyPort(servicesBefore(cluster, workload, '/solve/probability/services'), given.protocol);
  return { ...given, services: ports.map(({ service }) => service) };
}

function nested<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    throw new QuestionError(
      error.code,
      error.message,
      error.problems.map((problem) =>
        problem.pointer.startsWith('/probability') ? { ...problem, pointer: `/solve${problem.pointer}` } : problem,
      ),
    );
  }
}

/** Answers a solve of a prepared cluster. Throws QuestionError. */
export function answerSolve(prepared: Prepared, request: QuestionRequest, snapshot: Snapshot): Answer<SolveResult> {
  const solve = check(request.solve);
  const { scale } = solve;
  const workload =
    scale === undefined
      ? undefined
      : requireWorkload(prepared.cluster, scale.kind, scale.namespace, scale.name, '/solve/scale');
  const question = questionOf(prepared, solve);
  const offered: Offered | undefined =
    question.traffic === undefined ? undefined : readTraffic(question.traffic, TRAFFIC);
  for (const name of ['replicas', 'rollout'] as const) {
    if (solve[name] === undefined || (offered !== undefined && hasCapacity(offered))) continue;
    throw wrongTraffic(
      TRAFFIC,
      `${name} needs to know how much is sent and what a pod takes: traffic with requestsPerSecond and ` +
        'maxRequestsPerSecond, or connections and capacity.',
    );
  }
  const { at, assumption } = momentOf(request, snapshot);
  const asked: Asked = { prepared, question, offered, at };
  return nested(() => {
    const plain = answerProbability(prepared, question, TRAFFIC);
    const { unknown } = measure(asked, prepared);
    const has = workload?.spec?.replicas ?? 1;
    const replicas =
      solve.replicas === undefined || scale === undefined ? undefined : leastReplicas(asked, scale, solve.replicas);
    const result: SolveResult = {
      ...(scale === undefined ? {} : { workload: { ...scale, replicas: has } }),
      ...(replicas?.unknown === undefined && unknown === undefined
        ? {}
        : { unknown: replicas?.unknown ?? (unknown as string) }),
      ...(replicas === undefined ? {} : { replicas: replicas.solved }),
      ...(solve.policy === undefined ? {} : { policy: bestPolicy(asked, solve.policy) }),
      ...(solve.placement === undefined || scale === undefined
        ? {}
        : { placement: worstPlacement(asked, scale, solve.placement, has) }),
      ...(solve.rollout === undefined || scale === undefined || workload === undefined
        ? {}
        : { rollout: rolloutLimits(asked, scale, solve.rollout, workload) }),
    };
    const moment = (request.changes?.length ?? 0) === 0 && assumption !== undefined ? [assumption] : [];
    const placed = {
      field: 'solve.states',
      value: 'as the scheduler and the controllers leave them',
      why:
        'New pods go where kube-scheduler puts them, those of a lost zone or node are not replaced yet, and ' +
        'health checks have found it.',
    };
    const unsaid = prepared.answer(
      { result, assumptions: [...moment, placed, ...plain.assumptions] },
      shownFindings(
        findingsOfChanges(prepared.changes, prepared.earlier?.cluster ?? prepared.cluster, prepared.cluster),
        request.findings,
      ),
    );
    return summed('solve', request, unsaid);
  });
}
