/** maxSurge and maxUnavailable with which the fewest ready pods of a roll-out bear the traffic. */
import type { Workload } from '../../cluster/objects.js';
import type { SolvedRollout, SolvedValue } from '../../contract/answers.js';
import type { Change, SolveQuestion } from '../../contract/requests.js';
import { fenceposts } from '../../control-plane/rolling-update.js';
import { type Asked, bears, type Measured, measure, measuredAfter, plainRequest, stateOf, whyNot } from './measure.js';

type Wanted = NonNullable<SolveQuestion['rollout']>;
type Scale = NonNullable<SolveQuestion['scale']>;

interface Rolling {
  readonly rollingUpdate?: { readonly maxSurge?: number | string };
}

/** Searches the largest maxUnavailable. The surge is the one asked for, else the workload's own, else 25 %. */
export function rolloutLimits(asked: Asked, scale: Scale, { maxSurge }: Wanted, workload: Workload): SolvedRollout {
  const name = `${scale.namespace}/${scale.name}`;
  const replicas = workload.spec?.replicas ?? 1;
  const isDeployment = scale.kind === 'Deployment';
  if (scale.kind === 'ReplicaSet')
    return { explanation: `A ReplicaSet is not rolled out: ask about the Deployment of ${name}.` };
  const given = maxSurge ?? (workload.spec?.strategy as Rolling | null | undefined)?.rollingUpdate?.maxSurge ?? '25%';
  const surge = isDeployment ? fenceposts(given, 0, replicas).maxSurge : 0;
  const change = (unavailable: number): Change =>
    ({
      rollout: {
        ...scale,
        ...(isDeployment ? { maxSurge: surge } : {}),
        maxUnavailable: unavailable,
        state: 'FEWEST_READY',
      },
    }) as Change;
  const tried = new Map<number, Measured | undefined>();
  const at = (unavailable: number): Measured | undefined => {
    if (!tried.has(unavailable)) tried.set(unavailable, measuredAfter(asked, asked.prepared, [change(unavailable)]));
    return tried.get(unavailable);
  };
  const holds = (unavailable: number) => {
    const measured = at(unavailable);
    return measured !== undefined && bears(asked, measured);
  };
  const words = (unavailable: number) => `${surge}/${unavailable}`;
  const solvedValue = (unavailable: number): SolvedValue => {
    const measured = at(unavailable);
    return {
      value: words(unavailable),
      fits: holds(unavailable),
      states: measured === undefined ? [] : [stateOf(asked, 'fewest ready', measured)],
    };
  };
  const whole = measure(asked, asked.prepared);
  if (!bears(asked, whole)) {
    const state = stateOf(asked, 'whole', whole);
    return {
      explanation:
        whole.unknown === undefined
          ? `No roll-out of ${name} keeps capacity: without one already, ${whyNot(state)}.`
          : `It is not known: ${whole.unknown}.`,
      binding: 'whole',
    };
  }
  // Both 0 would let nothing move: one pod may then be unavailable.
  const least = surge === 0 ? 1 : 0;
  if (at(least) === undefined)
    return {
      explanation:
        `No roll-out of ${name} is worked out: its strategy replaces ` + 'pods otherwise, or it has no pod to replace.',
    };
  if (!holds(least)) {
    const state = stateOf(asked, 'fewest ready', at(least) as Measured);
    const why = least === 1 ? ' A maxSurge above 0 with maxUnavailable 0 keeps all pods ready.' : '';
    return {
      explanation: `No maxUnavailable keeps the capacity of ${name} with maxSurge ${surge}: ${whyNot(state)}.${why}`,
      binding: state.state,
      fails: solvedValue(least),
    };
  }
  let [low, high] = [least, replicas];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  const next = low < replicas ? at(low + 1) : undefined;
  const failing = next === undefined ? undefined : stateOf(asked, 'fewest ready', next);
  const waves = Math.ceil(replicas / Math.max(1, surge + low));
  const fits = stateOf(asked, '', at(low) as Measured);
  const then = failing === undefined ? '' : ` One more leaves ${failing.pods}: ${whyNot(failing)}.`;
  return {
    ...(isDeployment ? { maxSurge: surge } : {}),
    maxUnavailable: low,
    explanation:
      `maxUnavailable ${low}${isDeployment ? ` with maxSurge ${surge}` : ''} keeps the capacity of ${name} ` +
      `(${replicas} replicas): ${fits.pods} pods are left at the fewest, the hottest gets ${fits.hottest}; at ` +
      `least ${waves} ${waves === 1 ? 'wave' : 'waves'}.${then}`,
    ...(failing === undefined ? {} : { binding: `${failing.pods} ready pods` }),
    holds: solvedValue(low),
    ...(failing === undefined ? {} : { fails: solvedValue(low + 1) }),
    check: {
      holds: plainRequest(asked, [change(low)]),
      ...(failing === undefined ? {} : { fails: plainRequest(asked, [change(low + 1)]) }),
    },
  };
}
