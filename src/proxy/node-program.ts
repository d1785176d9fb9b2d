import type { IPFamily } from '../base/address.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Node } from '../cluster/objects.js';
import type { IpMasqSettings, NodeProxySettings, ProxyMode } from '../cluster/settings.js';
import type { Pattern } from '../netfilter/ipvs/schedule.js';
import type { Packet } from '../netfilter/packet.js';
import type { Ruleset } from '../netfilter/ruleset.js';
import type { EndpointSelection, ProxyEndpoint, ServiceMap, ServicePort } from './service-port.js';

/** What a proxier is given. */
export interface ProxierInput {
  readonly cluster: Cluster;
  readonly node: Node;
  readonly family: IPFamily;
  readonly settings: NodeProxySettings;
  /**
   * The Node that kube-proxy takes for its own (`hostnameOverride`): whose endpoints are local, whose zone, addresses
   * and pod CIDRs count. One that is not there has a name and nothing else. Absent: the node itself.
   */
  readonly self?: Node;
  /** What a walk follows of the endpoints that the node uses for a Service port; absent: all of them. */
  readonly follow?: (port: ServicePort, selection: EndpointSelection) => EndpointSelection;
}

/** Beside kube-proxy's own chains, what else a ruleset holds. */
export interface RulesetOptions {
  /** kubelet's own chains (KUBE-FIREWALL, and up to 1.24 KUBE-MARK-DROP). */
  readonly kubelet: boolean;
  /** Policy of the built-in FORWARD chain. */
  readonly forwardPolicy: 'ACCEPT' | 'DROP';
  /** The chain that masquerades pod traffic after kube-proxy's rules; absent: not shown, or there is none. */
  readonly ipMasq?: IpMasqSettings | undefined;
  /** How connections are spread over time, for schedulers of IPVS that count them. Default BALANCED. */
  readonly pattern?: Pattern | undefined;
  /** Open connections of endpoints, by `address:port`, where they are known. */
  readonly open?: ReadonlyMap<string, { readonly active: number; readonly inactive: number }> | undefined;
  /** Addresses of the node that the snapshot does not list, such as that of its bridge. */
  readonly furtherAddresses?: readonly string[] | undefined;
}

/** The sets of a node as a walk asks them. */
export interface SetLookup {
  /** Whether a set holds what the directions select of a packet; undefined when that is not known. */
  holds(name: string, packet: Packet, directions: readonly ('src' | 'dst')[]): boolean | undefined;
}

/** What one node's kube-proxy of one family programs, in any mode. Everything in it is made on demand. */
export interface NodeProgram {
  readonly mode: ProxyMode;
  readonly family: IPFamily;
  readonly input: ProxierInput;
  readonly services: ServiceMap;
  /** The endpoints this node uses for a Service port. */
  selection(port: ServicePort): EndpointSelection;
  /**
   * The node's rules for a walk: built-in chains with kube-proxy's jumps, kube-proxy's chains, kubelet's when asked.
   * Chains of Services are made when they are looked up.
   */
  ruleset(options: RulesetOptions): Ruleset;
  /**
   * What kube-proxy hands over at its first full sync: the input of `iptables-restore`, or the objects of nftables one
   * a line. UTF-8, in pieces to be joined.
   *
   * @param services `namespace/name` of the Services to write; absent: all
   */
  restorePieces(services?: ReadonlySet<string>): readonly Uint8Array[];
  /** In nftables mode: the text that `nft -f -` is given, in pieces to be joined. */
  transactionPieces?(services?: ReadonlySet<string>): readonly Uint8Array[];
  /** In ipvs mode: the sets, virtual servers and addresses of the node as text to be compared. */
  stateText?(services?: ReadonlySet<string>): string;
  /** What the node programs for a Service port, as text to be compared: the same text, the same program. */
  programText(port: ServicePort): string;
  /** The name under which the node remembers that a client has talked to an endpoint (session affinity). */
  affinityKey(port: ServicePort, endpoint: ProxyEndpoint): string;
  /** In ipvs mode: what the node's sets hold. */
  readonly sets?: SetLookup;
  /** In ipvs mode: whether an address is on kube-ipvs0, which makes it one of the node's own. */
  isBound?(address: string): boolean;
  /** The node-port addresses of this node (`nodePortAddresses`); undefined: any local address. */
  readonly nodePortAddresses: readonly string[] | undefined;
  /**
   * The addresses on which this kube-proxy answers on health check node ports; undefined: all of the node, those of the
   * other family too.
   */
  readonly healthCheckAddresses: readonly string[] | undefined;
  /** Whether route_localnet is set on this node, so that 127.0.0.1 node ports can be translated. */
  readonly routeLocalnet: boolean;
}
