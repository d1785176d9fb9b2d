import type { Address, IPFamily } from '../../base/address.js';
import { addressOf, addressWidth, canonicalAddress } from '../../base/address.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import type { CommentMatch, Statement } from '../../netfilter/iptables/statements.js';
import type { LeftOut } from '../../netfilter/left-out.js';
import type { Origin, Rule } from '../../netfilter/ruleset.js';
import { rangesHold } from '../port-decisions.js';
import type { EndpointSelection, ProxyEndpoint, ServicePort } from '../service-port.js';
import type { LocalDetector } from './detector.js';
import type { PortNames } from './names.js';
import { portNames } from './names.js';
import type { NodePortAddresses } from './node-port-addresses.js';
import type { ProtocolStatements } from './rule-parts.js';
import { comment, destination, destinationPort, PROTOCOLS, rule, source } from './rule-parts.js';
import type { IptablesTraits } from './versions.js';

/** What the rules of every Service port of a node depend on. */
export interface RenderContext {
  readonly family: IPFamily;
  readonly settings: NodeProxySettings;
  readonly traits: IptablesTraits;
  readonly detector: LocalDetector | undefined;
  readonly nodePorts: NodePortAddresses;
  /** The node's own address, for source ranges that hold it. */
  readonly nodeAddress: Address;
  /** More than 1000 endpoints in all: comments of balancing rules and endpoint chains are left out. */
  readonly large: boolean;
}

/** What one Service port adds to the rules, each list in the order in which kube-proxy writes it. */
export interface PortRules {
  readonly filterRules: Rule[];
  /** Chains it declares in the nat table; one may be declared twice, as the real kube-proxy does up to 1.23. */
  readonly natChains: string[];
  readonly natRules: Rule[];
}

export const CHAINS = {
  services: 'KUBE-SERVICES',
  externalServices: 'KUBE-EXTERNAL-SERVICES',
  nodePorts: 'KUBE-NODEPORTS',
  forward: 'KUBE-FORWARD',
  proxyFirewall: 'KUBE-PROXY-FIREWALL',
  firewall: 'KUBE-FIREWALL',
  postrouting: 'KUBE-POSTROUTING',
  markMasquerade: 'KUBE-MARK-MASQ',
  markDrop: 'KUBE-MARK-DROP',
} as const;

/** Collects the rules of one Service port and knows the parts that they share. */
export class PortRulesWriter implements PortRules {
  readonly filterRules: Rule[] = [];
  readonly natChains: string[] = [];
  readonly natRules: Rule[] = [];
  readonly port: ServicePort;
  readonly selection: EndpointSelection;
  readonly context: RenderContext;
  readonly names: PortNames;
  readonly protocol: ProtocolStatements;
  readonly #origin: Origin;
  readonly #name: CommentMatch;
  /** How many rules are missing in a chain so far. */
  readonly #leftOut = new Map<string, number>();

  constructor(port: ServicePort, selection: EndpointSelection, context: RenderContext) {
    this.port = port;
    this.selection = selection;
    this.context = context;
    this.names = portNames(port);
    this.protocol = PROTOCOLS[port.protocol];
    this.#origin = { service: port.service, portName: port.portName, port: port.port, protocol: port.protocol };
    this.#name = comment(port.id);
  }

  filter(chain: string, ...statements: Statement[]): void {
    this.filterRules.push(rule(chain, this.#origin, statements));
  }

  nat(chain: string, ...statements: Statement[]): void {
    this.natRules.push(rule(chain, this.#origin, statements));
  }

  /** A nat rule about one endpoint. */
  natFor(origin: Origin, chain: string, statements: readonly Statement[]): void {
    const written = rule(chain, origin, statements);
    const before = this.#leftOut.size === 0 ? undefined : this.#leftOut.get(chain);
    this.natRules.push(before === undefined ? written : { ...written, leftOutBefore: before });
  }

  /** A nat rule that stands for those of endpoints which a walk leaves out. */
  leaveOut(chain: string, leftOut: LeftOut): void {
    this.natRules.push({ ...rule(chain, this.#origin, []), leftOut });
    this.#leftOut.set(chain, (this.#leftOut.get(chain) ?? 0) + leftOut.count - 1);
  }

  originOf(endpoint: ProxyEndpoint): Origin {
    const { service, portName, port, protocol } = this.port;
    return { service, portName, port, protocol, endpoint: endpoint.id };
  }

  /** The Service port's name as a comment. */
  get name(): CommentMatch {
    return this.#name;
  }

  /** The name as a comment, or nothing in a large cluster. */
  get nameUnlessLarge(): readonly CommentMatch[] {
    return this.context.large ? [] : [this.#name];
  }

  /** `"name TEXT" -m tcp -p tcp -d ADDRESS --dport PORT`. */
  toAddress(text: string, address: string): Statement[] {
    return [
      comment(`${this.port.id} ${text}`),
      ...this.protocol,
      destination(this.singleAddress(address)),
      destinationPort(this.port.port),
    ];
  }

  /** An address as `-s` and `-d` take it in this version. */
  singleAddress(address: string): string {
    if (this.context.traits.singleAddresses === 'BARE') return address;
    return `${canonicalAddress(address)}/${addressWidth(this.context.family)}`;
  }

  /** The address in the rule that masquerades an endpoint's own traffic. */
  hairpinSource(endpoint: ProxyEndpoint): Statement {
    const { traits, family } = this.context;
    // IPv4 text is as good as canonical, and this is the hottest place of all.
    const canonical =
      traits.hairpinSource === 'CANONICAL' && family === 'IPv6' ? addressOf(endpoint.address)?.text : undefined;
    return source(this.singleAddress(canonical ?? endpoint.address));
  }

  /** Whether one of the source ranges holds the node's own address. */
  get rangesHoldNode(): boolean {
    return rangesHold(this.port, this.context.nodeAddress);
  }

  /** What a rule needs to mark off-cluster traffic to the cluster IP; undefined where nothing is marked. */
  get offCluster(): readonly Statement[] | undefined {
    if (this.context.settings.masqueradeAll) return [];
    return this.context.detector === undefined ? undefined : [this.context.detector.ifNotLocal];
  }

  /** ACCEPT for the health check node port, whatever endpoints there are. */
  healthCheck(accept: Statement): void {
    const { healthCheckNodePort, id } = this.port;
    if (healthCheckNodePort === 0 || !this.context.traits.healthCheckRule) return;
    this.filter(
      CHAINS.nodePorts,
      comment(`${id} health check node port`),
      ...PROTOCOLS.TCP,
      destinationPort(healthCheckNodePort),
      accept,
    );
  }
}
