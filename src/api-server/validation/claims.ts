/**
 * What a claim for a volume asks for. Source: Kubernetes 1.36 pkg/apis/core/validation,
 * `ValidatePersistentVolumeClaimSpec`.
 */
import { scalarText } from '../../base/scalar-text.js';
import type { Faults, Place } from '../faults.js';
import { dnsSubdomain } from '../formats.js';
import { nanosOf } from '../quantity.js';
import { fieldsIn, isGiven, listIn, textIn } from '../read-fields.js';
import { checkLabelSelector } from './labels.js';

const MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

export function checkClaimSpec(spec: unknown, at: Place, faults: Faults): void {
  const { accessModes, selector, resources, storageClassName, volumeMode } = fieldsIn(spec);
  const modes = listIn(accessModes);
  if (modes.length === 0) faults.required(at.child('accessModes'), 'At least one access mode is needed.');
  if (isGiven(selector)) checkLabelSelector(selector, at.child('selector'), faults);
  for (const mode of modes) faults.oneOf(at.child('accessModes'), mode, MODES);
  if (
    modes.includes('ReadWriteOncePod') &&
    modes.some((mode) => mode !== 'ReadWriteOncePod' && MODES.includes(textIn(mode)))
  ) {
    faults.forbidden(at.child('accessModes'), 'ReadWriteOncePod cannot be beside other modes.');
  }
  const { storage } = fieldsIn(fieldsIn(resources).requests);
  const place = at.child('resources').key('storage');
  const size = nanosOf(scalarText(storage));
  if (!isGiven(storage)) faults.required(place);
  else if (size !== undefined && size <= 0n) faults.invalid(place, 'The size must be more than 0.');
  const name = textIn(storageClassName);
  if (name !== '') faults.each(at.child('storageClassName'), dnsSubdomain(name));
  if (isGiven(volumeMode)) faults.oneOf(at.child('volumeMode'), volumeMode, ['Block', 'Filesystem']);
}
