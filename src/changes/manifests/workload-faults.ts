import { claimTemplate } from '../../api-server/stored-form.js';
import { isDeepStrictEqual } from '../../base/deep-equal.js';
import { matchesSelector } from '../../cluster/labels.js';
import type { Workload } from '../../cluster/objects.js';
import { quoted } from '../../cluster/problems.js';
import { templateFaults } from './template-faults.js';

/** A place in an object (JSON Pointer) and what would be right there. */
export interface ObjectFault {
  readonly place: string;
  readonly detail: string;
}

type Spec = NonNullable<Workload['spec']>;

/** What of a StatefulSet's spec may change. Source: Kubernetes 1.36 pkg/apis/apps/validation, `ValidateStatefulSetUpdate`. */
const MUTABLE: ReadonlySet<string> = new Set([
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]);

/** A field with the defaults that are filled in before the API server compares. */
function stored(key: string, value: unknown): unknown {
  if (key === 'volumeClaimTemplates' && Array.isArray(value)) return value.map(claimTemplate);
  if (key === 'podManagementPolicy') return value ?? 'OrderedReady';
  return value;
}

function changedForGood(before: Workload, wanted: Workload): ObjectFault[] {
  const [was, is] = [(before.spec ?? {}) as Record<string, unknown>, (wanted.spec ?? {}) as Record<string, unknown>];
  const fixed =
    wanted.kind === 'StatefulSet' ? Object.keys({ ...was, ...is }).filter((key) => !MUTABLE.has(key)) : ['selector'];
  // What a trimmed snapshot lacks is not known to be changed.
  return fixed
    .filter((key) => was[key] !== undefined && !isDeepStrictEqual(stored(key, was[key]), stored(key, is[key])))
    .map((key) => ({
      place: `/spec/${key}`,
      detail: `${key} of a ${wanted.kind} cannot be changed (it is ${JSON.stringify(was[key])}); delete the ${wanted.kind} and make it anew.`,
    }));
}

function strategyFaults({ strategy, updateStrategy }: Spec, kind: Workload['kind']): ObjectFault[] {
  const name = kind === 'Deployment' ? 'strategy' : 'updateStrategy';
  const given = (kind === 'Deployment' ? strategy : updateStrategy) as
    | { readonly type?: unknown; readonly rollingUpdate?: Readonly<Record<string, unknown>> | null }
    | undefined;
  if (given === undefined || given === null || kind === 'ReplicaSet') return [];
  const known = kind === 'Deployment' ? ['RollingUpdate', 'Recreate'] : ['RollingUpdate', 'OnDelete'];
  const faults: ObjectFault[] = [];
  const type = given.type ?? 'RollingUpdate';
  if (typeof type !== 'string' || !known.includes(type)) {
    faults.push({
      place: `/spec/${name}/type`,
      detail: `type is ${JSON.stringify(type)}; it must be one of ${known.join(', ')}.`,
    });
  }
  const rolling = given.rollingUpdate ?? undefined;
  if (rolling !== undefined && type !== 'RollingUpdate') {
    faults.push({
      place: `/spec/${name}/rollingUpdate`,
      detail: `rollingUpdate is for type RollingUpdate, this is ${typeof type === 'string' ? type : quoted(type)}; leave it out.`,
    });
  }
  for (const key of ['maxSurge', 'maxUnavailable']) {
    const value = rolling?.[key];
    if (value === undefined || value === null) continue;
    const right =
      typeof value === 'number'
        ? Number.isInteger(value) && value >= 0
        : typeof value === 'string' && /^\d+%$/.test(value);
    if (!right) {
      faults.push({
        place: `/spec/${name}/rollingUpdate/${key}`,
        detail: `${key} is ${JSON.stringify(value)}; it must be a number of pods or a percentage such as "25%".`,
      });
    }
  }
  const isNone = (value: unknown) => value === 0 || (typeof value === 'string' && /^0+%$/.test(value));
  if (kind === 'Deployment' && rolling !== undefined && isNone(rolling.maxUnavailable) && isNone(rolling.maxSurge)) {
    faults.push({
      place: `/spec/${name}/rollingUpdate/maxUnavailable`,
      detail: 'maxUnavailable cannot be 0 when maxSurge is 0: nothing could ever be replaced.',
    });
  }
  return faults;
}

/**
 * Why the API server would refuse a workload, new (`before` undefined) or updated.
 * Source: Kubernetes 1.36 pkg/apis/apps/validation.
 */
export function workloadFaults(before: Workload | undefined, wanted: Workload): ObjectFault[] {
  const { kind, spec = {} } = wanted;
  const faults: ObjectFault[] = before === undefined ? [] : changedForGood(before, wanted);
  faults.push(...strategyFaults(spec, kind));
  // What was wrong before (a trimmed snapshot) is not this change's fault.
  const former = new Set(templateFaults(before?.spec?.template).map(({ place }) => place));
  faults.push(...templateFaults(spec.template).filter(({ place }) => !former.has(place)));
  if (before !== undefined && faults.length > 0) return faults;
  const { selector, template } = spec;
  if (before === undefined) {
    if (selector === undefined || Object.keys({ ...selector.matchLabels, ...selector.matchExpressions }).length === 0) {
      faults.push({
        place: '/spec/selector',
        detail: `A ${kind} needs a selector, e.g. {"matchLabels": {"app": "web"}}.`,
      });
    }
    if (template?.spec === undefined || (template.spec.containers ?? []).length === 0) {
      faults.push({
        place: '/spec/template/spec/containers',
        detail: `A ${kind} needs a pod template with at least one container.`,
      });
    }
  }
  if (
    selector !== undefined &&
    template?.metadata !== undefined &&
    !matchesSelector(template.metadata.labels, selector)
  ) {
    faults.push({
      place: '/spec/template/metadata/labels',
      detail: 'The selector does not match the labels of the template: its pods would not be its own.',
    });
  }
  return faults;
}
