import type { LeftOut } from '../../netfilter/left-out.js';
import type { SetDeclaration } from '../../netfilter/nftables/nft-table.js';
import type { AnonymousSet, Element, Expression, Statement, Verdict } from '../../netfilter/nftables/types.js';
import type { Origin } from '../../netfilter/ruleset.js';
import { countOf, entriesOf, isSample } from '../endpoint-sample.js';
import { decide, type PortDecisions, rangesHold } from '../port-decisions.js';
import type { EndpointSelection, ProxyEndpoint, ServicePort } from '../service-port.js';
import { externallyAccessible, usesClusterEndpoints, usesLocalEndpoints } from '../traffic-policies.js';
import type { RenderContext } from './context.js';
import { CHAINS } from './fixed-rules.js';
import { type PortNames, portNames } from './names.js';
import { OperationList } from './operations.js';
import { comment, FROM_LOCAL, field, goTo, jump, matches, PROTOCOL, setMark } from './rule-parts.js';
import { affinitySet, sharedSets } from './sets.js';

/**
 * Writes the rules and elements of one Service port in the order of kube-proxy (`syncProxyRules`,
 * pkg/proxy/nftables/proxier.go).
 */
class PortWriter {
  readonly out = new OperationList();
  readonly protocol: string;
  readonly names: PortNames;
  readonly decisions: PortDecisions;
  readonly origin: Origin;
  readonly hasClusterChain: boolean;
  readonly hasLocalChain: boolean;

  constructor(
    readonly port: ServicePort,
    readonly selection: EndpointSelection,
    readonly context: RenderContext,
    readonly isLocal: (endpoint: ProxyEndpoint) => boolean,
  ) {
    this.names = portNames(port);
    this.protocol = port.protocol.toLowerCase();
    this.decisions = decide(port, selection);
    this.origin = { service: port.service, portName: port.portName, port: port.port, protocol: port.protocol };
    this.hasClusterChain = selection.cluster.length > 0 && usesClusterEndpoints(port);
    this.hasLocalChain = selection.local.length > 0 && usesLocalEndpoints(port);
  }

  get #sets() {
    return sharedSets(this.context.family);
  }

  #originOf({ id }: ProxyEndpoint): Origin {
    const { service, portName, port, protocol } = this.port;
    return { service, portName, port, protocol, endpoint: id };
  }

  /** Endpoints have chains of their own: always up to 1.35, then only where they remember clients. */
  get #hasEndpointChains(): boolean {
    return !this.context.traits.inline || this.port.stickyMaxAge > 0;
  }

  get #internalChain(): string {
    return this.port.internalPolicyLocal ? this.names.local : this.names.cluster;
  }

  get #markForMasquerade(): Statement {
    const { traits, settings } = this.context;
    return traits.inline ? setMark('|', settings.masqueradeBit) : jump(CHAINS.markForMasquerade);
  }

  #add(set: SetDeclaration, element: Element): void {
    this.out.element(set, element, this.origin);
  }

  get #refused(): { readonly comment: string; readonly verdict: Verdict } {
    const verdict: Verdict =
      this.decisions.refusal === 'DROP' ? { kind: 'drop' } : { kind: 'goto', chain: CHAINS.reject };
    return { comment: this.port.id, verdict };
  }

  #toAddress(address: string): readonly string[] {
    return [address, this.protocol, String(this.port.port)];
  }

  write(): OperationList {
    const { port, selection, names, decisions, out } = this;
    const usesExternal = selection.hasEndpoints && externallyAccessible(port);
    this.#declareEndpoints();
    if (this.hasClusterChain) out.chain(names.cluster, this.origin);
    if (this.hasLocalChain) out.chain(names.local, this.origin);
    if (usesExternal) out.chain(names.external, this.origin);
    this.#writeClusterIP();
    this.#writeExternalIPs();
    this.#writeLoadBalancers();
    this.#writeNodePort();
    if (decisions.hasInternal) this.#writeInternalMasquerade();
    if (usesExternal) this.#writeExternal();
    if (this.context.traits.partial) this.#writeFirewallRule();
    this.#writeAffinitySets();
    if (this.hasClusterChain) this.#writeBalancing(names.cluster, selection.cluster);
    if (this.hasLocalChain) this.#writeBalancing(names.local, selection.local);
    if (this.#hasEndpointChains) this.#writeEndpointChains();
    return out;
  }

  #declareEndpoints(): void {
    const { out, names, selection, context } = this;
    for (const endpoint of selection.reachable) {
      if (this.#hasEndpointChains) out.chain(names.endpoint(endpoint), this.#originOf(endpoint));
      if (context.traits.inline && this.isLocal(endpoint)) {
        const key = [endpoint.address, endpoint.address, this.protocol, String(endpoint.port)];
        out.element(this.#sets.hairpin, { key }, this.#originOf(endpoint));
      }
    }
  }

  #writeClusterIP(): void {
    const { port, decisions } = this;
    const sets = this.#sets;
    if (!this.context.traits.alpha) this.#add(sets.clusterIPs, { key: [port.clusterIP] });
    const key = this.#toAddress(port.clusterIP);
    if (decisions.hasInternal) {
      this.#add(sets.serviceIPs, { key, verdict: { kind: 'goto', chain: this.#internalChain } });
    } else this.#add(sets.noEndpointServices, { key, ...this.#refused });
  }

  #writeOutside(address: string): void {
    const { decisions, selection, names } = this;
    const sets = this.#sets;
    const key = this.#toAddress(address);
    if (selection.hasEndpoints) this.#add(sets.serviceIPs, { key, verdict: { kind: 'goto', chain: names.external } });
    if (!decisions.hasExternal) this.#add(sets.noEndpointServices, { key, ...this.#refused });
  }

  #writeExternalIPs(): void {
    for (const address of this.port.externalIPs) this.#writeOutside(address);
  }

  #writeLoadBalancers(): void {
    const { port, decisions, names, out, context } = this;
    const sets = this.#sets;
    const { traits } = context;
    const isFirewalled = decisions.hasRanges && !traits.alpha;
    if (isFirewalled) {
      out.chain(names.firewall, this.origin);
      if (!traits.partial) this.#writeFirewallRule();
    }
    for (const address of port.loadBalancerVIPs) {
      const key = this.#toAddress(address);
      if (this.selection.hasEndpoints) {
        this.#add(sets.serviceIPs, { key, verdict: { kind: 'goto', chain: names.external } });
      }
      if (isFirewalled) {
        const note = traits.firewallComments ? { comment: port.id } : {};
        this.#add(sets.firewallIPs, { key, ...note, verdict: { kind: 'goto', chain: names.firewall } });
      } else if (decisions.hasRanges) this.#writeAllowed(address, key);
    }
    if (decisions.hasExternal) return;
    for (const address of port.loadBalancerVIPs) {
      this.#add(sets.noEndpointServices, { key: this.#toAddress(address), ...this.#refused });
    }
  }

  /** 1.29: who may send to a load balancer's address. */
  #writeAllowed(address: string, key: readonly string[]): void {
    const { port } = this;
    const sets = this.#sets;
    this.#add(sets.firewall, { key, comment: port.id });
    for (const range of port.sourceRanges) this.#add(sets.firewallAllow, { key: [...key, range], comment: port.id });
    if (rangesHold(port, this.context.nodeAddress)) this.#add(sets.firewallAllow, { key: [...key, address] });
  }

  #writeFirewallRule(): void {
    const { port, decisions, names, out, context } = this;
    if (!decisions.hasRanges || context.traits.alpha) return;
    // A node that sends to the load balancer's address may see it as its own source.
    const own = rangesHold(port, context.nodeAddress) ? port.loadBalancerVIPs : [];
    const elements = [...port.sourceRanges, ...own].map((text) => ({ key: [text] }));
    const outside: Statement = {
      kind: 'match',
      left: field(context.family, 'saddr'),
      operator: '!=',
      right: { kind: 'set', elements },
    };
    out.rule(names.firewall, this.origin, outside, { kind: 'drop' });
  }

  #writeNodePort(): void {
    const { port, decisions, names, selection } = this;
    const sets = this.#sets;
    if (port.nodePort === 0) return;
    const key = [this.protocol, String(port.nodePort)];
    if (selection.hasEndpoints) {
      this.#add(sets.serviceNodePorts, { key, verdict: { kind: 'goto', chain: names.external } });
    }
    if (!decisions.hasExternal) this.#add(sets.noEndpointNodePorts, { key, ...this.#refused });
  }

  /** Up to 1.35 at the top of the chain of the cluster IP. */
  #writeInternalMasquerade(): void {
    const { port, out, context } = this;
    const { family, settings, traits, detector } = context;
    if (traits.inline || (!settings.masqueradeAll && detector === undefined)) return;
    const dport: Expression = { kind: 'payload', protocol: this.protocol, field: 'dport' };
    out.rule(
      this.#internalChain,
      this.origin,
      matches(field(family, 'daddr'), port.clusterIP),
      ...(traits.masqueradePort ? [matches(dport, String(port.port))] : []),
      ...(settings.masqueradeAll || detector === undefined ? [] : [detector.ifNotLocal]),
      jump(CHAINS.markForMasquerade),
    );
  }

  #writeExternal(): void {
    const { port, names, out, context, decisions, origin } = this;
    const { external, cluster, local } = names;
    const mark = this.#markForMasquerade;
    if (!port.externalPolicyLocal) {
      out.rule(external, origin, mark, ...(context.traits.inline ? [comment('masquerade')] : []));
    } else {
      if (context.detector !== undefined) {
        const why = comment('short-circuit pod traffic');
        out.rule(external, origin, context.detector.ifLocal, goTo(cluster), why);
      }
      out.rule(external, origin, FROM_LOCAL, mark, comment('masquerade local traffic'));
      out.rule(external, origin, FROM_LOCAL, goTo(cluster), comment('short-circuit local traffic'));
    }
    if (decisions.hasExternal) out.rule(external, origin, goTo(port.externalPolicyLocal ? local : cluster));
  }

  #writeAffinitySets(): void {
    const { port, names, selection, out, context } = this;
    if (port.stickyMaxAge === 0) return;
    for (const endpoint of selection.reachable) {
      out.set(affinitySet(names.affinity(endpoint), context.family, port.stickyMaxAge), this.#originOf(endpoint));
    }
  }

  #writeBalancing(chain: string, endpoints: readonly ProxyEndpoint[]): void {
    const { port, names, out, context, origin } = this;
    const source = field(context.family, 'saddr');
    if (port.stickyMaxAge > 0) {
      for (const endpoint of endpoints) {
        const remembered: Statement = {
          kind: 'match',
          left: source,
          operator: '==',
          right: { kind: 'reference', name: names.affinity(endpoint) },
        };
        out.rule(chain, this.#originOf(endpoint), remembered, goTo(names.endpoint(endpoint)));
      }
    }
    const key = { kind: 'numgen', mode: 'random', modulus: countOf(endpoints) } as const;
    if (this.#hasEndpointChains) {
      const map = mapOf(endpoints, (place, endpoint) => ({
        key: place,
        verdict: { kind: 'goto', chain: names.endpoint(endpoint) },
      }));
      out.rule(chain, origin, { kind: 'vmap', key, map });
      return;
    }
    const map = mapOf(endpoints, (place, { address, port: number }) => ({
      key: place,
      data: [address, String(number)],
    }));
    out.rule(chain, origin, matches(PROTOCOL, this.protocol), {
      kind: 'dnat',
      family: context.family === 'IPv4' ? 'ip' : 'ip6',
      both: { kind: 'map', key, map },
    });
  }

  #writeEndpointChains(): void {
    const { port, names, out, context, selection } = this;
    const source = field(context.family, 'saddr');
    for (const endpoint of selection.reachable) {
      const chain = names.endpoint(endpoint);
      const origin = this.#originOf(endpoint);
      if (!context.traits.inline) {
        out.rule(chain, origin, matches(source, endpoint.address), jump(CHAINS.markForMasquerade));
      }
      if (port.stickyMaxAge > 0) {
        out.rule(chain, origin, { kind: 'update', operation: 'update', set: names.affinity(endpoint), key: source });
      }
      out.rule(chain, origin, matches(PROTOCOL, this.protocol), {
        kind: 'dnat',
        address: { kind: 'value', text: endpoint.address },
        port: { kind: 'value', text: String(endpoint.port) },
      });
    }
  }
}

/** A map from numbers to endpoints. */
function mapOf(
  endpoints: readonly ProxyEndpoint[],
  elementOf: (key: readonly string[], endpoint: ProxyEndpoint) => Element,
): AnonymousSet {
  if (!isSample(endpoints)) {
    return { kind: 'set', elements: endpoints.map((endpoint, i) => elementOf([String(i)], endpoint)) };
  }
  const elements: Element[] = [];
  const leftOut: LeftOut[] = [];
  for (const entry of entriesOf(endpoints)) {
    if ('endpoint' in entry) elements.push(elementOf([String(entry.place)], entry.endpoint));
    else leftOut.push(entry);
  }
  return { kind: 'set', elements, leftOut };
}

/** What one Service port adds to the transaction. */
export function portOperations(
  port: ServicePort,
  selection: EndpointSelection,
  context: RenderContext,
  isLocal: (endpoint: ProxyEndpoint) => boolean,
): OperationList {
  return new PortWriter(port, selection, context, isLocal).write();
}
