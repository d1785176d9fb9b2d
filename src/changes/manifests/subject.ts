/** One object on its way to the API server: what is sent of it, and what is stored. */
import type { ApiFault } from '../../api-server/faults.js';
import { noteText } from '../../api-server/note.js';
import { asStored, completed } from '../../api-server/stored-object.js';
import type { AddressRules } from '../../api-server/validation/addresses.js';
import { validate } from '../../api-server/validation/index.js';
import { type Fields, fieldsIn, isGiven } from '../../api-server/values.js';
import { type RefusalReason, refuseObject } from '../refusal.js';
import { clientApply } from './client-apply.js';
import type { Manifest } from './read-manifests.js';

/** What the API server fills in, and takes from no manifest. */
const SERVER_FIELDS = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'resourceVersion',
  'generation',
  'managedFields',
  'selfLink',
];

/** The manifest as it is applied: with its namespace, without what only servers write. */
function applied(manifest: Manifest, namespace: string | undefined): Fields {
  const { status, ...value } = manifest.value;
  const metadata = Object.entries(fieldsIn(value.metadata)).filter(([key]) => !SERVER_FIELDS.includes(key));
  const { namespace: _own, ...own } = Object.fromEntries(metadata) as Fields;
  // A Service's status tells the address of its load balancer, which a snapshot of the later cluster would show.
  const shown = manifest.kind === 'Service' && isGiven(status) ? { status } : {};
  return { ...value, metadata: namespace === undefined ? own : { ...own, namespace }, ...shown };
}

/** What kubectl notes: the manifest as it was given, with its namespace. */
function noted({ value }: Manifest, namespace: string | undefined): string {
  const metadata = fieldsIn(value.metadata);
  return noteText(namespace === undefined ? value : { ...value, metadata: { ...metadata, namespace } });
}

/** One object on its way to the API server. */
export interface Subject {
  readonly manifest: Manifest;
  readonly kind: string;
  readonly type: string;
  /** Absent: the kind has no namespaces. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** `Service shop/web`. */
  readonly object: string;
  readonly before: Fields | undefined;
}

export function refused(
  { manifest, object }: Pick<Subject, 'manifest' | 'object'>,
  causes: readonly ApiFault[],
  reason?: RefusalReason,
): void {
  refuseObject(causes, ({ pointer, detail }) => manifest.fault(pointer, detail), object, reason);
}

/** What the API server is sent, and what it makes of it; `sent` undefined: kubectl finds nothing to change. */
export interface SentAndStored {
  readonly sent: Fields | undefined;
  readonly stored: Fields | undefined;
}

export function sentAndStored(subject: Subject, rules: AddressRules): SentAndStored {
  const { manifest, kind, type, namespace, before } = subject;
  const sent = clientApply(before, applied(manifest, namespace), type, noted(manifest, namespace));
  if (sent === undefined) return { sent: undefined, stored: before && completed(kind, type, before) };
  if ('causes' in sent) {
    refused(subject, sent.causes, sent.reason);
    return { sent: undefined, stored: undefined };
  }
  const stored = asStored(kind, type, before, sent.object);
  refused(subject, validate(kind, before && completed(kind, type, before), stored, rules));
  return { sent: sent.object, stored };
}
