/** Nodes. Source: Kubernetes 1.36 pkg/apis/core/validation, `ValidateNode`, `ValidateNodeUpdate`. */
import { addressFamily } from '../../base/address.js';
import { type Faults, Place } from '../faults.js';
import { labelValue, qualifiedName } from '../formats.js';
import { type Fields, fieldsIn, itemsIn, listIn, sameMeaning, textIn } from '../read-fields.js';
import { type AddressRules, wrongCidr } from './address-rules.js';
import { checkMetadata, checkMetadataUpdate, SUBDOMAIN } from './metadata.js';
import { checkTaintEffect } from './scheduling.js';

const SPEC = Place.root.child('spec');
/** The API server names the taints so, though they are in the spec. */
const TAINTS = new Place('/spec/taints', 'metadata.taints');

function checkTaints(taints: unknown, faults: Faults): void {
  const seen = new Set<string>();
  for (const [index, taint] of itemsIn(taints).entries()) {
    const place = TAINTS.index(index);
    const [key, value, effect] = [textIn(taint.key), textIn(taint.value), textIn(taint.effect)];
    faults.each(place.child('key'), qualifiedName(key));
    const wrong = labelValue(value);
    if (wrong.length > 0) faults.invalid(place.child('value'), wrong.join(' '));
    if (effect === '') faults.required(place.child('effect'));
    if (effect !== '') checkTaintEffect(effect, place.child('effect'), faults);
    if (seen.has(`${effect}/${key}`)) faults.duplicate(place, `${key}:${effect}`);
    seen.add(`${effect}/${key}`);
  }
}

function checkRanges(ranges: unknown, faults: Faults, rules: AddressRules): void {
  const place = SPEC.child('podCIDRs');
  const all = listIn(ranges).map(textIn);
  for (const [index, text] of all.entries()) faults.each(place.index(index), wrongCidr(text, rules));
  const families = new Set(all.map((text) => addressFamily(text.split('/')[0] ?? '')));
  if (all.length > 1 && (families.size < 2 || all.length > 2)) {
    faults.invalid(place, 'There may be one range of each family.');
  }
}

export function checkNode(before: Fields | undefined, after: Fields, faults: Faults, rules: AddressRules): void {
  const spec = fieldsIn(after.spec);
  checkMetadata(after, false, SUBDOMAIN, faults);
  checkTaints(spec.taints, faults);
  checkRanges(spec.podCIDRs, faults, rules);
  if (before === undefined) return;
  checkMetadataUpdate(after, before, faults);
  const former = fieldsIn(before.spec);
  const fixed = (field: string) =>
    faults.forbidden(
      SPEC.child(field),
      `${field} of a node cannot be changed; it is ${JSON.stringify(former[field])}.`,
    );
  const [was, is] = [listIn(former.podCIDRs), listIn(spec.podCIDRs)];
  if (was.length > 0) {
    if (was.length !== is.length) fixed('podCIDRs');
    else for (const [index, one] of was.entries()) if (is[index] !== one) fixed('podCIDRs');
  }
  if (textIn(former.providerID) !== '' && !sameMeaning(former.providerID, spec.providerID)) fixed('providerID');
  if (textIn(former.externalID) !== textIn(spec.externalID)) fixed('externalID');
}
