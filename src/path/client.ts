import type { BackendShare, Balancer } from '../load-balancers/balancer.js';
import type { Protocol } from '../netfilter/packet.js';

/** Who opens the connection. */
export interface Client {
  readonly kind: 'POD' | 'HOST' | 'OUTSIDE';
  /** How answers call it: `pod/default/client`, `node/node-1`, `outside 203.0.113.7`. */
  readonly name: string;
  /** Its address. A process of a host gets one by the route to where it connects. */
  readonly address: string | undefined;
  /**
   * Its node; for an outside client the node at which the packet arrives, or, where a load balancer decides that, some
   * node that knows the Service.
   */
  readonly node: string;
  /** The address only stands for those of clients that are not known. */
  readonly anyAddress?: boolean;
  /** The load balancer that an outside client's packets come through. */
  readonly through?: Through;
  /** Namespace that short DNS names are completed with. */
  readonly namespace: string;
}

/** A load balancer on the way in. */
export interface Through {
  readonly balancer: Balancer;
  /** The client's zone, where it is a machine of the provider's network; '' otherwise. */
  readonly zone: string;
  /** The backends that stand for all; absent: those that the balancer spreads connections over. */
  readonly shares?: readonly BackendShare[];
}

/** Where the connection goes. */
export interface Target {
  readonly address: string;
  readonly port: number | undefined;
  readonly protocol: Protocol;
}
