import { ENGINE } from '../base/engine.js';
import { pointer, QuestionError } from '../base/errors.js';
import { KUBECTL_GET } from '../base/kubectl.js';
import { remember } from '../base/remember.js';
import type { ChangeContext } from '../changes/change.js';
import { applyChanges } from '../changes/index.js';
import type { Cluster } from '../cluster/cluster.js';
import { inferSettings } from '../cluster/infer-settings.js';
import { requireService } from '../cluster/lookup.js';
import type { Snapshot } from '../cluster/read-snapshot.js';
import type { Assumption, Settings } from '../cluster/settings.js';
import type { SettingsOverride } from '../cluster/settings-override.js';
import type { AnyResult, AppliedChange, Finding } from '../contract/answers.js';
import type { QuestionRequest } from '../contract/requests.js';
import { withEndpointSources } from '../control-plane/endpoint-sources.js';
import type { Door } from './findings/door.js';
import type { Unsaid } from './summaries/index.js';
import { withoutRepetition } from './without-repetition.js';

/**
 * What a question is answered from: the cluster after the changes, the settings, and what the answer must also tell.
 */
export interface Prepared {
  readonly cluster: Cluster;
  readonly settings: Settings;
  /** Before the changes; absent without changes. */
  readonly earlier?: { readonly cluster: Cluster; readonly settings: Settings };
  /** The other side of a comparison, of which the rules are that a question gives for nodes. */
  readonly rulesFrom?: { readonly cluster: Cluster; readonly settings: Settings };
  /** What each change did, in the order of the request. */
  readonly changes: readonly AppliedChange[];
  /** The moment that the question is about, in milliseconds since 1970. */
  moment(): { readonly at: number /** Whether the request names it. */; readonly given: boolean };
  /** Puts a result into the envelope that all answers share. */
  answer<R extends AnyResult>(outcome: Answered<R>, findings: readonly Finding[]): Unsaid<R>;
}

/** {@link prepare}, or one that remembers what it prepared. */
export type Prepare = (request: QuestionRequest, snapshot: Snapshot) => Prepared;

/** What a question puts into its answer itself. */
interface Answered<R> {
  readonly result: R;
  readonly assumptions: readonly Assumption[];
}

/** A question's own part of the answer, and what findings are made of. */
export interface Outcome<R> extends Answered<R> {
  /** `namespace/name` of the Services that the question is about. */
  readonly services: readonly string[];
  readonly doors: readonly Door[];
}

interface Sourced {
  readonly cluster: Cluster;
  readonly assumptions: readonly Assumption[];
}

// What depends on the snapshot alone is kept with it, so that a second question about a held snapshot costs only
// itself.
const sources = new WeakMap<Cluster, Sourced>();
const settingsOf = new WeakMap<Cluster, Map<string, Settings>>();
/** Different `settings` remembered per snapshot. */
const SETTINGS_KEPT = 16;

function sourced(cluster: Cluster): Sourced {
  return remember(sources, cluster, () => withEndpointSources(cluster));
}

function settled(cluster: Cluster, override: SettingsOverride | undefined): Settings {
  const byOverride = remember(settingsOf, cluster, () => new Map<string, Settings>());
  const key = JSON.stringify(override ?? {});
  if (byOverride.size >= SETTINGS_KEPT && !byOverride.has(key)) byOverride.clear();
  return remember(byOverride, key, () => inferSettings(cluster, override));
}

/**
 * The moment from which ages are counted, and what is assumed of it. Throws QuestionError for a time that is not valid.
 */
export function momentOf(
  request: Pick<QuestionRequest, 'at'>,
  snapshot: Snapshot,
): { readonly at: number; readonly assumption?: Assumption } {
  if (request.at !== undefined) {
    const at = Date.parse(request.at);
    if (Number.isNaN(at)) {
      throw new QuestionError('INVALID_REQUEST', `${request.at} is not a time.`, [
        { pointer: '/at', detail: 'An RFC 3339 time is needed, e.g. 2026-11-22T12:00:00Z.' },
      ]);
    }
    return { at };
  }
  const newest = snapshot.newestTimestamp;
  const at = newest ?? 0;
  const why =
    newest === undefined
      ? 'The snapshot has no timestamp and the request names no time: ages count from 1970.'
      : 'The request names no time: the newest timestamp of the snapshot.';
  return { at, assumption: { field: 'at', value: new Date(at).toISOString(), why } };
}

/**
 * Throws NOT_FOUND for a Service that settings.loadBalancer names and that is there neither before the changes nor
 * after.
 */
function checkBalanced({ settings }: QuestionRequest, before: Cluster, after: Cluster): void {
  for (const key of Object.keys(settings?.loadBalancer?.services ?? {})) {
    if (before.services.has(key)) continue;
    const [namespace = '', name = ''] = key.split('/');
    requireService(after, namespace, name, pointer('settings', 'loadBalancer', 'services', key));
  }
}

/**
 * Takes a request from its snapshot to the cluster that the question is about: endpoints derived where the snapshot has
 * none, settings inferred, changes applied in order. `taking` takes objects that the API server refuses or stores.
 * Throws QuestionError.
 */
export function prepare(
  request: QuestionRequest,
  snapshot: Snapshot,
  taking: Pick<ChangeContext, 'refused' | 'stored'> = {},
): Prepared {
  const base = sourced(snapshot.cluster);
  if (base.cluster.nodes.size === 0) {
    throw new QuestionError('INVALID_SNAPSHOT', 'The snapshot holds no Node.', [
      {
        in: 'snapshot',
        pointer: '',
        detail: `Nodes are needed: ${KUBECTL_GET}`,
      },
    ]);
  }
  const given = settled(snapshot.cluster, request.settings);
  let settings = given;
  const changes = request.changes ?? [];
  let cluster = base.cluster;
  let applied: readonly AppliedChange[] = [];
  const assumed: Assumption[] = [...snapshot.assumptions, ...base.assumptions];
  if (changes.length > 0) {
    const moment = momentOf(request, snapshot);
    if (moment.assumption !== undefined) assumed.push(moment.assumption);
    const changed = applyChanges(base.cluster, changes, {
      settings,
      at: moment.at,
      ...taking,
    });
    cluster = changed.cluster;
    settings = changed.settings;
    applied = changed.applied;
    assumed.push(...changed.assumptions);
  }
  checkBalanced(request, base.cluster, cluster);
  return {
    cluster,
    settings,
    ...(changes.length === 0 ? {} : { earlier: { cluster: base.cluster, settings: given } }),
    changes: applied,
    moment: () => ({ at: momentOf(request, snapshot).at, given: request.at !== undefined }),
    answer: (outcome, findings) => ({
      engine: ENGINE,
      snapshot: { digest: snapshot.digest, counts: snapshot.counts },
      settings: settings.asUsed,
      changes: applied,
      assumptions: [...assumed, ...settings.assumptions, ...withoutRepetition(outcome.assumptions)],
      findings,
      result: outcome.result,
    }),
  };
}
