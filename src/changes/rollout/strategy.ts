import type { Workload } from '../../cluster/objects.js';
import { fenceposts, type IntOrPercent } from '../../control-plane/rolling-update.js';
import type { DaemonSetStrategy } from './daemon-set.js';
import type { DeploymentStrategy } from './deployment.js';
import type { StatefulSetStrategy } from './stateful-set.js';

/** What a request says of a workload's strategy, field by field instead of what the workload has. */
export interface StrategyOverride {
  readonly strategy?: 'RollingUpdate' | 'Recreate';
  readonly maxSurge?: IntOrPercent;
  readonly maxUnavailable?: IntOrPercent;
  readonly partition?: number;
}

interface Given {
  readonly type?: unknown;
  readonly rollingUpdate?: {
    readonly maxSurge?: IntOrPercent;
    readonly maxUnavailable?: IntOrPercent;
    readonly partition?: number;
  } | null;
}

function isValue(value: unknown): value is IntOrPercent {
  return typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value) && value >= 0);
}

function rollingOf(given: unknown) {
  return (given as Given | null | undefined)?.rollingUpdate ?? {};
}

/** Whether the controller of a StatefulSet or DaemonSet leaves pods of the former template alone. */
export function replacesOnDelete(set: Workload): boolean {
  return (set.spec?.updateStrategy as Given | null | undefined)?.type === 'OnDelete';
}

/** Of a Deployment: 25 % surge and 25 % unavailable by default (apps/v1 defaults.go). */
export function deploymentStrategy(deployment: Workload, override: StrategyOverride): DeploymentStrategy {
  const { strategy, replicas = 1 } = deployment.spec ?? {};
  const type = override.strategy ?? (strategy as Given | null | undefined)?.type;
  if (type === 'Recreate') return { recreate: true };
  const { maxSurge, maxUnavailable } = rollingOf(strategy);
  return {
    recreate: false,
    posts: fenceposts(
      override.maxSurge ?? (isValue(maxSurge) ? maxSurge : '25%'),
      override.maxUnavailable ?? (isValue(maxUnavailable) ? maxUnavailable : '25%'),
      replicas,
    ),
  };
}

/** Of a StatefulSet: one pod at a time from ordinal 0 on by default; a percentage is rounded down, to one at least. */
export function statefulSetStrategy(set: Workload, override: StrategyOverride): StatefulSetStrategy {
  const { partition, maxUnavailable } = rollingOf(set.spec?.updateStrategy);
  const wanted = override.maxUnavailable ?? (isValue(maxUnavailable) ? maxUnavailable : 1);
  return {
    partition: override.partition ?? (typeof partition === 'number' ? partition : 0),
    maxUnavailable: Math.max(1, fenceposts(0, wanted, Math.max(1, set.spec?.replicas ?? 1)).maxUnavailable),
  };
}

/** Of a DaemonSet: one node at a time, without surge, by default. */
export function daemonSetStrategy(set: Workload, override: StrategyOverride): DaemonSetStrategy {
  const { maxSurge, maxUnavailable } = rollingOf(set.spec?.updateStrategy);
  return {
    maxSurge: override.maxSurge ?? (isValue(maxSurge) ? maxSurge : 0),
    maxUnavailable: override.maxUnavailable ?? (isValue(maxUnavailable) ? maxUnavailable : 1),
  };
}
