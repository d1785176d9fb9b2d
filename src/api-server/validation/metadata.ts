/** An object's metadata. Source: apimachinery pkg/api/validation, `ValidateObjectMeta`, `ValidateObjectMetaUpdate`. */
import { type Faults, Place } from '../faults.js';
import { dnsLabel, dnsSubdomain, qualifiedName } from '../formats.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn, sameMeaning, textIn } from '../read-fields.js';
import { checkLabels } from './labels.js';

const METADATA = Place.root.child('metadata');
const MOST_BYTES = 256 * 1024;

/** What is wrong with a name of a kind. */
export type NameFormat = (name: string) => readonly string[];

export function checkAnnotations(annotations: unknown, at: Place, faults: Faults): void {
  let size = 0;
  for (const [key, value] of Object.entries(fieldsIn(annotations))) {
    faults.each(at, qualifiedName(key.toLowerCase()));
    size += key.length + textIn(value).length;
  }
  if (size > MOST_BYTES) {
    faults.add(at, 'FieldValueTooLong', `Annotations may have ${MOST_BYTES} bytes together; these have ${size}.`);
  }
}

function checkOwners(owners: unknown, faults: Faults): void {
  let controllers = 0;
  for (const [index, owner] of itemsIn(owners).entries()) {
    const at = METADATA.child('ownerReferences').index(index);
    for (const field of ['apiVersion', 'kind', 'name', 'uid']) {
      if (textIn(owner[field]) === '') faults.invalid(at.child(field), `An owner needs ${field}.`);
    }
    if (owner.controller === true && ++controllers > 1) {
      faults.invalid(METADATA.child('ownerReferences'), 'Only one owner may be the controller.');
    }
  }
}

function checkFinalizers(finalizers: unknown, faults: Faults): void {
  for (const name of listIn(finalizers)) faults.each(METADATA.child('finalizers'), qualifiedName(textIn(name)));
}

/** The metadata of a new object. */
export function checkMetadata(object: Fields, namespaced: boolean, format: NameFormat, faults: Faults): void {
  const metadata = fieldsIn(object.metadata);
  const name = textIn(metadata.name);
  if (name === '') faults.required(METADATA.child('name'), 'A name is required.');
  else faults.each(METADATA.child('name'), format(name));
  if (namespaced) {
    if (textIn(metadata.namespace) === '') faults.required(METADATA.child('namespace'));
    else faults.each(METADATA.child('namespace'), dnsLabel(textIn(metadata.namespace)));
  }
  checkLabels(metadata.labels, METADATA.child('labels'), faults);
  checkAnnotations(metadata.annotations, METADATA.child('annotations'), faults);
  checkOwners(metadata.ownerReferences, faults);
  checkFinalizers(metadata.finalizers, faults);
}

/** What stays as it is where a change leaves it out. */
const KEPT: readonly string[] = ['uid', 'creationTimestamp', 'deletionTimestamp'];

/** The metadata of an object that is changed: its name stays, so only what may change is checked. */
export function checkMetadataUpdate(object: Fields, before: Fields, faults: Faults): void {
  const metadata = fieldsIn(object.metadata);
  const former = fieldsIn(before.metadata);
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp']) {
    if (former[field] === undefined || sameMeaning(metadata[field], former[field])) continue;
    if (KEPT.includes(field) && !isGiven(metadata[field])) continue;
    faults.invalid(METADATA.child(field), `${field} cannot be changed; it is ${JSON.stringify(former[field])}.`);
  }
  checkLabels(metadata.labels, METADATA.child('labels'), faults);
  checkAnnotations(metadata.annotations, METADATA.child('annotations'), faults);
  checkOwners(metadata.ownerReferences, faults);
  checkFinalizers(metadata.finalizers, faults);
}

/** The usual format of names: a DNS subdomain. */
export const SUBDOMAIN: NameFormat = dnsSubdomain;
export const LABEL: NameFormat = dnsLabel;
