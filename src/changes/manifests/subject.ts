/** One object on its way to the API server: what is sent of it, and what is stored. */
import type { ApiFault } from '../../api-server/faults.js';
import {
  asManagedFields,
  type Manager,
  managersAfterUpdate,
  managersOf,
} from '../../api-server/managed-fields/server-apply.js';
import { noteText } from '../../api-server/note.js';
import { type Fields, fieldsIn, isGiven } from '../../api-server/read-fields.js';
import { asStored, completed, forbiddenPod } from '../../api-server/stored-object.js';
import type { AddressRules } from '../../api-server/validation/address-rules.js';
import { validate } from '../../api-server/validation/index.js';
import type { StoredService } from '../../control-plane/service-storage.js';
import type { ChangeResult } from '../change.js';
import { type RefusalReason, refuseObject } from '../refused-change.js';
import { clientApply } from './client-apply.js';
import type { Manifest } from './read-manifests.js';
import { serverSideApply } from './server-side-apply.js';
import type { Store } from './storing.js';

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
  // A Service's status has the address of its load balancer, which a snapshot of the later cluster would show.
  const shown = manifest.kind === 'Service' && isGiven(status) ? { status } : {};
  return { ...value, metadata: namespace === undefined ? own : { ...own, namespace }, ...shown };
}

/** What kubectl notes: the manifest as it was given, with its namespace. */
function noted({ value }: Manifest, namespace: string | undefined): string {
  const metadata = fieldsIn(value.metadata);
  return noteText(namespace === undefined ? value : { ...value, metadata: { ...metadata, namespace } });
}

/** How manifests are applied: by kubectl, or by the API server, which may take fields from other managers. */
export interface ApplyMode {
  readonly serverSide: boolean;
  readonly force: boolean;
}

/** One object of the manifests, and the one that is there. */
export interface Subject extends ApplyMode {
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

/** Refuses the object of a manifest. */
export function refused(
  { manifest, object }: Pick<Subject, 'manifest' | 'object'>,
  causes: readonly ApiFault[],
  reason?: RefusalReason,
): void {
  refuseObject(causes, ({ pointer, detail }) => manifest.fault(pointer, detail), object, reason);
}

/** What stores objects of all kinds but Services. */
export function plainStore(kind: string, type: string, rules: AddressRules): Store {
  return (before, object) => {
    const detail = kind === 'Pod' && before === undefined ? forbiddenPod(object) : undefined;
    if (detail !== undefined) {
      return {
        object,
        faults: [{ pointer: '/spec', field: '', reason: 'FieldValueForbidden', detail }],
        reason: 'Forbidden',
      };
    }
    const stored = asStored(kind, type, before, object);
    return { object: stored, faults: validate(kind, before && completed(kind, type, before), stored, rules) };
  };
}

/** What is sent to the API server, and what it makes of it; `sent` undefined: there is nothing to change. */
export interface SentAndStored {
  readonly sent: Fields | undefined;
  readonly stored: Fields;
  readonly service?: StoredService;
  /** Whether conflicts with other managers could not be seen: the object has no managed fields. */
  readonly isUnmanaged: boolean;
}

function withManagers(object: Fields, managers: readonly Manager[] | undefined): Fields {
  if (managers === undefined) return object;
  return { ...object, metadata: { ...fieldsIn(object.metadata), managedFields: asManagedFields(managers) } };
}

const CLIENT = 'kubectl-client-side-apply';

/** Applies a manifest. Throws RefusedObject where the API server refuses it. */
export function sentAndStored(subject: Subject, store: Store): SentAndStored {
  const { manifest, kind, type, namespace, before } = subject;
  const config = applied(manifest, namespace);
  const whole = before && completed(kind, type, before);
  const apiVersion = manifest.apiVersion ?? 'v1';
  const managers = managersOf(before);
  if (subject.serverSide) {
    const done = serverSideApply(
      before && whole,
      config,
      { type, apiVersion, managers: managers ?? [], force: subject.force },
      store,
    );
    if ('reason' in done) refused(subject, done.causes, done.reason);
    else
      return {
        ...done,
        sent: withManagers(done.stored, done.managers),
        isUnmanaged: whole !== undefined && managers === undefined,
      };
  }
  const sent = clientApply(before, config, type, noted(manifest, namespace));
  if (sent === undefined) return { sent: undefined, stored: whole ?? {}, isUnmanaged: false };
  if ('causes' in sent) {
    refused(subject, sent.causes, sent.reason);
    return { sent: undefined, stored: {}, isUnmanaged: false };
  }
  const { object, faults, reason, service } = store(before, sent.object);
  refused(subject, faults, reason);
  const after = managers && managersAfterUpdate(whole ?? {}, object, type, managers, { manager: CLIENT, apiVersion });
  return {
    sent: withManagers(sent.object, after),
    stored: object,
    isUnmanaged: false,
    ...(service === undefined ? {} : { service }),
  };
}

export type Outcome = 'OBJECT_CREATED' | 'OBJECT_CONFIGURED' | 'OBJECT_UNCHANGED' | 'OBJECT_IGNORED';

/** What became of one manifest. */
export interface AppliedManifest {
  readonly outcome: Outcome;
  readonly result: ChangeResult;
  /** Whether settings may be read differently now: kube-proxy's configuration, or a node, is another. */
  readonly touchesSettings: boolean;
}
