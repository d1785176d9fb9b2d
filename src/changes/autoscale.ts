/** What HorizontalPodAutoscalers do after a change. */
import { type Cluster, workloadKey } from '../cluster/cluster.js';
import type { ScaleChange } from '../contract/requests.js';
import { type Autoscaler, autoscalersOf, isSwitchedOff, withinBounds } from '../control-plane/autoscaler.js';
import type { ChangeContext, ChangeResult, Consequence } from './change.js';
import { scale } from './scale.js';

/** The changes that bring objects as somebody wrote them, after which an autoscaler sets replicas again. */
const WRITTEN: ReadonlySet<string> = new Set(['apply', 'patch']);

const LOAD = {
  field: 'autoscalers.load',
  value: 'as before',
  why: 'A HorizontalPodAutoscaler sets the replicas that it had set: what it measures is assumed to stay as it is.',
} as const;

function keyOf({ namespace, target }: Autoscaler): string {
  return workloadKey(target.kind, namespace, target.name);
}

function replicasOf(cluster: Cluster, key: string): number | undefined {
  const workload = cluster.workloads.get(key);
  return workload === undefined ? undefined : (workload.spec?.replicas ?? 1);
}

function boundsText({ minReplicas, maxReplicas }: Autoscaler): string {
  return `${minReplicas} to ${maxReplicas}`;
}

function acting(kind: 'AUTOSCALER_ACTS' | 'AUTOSCALER_MAY_ACT', autoscaler: Autoscaler, detail: string): Consequence {
  return {
    kind,
    object: `HorizontalPodAutoscaler ${autoscaler.namespace}/${autoscaler.name}`,
    detail,
  };
}

/** What an autoscaler makes of a scaling that the request asks for: it is made as asked, and said. */
function scaled(before: Cluster, result: ChangeResult): ChangeResult {
  const consequences = autoscalersOf(result.cluster).flatMap((autoscaler): Consequence[] => {
    const { target, namespace } = autoscaler;
    const now = replicasOf(result.cluster, keyOf(autoscaler));
    if (now === undefined || now === replicasOf(before, keyOf(autoscaler))) return [];
    if (isSwitchedOff(autoscaler, now)) return [];
    const workload = `${target.kind} ${namespace}/${target.name}`;
    const bounded = withinBounds(autoscaler, now);
    const head = `scales ${workload} (${boundsText(autoscaler)} replicas)`;
    return bounded === now
      ? [
          acting(
            'AUTOSCALER_MAY_ACT',
            autoscaler,
            `${head}: ${now} last until what it measures calls for another number`,
          ),
        ]
      : [acting('AUTOSCALER_ACTS', autoscaler, `${head}: it sets ${bounded} instead of ${now} as soon as it acts`)];
  });
  return consequences.length === 0 ? result : { ...result, consequences: [...result.consequences, ...consequences] };
}

/** Sets the replicas of one autoscaler's workload, where what was written calls for another number. */
function settled(
  before: Cluster,
  result: ChangeResult,
  autoscaler: Autoscaler,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const key = keyOf(autoscaler);
  const { kind, name } = autoscaler.target;
  const now = replicasOf(result.cluster, key);
  // Only these kinds have replicas that can be set here.
  const isScaled = kind === 'Deployment' || kind === 'ReplicaSet' || kind === 'StatefulSet';
  if (now === undefined || !isScaled || isSwitchedOff(autoscaler, now)) return result;
  const was = replicasOf(before, key);
  const wasOwned = autoscalersOf(before).some((one) => keyOf(one) === key);
  const wanted = withinBounds(autoscaler, wasOwned && was !== undefined && was > 0 ? was : now);
  if (wanted === now) return result;
  const { namespace } = autoscaler;
  const change: ScaleChange = { kind, namespace, name, replicas: wanted };
  const settings = result.settings ?? context.settings;
  const scaling = scale.apply(result.cluster, change, { ...context, settings }, pointer);
  // A new workload may leave its replicas to the autoscaler; the API server then starts with one.
  const start = was === undefined ? `it starts with ${now}` : `the change sets ${now}`;
  const why = was === now ? 'its bounds call for them' : start;
  const detail = `sets ${kind} ${namespace}/${name} to ${wanted} replicas (${boundsText(autoscaler)}): ${why}`;
  return {
    ...result,
    cluster: scaling.cluster,
    choices: [...result.choices, ...scaling.choices],
    consequences: [...result.consequences, acting('AUTOSCALER_ACTS', autoscaler, detail), ...scaling.consequences],
    assumptions: [...result.assumptions, ...scaling.assumptions, LOAD],
  };
}

/**
 * The result of a change of kind `key`, with what autoscalers do after it. Where manifests or a patch leave a workload
 * of an autoscaler with other replicas than it had set, or outside its bounds, it sets them again, as it does within 15
 * seconds (the default sync period of kube-controller-manager). A `scale` is made as asked: the consequence says that
 * it does not last.
 */
export function autoscaled(
  key: string,
  before: Cluster,
  result: ChangeResult,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  if (key === 'scale') return scaled(before, result);
  if (!WRITTEN.has(key)) return result;
  if (before.workloads === result.cluster.workloads && before.resources === result.cluster.resources) return result;
  return autoscalersOf(result.cluster).reduce(
    (done, autoscaler) => settled(before, done, autoscaler, context, pointer),
    result,
  );
}
