import type { Protocol } from '../netfilter/packet.js';

/** Who opens the connection. */
export interface Client {
  readonly kind: 'POD' | 'HOST' | 'OUTSIDE';
  /** How answers call it: `pod/default/client`, `node/node-1`, `outside 203.0.113.7`. */
  readonly name: string;
  /** Its address. A process of a host gets one by the route to where it connects. */
  readonly address: string | undefined;
  /** Its node; for an outside client the node at which the packet arrives. */
  readonly node: string;
  /** Namespace that short DNS names are completed with. */
  readonly namespace: string;
}

/** Where the connection goes. */
export interface Target {
  readonly address: string;
  readonly port: number | undefined;
  readonly protocol: Protocol;
}
