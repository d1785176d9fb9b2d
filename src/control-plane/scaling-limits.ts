/**
 * How fast a HorizontalPodAutoscaler goes to the replicas that it wants: stabilization windows and policies of
 * `spec.behavior`. Source: Kubernetes pkg/controller/podautoscaler/horizontal.go (normalizeDesiredReplicas,
 * convertDesiredReplicasWithBehaviorRate, calculateScaleUpLimitWithScalingRules) and the API's defaults.
 */
import { fieldsOf } from '../base/record.js';

interface Policy {
  readonly percent: boolean;
  readonly value: number;
  readonly periodSeconds: number;
}

/** The rules of one direction. */
interface ScalingRules {
  readonly select: 'Max' | 'Min' | 'Disabled';
  readonly policies: readonly Policy[];
  readonly windowSeconds: number;
  /** Absent: the controller's own. */
  readonly tolerance?: number;
}

export interface ScalingBehavior {
  readonly up: ScalingRules;
  readonly down: ScalingRules;
}

/** The controller looks every so often (--horizontal-pod-autoscaler-sync-period). */
const SYNC_SECONDS = 15;

const DEFAULTS: ScalingBehavior = {
  up: {
    select: 'Max',
    policies: [
      { percent: false, value: 4, periodSeconds: 15 },
      { percent: true, value: 100, periodSeconds: 15 },
    ],
    windowSeconds: 0,
  },
  // --horizontal-pod-autoscaler-downscale-stabilization.
  down: { select: 'Max', policies: [{ percent: true, value: 100, periodSeconds: 15 }], windowSeconds: 300 },
};

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

function rulesIn(value: unknown, defaults: ScalingRules): ScalingRules {
  const { selectPolicy, policies, stabilizationWindowSeconds, tolerance } = fieldsOf(value);
  const listed = (Array.isArray(policies) ? policies : []).map(fieldsOf).flatMap((one): Policy[] => {
    const amount = count(one.value);
    const periodSeconds = count(one.periodSeconds);
    if (amount === undefined || periodSeconds === undefined) return [];
    return [{ percent: one.type === 'Percent', value: amount, periodSeconds }];
  });
  const allowed = Number(typeof tolerance === 'string' || typeof tolerance === 'number' ? tolerance : Number.NaN);
  return {
    select: selectPolicy === 'Min' || selectPolicy === 'Disabled' ? selectPolicy : 'Max',
    policies: listed.length === 0 ? defaults.policies : listed,
    windowSeconds: count(stabilizationWindowSeconds) ?? defaults.windowSeconds,
    ...(Number.isFinite(allowed) && allowed >= 0 ? { tolerance: allowed } : {}),
  };
}

/** `spec.behavior` with the API's defaults. */
export function behaviorOf(behavior: unknown): ScalingBehavior {
  const { scaleUp, scaleDown } = fieldsOf(behavior);
  return { up: rulesIn(scaleUp, DEFAULTS.up), down: rulesIn(scaleDown, DEFAULTS.down) };
}

/** A change that was made, `atSeconds` after the load came. */
export interface ScalingStep {
  readonly afterSeconds: number;
  readonly replicas: number;
}

/** The farthest that policies let the replicas go at a moment. */
function limitOf(
  { select, policies }: ScalingRules,
  up: boolean,
  current: number,
  steps: readonly Made[],
  now: number,
) {
  const proposals = policies.map(({ percent, value, periodSeconds }) => {
    const recent = steps.filter(({ at }) => now - at < periodSeconds);
    const start = current - recent.reduce((sum, { by }) => sum + by, 0);
    if (up) return percent ? Math.ceil(start * (1 + value / 100)) : start + value;
    return percent ? Math.trunc(start * (1 - value / 100)) : start - value;
  });
  const farthest = up ? Math.max : Math.min;
  const nearest = up ? Math.min : Math.max;
  return (select === 'Min' ? nearest : farthest)(...proposals);
}

interface Made {
  readonly at: number;
  readonly by: number;
}

/** More steps are not listed. */
const MOST_STEPS = 40;
/** Looked at for so long. */
const LONGEST_SECONDS = 24 * 3600;

/**
 * The way from the current replicas to those that an autoscaler wants, where it wants them at every look from now on
 * and wanted the current ones before. Empty where nothing changes or `selectPolicy` is Disabled. Replicas outside of
 * the bounds are set to the bound at once.
 */
export function scalingSteps(
  { up, down }: ScalingBehavior,
  current: number,
  wanted: number,
  { minReplicas, maxReplicas }: { readonly minReplicas: number; readonly maxReplicas: number },
): readonly ScalingStep[] {
  const steps: ScalingStep[] = [];
  const made: Made[] = [];
  let replicas = current;
  const bound = Math.min(Math.max(current, minReplicas), maxReplicas);
  let now = 0;
  const set = (next: number) => {
    made.push({ at: now, by: next - replicas });
    steps.push({ afterSeconds: now, replicas: next });
    replicas = next;
  };
  if (bound !== current) {
    // The bounds come first: no metric is looked at, and no policy.
    set(bound);
    now += SYNC_SECONDS;
  }
  const goal = Math.min(Math.max(wanted, minReplicas), maxReplicas);
  const rises = goal > replicas;
  const rules = rises ? up : down;
  if (goal === replicas || rules.select === 'Disabled') return steps;
  // The extreme of the window's recommendations holds: the old one must leave it first.
  const from = Math.ceil(rules.windowSeconds / SYNC_SECONDS) * SYNC_SECONDS;
  for (now = Math.max(now, from); replicas !== goal && now <= LONGEST_SECONDS; now += SYNC_SECONDS) {
    if (steps.length === MOST_STEPS) break;
    const limit = limitOf(rules, rises, replicas, made, now);
    const next = rises ? Math.min(goal, Math.max(limit, replicas)) : Math.max(goal, Math.min(limit, replicas));
    if (next !== replicas) set(next);
  }
  return steps;
}
