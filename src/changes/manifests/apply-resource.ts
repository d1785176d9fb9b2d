/** Applies a manifest of a kind of which only little is read: a network policy, a namespace, the settings of a data plane. */
import { isDeepStrictEqual } from '../../base/deep-equal.js';
import type { Cluster } from '../../cluster/cluster.js';
import { type Resource, readResource, resourceKey, resourceName, resourceRole } from '../../cluster/resources.js';
import { unchanged } from '../combine.js';
import { refuse } from '../refusal.js';
import type { AppliedManifest } from './apply-manifest.js';
import type { Manifest } from './read-manifests.js';

function same(before: Resource, after: Resource): boolean {
  const content = ({ metadata, spec }: Resource) => ({ labels: metadata.labels, spec });
  return isDeepStrictEqual(content(before), content(after));
}

/**
 * Puts the object in the place of the one of its name: labels are merged, of `spec` the manifest's counts. `namespace` is
 * that of objects that name none. Throws QuestionError IMPOSSIBLE_CHANGE where its metadata is not valid.
 */
export function applyResource(cluster: Cluster, manifest: Manifest, namespace: string): AppliedManifest {
  const { kind, apiVersion, value } = manifest;
  const read = readResource(kind, apiVersion, value);
  if ('faults' in read) {
    refuse(
      read.faults.map(({ pointer, detail }) => manifest.fault(pointer, detail)),
      `${manifest.origin}: the ${kind}`,
    );
    throw new Error('a fault is refused');
  }
  const placed = { ...read.resource, metadata: { ...read.resource.metadata, namespace } };
  const key = resourceKey(placed);
  const before = cluster.resources.get(key);
  const labels = { ...before?.metadata.labels, ...placed.metadata.labels };
  const wanted: Resource = { ...placed, metadata: { ...placed.metadata, labels } };
  const object = resourceName(wanted);
  const outcome =
    before === undefined ? 'OBJECT_CREATED' : same(before, wanted) ? 'OBJECT_UNCHANGED' : 'OBJECT_CONFIGURED';
  const words = { OBJECT_CREATED: 'created', OBJECT_UNCHANGED: 'is so already', OBJECT_CONFIGURED: 'changed' } as const;
  const next = outcome === 'OBJECT_UNCHANGED' ? cluster : cluster.with({ resources: new Map([[key, wanted]]) });
  return {
    outcome,
    result: {
      ...unchanged(next),
      consequences: [{ kind: outcome, object, detail: `${words[outcome]} (${manifest.origin})` }],
    },
    touchesSettings: resourceRole(kind, apiVersion) === 'DATAPLANE',
  };
}
