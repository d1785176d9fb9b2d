import { canonicalAddress } from '../../base/address.js';
import type { Statement } from '../../netfilter/iptables/statements.js';
import { FLAGS, type RealServer, type VirtualServer } from '../../netfilter/ipvs/types.js';
import type { Origin, Rule } from '../../netfilter/ruleset.js';
import type { Entry } from '../endpoint-sample.js';
import { DROP, rule, source } from '../iptables/rule-parts.js';
import { rangesHold } from '../port-decisions.js';
import type { EndpointSelection, ProxyEndpoint, ServicePort } from '../service-port.js';
import type { IpvsContext } from './context.js';
import { CHAINS } from './fixed-rules.js';
import type { SetName } from './sets.js';

/** An entry of a set that a Service port adds. */
interface SetEntry {
  readonly set: SetName;
  readonly text: string;
}

/** A virtual server before it is known who is behind it. */
export interface ServerDraft {
  readonly address: string;
  readonly port: number;
  /** Whether its address is put on kube-ipvs0. */
  readonly bound: boolean;
  /** Whose traffic policy chooses its real servers. */
  readonly policy: 'INTERNAL' | 'EXTERNAL';
}

/** What one Service port adds to a node, its endpoints left aside. */
export interface PortState {
  readonly port: ServicePort;
  readonly origin: Origin;
  readonly entries: readonly SetEntry[];
  readonly servers: readonly ServerDraft[];
  /** Rules of KUBE-IPVS-OUT-FILTER. */
  readonly outRules: readonly Rule[];
}

/** What the rules, entries and servers of a Service port were written for. */
function originOf(port: ServicePort): Origin {
  return { service: port.service, portName: port.portName, port: port.port, protocol: port.protocol };
}

/** Drops what a process of this node sends to a load balancer address, which it has for its own (since 1.29). */
function outRule(address: string, port: ServicePort, origin: Origin): Rule {
  const match: Statement = {
    kind: 'ipvs',
    address: { text: address },
    protocol: { name: port.protocol.toLowerCase() },
    port: { number: port.port },
  };
  return rule(CHAINS.outFilter, origin, [source(address), match, DROP]);
}

/** The sets that hold node ports of a protocol, and those with policy Local alone. */
const NODE_PORT_SETS: Readonly<Record<ServicePort['protocol'], readonly [SetName, SetName]>> = {
  TCP: ['KUBE-NODE-PORT-TCP', 'KUBE-NODE-PORT-LOCAL-TCP'],
  UDP: ['KUBE-NODE-PORT-UDP', 'KUBE-NODE-PORT-LOCAL-UDP'],
  SCTP: ['KUBE-NODE-PORT-SCTP-HASH', 'KUBE-NODE-PORT-LOCAL-SCTP-HASH'],
};

/** What a Service port adds, in the order in which kube-proxy looks at its addresses (`syncProxyRules`). */
export function portState(port: ServicePort, context: IpvsContext): PortState {
  const { traits, nodeAddresses, onInterfaces, nodeAddress } = context;
  const origin = originOf(port);
  const protocol = port.protocol.toLowerCase();
  const entries: SetEntry[] = [];
  const servers: ServerDraft[] = [];
  const outRules: Rule[] = [];
  const portal = (address: string) => `${address},${protocol}:${port.port}`;
  const add = (set: SetName, text: string) => entries.push({ set, text });
  const serve = (address: string, policy: ServerDraft['policy']) =>
    servers.push({
      address,
      port: port.port,
      policy,
      bound: policy === 'INTERNAL' || traits.bindsOwnAddresses || !onInterfaces.has(address),
    });

  add('KUBE-CLUSTER-IP', portal(port.clusterIP));
  serve(port.clusterIP, 'INTERNAL');
  for (const text of port.externalIPs) {
    const address = canonicalAddress(text);
    add(port.externalPolicyLocal ? 'KUBE-EXTERNAL-IP-LOCAL' : 'KUBE-EXTERNAL-IP', portal(address));
    serve(address, 'EXTERNAL');
  }
  for (const text of port.loadBalancerVIPs) {
    const address = canonicalAddress(text);
    add('KUBE-LOAD-BALANCER', portal(address));
    if (port.externalPolicyLocal) add('KUBE-LOAD-BALANCER-LOCAL', portal(address));
    if (port.sourceRanges.length > 0) {
      add('KUBE-LOAD-BALANCER-FW', portal(address));
      for (const range of port.sourceRanges) add('KUBE-LOAD-BALANCER-SOURCE-CIDR', `${portal(address)},${range}`);
      // A request from a node to an address that it has for its own never leaves it.
      if (rangesHold(port, nodeAddress)) add('KUBE-LOAD-BALANCER-SOURCE-IP', `${portal(address)},${address}`);
      else if (traits.outFilter) outRules.push(outRule(address, port, origin));
    }
    serve(address, 'EXTERNAL');
  }
  // Where nodePortAddresses match none of the node, its node ports are left out altogether.
  if (port.nodePort !== 0 && nodeAddresses.length > 0) {
    const [all, local] = NODE_PORT_SETS[port.protocol];
    const sets = port.externalPolicyLocal ? [all, local] : [all];
    for (const set of sets) {
      if (port.protocol !== 'SCTP') add(set, `${port.nodePort}`);
      else for (const address of nodeAddresses) add(set, `${address},sctp:${port.nodePort}`);
    }
    for (const address of nodeAddresses)
      servers.push({ address, port: port.nodePort, bound: false, policy: 'EXTERNAL' });
  }
  if (port.healthCheckNodePort !== 0 && traits.healthCheckRule)
    add('KUBE-HEALTH-CHECK-NODE-PORT', `${port.healthCheckNodePort}`);
  return { port, origin, entries, servers, outRules };
}

/** The entry that lets an endpoint of this node reach itself through the Service. */
export function loopBackEntry(endpoint: ProxyEndpoint, { protocol }: ServicePort, { traits }: IpvsContext): string {
  const address = traits.loopBackAsWritten ? endpoint.address : canonicalAddress(endpoint.address);
  return `${address},${protocol.toLowerCase()}:${endpoint.port},${address}`;
}

/**
 * The endpoints that a virtual server of a Service port gets, in the order in which they are added (`syncEndpoint`).
 */
export function serverEndpoints(
  policy: ServerDraft['policy'],
  port: ServicePort,
  { cluster, local }: EndpointSelection,
  isLocal: (endpoint: ProxyEndpoint) => boolean,
  { traits, settings }: IpvsContext,
): readonly ProxyEndpoint[] {
  const wantsLocal = policy === 'INTERNAL' ? port.internalPolicyLocal : port.externalPolicyLocal;
  if (!wantsLocal) return cluster;
  if (traits.localFallback) return local.length > 0 ? local : cluster;
  if (policy === 'EXTERNAL') return local;
  return settings.version.minor >= 22 ? cluster.filter(isLocal) : cluster;
}

/** The flags and timeout of a Service port's virtual servers. */
export function serverSettings(
  port: ServicePort,
  { settings, traits }: IpvsContext,
): Pick<VirtualServer, 'scheduler' | 'flags' | 'timeout'> {
  const scheduler = settings.ipvsScheduler;
  const persistent = port.stickyMaxAge > 0;
  const flags = (persistent ? FLAGS.persistent : 0) | (scheduler === 'mh' && traits.maglevPort ? FLAGS.port : 0);
  return { scheduler, flags, timeout: persistent ? port.stickyMaxAge : 0 };
}

/** An endpoint as a real server; those that a walk leaves out as one that stands for them. */
export function realServerOf(entry: Entry): RealServer {
  return 'endpoint' in entry ? realServer(entry.endpoint) : { address: '', port: 0, weight: 1, leftOut: entry };
}

export function realServer(endpoint: ProxyEndpoint): RealServer {
  return { address: canonicalAddress(endpoint.address), port: endpoint.port, weight: 1 };
}
