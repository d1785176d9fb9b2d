import { addressOf, type IPFamily } from '../base/address.js';
import { remember } from '../base/remember.js';
import { nodeAddresses, nodeZone } from '../cluster/addresses.js';
import type { Node } from '../cluster/objects.js';
import type { Backend, Backends, Balanced, Excluded } from './implementation.js';

/** Set on nodes that no load balancer is to use; a value that reads as false (1.36) lets them in again. */
export const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** Set by the cluster autoscaler on a node that it is about to remove. */
export const BEING_DELETED_TAINT = 'ToBeDeletedByClusterAutoscaler';

/** Texts that Go's strconv.ParseBool takes for false. */
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/**
 * Why a node is no backend of a load balancer, by the rules that the service controller of every cloud shares;
 * undefined: it is one. Readiness is not looked at: an unready node stays until its health check fails.
 * Source: k8s.io/cloud-provider controllers/service/controller.go (`stableNodeSetPredicates`), 1.36.
 */
export function excludedFromAll(node: Node): string | undefined {
  const label = node.metadata.labels?.[EXCLUDE_LABEL];
  if (label !== undefined && !FALSE.has(label)) return `label ${EXCLUDE_LABEL}`;
  if (node.spec?.taints?.some(({ key }) => key === BEING_DELETED_TAINT)) return `taint ${BEING_DELETED_TAINT}`;
  if (node.metadata.deletionTimestamp) return 'it is being deleted';
  return undefined;
}

// The load balancers of all Services, at all points of a sweep, have the same nodes.
const backends = new WeakMap<Node, Map<IPFamily, Backend>>();

/** A node as a backend, with its primary address of the family. */
export function nodeBackend(node: Node, family: IPFamily): Backend {
  const known = remember(backends, node, () => new Map<IPFamily, Backend>());
  return remember(known, family, (): Backend => {
    const address = nodeAddresses(node).find((text) => addressOf(text)?.family === family);
    return { kind: 'NODE', node: node.metadata.name, address, zone: nodeZone(node) ?? '' };
  });
}

/** All nodes that pass a filter as backends, in snapshot order; the others with what the filter says of them. */
export function nodeBackends(
  { cluster, family }: Balanced,
  group: string,
  filter: (node: Node) => string | undefined = excludedFromAll,
): Backends {
  const members: Backend[] = [];
  const excluded: Excluded[] = [];
  for (const node of cluster.nodes.values()) {
    const why = filter(node);
    if (why === undefined) members.push(nodeBackend(node, family));
    else excluded.push({ name: node.metadata.name, why });
  }
  return { members, excluded, group };
}
