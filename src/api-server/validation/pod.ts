/** Pods. Source: Kubernetes 1.36 pkg/apis/core/validation, `ValidatePodCreate`, `ValidatePodUpdate`. */
import { type Faults, Place } from '../faults.js';
import { shown } from '../formats.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn, numberIn, sameMeaning, textIn } from '../read-fields.js';
import type { AddressRules } from './address-rules.js';
import { checkMetadata, checkMetadataUpdate, SUBDOMAIN } from './metadata.js';
import { checkPodSpec } from './pod-spec.js';

const SPEC = Place.root.child('spec');

function checkImages(spec: Fields, faults: Faults): void {
  for (const field of ['containers', 'initContainers']) {
    for (const [index, { image }] of itemsIn(spec[field]).entries()) {
      if (textIn(image) === textIn(image).trim()) continue;
      faults.invalid(SPEC.child(field).index(index).child('image'), 'An image must not begin or end with a space.');
    }
  }
}

function checkCreate(pod: Fields, faults: Faults): void {
  const spec = fieldsIn(pod.spec);
  if (listIn(spec.ephemeralContainers).length > 0) {
    faults.forbidden(SPEC.child('ephemeralContainers'), 'A new pod has no ephemeral containers.');
  }
  if (textIn(spec.nodeName) !== '' && listIn(spec.schedulingGates).length > 0) {
    faults.forbidden(SPEC.child('nodeName'), 'A pod with scheduling gates has no node.');
  }
}

/** Whether a list of containers is of the same length; what follows is checked only where it is. */
function checkContainerUpdates(field: string, is: Fields, was: Fields, faults: Faults): boolean {
  const [now, former] = [itemsIn(is[field]), itemsIn(was[field])];
  const place = SPEC.child(field);
  if (now.length !== former.length) {
    faults.forbidden(place, 'Containers of a pod cannot be added or removed; delete the pod and create it again.');
    return false;
  }
  for (const [index, { image }] of now.entries()) {
    if (textIn(image) === '') faults.required(place.index(index).child('image'));
    if (textIn(image) !== textIn(image).trim()) {
      faults.invalid(place.index(index).child('image'), 'An image must not begin or end with a space.');
    }
  }
  return true;
}

function checkDeadline(is: Fields, was: Fields, faults: Faults): boolean {
  const place = SPEC.child('activeDeadlineSeconds');
  const [now, former] = [is.activeDeadlineSeconds, was.activeDeadlineSeconds];
  if (isGiven(now)) {
    if (numberIn(now) < 0 || numberIn(now) > 2 ** 31 - 1) {
      faults.invalid(place, `${shown(now)} must be at least 0.`);
      return false;
    }
    if (isGiven(former) && numberIn(former) < numberIn(now)) {
      faults.invalid(place, `${shown(now)} must be at most ${shown(former)}, as it was.`);
      return false;
    }
  } else if (isGiven(former)) faults.invalid(place, 'A deadline cannot be taken away.');
  return true;
}

const sameExceptSeconds = (a: Fields, b: Fields) =>
  sameMeaning({ ...a, tolerationSeconds: undefined }, { ...b, tolerationSeconds: undefined });

function checkTolerations(is: Fields, was: Fields, faults: Faults): void {
  const now = itemsIn(is.tolerations);
  if (sameMeaning(now, was.tolerations)) return;
  if (itemsIn(was.tolerations).every((old) => now.some((one) => sameExceptSeconds(old, one)))) return;
  faults.forbidden(SPEC.child('tolerations'), 'Tolerations of a pod can be added, not taken away.');
}

function checkGates(is: Fields, was: Fields, faults: Faults): void {
  const former = itemsIn(was.schedulingGates).map(({ name }) => name);
  for (const [index, { name }] of itemsIn(is.schedulingGates).entries()) {
    if (former.includes(name)) continue;
    faults.forbidden(
      SPEC.child('schedulingGates').index(index).child('name'),
      'Scheduling gates can be taken away, not added.',
    );
  }
}

/** The spec with what may change as it was. */
function munged(is: Fields, was: Fields): Fields {
  const images = (field: string) => {
    const former = itemsIn(was[field]);
    return itemsIn(is[field]).map((one, index) => ({ ...one, image: former[index]?.image }));
  };
  const gated = listIn(was.schedulingGates).length > 0;
  const { terminationGracePeriodSeconds: grace } = was;
  return {
    ...is,
    containers: images('containers'),
    initContainers: images('initContainers'),
    activeDeadlineSeconds: was.activeDeadlineSeconds,
    schedulingGates: was.schedulingGates,
    tolerations: was.tolerations,
    ...(numberIn(grace) < 0 && is.terminationGracePeriodSeconds === 1 ? { terminationGracePeriodSeconds: grace } : {}),
    ...(gated ? { nodeSelector: was.nodeSelector, affinity: was.affinity } : {}),
  };
}

function checkUpdate(pod: Fields, before: Fields, faults: Faults): void {
  const [is, was] = [fieldsIn(pod.spec), fieldsIn(before.spec)];
  if (!checkContainerUpdates('containers', is, was, faults)) return;
  if (!checkContainerUpdates('initContainers', is, was, faults)) return;
  if (!checkDeadline(is, was, faults)) return;
  checkTolerations(is, was, faults);
  checkGates(is, was, faults);
  const fixed = munged(is, was);
  const differing = Object.keys({ ...fixed, ...was }).filter((key) => !sameMeaning(fixed[key], was[key]));
  if (differing.length === 0) return;
  const detail =
    `${differing.join(', ')} of a pod cannot be changed: images, tolerations and deadlines can. Delete the pod ` +
    'and create it again.';
  faults.forbidden(SPEC, detail);
}

export function checkPod(before: Fields | undefined, after: Fields, faults: Faults, rules: AddressRules): void {
  if (before !== undefined) checkMetadataUpdate(after, before, faults);
  else checkMetadata(after, true, SUBDOMAIN, faults);
  checkPodSpec(fieldsIn(after.spec), SPEC, faults, { ...rules, isPod: true });
  checkImages(fieldsIn(after.spec), faults);
  if (before === undefined) checkCreate(after, faults);
  else checkUpdate(after, before, faults);
}
