/** ConfigMaps. Source: Kubernetes 1.36 pkg/apis/core/validation, `ValidateConfigMap`, `ValidateConfigMapUpdate`. */
import { type Faults, Place } from '../faults.js';
import { configMapKey, shown } from '../formats.js';
import { type Fields, fieldsIn, sameMeaning, textIn } from '../read-fields.js';
import { checkMetadata, checkMetadataUpdate, SUBDOMAIN } from './metadata.js';

const MOST_BYTES = 1024 * 1024;

export function checkConfigMap(before: Fields | undefined, after: Fields, faults: Faults): void {
  if (before !== undefined) {
    checkMetadataUpdate(after, before, faults);
    if (before.immutable === true) {
      const fixed = (field: string) =>
        faults.forbidden(
          Place.root.child(field),
          `${field} of an immutable ConfigMap cannot be changed; delete it and create it again.`,
        );
      if (after.immutable !== true) fixed('immutable');
      for (const field of ['data', 'binaryData']) if (!sameMeaning(after[field], before[field])) fixed(field);
    }
  } else checkMetadata(after, true, SUBDOMAIN, faults);
  const binary = fieldsIn(after.binaryData);
  let size = 0;
  for (const [key, value] of Object.entries(fieldsIn(after.data))) {
    const place = Place.root.child('data').key(key);
    faults.each(place, configMapKey(key));
    if (Object.hasOwn(binary, key)) faults.invalid(place, `${shown(key)} is in binaryData too.`);
    size += textIn(value).length;
  }
  for (const [key, value] of Object.entries(binary)) {
    faults.each(Place.root.child('binaryData').key(key), configMapKey(key));
    size += Math.floor((textIn(value).length * 3) / 4);
  }
  if (size > MOST_BYTES) {
    faults.add(Place.root, 'FieldValueTooLong', `A ConfigMap may have ${MOST_BYTES} bytes; this one has ${size}.`);
  }
}
