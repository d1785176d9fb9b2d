import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Assumption, Settings } from '../cluster/settings.js';
import type { AppliedChange } from '../contract/answers.js';
import type { Change } from '../contract/requests.js';
import { applyManifests } from './apply.js';
import { autoscaled } from './autoscale.js';
import type { ChangeContext, ChangeKey, ChangeKind, ChangeResult } from './change.js';
import { deleteObject } from './delete.js';
import { loadBalancer } from './load-balancer.js';
import { node } from './node.js';
import { patch } from './patch.js';
import { pods } from './pods.js';
import { proxy } from './proxy.js';
import { rollout } from './rollout.js';
import { scale } from './scale.js';
import { service } from './service.js';
import { zone } from './zone.js';

/**
 * The kinds of changes, in the order in which they are listed. A new one is a file of its own and a line here; the
 * compiler names those that the contract has and this list has not.
 */
const KINDS: { readonly [Key in ChangeKey]-?: ChangeKind<Key> } = {
  scale,
  service,
  patch,
  apply: applyManifests,
  rollout,
  pods,
  node,
  proxy,
  loadBalancer,
  zone,
  delete: deleteObject,
};

/** One of the kinds, where it is not known which. */
type SomeKind = (typeof KINDS)[ChangeKey];

/** All kinds of changes. */
export const CHANGE_KINDS: readonly SomeKind[] = Object.values(KINDS);

const BY_KEY: ReadonlyMap<string, SomeKind> = new Map(Object.entries(KINDS));

export interface AppliedChanges {
  readonly cluster: Cluster;
  /** Those of the context, unless a change replaced them. */
  readonly settings: Settings;
  readonly applied: readonly AppliedChange[];
  readonly assumptions: readonly Assumption[];
}

function kindOf(change: object, at: string): { readonly kind: SomeKind; readonly value: never } {
  const entries = Object.entries(change).filter(([, value]) => value !== undefined);
  const [entry] = entries;
  const kind = entry === undefined ? undefined : BY_KEY.get(entry[0]);
  if (kind !== undefined && entry !== undefined && entries.length === 1) return { kind, value: entry[1] as never };
  const keys = entries.map(([key]) => key);
  const found = keys.length === 0 ? 'none' : keys.join(', ');
  const detail =
    'A change has exactly one key that says what changes ' + `(${[...BY_KEY.keys()].join(', ')}); found: ${found}.`;
  throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: at, detail }]);
}

/** A change as a person would say it; as JSON where it is of no kind that is known. */
export function describeChange(change: unknown): string {
  const [key, value] = Object.entries(Object(change)).find(([, given]) => given !== undefined) ?? [];
  return (key === undefined ? undefined : BY_KEY.get(key))?.describe(value as never) ?? JSON.stringify(change);
}

/** What a change does; undefined where it is refused and the context takes refusals. */
function outcomeOf(
  { key }: { readonly key: string },
  value: unknown,
  { refused }: ChangeContext,
  place: string,
  act: () => ChangeResult,
): ChangeResult | undefined {
  try {
    return act();
  } catch (error) {
    const isRefusal = error instanceof QuestionError && ['IMPOSSIBLE_CHANGE', 'NOT_FOUND'].includes(error.code);
    if (refused === undefined || !isRefusal) throw error;
    const { kind = key, namespace, name } = Object(value) as Readonly<Record<string, string | undefined>>;
    // What names no object is a fault of the request, as a selector that cannot be read.
    if (name === undefined) throw error;
    refused({ kind, namespace, name, place, error });
    return undefined;
  }
}

/**
 * Makes the changes one after the other, each on what the one before left. Errors point at `/<number>` under `place`,
 * the place of the list in the request. Throws QuestionError INVALID_REQUEST for a change that has not exactly one
 * known key, and what the kind of change throws. Equal assumptions of several changes are listed once.
 */
export function applyChanges(
  cluster: Cluster,
  changes: readonly Change[],
  context: ChangeContext,
  place = '/changes',
): AppliedChanges {
  const applied: AppliedChange[] = [];
  const assumptions = new Map<string, Assumption>();
  let current = cluster;
  let { settings } = context;
  for (const [index, change] of changes.entries()) {
    const { kind, value } = kindOf(change, `${place}/${index}`);
    const at = `${place}/${index}/${kind.key}`;
    const result = outcomeOf(kind, value, context, at, () => {
      const made = kind.apply(current, value, { ...context, settings }, at);
      // Where refusals are taken, the question is what the API server stores: before autoscalers act.
      return context.refused === undefined ? autoscaled(kind.key, current, made, { ...context, settings }, at) : made;
    });
    if (result === undefined) {
      applied.push({ change, choices: [], consequences: [] });
      continue;
    }
    current = result.cluster;
    settings = result.settings ?? settings;
    applied.push({ change, choices: result.choices, consequences: result.consequences });
    for (const assumption of result.assumptions) assumptions.set(JSON.stringify(assumption), assumption);
  }
  return { cluster: current, settings, applied, assumptions: [...assumptions.values()] };
}
