/** Where pods may run: tolerations, affinity, spread. Source: Kubernetes 1.36 pkg/apis/core/validation. */
import type { Faults, Place } from '../faults.js';
import { dnsLabel, labelValue, qualifiedName, shown } from '../formats.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn, numberIn, textIn } from '../read-fields.js';
import { checkLabelSelector } from './labels.js';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function checkTaintEffect(effect: string, at: Place, faults: Faults): void {
  faults.oneOf(at, effect, EFFECTS);
}

export function checkTolerations(tolerations: unknown, at: Place, faults: Faults): void {
  for (const [index, one] of itemsIn(tolerations).entries()) {
    const place = at.index(index);
    const [key, operator, value, effect] = ['key', 'operator', 'value', 'effect'].map((field) => textIn(one[field]));
    if (key) faults.each(place.child('key'), qualifiedName(key));
    else if (operator !== 'Exists') {
      faults.invalid(place.child('operator'), 'The operator must be Exists where the key is empty.');
    }
    if (isGiven(one.tolerationSeconds) && effect !== 'NoExecute') {
      faults.invalid(place.child('effect'), 'The effect must be NoExecute where tolerationSeconds is set.');
    }
    if (operator === 'Equal' || operator === '') {
      const wrong = labelValue(value ?? '');
      if (wrong.length > 0) faults.invalid(place.child('operator'), wrong.join(' '));
    } else if (operator === 'Exists') {
      if (value) faults.invalid(place.child('operator'), 'The operator Exists takes no value.');
    } else faults.oneOf(place.child('operator'), operator, ['Equal', 'Exists']);
    if (effect) checkTaintEffect(effect, place.child('effect'), faults);
  }
}

function checkNodeExpression(one: Fields, at: Place, faults: Faults): void {
  const values = listIn(one.values);
  if (one.operator === 'In' || one.operator === 'NotIn') {
    if (values.length === 0) faults.required(at.child('values'), 'The operators In and NotIn need values.');
  } else if (one.operator === 'Exists' || one.operator === 'DoesNotExist') {
    if (values.length > 0)
      faults.forbidden(at.child('values'), 'The operators Exists and DoesNotExist take no values.');
  } else if (one.operator === 'Gt' || one.operator === 'Lt') {
    if (values.length !== 1) faults.required(at.child('values'), 'The operators Gt and Lt need one value.');
  } else faults.invalid(at.child('operator'), `${shown(one.operator)} is not an operator of a node selector.`);
  faults.each(at.child('key'), qualifiedName(textIn(one.key)));
  for (const [index, value] of values.entries())
    faults.each(at.child('values').index(index), labelValue(textIn(value)));
}

function checkNodeTerm(term: Fields, at: Place, faults: Faults): void {
  for (const [index, one] of itemsIn(term.matchExpressions).entries()) {
    checkNodeExpression(one, at.child('matchExpressions').index(index), faults);
  }
  for (const [index, one] of itemsIn(term.matchFields).entries()) {
    const place = at.child('matchFields').index(index);
    if (one.operator === 'In' || one.operator === 'NotIn') {
      if (listIn(one.values).length !== 1) faults.required(place.child('values'), 'One value is needed here.');
    } else faults.invalid(place.child('operator'), `${shown(one.operator)} must be In or NotIn.`);
    if (one.key !== 'metadata.name') faults.invalid(place.child('key'), `${shown(one.key)} must be metadata.name.`);
  }
}

function checkWeight(weight: unknown, at: Place, faults: Faults): void {
  if (numberIn(weight) < 1 || numberIn(weight) > 100) {
    faults.invalid(at.child('weight'), `weight is ${shown(weight ?? 0)}; it must be 1 to 100.`);
  }
}

function checkNodeAffinity(affinity: Fields, at: Place, faults: Faults): void {
  const { requiredDuringSchedulingIgnoredDuringExecution: required } = affinity;
  if (isGiven(required)) {
    const place = at.child('requiredDuringSchedulingIgnoredDuringExecution').child('nodeSelectorTerms');
    const terms = itemsIn(fieldsIn(required).nodeSelectorTerms);
    if (terms.length === 0) faults.required(place, 'At least one term is needed.');
    for (const [index, term] of terms.entries()) checkNodeTerm(term, place.index(index), faults);
  }
  const preferred = itemsIn(affinity.preferredDuringSchedulingIgnoredDuringExecution);
  for (const [index, one] of preferred.entries()) {
    const place = at.child('preferredDuringSchedulingIgnoredDuringExecution').index(index);
    if (numberIn(one.weight) <= 0 || numberIn(one.weight) > 100) checkWeight(one.weight, place, faults);
    checkNodeTerm(fieldsIn(one.preference), place.child('preference'), faults);
  }
}

function checkLabelKeys(term: Fields, at: Place, faults: Faults): void {
  const selected = new Set(Object.keys(fieldsIn(fieldsIn(term.labelSelector).matchLabels)));
  for (const field of ['matchLabelKeys', 'mismatchLabelKeys']) {
    const keys = listIn(term[field]);
    if (keys.length > 0 && !isGiven(term.labelSelector)) {
      faults.forbidden(at.child(field), `${field} needs a labelSelector.`);
    }
    for (const [index, key] of keys.entries()) {
      faults.each(at.child(field).index(index), qualifiedName(textIn(key)));
      if (selected.has(textIn(key)) && field === 'mismatchLabelKeys') {
        faults.invalid(at.child(field).index(index), `${shown(key)} is in labelSelector too.`);
      }
    }
  }
}

function checkPodTerm(term: Fields, at: Place, faults: Faults): void {
  checkLabelSelector(term.labelSelector, at.child('labelSelector'), faults);
  checkLabelSelector(term.namespaceSelector, at.child('namespaceSelector'), faults);
  for (const name of listIn(term.namespaces)) faults.each(at.child('namespace'), dnsLabel(textIn(name)));
  checkLabelKeys(term, at, faults);
  const key = textIn(term.topologyKey);
  if (key === '') faults.required(at.child('topologyKey'), 'A topology key is required.');
  faults.each(at.child('topologyKey'), qualifiedName(key));
}

function checkPodAffinity(affinity: Fields, at: Place, faults: Faults): void {
  for (const [index, term] of itemsIn(affinity.requiredDuringSchedulingIgnoredDuringExecution).entries()) {
    checkPodTerm(term, at.child('requiredDuringSchedulingIgnoredDuringExecution').index(index), faults);
  }
  for (const [index, one] of itemsIn(affinity.preferredDuringSchedulingIgnoredDuringExecution).entries()) {
    const place = at.child('preferredDuringSchedulingIgnoredDuringExecution').index(index);
    checkWeight(one.weight, place, faults);
    checkPodTerm(fieldsIn(one.podAffinityTerm), place.child('podAffinityTerm'), faults);
  }
}

export function checkAffinity(affinity: unknown, at: Place, faults: Faults): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = fieldsIn(affinity);
  if (isGiven(nodeAffinity)) checkNodeAffinity(fieldsIn(nodeAffinity), at.child('nodeAffinity'), faults);
  if (isGiven(podAffinity)) checkPodAffinity(fieldsIn(podAffinity), at.child('podAffinity'), faults);
  if (isGiven(podAntiAffinity)) checkPodAffinity(fieldsIn(podAntiAffinity), at.child('podAntiAffinity'), faults);
}

export function checkSpread(constraints: unknown, at: Place, faults: Faults): void {
  const all = itemsIn(constraints);
  for (const [index, one] of all.entries()) {
    const place = at.index(index);
    if (numberIn(one.maxSkew) <= 0) {
      faults.invalid(place.child('maxSkew'), `maxSkew is ${shown(one.maxSkew ?? 0)}; it must be at least 1.`);
    }
    const key = textIn(one.topologyKey);
    if (key === '') faults.required(place.child('topologyKey'), 'A topology key is required.');
    const when = textIn(one.whenUnsatisfiable);
    faults.oneOf(place.child('whenUnsatisfiable'), when, ['DoNotSchedule', 'ScheduleAnyway']);
    if (all.slice(index + 1).some((other) => other.topologyKey === key && other.whenUnsatisfiable === when)) {
      faults.duplicate(place.child('{topologyKey, whenUnsatisfiable}'), `${key}, ${when}`);
    }
    if (isGiven(one.minDomains)) {
      if (numberIn(one.minDomains) <= 0) faults.invalid(place.child('minDomains'), 'minDomains must be at least 1.');
      if (when !== 'DoNotSchedule') {
        faults.invalid(place.child('minDomains'), 'minDomains is for whenUnsatisfiable: DoNotSchedule.');
      }
    }
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy']) {
      if (isGiven(one[field])) faults.oneOf(place.child(field), one[field], ['Ignore', 'Honor']);
    }
    checkLabelKeys({ ...one, mismatchLabelKeys: undefined }, place, faults);
    checkLabelSelector(one.labelSelector, place.child('labelSelector'), faults);
  }
}
