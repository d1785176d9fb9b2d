import { canonicalAddress } from '../../base/address.js';
import { IPTABLES } from '../../netfilter/iptables/language.js';
import { IpvsBalancer, type Lookup } from '../../netfilter/ipvs/balancer.js';
import type { VirtualServer } from '../../netfilter/ipvs/types.js';
import type { Packet } from '../../netfilter/packet.js';
import type { Ruleset } from '../../netfilter/ruleset.js';
import { tablesWithoutProxy } from '../iptables/program.js';
import type { RulesetOptions } from '../node-program.js';
import type { ServicePort } from '../service-port.js';
import { CHAINS, chainJumps, declaredChains } from './fixed-rules.js';
import type { ProgrammedPorts } from './programmed-ports.js';

/**
 * Finds the virtual server of a packet without making all of them. An address of the node that the snapshot does not
 * list has the same virtual servers for node ports as those that it lists, since kube-proxy gives them to every local
 * address.
 */
function lookup(program: ProgrammedPorts, further: readonly string[]): Lookup {
  const serverAt = (ports: readonly ServicePort[], address: string, number: number) => {
    // Of two ports that claim one address, the later one sets what the virtual server is.
    for (const port of [...ports].reverse()) {
      const found = serversOf(port).find((server) => server.address === address && server.port === number);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const known = new WeakMap<ServicePort, readonly VirtualServer[]>();
  const serversOf = (port: ServicePort) => {
    let servers = known.get(port);
    if (servers === undefined) {
      servers = program.virtualServersOf(port);
      known.set(port, servers);
    }
    return servers;
  };
  const { services, context } = program;
  return ({ protocol, destination, destinationPort: number }: Packet) => {
    if (number === undefined || protocol === 'ICMP') return undefined;
    const claimed = serverAt(services.claims(protocol, destination, number), destination, number);
    if (claimed !== undefined) return claimed;
    const ports = services.nodePortClaims(protocol, number);
    if (ports.length === 0) return undefined;
    const own = serverAt(ports, destination, number);
    if (own !== undefined || !context.allAddresses || !further.includes(destination)) return own;
    const [first] = context.nodeAddresses;
    const alike = first === undefined ? undefined : serverAt(ports, canonicalAddress(first), number);
    return alike === undefined ? undefined : { ...alike, address: destination };
  };
}

const ORDER =
  'Real servers are taken to have been added in the order of a first full sync, by address and port; those ' +
  'that come later are before ' +
  'them. Where a turn begins, whom a tie goes to and the tables of sh, dh and mh depend on it; shares of a ' +
  'turn do not.';

/** The rules of a node for a walk: built-in chains, kube-proxy's and kubelet's, and IPVS at its hooks. */
export function ipvsRuleset(program: ProgrammedPorts, options: RulesetOptions): Ruleset {
  const { input, context, rules } = program;
  const markDrop = context.traits.firewallInFilter ? [] : [CHAINS.markDrop];
  const tables = tablesWithoutProxy(input, options, {
    chains: {
      filter: declaredChains(context, 'filter'),
      nat: [...declaredChains(context, 'nat'), ...markDrop],
    },
    rules,
    jumps: chainJumps(context),
  });
  const { pattern = 'BALANCED', open, furtherAddresses = [] } = options;
  const balancer = new IpvsBalancer(lookup(program, furtherAddresses), { pattern, open, order: ORDER });
  return { family: program.family, language: IPTABLES, tables, balancers: [balancer] };
}
