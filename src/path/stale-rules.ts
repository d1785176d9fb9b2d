/** Rules that are given for a node, on the side of a comparison on which kube-proxy would write others. */
import type { Packet } from '../netfilter/packet.js';
import type { NodeProgram } from '../proxy/node-program.js';
import { programNode } from '../proxy/program.js';
import type { ServicePort } from '../proxy/service-port.js';

import type { Fabric } from './fabric.js';

/** The Service ports that a packet is for by a node's program. */
function portsFor({ services }: NodeProgram, isLocal: boolean, packet: Packet): readonly ServicePort[] {
  const { protocol, destination, destinationPort: port } = packet;
  if (port === undefined) return [];
  const claims = services.claims(protocol, destination, port);
  return claims.length > 0 || !isLocal ? claims : services.nodePortClaims(protocol, port);
}

/** What a program does with a packet's Service ports, as text. */
function textFor(program: NodeProgram, isLocal: boolean, packet: Packet): string {
  const ports = portsFor(program, isLocal, packet);
  return [program.mode, ...ports.map((port) => `${port.id} ${program.programText(port)}`).sort()].join('\n');
}

/**
 * Why it is not known what a node with given rules does with a packet: they are those of the other side, and kube-proxy
 * writes others for its Service on this one. Undefined where both sides' kube-proxies write the same. Throws
 * QuestionError UNSUPPORTED where a node's mode is not modelled.
 */
export function staleRules(fabric: Fabric, node: string, packet: Packet): string | undefined {
  const { rulesFrom, family } = fabric;
  if (rulesFrom === undefined || !fabric.isParsed(node) || !rulesFrom.cluster.nodes.has(node)) return undefined;
  const before = programNode(rulesFrom.cluster, node, family, rulesFrom.settings.proxyOf(node));
  const isLocal = fabric.host(node).isLocal(packet.destination);
  if (textFor(before, isLocal, packet) === textFor(fabric.program(node), isLocal, packet)) return undefined;
  return (
    `the rules given for ${node} are those before the change, and kube-proxy writes others for ` +
    `${packet.destination} after it`
  );
}
