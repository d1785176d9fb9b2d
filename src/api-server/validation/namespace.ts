/** Namespaces. Source: Kubernetes 1.36 pkg/apis/core/validation, `ValidateNamespace`. */
import { type Faults, Place } from '../faults.js';
import { qualifiedName } from '../formats.js';
import { type Fields, fieldsIn, listIn, textIn } from '../read-fields.js';
import { checkMetadata, checkMetadataUpdate, LABEL } from './metadata.js';

export function checkNamespace(before: Fields | undefined, after: Fields, faults: Faults): void {
  if (before !== undefined) {
    checkMetadataUpdate(after, before, faults);
    return;
  }
  checkMetadata(after, false, LABEL, faults);
  const place = Place.root.at('spec', 'finalizers');
  for (const name of listIn(fieldsIn(after.spec).finalizers)) {
    const text = textIn(name);
    faults.each(place, qualifiedName(text));
    if (!text.includes('/') && text !== 'kubernetes') faults.invalid(place, `${text} needs a domain before its name.`);
  }
}
