import { LEGACY_ZONE_LABEL, type Node, type Service, type SliceEndpoint, ZONE_LABEL } from '../../cluster/objects.js';

/** Why the controller leaves a node out of the backends of L4 load balancers. */
export type LeftOut = 'EXCLUDE_LABEL' | 'TO_BE_DELETED' | 'DRAINING' | 'NO_ZONE' | 'NOT_CONNECTED';

/** Nodes with this label are left out, whatever its value (ingress-gce pkg/utils, nodePredicateInternal). */
const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** The cluster autoscaler's taint on nodes that it is about to delete. */
const TO_BE_DELETED_TAINT = 'ToBeDeletedByClusterAutoscaler';
/** What GKE writes on a node that an upgrade or resize is about to drain (ingress-gce, GKECurrentOperationLabel). */
const OPERATION_LABEL = 'operation.gke.io/type';
/** `gce://PROJECT/ZONE/INSTANCE`, the only place that ingress-gce reads a node's zone from. */
const PROVIDER_ID = /^gce:\/\/[^/]+\/([^/]+)\/[^/]+$/;
/** The subnet of a node of a multi-subnet cluster (ingress-gce, LabelNodeSubnet); without it, the default subnet. */
const SUBNET_LABEL = 'cloud.google.com/gke-node-pool-subnet';

/**
 * The zone of a node as GKE's controller resolves it, from the provider ID. A node without any provider ID falls back
 * to its zone label, since snapshots are often reduced; undefined: it has no zone, and never becomes a backend.
 */
export function zoneOf(node: Node): string | undefined {
  const provider = node.spec?.providerID ?? '';
  if (provider !== '') return PROVIDER_ID.exec(provider)?.[1];
  const labels = node.metadata.labels;
  return labels?.[ZONE_LABEL] ?? labels?.[LEGACY_ZONE_LABEL];
}

/** The subnet of a node by its label; '' is the cluster's default subnet. */
export function subnetOf(node: Node): string {
  return node.metadata.labels?.[SUBNET_LABEL] ?? '';
}

/**
 * Whether a node may be a backend of a GCE_VM_IP NEG, and if not, why (ingress-gce pkg/utils/zonegetter and
 * CandidateNodesPredicateIncludeUnreadyExcludeUpgradingNodes). NotReady nodes stay: health checks look after them.
 *
 * @param keepDraining the controller's option that keeps draining nodes for Services of policy Local
 */
export function leftOut(node: Node, keepDraining = false): LeftOut | undefined {
  if (node.metadata.labels?.[EXCLUDE_LABEL] !== undefined) return 'EXCLUDE_LABEL';
  if (node.spec?.taints?.some(({ key }) => key === TO_BE_DELETED_TAINT)) return 'TO_BE_DELETED';
  if (!keepDraining && node.metadata.labels?.[OPERATION_LABEL] === 'drain') return 'DRAINING';
  return zoneOf(node) === undefined ? 'NO_ZONE' : undefined;
}

/**
 * The node of an endpoint that counts for NEGs; undefined for one that does not: it is terminating, or no Pod stands
 * behind it, or no node is named. Endpoints that are not ready count (ingress-gce
 * pkg/neg/syncers/endpoints_calculator.go).
 */
export function countedNode(endpoint: SliceEndpoint): string | undefined {
  if (endpoint.conditions?.terminating === true || endpoint.targetRef === undefined) return undefined;
  return endpoint.nodeName ?? endpoint.deprecatedTopology?.['kubernetes.io/hostname'];
}

/**
 * The text that salts the choice of a Service's subset: its name first, then its namespace (ingress-gce
 * pkg/neg/syncers/transaction.go).
 */
export function subsetSalt(service: Service): string {
  return `${service.metadata.name}/${service.metadata.namespace ?? 'default'}`;
}
