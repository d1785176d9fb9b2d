import { copyOf } from '../netfilter/packet.js';
import { walkHook } from '../netfilter/walk/walk.js';
import type { Client } from './client.js';
import { endingOf } from './endings.js';
import type { Fabric } from './fabric.js';
import { UPLINK } from './host.js';
import type { Branch, Ending, Trail } from './trail.js';

function passes(trail: Trail | undefined, node: string): boolean {
  for (let at = trail; at !== undefined; at = at.previous) {
    if (at.entry.kind === 'HOP' && at.entry.hop === 'NODE' && at.entry.name === node) return true;
  }
  return false;
}

/**
 * A node that forwards a TCP connection's packets but never sees the replies does not know the connection after its
 * first packet: to its connection tracking the client's next one, the ACK of a SYN/ACK it has not seen, is INVALID
 * (nf_conntrack_proto_tcp.c). Where a rule drops that, the connection opens and then falls silent.
 * Undefined when every such node lets the packets pass.
 */
export function lostHalfway(
  fabric: Fabric,
  client: Client,
  there: Branch,
  reply: Trail | undefined,
): Ending | undefined {
  if (there.packet.protocol !== 'TCP') return undefined;
  for (let at = there.tracked; at !== undefined; at = at.previous) {
    const { node, before, after, balancer } = at.entry;
    if (balancer !== undefined) continue;
    const outside = client.kind === 'OUTSIDE';
    const forwards = after.destination === there.packet.destination && (outside || node !== client.node);
    const entered = outside && (at.previous === undefined || at.previous.entry.balancer !== undefined);
    if (!(forwards || entered) || passes(reply, node)) continue;
    const packet = copyOf(there.packet);
    packet.source = before.source;
    packet.mark = 0;
    packet.inInterface = UPLINK;
    packet.outInterface = UPLINK;
    packet.bridged = undefined;
    packet.connection = { state: 'INVALID', dnat: false, snat: false };
    const outcome = walkHook(fabric.ruleset(node), 'FORWARD', packet, fabric.host(node))[0];
    if (outcome === undefined || outcome.verdict === 'ACCEPT') continue;
    const ending = endingOf(outcome, fabric.ruleset(node).language, node);
    if (ending.verdict === 'UNKNOWN') return ending;
    const detail =
      `the replies do not pass ${node}, so it does not know the connection after its first packet: ` +
      `${ending.detail}`;
    return { verdict: 'DROPPED', cause: 'INVALID_STATE', rule: ending.rule, detail };
  }
  return undefined;
}
