import { addressOf, type Cidr, canonicalAddress, cidrContains, networkOf } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import type { Packet } from '../../netfilter/packet.js';
import type { SetLookup } from '../node-program.js';
import type { ProxyEndpoint, ServicePort } from '../service-port.js';
import type { ProgrammedPorts } from './programmed-ports.js';
import { type SetName, setName, setNames, setType } from './sets.js';

type Direction = 'src' | 'dst';

function addressAt(packet: Packet, direction: Direction): string {
  return direction === 'src' ? packet.source : packet.destination;
}

function portAt(packet: Packet, direction: Direction): number | undefined {
  return direction === 'src' ? packet.sourcePort : packet.destinationPort;
}

/**
 * What the sets of a node hold, looked up by the Service ports that can have put it there: a cluster with thousands of
 * Services has its sets made only where they are shown.
 */
export class ProgrammedSets implements SetLookup {
  readonly #program: ProgrammedPorts;
  readonly #names: ReadonlyMap<string, SetName>;
  readonly #entries = new WeakMap<ServicePort, ReadonlySet<string>>();
  readonly #ranges = new WeakMap<ServicePort, readonly { readonly portal: string; readonly range: Cidr }[]>();
  #loopBacks: ReadonlySet<string> | undefined;

  constructor(program: ProgrammedPorts) {
    this.#program = program;
    this.#names = new Map(setNames(program.context.traits).map((name) => [setName(name, program.family), name]));
  }

  holds(shown: string, packet: Packet, directions: readonly Direction[]): boolean | undefined {
    const name = this.#names.get(shown);
    if (name === undefined) return undefined;
    const [first = 'dst', second = 'dst', third = 'src'] = directions;
    if (setType(name) === 'hash:ip') return this.#program.isBound(addressAt(packet, first));
    if (packet.protocol === 'ICMP') return false;
    const protocol = packet.protocol;
    if (setType(name) === 'bitmap:port') return this.#holdsPort(name, portAt(packet, first));
    const number = portAt(packet, second);
    if (number === undefined) return undefined;
    const address = addressAt(packet, first);
    const portal = `${address},${protocol.toLowerCase()}:${number}`;
    if (name === 'KUBE-LOOP-BACK') return this.#ownEndpoints.has(`${portal},${addressAt(packet, third)}`);
    const ports = name.includes('-NODE-PORT-')
      ? this.#program.services.nodePortClaims(protocol, number)
      : this.#program.services.claims(protocol, address, number);
    if (name === 'KUBE-LOAD-BALANCER-SOURCE-CIDR') {
      const source = addressOf(addressAt(packet, third));
      return (
        source !== undefined &&
        ports.some((port) =>
          this.#rangesOf(port).some((entry) => entry.portal === portal && cidrContains(entry.range, source)),
        )
      );
    }
    const text = setType(name) === 'hash:ip,port,ip' ? `${portal},${addressAt(packet, third)}` : portal;
    return ports.some((port) => this.#entriesOf(port).has(`${name} ${text}`));
  }

  /** Ports are held whatever the protocol: the rules name it. */
  #holdsPort(name: SetName, number: number | undefined): boolean | undefined {
    if (number === undefined) return undefined;
    const { services } = this.#program;
    const ports =
      name === 'KUBE-HEALTH-CHECK-NODE-PORT'
        ? services.healthCheckClaims(number)
        : services.nodePortClaims(name.endsWith('-UDP') ? 'UDP' : 'TCP', number);
    return ports.some((port) => this.#entriesOf(port).has(`${name} ${number}`));
  }

  #entriesOf(port: ServicePort): ReadonlySet<string> {
    return remember(
      this.#entries,
      port,
      () => new Set(this.#program.portState(port).entries.map(({ set, text }) => `${set} ${text}`)),
    );
  }

  #rangesOf(port: ServicePort) {
    return remember(this.#ranges, port, () =>
      this.#program.portState(port).entries.flatMap(({ set, text }) => {
        if (set !== 'KUBE-LOAD-BALANCER-SOURCE-CIDR') return [];
        const comma = text.lastIndexOf(',');
        const range = networkOf(text.slice(comma + 1));
        // ipset refuses a network that holds everything: kube-proxy says so in its log, and the set goes without it.
        return range === undefined || range.length === 0 ? [] : [{ portal: text.slice(0, comma), range }];
      }),
    );
  }

  /** The endpoints of this node that may reach themselves, canonical. */
  get #ownEndpoints(): ReadonlySet<string> {
    this.#loopBacks ??= new Set(
      this.#program.localEndpoints().map(([port, endpoint]: readonly [ServicePort, ProxyEndpoint]) => {
        const address = canonicalAddress(endpoint.address);
        return `${address},${port.protocol.toLowerCase()}:${endpoint.port},${address}`;
      }),
    );
    return this.#loopBacks;
  }
}
