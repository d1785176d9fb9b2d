/**
 * Applies a manifest of a kind of which only little is read: a network policy, a namespace, the settings of a data
 * plane.
 */

import { type Fields, fieldsIn } from '../../api-server/read-fields.js';
import { isDeepStrictEqual } from '../../base/deep-equal.js';
import type { Cluster } from '../../cluster/cluster.js';
import {
  isNamespaced,
  type Resource,
  readResource,
  resourceKey,
  resourceRole,
  resourceVersion,
} from '../../cluster/resources.js';
import { addressRules } from '../../control-plane/api-rules.js';
import { isAlbIngress } from '../../load-balancers/aws/ingress.js';
import type { ChangeContext } from '../change.js';
import { unchanged } from '../combine.js';
import { controlPlaneVersion } from '../control-plane-version.js';
import { refuse } from '../refused-change.js';
import { type AppliedManifest, plainStore, type Subject, sentAndStored } from './subject.js';

/** The resource that the cluster keeps of an object. */
function resourceOf(value: Fields, { manifest }: Subject): Resource {
  const read = readResource(manifest.kind, manifest.apiVersion, value);
  if ('resource' in read) return read.resource;
  refuse(
    read.faults.map(({ pointer, detail }) => manifest.fault(pointer, detail)),
    `${manifest.origin}: the ${manifest.kind}`,
  );
  throw new Error('a fault is refused');
}

/** What is said of an Ingress that none of AWS's controllers has. */
const INGRESS_OF_OTHERS =
  'its controller is a client of Services like others: what it forwards is not part of the model';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** What is read of an object: of an Ingress its annotations too, which say how its load balancer works. */
function same(before: Resource, after: Resource): boolean {
  const content = ({ kind, apiVersion, metadata, spec }: Resource) => {
    const { [LAST_APPLIED]: _, ...annotations } = metadata.annotations ?? {};
    const isRead = resourceRole(kind, apiVersion) === 'LOAD_BALANCER';
    return { labels: metadata.labels, spec, ...(isRead ? { annotations } : {}) };
  };
  return isDeepStrictEqual(content(before), content(after));
}

/**
 * Puts the object in the place of the one of its name. Throws RefusedObject where kubectl or the API server refuses it.
 */
export function applyResource(cluster: Cluster, subject: Subject, context: ChangeContext): AppliedManifest {
  const { manifest, namespace, name, object } = subject;
  const { kind, apiVersion } = manifest;
  // Without types of the schema the metadata is checked by the reader.
  if (subject.type === 'any') resourceOf(manifest.value, subject);
  const key = resourceKey({
    kind,
    apiVersion: resourceVersion(kind, apiVersion),
    metadata: { name, ...(isNamespaced(kind, apiVersion) ? { namespace: namespace ?? 'default' } : {}) },
  });
  const before = cluster.resources.get(key);
  const { sent, stored } = sentAndStored(
    { ...subject, before: before as unknown as Fields },
    plainStore(kind, subject.type, addressRules(controlPlaneVersion(cluster, context.settings))),
  );
  const wanted =
    sent === undefined ? before : resourceOf(subject.type === 'any' ? sent : withManagedFields(stored, sent), subject);
  // Of an Ingress of another controller nothing is read: that has pods of its own, which are clients like others.
  const isRead = [before, wanted].some((one) => one !== undefined && isAlbIngress(cluster, one));
  if (kind === 'Ingress' && !isRead) {
    const detail = `${INGRESS_OF_OTHERS} (${manifest.origin})`;
    const consequences = [{ kind: 'OBJECT_IGNORED', object, detail } as const];
    return { outcome: 'OBJECT_IGNORED', result: { ...unchanged(cluster), consequences }, touchesSettings: false };
  }
  const outcome = before === undefined ? 'CREATED' : sent === undefined ? 'UNCHANGED' : 'CONFIGURED';
  context.stored?.({ kind, namespace, name, outcome, object: stored });
  const isSame = before !== undefined && (wanted === undefined || same(before, wanted));
  const word = before === undefined ? 'OBJECT_CREATED' : isSame ? 'OBJECT_UNCHANGED' : 'OBJECT_CONFIGURED';
  const words = { OBJECT_CREATED: 'created', OBJECT_UNCHANGED: 'is so already', OBJECT_CONFIGURED: 'changed' } as const;
  const next = wanted === undefined || isSame ? cluster : cluster.with({ resources: new Map([[key, wanted]]) });
  return {
    outcome: word,
    result: {
      ...unchanged(next),
      consequences: [{ kind: word, object, detail: `${words[word]} (${manifest.origin})` }],
    },
    touchesSettings: !isSame && resourceRole(kind, apiVersion) === 'DATAPLANE',
  };
}

/** The stored object with the managers of the one that was sent. */
function withManagedFields(stored: Fields, sent: Fields): Fields {
  const { managedFields } = fieldsIn(sent.metadata);
  return managedFields === undefined
    ? stored
    : { ...stored, metadata: { ...fieldsIn(stored.metadata), managedFields } };
}
