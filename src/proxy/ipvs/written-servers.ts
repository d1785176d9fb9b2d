/** Virtual servers as text: those of a Service port are kept for the next time that all of a node are written. */
import { addressOf } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import type { VirtualServer } from '../../netfilter/ipvs/types.js';
import { KeptBytes, KeptPorts } from '../kept-ports.js';
import type { EndpointSelection, ServicePort } from '../service-port.js';
import type { NodePlace } from '../topology.js';
import type { IpvsContext } from './context.js';

/** A virtual server as text, with what it is found and sorted by. */
interface WrittenServer {
  readonly key: string;
  readonly bits: bigint;
  readonly port: number;
  readonly protocol: string;
  readonly text: string;
}

const ports = new KeptPorts<readonly WrittenServer[]>();

/** About what is kept of a virtual server beside its text. */
const BYTES_EACH = 160;

const settingsNumbers = new WeakMap<NodeProxySettings, number>();
let settingsCount = 0;

/** Equal for contexts in which a port that uses the same endpoints has the same virtual servers. */
function contextKey({ family, settings, nodeAddresses, onInterfaces, nodeAddress }: IpvsContext, place: NodePlace) {
  const number = remember(settingsNumbers, settings, () => ++settingsCount);
  return JSON.stringify([family, number, nodeAddresses, [...onInterfaces], nodeAddress.text, place]);
}

function written({ origin: _, ...server }: VirtualServer): WrittenServer {
  const { address, port, protocol } = server;
  const bits = addressOf(address)?.bits ?? 0n;
  return { key: `${protocol} ${address} ${port}`, bits, port, protocol, text: JSON.stringify(server) };
}

function byAddress(a: WrittenServer, b: WrittenServer): number {
  if (a.bits !== b.bits) return a.bits < b.bits ? -1 : 1;
  return a.port - b.port || (a.protocol < b.protocol ? -1 : 1);
}

/** What is written of a node. */
export interface WrittenNode {
  readonly context: IpvsContext;
  readonly place: NodePlace;
  selection(port: ServicePort): EndpointSelection;
  virtualServersOf(port: ServicePort): readonly VirtualServer[];
}

/** The virtual servers of some ports as JSON, by address, port and protocol. */
export function serversText(all: readonly ServicePort[], node: WrittenNode): string {
  const context = contextKey(node.context, node.place);
  const together = new KeptBytes();
  // Of two ports that claim one address, the later one sets what the virtual server is.
  const byKey = new Map<string, WrittenServer>();
  for (const port of all) {
    const selection = node.selection(port);
    let servers = ports.find(port, selection, context);
    if (servers === undefined) {
      servers = node.virtualServersOf(port).map(written);
      const bytes = servers.reduce((sum, { text }) => sum + text.length + BYTES_EACH, 0);
      ports.keep(port, { selection, context }, servers, { together, bytes });
    }
    for (const server of servers) byKey.set(server.key, server);
  }
  return `[${Array.from(byKey.values())
    .sort(byAddress)
    .map(({ text }) => text)
    .join(',')}]`;
}
