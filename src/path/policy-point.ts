/** Where network policies act on a packet's way. */
import type { Pod } from '../cluster/objects.js';
import type { Direction, Flow } from '../policies/flow.js';

/**
 * A place on a packet's way where policies act: the egress of who sends it or the ingress of who gets it, at a node.
 */
export interface PolicyPoint {
  readonly node: string;
  readonly direction: Direction;
  /** The pod whose policies count; undefined: some pod that stands for the client. */
  readonly pod: Pod | undefined;
  readonly flow: Flow;
  /** Where the pod sent the packet, before DNAT, where the plugin that polices it sees that. */
  readonly sentTo?: { readonly address: string; readonly port: number | undefined };
}
