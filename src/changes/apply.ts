import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import type { ChangeContext, ChangeKind, ChangeResult, Consequence } from './change.js';
import { differences } from './differences.js';
import { applyManifest } from './manifests/apply-manifest.js';
import { type Manifest, type ManifestSource, readManifests } from './manifests/read-manifests.js';

/** Manifests as a pull request has them, applied in the order in which they stand. */
export interface ApplyChange {
  readonly manifests: readonly ManifestSource[];
  /** Of objects that name none, as `kubectl apply --namespace` has it. Default `default`. */
  readonly namespace?: string;
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

function apply(cluster: Cluster, change: ApplyChange, context: ChangeContext, pointer: string): ChangeResult {
  const { manifests, assumptions } = readManifests(change.manifests, `${pointer}/manifests`);
  const done: Pick<ChangeResult, 'choices' | 'consequences' | 'assumptions'>[] = [];
  let current = cluster;
  let { settings } = context;
  let touchesSettings = false;
  for (const manifest of manifests) {
    const place = manifest.fault('', '').pointer;
    const applied = withRefusals(manifest, change.namespace, context, place, () =>
      applyManifest(current, manifest, { namespace: change.namespace }, { ...context, settings }, place),
    );
    if (applied === undefined) continue;
    touchesSettings ||= applied.touchesSettings;
    current = applied.result.cluster;
    settings = applied.result.settings ?? settings;
    done.push(applied.result);
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

/**
 * `apply`: manifests, as `kubectl apply` would bring them into the cluster: new objects get what the API server allocates,
 * those that are there are merged with, and the controllers act: pods, slices, hints.
 */
export const applyManifests: ChangeKind<ApplyChange> = { key: 'apply', apply };
