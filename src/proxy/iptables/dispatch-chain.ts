import type { Packet } from '../../netfilter/packet.js';
import type { Chain, Rule } from '../../netfilter/ruleset.js';
import type { ClusterServiceMap } from '../service-map.js';
import type { ServicePort } from '../service-port.js';
import { compareServicePorts } from '../service-ports.js';
import { CHAINS } from './port-rules.js';
import type { ServiceChains, TableName } from './service-chains.js';

type Lookup = (services: ClusterServiceMap, packet: Packet, port: number) => readonly ServicePort[];

const byAddress: Lookup = (services, packet, port) => services.claims(packet.protocol, packet.destination, port);
const byNodePort: Lookup = (services, packet, port) => services.nodePortClaims(packet.protocol, port);
const byHealthCheck: Lookup = (services, packet, port) =>
  packet.protocol === 'TCP' ? services.healthCheckClaims(port) : [];
const byAny: Lookup = (services, packet, port) => {
  const addresses = byAddress(services, packet, port);
  const nodePorts = byNodePort(services, packet, port);
  if (nodePorts.length === 0) return addresses;
  return [...new Set([...addresses, ...nodePorts])].sort(compareServicePorts);
};

/** By which claim a packet finds its Service in a shared chain. */
const LOOKUPS: Readonly<Record<TableName, Readonly<Record<string, Lookup>>>> = {
  nat: { [CHAINS.services]: byAddress, [CHAINS.nodePorts]: byNodePort },
  filter: {
    [CHAINS.services]: byAddress,
    [CHAINS.externalServices]: byAny,
    [CHAINS.proxyFirewall]: byAddress,
    [CHAINS.nodePorts]: byHealthCheck,
  },
};

/** Whether a chain of a table is one that all Services share. */
export function isDispatchChain(table: TableName, name: string): boolean {
  return LOOKUPS[table][name] !== undefined;
}

/**
 * A chain that every Service has rules in. The real proxy takes Services in random order, so a rule's place in it says
 * nothing; each rule names an address or port, so that a packet can only match those of the Services that claim its
 * destination, and the few rules at the end.
 */
export class DispatchChain implements Chain {
  readonly name: string;
  readonly ordered = false;
  readonly #table: TableName;
  readonly #services: ClusterServiceMap;
  readonly #chains: ServiceChains;
  readonly #tail: readonly Rule[];
  readonly #lookup: Lookup;
  #rules: readonly Rule[] | undefined;

  constructor(
    table: TableName,
    name: string,
    services: ClusterServiceMap,
    chains: ServiceChains,
    tail: readonly Rule[],
  ) {
    this.name = name;
    this.#table = table;
    this.#services = services;
    this.#chains = chains;
    this.#tail = tail;
    this.#lookup = LOOKUPS[table][name] ?? byAny;
  }

  get rules(): readonly Rule[] {
    this.#rules ??= this.#rulesOf(this.#services.ports(), false);
    return this.#rules;
  }

  select(packet: Packet): readonly Rule[] {
    // Every rule but those at the end asks for tcp, udp or sctp and a port.
    if (packet.protocol === 'ICMP') return this.#tail;
    if (packet.destinationPort === undefined) return this.rules;
    return this.#rulesOf(this.#lookup(this.#services, packet, packet.destinationPort), true);
  }

  #rulesOf(ports: readonly ServicePort[], keepChains: boolean): readonly Rule[] {
    if (ports.length === 0) return this.#tail;
    const rules: Rule[] = [];
    for (const port of ports) {
      rules.push(...this.#chains.dispatchRules(port, this.#table, this.name, keepChains));
    }
    rules.push(...this.#tail);
    return rules;
  }
}
