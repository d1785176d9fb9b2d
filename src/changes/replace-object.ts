import type { Cluster } from '../cluster/cluster.js';
import {
  type EndpointSlice,
  type KubernetesObject,
  type Node,
  namespacedName,
  type Pod,
  ZONE_LABEL,
} from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import { isControllerSlice } from '../control-plane/slice-metadata.js';
import type { ChangeContext, ChangeResult, Consequence } from './change.js';
import { differences } from './differences.js';
import { settle, type Unsettled } from './settle.js';
import { withoutLastApplied } from './update-service.js';

function settled(
  cluster: Cluster,
  changed: Cluster,
  unsettled: Unsettled,
  context: ChangeContext,
  consequences: readonly Consequence[],
  assumptions: readonly Assumption[] = [],
): ChangeResult {
  const done = settle(cluster, changed, unsettled, context);
  return {
    cluster: done.cluster,
    choices: [],
    consequences: [...consequences, ...done.consequences],
    assumptions: [...assumptions, ...done.assumptions],
  };
}

function consequences(
  kind: Consequence['kind'],
  object: string,
  before: KubernetesObject | undefined,
  after: KubernetesObject,
) {
  if (before === undefined) return [];
  return differences(withoutLastApplied(before), withoutLastApplied(after)).map(
    (detail): Consequence => ({ kind, object, detail }),
  );
}

/** Puts a node in the place of the one of its name; slices show another zone. */
export function replaceNode(cluster: Cluster, before: Node, after: Node, context: ChangeContext): ChangeResult {
  const { name } = before.metadata;
  const moved = before.metadata.labels?.[ZONE_LABEL] !== after.metadata.labels?.[ZONE_LABEL];
  const changed = cluster.with({ nodes: new Map([[name, after]]) });
  const pods = moved ? cluster.podsOn(name) : [];
  return settled(cluster, changed, { pods }, context, consequences('NODE_CHANGED', name, before, after));
}

/** Puts a pod in the place of the one of its name; it leaves and joins Services. */
export function replacePod(cluster: Cluster, before: Pod, after: Pod, context: ChangeContext): ChangeResult {
  const key = namespacedName(before);
  const changed = cluster.with({ pods: new Map([[key, after]]) });
  return settled(cluster, changed, { pods: [before, after] }, context, consequences('POD_CHANGED', key, before, after));
}

/** Puts a slice in the place of the one of its name, or adds it. `field` is what the assumption calls the change. */
export function replaceSlice(
  cluster: Cluster,
  before: EndpointSlice | undefined,
  after: EndpointSlice,
  context: ChangeContext,
  field: string,
): ChangeResult {
  const key = namespacedName(after);
  const changed = cluster.with({ endpointSlices: new Map([[key, after]]) });
  const assumptions = isControllerSlice(after)
    ? [
        {
          field,
          value: `EndpointSlice ${key}`,
          why:
            'The EndpointSlice controller would set this slice back to what pods show: the answer is about the ' +
            'moment before it does.',
        },
      ]
    : [];
  return settled(cluster, changed, {}, context, consequences('SLICE_CHANGED', key, before, after), assumptions);
}
