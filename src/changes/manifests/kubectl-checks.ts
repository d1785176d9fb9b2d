/** What kubectl itself refuses in a manifest, before anything is sent. Source: cli-runtime pkg/resource. */

import type { ApiFault } from '../../api-server/faults.js';
import { Place } from '../../api-server/faults.js';
import { shown } from '../../api-server/formats.js';
import { fieldsIn, textIn } from '../../api-server/read-fields.js';
import { isRecord } from '../../base/record.js';
import type { RefusalReason } from '../refused-change.js';
import type { Manifest } from './read-manifests.js';

const METADATA = Place.root.child('metadata');

export interface KubectlRefusal {
  readonly reason: RefusalReason;
  readonly causes: readonly ApiFault[];
}

function refusal(
  reason: RefusalReason,
  { pointer, field }: Place,
  detail: string,
  cause: ApiFault['reason'],
): KubectlRefusal {
  return { reason, causes: [{ pointer, field, reason: cause, detail }] };
}

/** Labels and annotations are read before anything is sent: their values have to be texts. */
function wrongMetadata(metadata: unknown): KubectlRefusal | undefined {
  for (const field of ['labels', 'annotations']) {
    const map = fieldsIn(metadata)[field];
    if (map === undefined || map === null) continue;
    const wrong = isRecord(map) ? Object.values(map).find((value) => value !== null && typeof value !== 'string') : map;
    if (wrong === undefined) continue;
    return refusal(
      'WrongType',
      METADATA.child(field),
      `${field} must be texts; ${shown(wrong)} is not one.`,
      'WrongType',
    );
  }
  return undefined;
}

/**
 * Why kubectl refuses a manifest: metadata of wrong types, a kind that the cluster does not serve (`notServed` says
 * why), another namespace than that of the command, no name. Undefined where it does not.
 */
export function kubectlRefusal(
  manifest: Manifest,
  namespaced: boolean,
  namespace: string | undefined,
  notServed: string | undefined,
): KubectlRefusal | undefined {
  const { metadata } = manifest.value;
  const wrong = wrongMetadata(metadata);
  if (wrong !== undefined) return wrong;
  if (notServed !== undefined) {
    return refusal('UnknownKind', Place.root.child('apiVersion'), notServed, 'FieldValueInvalid');
  }
  const own = textIn(fieldsIn(metadata).namespace);
  if (namespaced && namespace !== undefined && own !== '' && own !== namespace) {
    const detail = `The manifest is of namespace ${own}, the change of ${namespace}: name one of them.`;
    return refusal('OtherNamespace', METADATA.child('namespace'), detail, 'FieldValueInvalid');
  }
  if (textIn(fieldsIn(metadata).name) !== '') return undefined;
  const isGenerated = fieldsIn(metadata).generateName !== undefined;
  const detail = isGenerated
    ? 'generateName cannot be applied, as kubectl says too: the object needs a metadata.name.'
    : `The ${manifest.kind} has no metadata.name.`;
  return refusal('NoName', METADATA.child('name'), detail, 'FieldValueRequired');
}
