/**
 * `kubectl apply --prune`: what was applied before and is in no manifest now goes. Source: kubectl
 * pkg/cmd/apply/prune.go, pkg/util/prune.
 */
import { LAST_APPLIED } from '../../api-server/note.js';
import { textIn } from '../../api-server/read-fields.js';
import type { Cluster } from '../../cluster/cluster.js';
import { parseSelector } from '../../cluster/parse-selector.js';
import { isNamespaced } from '../../cluster/resources.js';
import type { DeleteChange } from '../../contract/requests.js';
import type { ChangeContext, ChangeResult } from '../change.js';
import { then, unchanged } from '../combine.js';
import { deleteObject } from '../delete.js';
import { impossible } from '../refused-change.js';

export interface PruneOptions {
  readonly selector: string;
  readonly allowlist?: readonly string[];
}

/**
 * The kinds that kubectl prunes by default (without --prune-allowlist), by group; only those that are read from
 * snapshots.
 */
const DEFAULT_KINDS = [
  'core/v1/ConfigMap',
  'core/v1/Endpoints',
  'core/v1/PersistentVolumeClaim',
  'core/v1/Pod',
  'core/v1/ReplicationController',
  'core/v1/Secret',
  'core/v1/Service',
  'batch/v1/Job',
  'batch/v1/CronJob',
  'networking.k8s.io/v1/Ingress',
  'apps/v1/DaemonSet',
  'apps/v1/Deployment',
  'apps/v1/ReplicaSet',
  'apps/v1/StatefulSet',
  'core/v1/Namespace',
  'core/v1/PersistentVolume',
];

/** What labels a selector picks. Throws QuestionError IMPOSSIBLE_CHANGE for a text that is not one. */
export function selectorOf(
  { selector }: PruneOptions,
  pointer: string,
): (labels: Readonly<Record<string, string>>) => boolean {
  const found = parseSelector(selector);
  if (found === undefined) {
    throw impossible(
      `${pointer}/selector`,
      `${JSON.stringify(selector)} is not a label selector, e.g. app=shop,tier in (web,api).`,
    );
  }
  return found;
}

interface Candidate {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

function kindsOf({ allowlist = DEFAULT_KINDS }: PruneOptions, pointer: string): readonly string[] {
  return allowlist.map((entry, index) => {
    const words = entry.split('/');
    if (words.length === 3) return words[2] ?? '';
    throw impossible(
      `${pointer}/allowlist/${index}`,
      `${JSON.stringify(entry)} must be group/version/Kind, e.g. core/v1/Service.`,
    );
  });
}

function candidates(cluster: Cluster): readonly Candidate[] {
  const resources = [...cluster.resources.values()].map((one): Candidate => {
    const { namespace: _namespace, ...metadata } = one.metadata;
    return isNamespaced(one.kind, one.apiVersion) ? one : { kind: one.kind, metadata };
  });
  return [
    ...cluster.configMaps.values(),
    ...cluster.endpoints.values(),
    ...cluster.pods.values(),
    ...cluster.services.values(),
    ...cluster.workloads.values(),
    ...cluster.endpointSlices.values(),
    ...cluster.nodes.values(),
    ...resources,
  ];
}

/** The key of an object among those that manifests name. */
export function visitedKey(kind: string, namespace: string | undefined, name: string): string {
  return `${kind} ${namespace ?? ''}/${name}`;
}

const CLUSTER_KINDS = ['Node', 'Namespace'];

/**
 * Deletes the objects that carry kubectl's note, that the selector picks, whose kind is pruned, that are in a
 * namespace of the manifests (or in none) and that are not among them. `visited` has the manifests' objects,
 * `namespaces` their namespaces.
 */
export function prune(
  cluster: Cluster,
  options: PruneOptions,
  visited: ReadonlySet<string>,
  namespaces: ReadonlySet<string>,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const selects = selectorOf(options, pointer);
  const kinds = kindsOf(options, pointer);
  let result = unchanged(cluster);
  const order = (one: Candidate) => kinds.indexOf(one.kind);
  const found = candidates(cluster)
    .filter(({ kind, metadata }) => {
      const namespace = CLUSTER_KINDS.includes(kind) ? undefined : (metadata.namespace ?? 'default');
      if (!kinds.includes(kind) || (namespace !== undefined && !namespaces.has(namespace))) return false;
      if (textIn(metadata.annotations?.[LAST_APPLIED]) === '' || !selects(metadata.labels ?? {})) return false;
      return !visited.has(visitedKey(kind, namespace, metadata.name));
    })
    .sort((a, b) => order(a) - order(b));
  for (const { kind, metadata } of found) {
    const scope = CLUSTER_KINDS.includes(kind) ? {} : { namespace: metadata.namespace ?? 'default' };
    const change = { kind, name: metadata.name, ...scope } as DeleteChange;
    result = then(result, context, (current, now) => deleteObject.apply(current, change, now, pointer));
  }
  return result;
}
