/** Deployments, ReplicaSets, StatefulSets, DaemonSets. Source: Kubernetes 1.36 pkg/apis/apps/validation. */
import { Faults, Place } from '../faults.js';
import { dnsLabel, nonNegative, percent } from '../formats.js';
import { type Fields, fieldsIn, isGiven, itemsIn, numberIn, sameMeaning, textIn } from '../read-fields.js';
import type { AddressRules } from './address-rules.js';
import { checkClaimSpec } from './claims.js';
import { checkLabelSelector, isEmptySelector, selects } from './labels.js';
import { checkMetadata, checkMetadataUpdate, LABEL, SUBDOMAIN } from './metadata.js';
import { checkTemplate } from './pod-spec.js';

const SPEC = Place.root.child('spec');

function checkAmount(value: unknown, at: Place, faults: Faults): void {
  faults.each(at, typeof value === 'string' ? percent(value) : nonNegative(value));
}

/** The number or the percentage; 0 where it is neither. */
function amountOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return percent(textIn(value)).length === 0
    ? Number.parseInt(textIn(value), 10)
    : Number.parseInt(textIn(value), 10) || 0;
}

function checkAtMostAll(value: unknown, at: Place, faults: Faults): void {
  if (typeof value === 'string' && percent(value).length === 0 && Number.parseInt(value, 10) > 100) {
    faults.invalid(at, `${value} must be at most 100%.`);
  }
}

function checkSelector(selector: unknown, faults: Faults): void {
  const place = SPEC.child('selector');
  if (!isGiven(selector)) {
    faults.required(place, 'A selector is required, e.g. {"matchLabels": {"app": "web"}}.');
    return;
  }
  checkLabelSelector(selector, place, faults);
  if (isEmptySelector(selector)) faults.invalid(place, 'An empty selector is not valid.');
}

const NOT_MATCHED = 'The selector does not match the labels of the template: its pods would not be its own.';
const LABELS = SPEC.at('template', 'metadata', 'labels');

function labelsOf(spec: Fields): unknown {
  return fieldsIn(fieldsIn(spec.template).metadata).labels;
}

/** A selector with a key, a value or an operator that is not valid cannot be read. */
function isReadable(selector: unknown): boolean {
  const scratch = new Faults();
  checkLabelSelector(selector, SPEC, scratch);
  return !scratch.any;
}

function checkAlways(spec: Fields, faults: Faults): void {
  const pod = fieldsIn(fieldsIn(spec.template).spec);
  const place = SPEC.at('template', 'spec');
  faults.oneOf(place.child('restartPolicy'), pod.restartPolicy, ['Always']);
  if (isGiven(pod.activeDeadlineSeconds)) {
    faults.forbidden(place.child('activeDeadlineSeconds'), 'Pods of workloads have no deadline.');
  }
}

/** The selector, and the template under it, of Deployments and ReplicaSets. */
function checkSelected(spec: Fields, faults: Faults, rules: AddressRules): void {
  checkSelector(spec.selector, faults);
  if (!isReadable(spec.selector)) {
    faults.invalid(SPEC.child('selector'), 'The selector cannot be read.');
    return;
  }
  const isNone = !isGiven(spec.selector);
  if (isNone || (!isEmptySelector(spec.selector) && !selects(spec.selector, labelsOf(spec)))) {
    if (!isNone) faults.invalid(LABELS, NOT_MATCHED);
    else faults.invalid(LABELS, NOT_MATCHED);
  }
  checkTemplate(spec.template, SPEC.child('template'), faults, rules);
  checkAlways(spec, faults);
}

function checkDeploymentStrategy(strategy: Fields, faults: Faults): void {
  const at = SPEC.child('strategy');
  const { type, rollingUpdate } = strategy;
  if (type === 'Recreate') {
    if (isGiven(rollingUpdate)) {
      faults.forbidden(
        at.child('rollingUpdate'),
        'rollingUpdate is for type RollingUpdate, this is Recreate; leave it out.',
      );
    }
    return;
  }
  if (type !== 'RollingUpdate') {
    faults.oneOf(new Place(`${at.pointer}/type`, at.field), type, ['Recreate', 'RollingUpdate']);
    return;
  }
  const { maxUnavailable, maxSurge } = fieldsIn(rollingUpdate);
  const place = at.child('rollingUpdate');
  checkAmount(maxUnavailable, place.child('maxUnavailable'), faults);
  checkAmount(maxSurge, place.child('maxSurge'), faults);
  if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) {
    faults.invalid(place.child('maxUnavailable'), 'maxUnavailable cannot be 0 where maxSurge is 0.');
  }
  checkAtMostAll(maxUnavailable, place.child('maxUnavailable'), faults);
}

function checkDeployment(spec: Fields, faults: Faults, rules: AddressRules): void {
  faults.each(SPEC.child('replicas'), nonNegative(spec.replicas));
  checkSelected(spec, faults, rules);
  checkDeploymentStrategy(fieldsIn(spec.strategy), faults);
  faults.each(SPEC.child('minReadySeconds'), nonNegative(spec.minReadySeconds));
  faults.each(SPEC.child('revisionHistoryLimit'), nonNegative(spec.revisionHistoryLimit));
  const deadline = spec.progressDeadlineSeconds;
  if (!isGiven(deadline)) return;
  faults.each(SPEC.child('progressDeadlineSeconds'), nonNegative(deadline));
  if (numberIn(deadline) <= numberIn(spec.minReadySeconds)) {
    faults.invalid(SPEC.child('progressDeadlineSeconds'), 'progressDeadlineSeconds must be more than minReadySeconds.');
  }
}

function checkReplicaSet(spec: Fields, faults: Faults, rules: AddressRules): void {
  faults.each(SPEC.child('replicas'), nonNegative(spec.replicas));
  faults.each(SPEC.child('minReadySeconds'), nonNegative(spec.minReadySeconds));
  checkSelected(spec, faults, rules);
}

function checkDaemonSet(spec: Fields, faults: Faults, rules: AddressRules): void {
  checkLabelSelector(spec.selector, SPEC.child('selector'), faults);
  if (
    isReadable(spec.selector) &&
    !(isGiven(spec.selector) && isEmptySelector(spec.selector)) &&
    !selects(spec.selector, labelsOf(spec))
  ) {
    faults.invalid(LABELS, NOT_MATCHED);
  }
  if (isGiven(spec.selector) && isEmptySelector(spec.selector)) {
    faults.invalid(SPEC.child('selector'), 'An empty selector is not valid.');
  }
  checkTemplate(spec.template, SPEC.child('template'), faults, rules);
  checkAlways(spec, faults);
  faults.each(SPEC.child('minReadySeconds'), nonNegative(spec.minReadySeconds));
  const { type, rollingUpdate } = fieldsIn(spec.updateStrategy);
  const at = SPEC.child('updateStrategy');
  if (type === 'RollingUpdate') checkDaemonRolling(rollingUpdate, at.child('rollingUpdate'), faults);
  else if (type !== 'OnDelete')
    faults.oneOf(new Place(`${at.pointer}/type`, at.field), type, ['RollingUpdate', 'OnDelete']);
  faults.each(SPEC.child('revisionHistoryLimit'), nonNegative(spec.revisionHistoryLimit));
}

function checkDaemonRolling(rolling: unknown, at: Place, faults: Faults): void {
  if (!isGiven(rolling)) {
    faults.required(at);
    return;
  }
  const { maxUnavailable, maxSurge } = fieldsIn(rolling);
  const [unavailable, surge] = [at.child('maxUnavailable'), at.child('maxSurge')];
  checkAmount(maxUnavailable, unavailable, faults);
  checkAmount(maxSurge, surge, faults);
  checkAtMostAll(maxUnavailable, unavailable, faults);
  checkAtMostAll(maxSurge, surge, faults);
  const [some, more] = [amountOf(maxUnavailable) !== 0, amountOf(maxSurge) !== 0];
  if (some && more) faults.invalid(surge, 'maxSurge must be 0 where maxUnavailable is not.');
  if (!some && !more) faults.required(unavailable, 'maxUnavailable cannot be 0 where maxSurge is 0.');
}

/** The template as a StatefulSet's pods get it: without names of its own, with a volume for each claim. */
function statefulTemplate(spec: Fields): Fields {
  const template = fieldsIn(spec.template);
  const { hostname: _hostname, subdomain: _subdomain, ...pod } = fieldsIn(template.spec);
  const claims = itemsIn(spec.volumeClaimTemplates).map(({ metadata }) => textIn(fieldsIn(metadata).name));
  const volumes = [...new Set(claims)].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const others = itemsIn(pod.volumes).filter(({ name }) => !claims.includes(textIn(name)));
  const all = claims.length === 0 ? pod.volumes : [...volumes, ...others];
  return { ...template, spec: { ...pod, ...(all === undefined ? {} : { volumes: all }) } };
}

function checkStatefulStrategy(strategy: Fields, faults: Faults): void {
  const at = SPEC.child('updateStrategy');
  const rolling = fieldsIn(strategy.rollingUpdate);
  const isRolling = isGiven(strategy.rollingUpdate);
  const type = textIn(strategy.type);
  if (type === '') faults.required(at);
  else if (type === 'OnDelete') {
    if (isRolling) faults.invalid(at.child('rollingUpdate'), 'rollingUpdate is for type RollingUpdate.');
  } else if (type === 'RollingUpdate') {
    if (!isRolling) return;
    const place = at.child('rollingUpdate');
    faults.each(place.child('partition'), nonNegative(rolling.partition));
    if (!isGiven(rolling.maxUnavailable)) return;
    checkAmount(rolling.maxUnavailable, place.child('maxUnavailable'), faults);
    if (amountOf(rolling.maxUnavailable) === 0)
      faults.invalid(place.child('maxUnavailable'), 'maxUnavailable cannot be 0.');
    checkAtMostAll(rolling.maxUnavailable, place.child('maxUnavailable'), faults);
  } else faults.invalid(new Place(`${at.pointer}/type`, at.field), `${type} must be RollingUpdate or OnDelete.`);
}

function checkStatefulSet(spec: Fields, faults: Faults, rules: AddressRules, isNew: boolean, template: boolean): void {
  const policy = textIn(spec.podManagementPolicy);
  if (policy === '') faults.required(SPEC.child('podManagementPolicy'));
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    faults.invalid(SPEC.child('podManagementPolicy'), `${policy} must be OrderedReady or Parallel.`);
  }
  checkStatefulStrategy(fieldsIn(spec.updateStrategy), faults);
  const retention = fieldsIn(spec.persistentVolumeClaimRetentionPolicy);
  if (isGiven(spec.persistentVolumeClaimRetentionPolicy)) {
    for (const field of ['whenDeleted', 'whenScaled']) {
      faults.oneOf(SPEC.child('persistentVolumeClaimRetentionPolicy').child(field), retention[field], [
        'Retain',
        'Delete',
      ]);
    }
  }
  for (const [index, claim] of isNew ? itemsIn(spec.volumeClaimTemplates).entries() : []) {
    checkClaimSpec(claim.spec, SPEC.child('volumeClaimTemplates').index(index).child('spec'), faults);
  }
  faults.each(SPEC.child('replicas'), nonNegative(spec.replicas));
  faults.each(SPEC.child('minReadySeconds'), nonNegative(spec.minReadySeconds));
  faults.each(SPEC.child('ordinals', 'ordinals.start'), nonNegative(fieldsIn(spec.ordinals).start));
  if (isNew && textIn(spec.serviceName) !== '')
    faults.each(SPEC.child('serviceName'), dnsLabel(textIn(spec.serviceName)));
  checkSelector(spec.selector, faults);
  if (!isReadable(spec.selector)) faults.invalid(SPEC.child('selector'), 'The selector cannot be read.');
  else {
    const isNone = !isGiven(spec.selector);
    if (isNone || (!isEmptySelector(spec.selector) && !selects(spec.selector, labelsOf(spec))))
      faults.invalid(LABELS, NOT_MATCHED);
    if (template) checkTemplate(statefulTemplate(spec), SPEC.child('template'), faults, rules);
  }
  checkAlways(spec, faults);
}

/** What of a StatefulSet's spec may change. */
const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

function withoutMutable(spec: Fields): Fields {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !MUTABLE.includes(key)));
}

function checkSpec(kind: string, spec: Fields, faults: Faults, rules: AddressRules, former: Fields | undefined): void {
  if (kind === 'Deployment') checkDeployment(spec, faults, rules);
  else if (kind === 'ReplicaSet') checkReplicaSet(spec, faults, rules);
  else if (kind === 'DaemonSet') checkDaemonSet(spec, faults, rules);
  else if (former === undefined) checkStatefulSet(spec, faults, rules, true, true);
  else {
    // A template that was not valid before is not checked again.
    const before = new Faults();
    checkStatefulSet(former, before, rules, false, true);
    checkStatefulSet(spec, faults, rules, false, !before.any);
  }
}

/** A workload with its defaults, new (`before` undefined) or changed. */
export function checkWorkload(
  kind: string,
  before: Fields | undefined,
  after: Fields,
  faults: Faults,
  rules: AddressRules,
): void {
  const spec = fieldsIn(after.spec);
  if (before === undefined) {
    checkMetadata(after, true, kind === 'StatefulSet' ? LABEL : SUBDOMAIN, faults);
    checkSpec(kind, spec, faults, rules, undefined);
    return;
  }
  const former = fieldsIn(before.spec);
  checkMetadataUpdate(after, before, faults);
  const isFixed = isGiven(former.selector) && !sameMeaning(former.selector, spec.selector);
  const fixed = () => {
    const was = JSON.stringify(former.selector);
    if (isFixed)
      faults.invalid(
        SPEC.child('selector'),
        `The selector cannot be changed (it is ${was}); delete the ${kind} and create it again.`,
      );
  };
  if (kind === 'DaemonSet') fixed();
  checkSpec(kind, spec, faults, rules, former);
  if (kind === 'Deployment' || kind === 'ReplicaSet') fixed();
  if (kind === 'StatefulSet' && !sameMeaning(withoutMutable(former), withoutMutable(spec))) {
    const detail =
      `Of a StatefulSet's spec only ${MUTABLE.join(', ')} can be changed; delete the StatefulSet and create it ` +
      'again.';
    faults.forbidden(SPEC, detail);
  }
}
