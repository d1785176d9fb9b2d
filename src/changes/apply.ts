import { fieldsIn } from '../api-server/read-fields.js';
import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import type { ChangeContext, ChangeKind, ChangeResult, Consequence } from './change.js';
import { differences } from './differences.js';
import { applyManifest } from './manifests/apply-manifest.js';
import { type PruneOptions, prune, selectorOf, visitedKey } from './manifests/prune.js';
import { type Manifest, type ManifestSource, readManifests } from './manifests/read-manifests.js';
import { impossible } from './refused-change.js';

/** Manifests as a pull request has them, applied in their order. */
interface ApplyChange {
  readonly manifests: readonly ManifestSource[];
  /** Of objects that name none, as `kubectl apply --namespace` has it. Default `default`. */
  readonly namespace?: string;
  /** Whether an object of another namespace is refused. Default true. */
  readonly enforceNamespace?: boolean;
  /** As `kubectl apply --server-side`. */
  readonly serverSide?: boolean;
  /** As `--force-conflicts`: fields are taken from other managers. */
  readonly force?: boolean;
  /** As `--prune`: what was applied before and is in no manifest goes. */
  readonly prune?: PruneOptions;
}

/** What kube-proxy and the network are set up by, where manifests changed it. */
function withSettings(result: ChangeResult, context: ChangeContext): ChangeResult {
  const before = result.settings ?? context.settings;
  const after = before.forCluster(result.cluster);
  const changes = differences(before.asUsed, after.asUsed);
  if (changes.length === 0) return { ...result, settings: after };
  const consequences = changes.map(
    (detail): Consequence => ({ kind: 'SETTINGS_CHANGED', object: 'kube-proxy', detail }),
  );
  return {
    ...result,
    settings: after,
    consequences: [...result.consequences, ...consequences],
    assumptions: [
      ...result.assumptions,
      {
        field: 'changes.apply.kubeProxy',
        value: 'restarted',
        why: 'kube-proxy reads its configuration when it starts: every one has been restarted since.',
      },
    ],
  };
}

/** What `act` gives; undefined where the API server refuses the manifest and the context takes refusals. */
function withRefusals<T>(
  manifest: Manifest,
  namespace: string | undefined,
  { refused }: ChangeContext,
  place: string,
  act: () => T,
): T | undefined {
  try {
    return act();
  } catch (error) {
    if (refused === undefined || !(error instanceof QuestionError)) throw error;
    const { kind, value } = manifest;
    const { name, namespace: own = namespace ?? 'default' } = Object(value.metadata) as Readonly<
      Record<string, string>
    >;
    refused({
      kind,
      namespace: kind === 'Node' || kind === 'Namespace' ? undefined : own,
      name: name ?? '',
      place,
      error,
    });
    return undefined;
  }
}

/** Which manifests are applied: with a selector, as kubectl's `--selector`, those that it picks. */
function picked(manifests: readonly Manifest[], change: ApplyChange, pointer: string): readonly Manifest[] {
  if (change.prune === undefined) return manifests;
  const selects = selectorOf(change.prune, `${pointer}/prune`);
  return manifests.filter(({ value }) => {
    const labels = Object.entries(fieldsIn(fieldsIn(value.metadata).labels));
    return selects(
      Object.fromEntries(labels.filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
    );
  });
}

function checkOptions({ serverSide, force, prune: pruned }: ApplyChange, pointer: string): void {
  if (force === true && serverSide !== true) {
    throw impossible(
      `${pointer}/force`,
      'force takes fields from other managers, which serverSide alone knows of: give both.',
    );
  }
  if (pruned !== undefined) selectorOf(pruned, `${pointer}/prune`);
}

function apply(cluster: Cluster, change: ApplyChange, context: ChangeContext, pointer: string): ChangeResult {
  checkOptions(change, pointer);
  const { manifests, assumptions } = readManifests(change.manifests, `${pointer}/manifests`);
  const done: Pick<ChangeResult, 'choices' | 'consequences' | 'assumptions'>[] = [];
  const options = {
    namespace: change.namespace,
    enforced: change.enforceNamespace === false ? undefined : change.namespace,
    serverSide: change.serverSide === true,
    force: change.force === true,
  };
  const visited = new Set<string>();
  const namespaces = new Set<string>();
  let current = cluster;
  let { settings } = context;
  let touchesSettings = false;
  let isRefused = false;
  for (const manifest of picked(manifests, change, pointer)) {
    const place = manifest.fault('', '').pointer;
    const applied = withRefusals(manifest, change.namespace, context, place, () =>
      applyManifest(current, manifest, options, { ...context, settings }, place),
    );
    isRefused ||= applied === undefined;
    if (applied === undefined) continue;
    touchesSettings ||= applied.touchesSettings;
    visited.add(visitedKey(manifest.kind, applied.namespace, applied.name));
    if (applied.namespace !== undefined) namespaces.add(applied.namespace);
    current = applied.result.cluster;
    settings = applied.result.settings ?? settings;
    done.push(applied.result);
  }
  // kubectl prunes only where all manifests were applied.
  if (change.prune !== undefined && !isRefused) {
    const gone = prune(current, change.prune, visited, namespaces, { ...context, settings }, `${pointer}/prune`);
    current = gone.cluster;
    settings = gone.settings ?? settings;
    done.push(gone);
  }
  const result: ChangeResult = {
    cluster: current,
    ...(settings === context.settings ? {} : { settings }),
    choices: done.flatMap(({ choices }) => choices),
    consequences: done.flatMap(({ consequences }) => consequences),
    assumptions: [...assumptions, ...done.flatMap((one) => one.assumptions)],
  };
  return touchesSettings ? withSettings(result, context) : result;
}

/** More files are given as a number. */
const NAMED_FILES = 5;

function describe({ manifests, namespace }: ApplyChange): string {
  const files = manifests.flatMap((one) => (typeof one === 'object' && typeof one.file === 'string' ? [one.file] : []));
  const count = manifests.length;
  const areNamed = files.length === count && count <= NAMED_FILES;
  const what = areNamed ? files.join(', ') : `${count} manifest${count === 1 ? '' : 's'}`;
  return `apply ${what}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}

/**
 * `apply`: manifests, as `kubectl apply` would bring them into the cluster: new objects get what the API server
 * allocates, those that are there are merged with, and the controllers act: pods, slices, hints.
 */
export const applyManifests: ChangeKind<'apply'> = {
  key: 'apply',
  schema: 'ApplyChange',
  summary: 'manifests are applied, as `kubectl apply` does it',
  example: {
    namespace: 'default',
    manifests: [
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'nginx-deployment' }, spec: { replicas: 4 } },
    ],
  },
  describe,
  apply,
};
