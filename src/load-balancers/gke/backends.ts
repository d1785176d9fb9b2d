import type { Backends, Balanced } from '../implementation.js';
import { nodeBackend, nodeBackends } from '../node-filter.js';
import { noteClass } from './kind.js';
import type { LeftOut } from './node-filter.js';
import { gkeNodeFilter } from './passthrough.js';
import { type SubsetKind, subsetOf } from './subset.js';

const WHY: Readonly<Record<LeftOut, string>> = {
  EXCLUDE_LABEL: 'label node.kubernetes.io/exclude-from-external-load-balancers',
  TO_BE_DELETED: 'taint ToBeDeletedByClusterAutoscaler',
  DRAINING: 'label operation.gke.io/type=drain',
  NO_ZONE: 'no zone is known of it',
  NOT_CONNECTED: 'it is not connected to the network that the Service selects',
};

/** Nodes of a target pool or of instance groups: all that pass the filter. */
export function groupBackends(balanced: Balanced, group: string): Backends {
  return nodeBackends(balanced, group, gkeNodeFilter(balanced));
}

/** Nodes of GCE_VM_IP NEGs: a subset of the cluster, as the NEG controller chooses it. */
export function negBackends(balanced: Balanced, kind: SubsetKind): Backends {
  const { cluster, service, options, family } = balanced;
  noteClass(balanced);
  const previous = options.previousSubset;
  const subset = subsetOf(cluster, service, {
    kind,
    ...(previous === undefined ? {} : { previous }),
    ...(options.includeDrainingNodes === undefined ? {} : { keepDraining: options.includeDrainingNodes }),
  });
  const chosen = new Set(subset.nodes);
  const all = [...cluster.nodes.values()];
  const local = service.spec?.externalTrafficPolicy === 'Local';
  const considered = subset.zones.reduce((sum, { candidates }) => sum + candidates, 0);
  if (previous === undefined && considered > chosen.size) {
    balanced.assume(
      'loadBalancer.previousSubset',
      [],
      'Which nodes the NEGs hold depends on which they held before: chosen from scratch here (give ' +
        'options.previousSubset).',
    );
  }
  return {
    group: 'GCE_VM_IP NEGs',
    members: all.filter(({ metadata }) => chosen.has(metadata.name)).map((node) => nodeBackend(node, family)),
    excluded: all.flatMap(({ metadata: { name } }) => {
      if (chosen.has(name)) return [];
      const why = subset.leftOut.get(name);
      const otherwise = local && considered === chosen.size ? 'no endpoint is on it' : 'not chosen for the subset';
      return [{ name, why: why === undefined ? otherwise : WHY[why] }];
    }),
  };
}
