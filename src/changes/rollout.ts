import { completed } from '../api-server/stored-object.js';
import { validate } from '../api-server/validation/index.js';
import { isDeepStrictEqual } from '../base/deep-equal.js';
import { compare, fraction, parseFraction } from '../base/fraction.js';
import { checkObject } from '../cluster/check-object.js';
import type { Cluster } from '../cluster/cluster.js';
import { requireWorkload } from '../cluster/lookup.js';
import { namespacedName, type Workload } from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import { podsOfWorkload, replicaSetsOf } from '../cluster/workload-pods.js';
import type { RolloutChange } from '../contract/requests.js';
import { timestamp } from '../control-plane/new-pods.js';
import { podsOfReplicaSet } from '../control-plane/replicaset-victims.js';
import type { ChangeContext, ChangeKind, ChangeResult, Consequence } from './change.js';
import { describeFields } from './describe-fields.js';
import { mergeRules } from './manifests/merge-keys.js';
import { threeWayMerge } from './manifests/three-way-merge.js';
import { checkNesting } from './merge-patch.js';
import { closestPlace, impossible, refuse, refuseObject } from './refused-change.js';
import { requirePods } from './replica-plan.js';
import { isLongRollout, runRollout, settledAt } from './rollout/run-rollout.js';
import type { Rollout, RolloutState } from './rollout/simulation.js';

const RESTARTED = 'kubectl.kubernetes.io/restartedAt';

const readyIn = ({ oldReady, newReady }: RolloutState) => oldReady + newReady;
const podsIn = (state: RolloutState) => state.old + state.new + state.terminating;

/** Whether the Deployment has pods of more than its present template: an update is under way. */
function isUnderWay(cluster: Cluster, workload: Workload): boolean {
  if (workload.kind !== 'Deployment') return false;
  const { name, namespace = 'default' } = workload.metadata;
  return replicaSetsOf(cluster, namespace, name).filter((set) => podsOfReplicaSet(cluster, set).length > 0).length > 1;
}

function withTemplate(
  cluster: Cluster,
  before: Workload,
  change: RolloutChange,
  context: ChangeContext,
  pointer: string,
) {
  const { template } = change;
  if (template === undefined && isUnderWay(cluster, before)) return before;
  const restart = { metadata: { annotations: { [RESTARTED]: timestamp(context.at) } } };
  if (template !== undefined) checkNesting(template, 1, `${pointer}/template`);
  const wanted = threeWayMerge(
    before as unknown as Readonly<Record<string, unknown>>,
    {},
    { spec: { template: template ?? restart } },
    mergeRules(before.kind),
  );
  const checked = checkObject(before.kind, wanted);
  const place = (at: string) => pointer + closestPlace(change, at.replace(/^\/spec\/template/, '/template'));
  if ('faults' in checked) {
    refuse(
      checked.faults.map((fault) => ({ pointer: place(fault.pointer), detail: fault.detail })),
      'The template',
    );
  }
  const after = ('object' in checked ? checked.object : wanted) as Workload;
  if (template !== undefined && isDeepStrictEqual(before.spec?.template, after.spec?.template)) {
    const detail = 'The template is so already: nothing would be rolled out. Leave it out to have the pods made anew.';
    throw impossible(`${pointer}/template`, detail);
  }
  if ((after.spec?.template?.spec?.containers ?? []).length === 0) {
    const detail = 'The pods would have no container: include the pod template in the snapshot, or give it here.';
    throw impossible(template === undefined ? pointer : `${pointer}/template`, detail);
  }
  const whole = (workload: Workload) => completed(workload.kind, workload.kind, workload as never);
  refuseObject(
    validate(after.kind, whole(before), whole(after), { strict: true }),
    (fault) => ({ pointer: place(fault.pointer), detail: fault.detail }),
    'The template',
  );
  return after;
}

function checkStrategy(change: RolloutChange, pointer: string): void {
  const { kind, strategy, partition, maxSurge } = change;
  if (partition !== undefined && kind !== 'StatefulSet') {
    throw impossible(`${pointer}/partition`, `A ${kind} has no partition; leave it out.`);
  }
  if (strategy !== undefined && kind !== 'Deployment') {
    throw impossible(
      `${pointer}/strategy`,
      `strategy is for Deployments; a ${kind} makes a rolling update. Leave it out.`,
    );
  }
  if (maxSurge !== undefined && kind === 'StatefulSet') {
    throw impossible(`${pointer}/maxSurge`, 'A StatefulSet makes no pod beside those that it has: leave maxSurge out.');
  }
  if (strategy === 'Recreate' && (maxSurge !== undefined || change.maxUnavailable !== undefined)) {
    const field = maxSurge === undefined ? 'maxUnavailable' : 'maxSurge';
    throw impossible(
      `${pointer}/${field}`,
      `${field} is for rolling updates, and strategy is Recreate; leave one of them out.`,
    );
  }
}

function firstWhere(states: readonly RolloutState[], holds: (state: RolloutState) => boolean): number {
  const index = states.findIndex(holds);
  return index < 0 ? states.length - 1 : index;
}

/** The number of the state that the request asks about. */
function picked({ states }: Rollout, change: RolloutChange, desired: number, pointer: string): number {
  const { step, progress, state = 'FEWEST_READY' } = change;
  const given = (['step', 'progress', 'state'] as const).filter((key) => change[key] !== undefined);
  if (given.length > 1) {
    throw impossible(`${pointer}/${given[1]}`, `${given.join(' and ')} both say which state; give one of them.`);
  }
  if (step !== undefined) {
    if (step < states.length) return step;
    throw impossible(
      `${pointer}/step`,
      `step is ${step}, but the states of this rollout are 0 to ${states.length - 1}.`,
    );
  }
  if (progress !== undefined) {
    const share = parseFraction(String(progress));
    if (share === undefined || compare(share, fraction(0)) < 0 || compare(share, fraction(1)) > 0) {
      throw impossible(
        `${pointer}/progress`,
        `progress is ${JSON.stringify(progress)}; it must be from 0 to 1, as in "1/2".`,
      );
    }
    return firstWhere(states, ({ newReady }) => desired > 0 && compare(fraction(newReady, desired), share) >= 0);
  }
  if (state === 'COMPLETE') return states.length - 1;
  // Of states with equally many ready pods those count in which most are in motion: the beginning itself never does.
  const rank: (one: RolloutState) => readonly [number, number] =
    state === 'MOST_PODS' ? (one) => [-podsIn(one), readyIn(one)] : (one) => [readyIn(one), -one.terminating];
  let best = Math.min(1, states.length - 1);
  for (let index = best + 1; index < states.length; index++) {
    const [[first, second], [bestFirst, bestSecond]] = [
      rank(states[index] as RolloutState),
      rank(states[best] as RolloutState),
    ];
    if (first < bestFirst || (first === bestFirst && second < bestSecond)) best = index;
  }
  return best;
}

/** At most so many states are reported, those around the one that is asked about. */
const TOLD = 100;

function sentence(state: RolloutState, index: number, last: number, isPicked: boolean): string {
  const { old, oldReady, terminating, action } = state;
  const gone = terminating > 0 ? `, ${terminating} being deleted` : '';
  const mark = isPicked ? ' (the answer is about this state)' : '';
  return (
    `state ${index} of ${last}, ${action}: ready ${readyIn(state)}, namely ${oldReady} of ${old} of the former ` +
    `template and ${state.newReady} of ${state.new} of the new one${gone}${mark}`
  );
}

function stateConsequences(object: string, { states }: Rollout, index: number): Consequence[] {
  const last = states.length - 1;
  const from = Math.max(0, Math.min(index - TOLD / 2, states.length - TOLD));
  return states.slice(from, from + TOLD).map(
    (state, offset): Consequence => ({
      kind: 'ROLLOUT_STATE',
      object,
      detail: sentence(state, from + offset, last, from + offset === index),
    }),
  );
}

const LOCKSTEP: Assumption = {
  field: 'changes.rollout.readiness',
  value: 'together',
  why:
    'New pods become ready together, once the controller can do nothing more without them; in a cluster they ' +
    'do one by one, which leads through states in between.',
};

interface Started {
  readonly wanted: Workload;
  readonly rollout: Rollout;
}

/** The rollout of a change from its beginning. Throws QuestionError for what cannot be rolled out. */
function started(cluster: Cluster, change: RolloutChange, context: ChangeContext, pointer: string): Started {
  const { kind, namespace, name } = change;
  checkStrategy(change, pointer);
  const before = requireWorkload(cluster, kind, namespace, name, pointer);
  if (kind !== 'DaemonSet') requirePods(cluster, before, pointer);
  if (before.spec?.paused === true) {
    throw impossible(
      `${pointer}/name`,
      `${kind} ${namespace}/${name} is paused: nothing is rolled out until it is resumed.`,
    );
  }
  const wanted = withTemplate(cluster, before, change, context, pointer);
  const pods = podsOfWorkload(cluster, kind, namespace, name).length;
  if (isLongRollout(wanted, pods, change)) {
    const detail =
      `This rollout replaces ${pods} pods in more rounds than are worked out; give a larger maxSurge or ` +
      'maxUnavailable.';
    throw impossible(pointer, detail);
  }
  return { wanted, rollout: runRollout(cluster, before, wanted, change, context, pointer) };
}

/** The whole course of a rollout: its states, and the cluster in each, with EndpointSlices that follow. */
export interface RolloutCourse {
  readonly states: readonly RolloutState[];
  /** Where it cannot go on: why. */
  readonly stalled?: string | undefined;
  readonly assumptions: readonly Assumption[];
  clusterAt(index: number): Cluster;
}

/** Every state of a rollout, worked out once. Throws QuestionError as the change does. */
export function rolloutCourse(
  cluster: Cluster,
  change: RolloutChange,
  context: ChangeContext,
  pointer: string,
): RolloutCourse {
  const { wanted, rollout: own } = started(cluster, change, context, pointer);
  return {
    states: own.states,
    stalled: own.stalled,
    assumptions: [LOCKSTEP, ...own.assumptions],
    clusterAt: (index) => settledAt(cluster, wanted, own, index, context).cluster,
  };
}

function apply(cluster: Cluster, change: RolloutChange, context: ChangeContext, pointer: string): ChangeResult {
  const { kind } = change;
  const { wanted, rollout } = started(cluster, change, context, pointer);
  const last = rollout.states[rollout.states.length - 1] as RolloutState;
  const desired = kind === 'DaemonSet' ? last.old + last.new : (wanted.spec?.replicas ?? 1);
  const index = picked(rollout, change, desired, pointer);
  const result = settledAt(cluster, wanted, rollout, index, context);
  const object = `${kind} ${namespacedName(wanted)}`;
  return {
    ...result,
    consequences: [...stateConsequences(object, rollout, index), ...result.consequences],
    assumptions: [LOCKSTEP, ...result.assumptions],
  };
}

/**
 * `rollout`: one of the states in which a workload is while it replaces its pods, by its strategy: what is ready, what
 * is not yet, what is being deleted. All of them are reported; which one the answer is about the request says.
 */
export const rollout: ChangeKind<'rollout'> = {
  key: 'rollout',
  schema: 'RolloutChange',
  summary: 'a workload is in the middle of replacing its pods',
  example: {
    kind: 'Deployment',
    namespace: 'default',
    name: 'nginx-deployment',
    maxSurge: 0,
    maxUnavailable: 1,
  },
  describe({ kind, namespace, name, ...rest }) {
    const more = describeFields(rest);
    return `rollout of ${kind} ${namespace}/${name}${more === '' ? '' : `: ${more}`}`;
  },
  apply,
};
