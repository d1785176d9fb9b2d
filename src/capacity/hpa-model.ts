/** What the HorizontalPodAutoscaler makes of given pods, or of connections that are thrown over pods. */
import type { KubernetesVersion } from '../cluster/settings.js';
import {
  DEFAULT_TOLERANCE,
  type MeasuredPod,
  type MetricTarget,
  replicasByMetric,
  toleranceIn,
} from '../control-plane/replica-calculator.js';
import { behaviorOf, scalingSteps } from '../control-plane/scaling-limits.js';
import { asNumber, countIn, type Fields, fieldsIn, GivenFault, has, listIn, numberIn } from './given.js';
import { above, binomialLaw } from './numbers.js';
import { anyOver, mostLoaded } from './occupancy/occupancy.js';
import { type Answer, summary } from './throw-models.js';

const VERSION_33 = { major: 1, minor: 33, patch: 0 };
const VERSION_32 = { major: 1, minor: 32, patch: 0 };

interface Asked {
  readonly pods: readonly MeasuredPod[];
  readonly current: number;
  readonly target: MetricTarget;
  readonly tolerance: readonly [number, number];
}

/** What the controller computes by the rule from 1.33 on, and by the older one. */
function proposals({ pods, current, target, tolerance: [up, down] }: Asked) {
  const by = (version: KubernetesVersion) => replicasByMetric(pods, current, target, toleranceIn(version, up, down));
  return { since133: by(VERSION_33), before133: by(VERSION_32) };
}

const STATES = ['READY', 'UNREADY', 'MISSING', 'IGNORED'] as const;

/** Milli values: one for all, or a list of one for each of `count` pods. */
function eachIn(fields: Fields, name: string, at: string, count: number): readonly number[] {
  if (!Array.isArray(fields[name])) return new Array<number>(count).fill(countIn(fields, name, at, 1));
  const list = listIn(fields, name, at).map((one, index) => asNumber(one, `${at}/${name}/${index}`));
  if (list.length !== count)
    throw new GivenFault(`${at}/${name}`, `One number or ${count}, one for each pod, are needed, not ${list.length}.`);
  return list;
}

/** What the HorizontalPodAutoscaler makes of given pods: usages, and how each counts. */
function hpaOfPods(fields: Fields, at: string): Answer {
  const usage = listIn(fields, 'usageMilli', at).map((one, index) =>
    one === null ? undefined : asNumber(one, `${at}/usageMilli/${index}`),
  );
  const count = usage.length;
  const plain = has(fields, 'targetAverageMilli');
  if (plain === has(fields, 'targetPercent'))
    throw new GivenFault(`${at}/targetPercent`, 'Give one of targetPercent and targetAverageMilli.');
  const requests = plain && !has(fields, 'requestMilli') ? undefined : eachIn(fields, 'requestMilli', at, count);
  const states = has(fields, 'states') ? listIn(fields, 'states', at) : [];
  if (has(fields, 'states') && states.length !== count)
    throw new GivenFault(`${at}/states`, `${count} words, one for each pod, are needed, not ${states.length}.`);
  const pods = usage.map((value, index): MeasuredPod => {
    const state = states[index] ?? (value === undefined ? 'MISSING' : 'READY');
    const known = STATES.find((one) => one === state);
    if (known === undefined)
      throw new GivenFault(
        `${at}/states/${index}`,
        `One of ${STATES.join(', ')} is needed, not ${JSON.stringify(state)}.`,
      );
    if (known === 'READY' && value === undefined)
      throw new GivenFault(`${at}/usageMilli/${index}`, 'A pod that counts as READY has a metric: a number is needed.');
    return { countedAs: known, value: value ?? 0, request: requests?.[index] };
  });
  const target: MetricTarget = plain
    ? { averageMilli: numberIn(fields, 'targetAverageMilli', at, { above: 0 }) }
    : { utilization: countIn(fields, 'targetPercent', at, 1, 100000) };
  const current = has(fields, 'currentReplicas') ? countIn(fields, 'currentReplicas', at, 1, 1e6) : count;
  const { since133, before133 } = proposals({ pods, current, target, tolerance: tolerancesIn(fields, at) });
  if (since133 === undefined)
    throw new GivenFault(`${at}/usageMilli`, 'At least one pod must count as READY and request something.');
  const limits = boundsIn(fields, at);
  const within = (replicas: number) => Math.min(Math.max(replicas, limits.minReplicas), limits.maxReplicas);
  const desired = within(since133.replicas);
  const before = within(before133?.replicas ?? since133.replicas);
  const ready = pods.filter(({ countedAs }) => countedAs === 'READY');
  const shown = ({ value, request }: MeasuredPod) => (plain ? value : (value * 100) / (request ?? 1));
  const hottest = Math.max(...ready.map(shown));
  const goal = 'utilization' in target ? target.utilization : target.averageMilli;
  const steps = scalingSteps(behaviorOf(fields.behavior), current, desired, limits);
  const cautious = since133.cautiousRatio;
  return {
    ...(plain ? { averageMilli: since133.average } : { averagePercent: since133.average }),
    ratio: since133.ratio,
    ...(cautious === undefined ? {} : { cautiousRatio: cautious }),
    because: since133.because,
    desired,
    ...(desired === since133.replicas ? {} : { wanted: since133.replicas }),
    ...(steps.length === 0 ? {} : { steps }),
    ...(plain ? { hottestMilli: hottest } : { hottestPercent: hottest }),
    hottestOverTarget: hottest / goal,
    wouldNeedIfAllWereHot: Math.ceil((hottest * ready.length) / goal - 1e-9),
    ...(before === desired ? {} : { 'desiredBefore1.33': before }),
  };
}

function tolerancesIn(fields: Fields, at: string): readonly [number, number] {
  const plain = has(fields, 'tolerance') ? numberIn(fields, 'tolerance', at, { below: 1 }) : DEFAULT_TOLERANCE;
  const { up, down } = behaviorOf(fields.behavior);
  return [up.tolerance ?? plain, down.tolerance ?? plain];
}

function boundsIn(fields: Fields, at: string): { readonly minReplicas: number; readonly maxReplicas: number } {
  const minReplicas = has(fields, 'minReplicas') ? countIn(fields, 'minReplicas', at, 0, 1e6) : 1;
  const maxReplicas = has(fields, 'maxReplicas') ? countIn(fields, 'maxReplicas', at, 1, 1e6) : 1e6;
  if (maxReplicas < minReplicas)
    throw new GivenFault(`${at}/maxReplicas`, `It must not be less than minReplicas, ${minReplicas}.`);
  return { minReplicas, maxReplicas };
}

/**
 * What the HorizontalPodAutoscaler computes: of given usages, with pods that are not ready or not measured, or of
 * connections that are thrown over pods.
 */
export function hpa(value: unknown, at: string): Answer {
  const names = [
    'usageMilli',
    'requestMilli',
    'targetPercent',
    'targetAverageMilli',
    'states',
    'currentReplicas',
    'minReplicas',
    'maxReplicas',
    'tolerance',
    'behavior',
    'connections',
    'pods',
    'milliPerConnection',
    'limitMilli',
  ];
  const fields = fieldsIn(value, at, names);
  if (has(fields, 'usageMilli')) return hpaOfPods(fields, at);
  const request = countIn(fields, 'requestMilli', at, 1);
  const target = countIn(fields, 'targetPercent', at, 1, 100000);
  const connections = countIn(fields, 'connections', at, 0, 1e6);
  const pods = countIn(fields, 'pods', at, 1, 100000);
  const cost = numberIn(fields, 'milliPerConnection', at, { above: 0 });
  const averagePercent = Math.floor((connections * cost * 100) / (request * pods) + 1e-9);
  const even = { countedAs: 'READY', value: (connections * cost) / pods, request } as const;
  const limits = boundsIn(fields, at);
  const current = has(fields, 'currentReplicas') ? countIn(fields, 'currentReplicas', at, 1, 1e6) : pods;
  const asked = { pods: new Array<MeasuredPod>(pods).fill(even), current, target: { utilization: target } };
  const found = proposals({ ...asked, tolerance: tolerancesIn(fields, at) });
  const within = (replicas: number) => Math.min(Math.max(replicas, limits.minReplicas), limits.maxReplicas);
  const since133 = within(found.since133?.replicas ?? pods);
  const before133 = within(found.before133?.replicas ?? pods);
  const group = (capacity?: number) => [{ count: pods, share: 1 / pods, capacity }];
  const most = summary(mostLoaded(connections, group())) as Record<'mean' | 'p5' | 'p50' | 'p95' | 'p99', number>;
  const percent = (load: number) => (load * cost * 100) / request;
  const limit = has(fields, 'limitMilli') ? numberIn(fields, 'limitMilli', at, { above: 0 }) : undefined;
  return {
    averagePercent,
    desired: since133,
    ...(before133 === since133 ? {} : { 'desiredBefore1.33': before133 }),
    mostConnections: most,
    hottestPercent: Object.fromEntries(Object.entries(most).map(([name, load]) => [name, percent(load)])),
    ...(limit === undefined ? {} : { anyOverLimit: anyOver(connections, group(Math.floor(limit / cost + 1e-9))) }),
    podsOverTarget:
      pods * above(binomialLaw(connections, 1 / pods), Math.floor((target * request) / 100 / cost + 1e-9)),
  };
}
