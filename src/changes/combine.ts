import type { Cluster } from '../cluster/cluster.js';
import type { Settings } from '../cluster/settings.js';
import type { ChangeContext, ChangeResult } from './change.js';

/** Nothing happened. */
export function unchanged(cluster: Cluster): ChangeResult {
  return { cluster, choices: [], consequences: [], assumptions: [] };
}

/** What a result gives after another: the later cluster and settings, all that followed, in order. */
export function combined(first: ChangeResult, second: ChangeResult): ChangeResult {
  const settings: Settings | undefined = second.settings ?? first.settings;
  return {
    cluster: second.cluster,
    ...(settings === undefined ? {} : { settings }),
    choices: [...first.choices, ...second.choices],
    consequences: [...first.consequences, ...second.consequences],
    assumptions: [...first.assumptions, ...second.assumptions],
  };
}

/** Something more that happens to what the first result left. */
export function then(
  first: ChangeResult,
  context: ChangeContext,
  next: (cluster: Cluster, context: ChangeContext) => ChangeResult,
): ChangeResult {
  const settings = first.settings ?? context.settings;
  return combined(first, next(first.cluster, { ...context, settings }));
}
