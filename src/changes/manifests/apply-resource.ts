/** Applies a manifest of a kind of which only little is read: a network policy, a namespace, the settings of a data plane. */
import { withDefaults } from '../../api-server/defaults.js';
import { type Fields, kubectlPatch, withPatch } from '../../api-server/strategic-merge.js';
import { isDeepStrictEqual } from '../../base/deep-equal.js';
import type { Cluster } from '../../cluster/cluster.js';
import {
  fieldsOf,
  isNamespaced,
  type Resource,
  readResource,
  resourceKey,
  resourceName,
  resourceRole,
} from '../../cluster/resources.js';
import { unchanged } from '../combine.js';
import { refuse } from '../refusal.js';
import { LAST_APPLIED_ANNOTATION } from '../update-service.js';
import type { AppliedManifest } from './apply-manifest.js';
import type { Manifest } from './read-manifests.js';

function same(before: Resource, after: Resource): boolean {
  const content = ({ metadata, spec }: Resource) => ({ labels: metadata.labels, spec });
  return isDeepStrictEqual(content(before), content(after));
}

/** The last applied manifest, where the object has a note of it. */
function noteOf(before: Resource): Fields {
  try {
    return fieldsOf(JSON.parse(before.metadata.annotations?.[LAST_APPLIED_ANNOTATION] ?? ''));
  } catch {
    return {};
  }
}

/** The object as `kubectl apply` makes it of the manifest, with defaults and a new note. */
function merged(before: Resource | undefined, placed: Resource): Resource {
  const { [LAST_APPLIED_ANNOTATION]: _last, ...annotations } = placed.metadata.annotations ?? {};
  const own = { ...placed, metadata: { ...placed.metadata, annotations } } as unknown as Fields;
  const note = `${JSON.stringify(own)}\n`;
  const isNoted = before === undefined || before.metadata.annotations?.[LAST_APPLIED_ANNOTATION] !== undefined;
  const { kind } = placed;
  const manifest: Fields = {
    ...own,
    metadata: {
      ...placed.metadata,
      annotations: isNoted ? { ...annotations, [LAST_APPLIED_ANNOTATION]: note } : annotations,
    },
  };
  const current = before as unknown as Fields;
  const laid =
    before === undefined ? manifest : withPatch(current, kubectlPatch(noteOf(before), manifest, current, kind), kind);
  // Of kinds that the schema does not have the manifest's spec counts, as before.
  const isKnown = placed.apiVersion.startsWith('networking.k8s.io/') || kind === 'Namespace';
  const whole = isKnown ? withDefaults(kind, laid) : { ...laid, ...(own.spec === undefined ? {} : { spec: own.spec }) };
  const { annotations: noted, ...metadata } = whole.metadata as Fields;
  const kept = { ...metadata, annotations: noted ?? {} };
  return { ...whole, metadata: kept } as unknown as Resource;
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
  const { namespace: _own, ...plain } = read.resource.metadata;
  const metadata = isNamespaced(kind, apiVersion) ? { ...plain, namespace } : plain;
  const placed: Resource = { ...read.resource, metadata };
  const key = resourceKey(placed);
  const before = cluster.resources.get(key);
  const wanted = merged(before, placed);
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
