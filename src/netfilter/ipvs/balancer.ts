/**
 * IPVS at its hooks: takes packets for virtual servers and sends them on to real servers
 * (net/netfilter/ipvs/ip_vs_core.c).
 */
import { joinHostPort } from '../../base/address.js';
import { ONE } from '../../base/fraction.js';
import { copyOf, type Packet } from '../packet.js';
import type { Hook, HookBalancer, Rule, Taking } from '../ruleset.js';
import type { WalkEnvironment } from '../walk/types.js';
import { realServerLine, virtualServerName } from './save.js';
import { type Pattern, SCHEDULERS, schedule } from './schedule.js';
import { FLAGS, type RealServer, type VirtualServer } from './types.js';

/** Where IPVS looks at new connections: behind filter INPUT, and between nat OUTPUT and filter OUTPUT. */
const PLACES: readonly { readonly hook: Hook; readonly priority: number }[] = [
  { hook: 'INPUT', priority: 99 },
  { hook: 'OUTPUT', priority: -98 },
];

/** Finds the virtual server that a packet is for. */
export type Lookup = (packet: Packet) => VirtualServer | undefined;

/** What is known of connections beside the packet. */
export interface BalancerOptions {
  readonly pattern: Pattern;
  /** Open connections of real servers, by `address:port`; absent: not known. */
  readonly open?: ReadonlyMap<string, { readonly active: number; readonly inactive: number }> | undefined;
  /** Why the real servers are taken to have been added in their order. */
  readonly order: string;
}

/** The name under which a client's real server is remembered (persistence). */
export function persistenceKey(protocol: string, address: string, port: number): string {
  return `ipvs ${protocol} ${joinHostPort(address, port)}`;
}

/** Finds virtual servers in a list, as the kernel does: by firewall mark first, then by address and port. */
export function lookupIn(servers: readonly VirtualServer[]): Lookup {
  const key = (protocol: string, address: string, port: number) => `${protocol} ${address} ${port}`;
  const byAddress = new Map<string, VirtualServer>();
  const byMark = new Map<number, VirtualServer>();
  for (const server of servers) {
    if (server.firewallMark !== undefined) byMark.set(server.firewallMark, server);
    else byAddress.set(key(server.protocol, server.address, server.port), server);
  }
  return ({ mark, protocol, destination, destinationPort }) => {
    const marked = mark === 0 ? undefined : byMark.get(mark);
    if (marked !== undefined) return marked;
    if (destinationPort === undefined || protocol === 'ICMP') return undefined;
    const exact = byAddress.get(key(protocol, destination, destinationPort));
    // A persistent virtual server on port 0 takes every port of its address.
    return exact ?? byAddress.get(key(protocol, destination, 0));
  };
}

/** IPVS with the virtual servers of one node. */
export class IpvsBalancer implements HookBalancer {
  readonly name = 'ipvs';
  readonly places = PLACES;
  readonly #lookup: Lookup;
  readonly #options: BalancerOptions;
  readonly #rules = new WeakMap<RealServer, Rule>();

  constructor(lookup: Lookup, options: BalancerOptions) {
    this.#lookup = lookup;
    this.#options = options;
  }

  take(packet: Packet, environment: WalkEnvironment): Taking | undefined {
    // A packet that IPVS has sent on is not looked at again, and connections that are open have their real server.
    if (packet.balanced !== undefined || packet.connection.state !== 'NEW') return undefined;
    const virtual = this.#lookup(packet);
    if (virtual === undefined) return undefined;
    const chain = virtualServerName(virtual);
    const kept = this.#kept(virtual, packet, environment);
    if (kept !== undefined) {
      const why = `The client keeps the real server that it had within ${virtual.timeout} s.`;
      const chance = { nominal: ONE, programmed: ONE, basis: { kind: 'EXACT', why } } as const;
      return this.#taking(virtual, chain, packet, environment, [{ server: kept, chance }], undefined);
    }
    this.#assumeOrder(virtual, environment);
    const result = schedule(this.#counted(virtual), packet, this.#options.pattern, packet.anySource === true);
    if (result === undefined) {
      const known = SCHEDULERS.includes(virtual.scheduler);
      const detail = known
        ? `what the scheduler ${virtual.scheduler} chooses is not modelled`
        : `there is no scheduler ${virtual.scheduler}`;
      return { chain, ways: [], refused: undefined, unknown: `${detail} (${chain})` };
    }
    const ways = result.choices.map(({ server, share }) => ({
      server,
      chance: { nominal: share, programmed: share, roundRobin: isTurn(virtual), basis: result.basis },
    }));
    const refused =
      result.refused.n === 0n
        ? undefined
        : { nominal: result.refused, programmed: result.refused, basis: result.basis };
    return this.#taking(virtual, chain, packet, environment, ways, refused);
  }

  /**
   * The order in which real servers were added decides where a turn begins, whom ties go to, and the tables of hashes.
   */
  #assumeOrder({ realServers, scheduler }: VirtualServer, environment: WalkEnvironment): void {
    if (realServers.length < 2 || scheduler === 'fo') return;
    environment.assume?.('ipvs.order', 'as listed', this.#options.order);
  }

  /** The virtual server with the connections that its real servers hold, as far as they are known. */
  #counted(virtual: VirtualServer): VirtualServer {
    const { open } = this.#options;
    if (open === undefined) return virtual;
    const realServers = virtual.realServers.map((server) => {
      const { active, inactive } = open.get(joinHostPort(server.address, server.port)) ?? { active: 0, inactive: 0 };
      return { ...server, activeConnections: active, inactiveConnections: inactive };
    });
    const known = virtual.realServers.some(({ address, port }) => open.has(joinHostPort(address, port)));
    return known ? { ...virtual, realServers } : virtual;
  }

  /** The real server that the client had within the timeout, unless it drains. */
  #kept({ flags, protocol, realServers }: VirtualServer, { source }: Packet, environment: WalkEnvironment) {
    if ((flags & FLAGS.persistent) === 0) return undefined;
    return realServers.find(
      ({ address, port, weight }) =>
        weight > 0 && environment.recentHolds(persistenceKey(protocol, address, port), source),
    );
  }

  #taking(
    virtual: VirtualServer,
    chain: string,
    packet: Packet,
    environment: WalkEnvironment,
    ways: readonly { readonly server: RealServer; readonly chance?: Taking['refused'] }[],
    refused: Taking['refused'],
  ): Taking {
    const limited = virtual.realServers.find((server) => server.limited === true);
    if (limited !== undefined) {
      const unknown =
        `the real server ${joinHostPort(limited.address, limited.port)} of ${chain} takes connections up to a ` +
        'limit (-x): whether it is reached is not known';
      return { chain, ways: [], refused: undefined, unknown };
    }
    const wrong = ways.find(({ server: { forwarding = 'MASQUERADE' } }) => forwarding !== 'MASQUERADE');
    if (wrong !== undefined) {
      const unknown =
        `the virtual server ${chain} sends packets on without NAT (${wrong.server.forwarding}): what becomes ` +
        'of them is not modelled';
      return { chain, ways: [], refused: undefined, unknown };
    }
    return {
      chain,
      refused,
      wantsLocal: virtual.wantsLocal,
      ...(virtual.origin && { origin: virtual.origin }),
      ways: ways.map(({ server, chance }) => ({
        chance,
        rule: this.#rule(virtual, chain, server),
        packet: sentTo(packet, virtual, server),
        stays: environment.addressType(server.address) === 'LOCAL',
        ...(server.leftOut && { leftOut: server.leftOut }),
      })),
    };
  }

  /** A real server as a rule, so that a step can name it. */
  #rule(virtual: VirtualServer, chain: string, server: RealServer): Rule {
    let rule = this.#rules.get(server);
    if (rule?.chain !== chain) {
      const endpoint = joinHostPort(server.address, server.port);
      const origin = virtual.origin === undefined ? undefined : { ...virtual.origin, endpoint };
      rule = { chain, statements: [], text: realServerLine(virtual, server), ...(origin && { origin }) };
      this.#rules.set(server, rule);
    }
    return rule;
  }
}

function isTurn({ scheduler, realServers }: VirtualServer): boolean | undefined {
  const several = realServers.filter(({ weight }) => weight > 0).length > 1;
  return (scheduler === 'rr' || scheduler === 'wrr') && several ? true : undefined;
}

/**
 * The packet as IPVS sends it on: to the real server. The connection is translated as by a rule, and IPVS keeps it too.
 */
function sentTo(
  packet: Packet,
  virtual: VirtualServer,
  { address, port, forwarding = 'MASQUERADE' }: RealServer,
): Packet {
  const { connection } = packet;
  const after = copyOf(packet);
  after.destination = address;
  if (port !== 0) after.destinationPort = port;
  after.connection = {
    ...connection,
    originalDestination: connection.originalDestination ?? packet.destination,
    originalDestinationPort: connection.originalDestinationPort ?? packet.destinationPort,
  };
  after.balanced = {
    address: virtual.firewallMark === undefined ? virtual.address : packet.destination,
    port: virtual.firewallMark === undefined ? virtual.port : (packet.destinationPort ?? 0),
    forwarding,
  };
  return after;
}

/** Stands where IPVS is at work and what it has is not given: what it may take is not known. */
export class UnknownBalancer implements HookBalancer {
  readonly name = 'ipvs';
  readonly places = PLACES;
  readonly #mayTake: (packet: Packet) => boolean;
  readonly #why: string;

  /** @param mayTake whether a packet is for an address and port that a Service has */
  constructor(mayTake: (packet: Packet) => boolean, why: string) {
    this.#mayTake = mayTake;
    this.#why = why;
  }

  take(packet: Packet): Taking | undefined {
    if (packet.connection.state !== 'NEW' || !this.#mayTake(packet)) return undefined;
    return { chain: 'virtual servers', ways: [], refused: undefined, unknown: this.#why };
  }
}
