/** The Services that a timeline asks about where the question names none. */
import { isDeepStrictEqual } from '../../base/deep-equal.js';
import { applyChanges } from '../../changes/index.js';
import { SERVICE_NAME_LABEL, type Service } from '../../cluster/objects.js';
import type { Change } from '../../contract/requests.js';
import type { Prepared } from '../prepare.js';

/** The Services whose endpoints are others after a change: those that it moves pods of. Throws QuestionError. */
export function movedServices({ cluster, settings }: Prepared, change: Change, at: number): readonly Service[] {
  const after = applyChanges(cluster, [change], { settings, at }, '/timeline/change').cluster;
  const names = new Set<string>();
  for (const key of new Set([...cluster.endpointSlices.keys(), ...after.endpointSlices.keys()])) {
    const [was, is] = [cluster.endpointSlices.get(key), after.endpointSlices.get(key)];
    if (was === is || isDeepStrictEqual(was?.endpoints, is?.endpoints)) continue;
    const { namespace = 'default', labels = {} } = (was ?? is)?.metadata ?? {};
    if (labels[SERVICE_NAME_LABEL] !== undefined) names.add(`${namespace}/${labels[SERVICE_NAME_LABEL]}`);
  }
  return [...names].sort().flatMap((name) => cluster.services.get(name) ?? []);
}
