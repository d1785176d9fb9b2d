/** The first packet of a connection as policies see it, after DNAT. */
import { ownsAddress } from '../cluster/addresses.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Node, Pod } from '../cluster/objects.js';

export type Direction = 'EGRESS' | 'INGRESS';

/** One end of a connection. */
export interface End {
  /** Canonical text. */
  readonly address: string;
  /** A pod with an address of its own; pods in their node's network are their node. */
  readonly pod?: Pod;
  readonly node?: Node;
  /** An address that stands for some pod of which neither labels nor namespace are known. */
  readonly isSomePod?: boolean;
}

export interface Flow {
  readonly source: End;
  readonly destination: End;
  readonly protocol: string;
  readonly port: number | undefined;
  /**
   * Whom an ipBlock matches by address: everybody, addresses outside alone (Cilium), or those and nodes. Default ALL.
   */
  readonly blocks?: 'ALL' | 'OUTSIDE' | 'OUTSIDE_AND_NODES';
  /** Whether a pod reaches itself through a Service: then it is not exempt from ClusterNetworkPolicies. */
  readonly isHairpin?: boolean;
}

export const namespaceOf = ({ metadata }: Pod): string => metadata.namespace ?? 'default';

/** Whether policies are about the pod: it has an address of its own, and has not ended. */
export function isPoliced(pod: Pod): boolean {
  return ownsAddress(pod);
}

/** The end of a connection that is a pod. */
export function podEnd(cluster: Cluster, pod: Pod, address: string): End {
  if (isPoliced(pod)) return { address, pod };
  const node = cluster.nodes.get(pod.spec?.nodeName ?? '');
  return node === undefined ? { address } : { address, node };
}
