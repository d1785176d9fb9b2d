import { decodeUtf8 } from '#platform';
import { makeAddress, parseAddress } from '../../base/address.js';
import { ZONE_LABEL } from '../../cluster/objects.js';
import { IPTABLES } from '../../netfilter/iptables/language.js';
import { saveRule } from '../../netfilter/iptables/save.js';
import type { Ruleset, Table } from '../../netfilter/ruleset.js';
import { primaryAddress } from '../node-addresses.js';
import type { NodeProgram, ProxierInput, RulesetOptions } from '../node-program.js';
import { selectEndpoints } from '../select-endpoints.js';
import type { ClusterServiceMap } from '../service-map.js';
import { serviceMap } from '../service-map.js';
import type { EndpointSelection, ProxyEndpoint, ServicePort } from '../service-port.js';
import type { NodePlace } from '../topology.js';
import { localDetector } from './detector.js';
import { writePort120 } from './layout-120.js';
import { writePort124 } from './layout-124.js';
import { writePort125 } from './layout-125.js';
import { portNames } from './names.js';
import { nodePortAddresses } from './node-port-addresses.js';
import type { PortRules, RenderContext } from './port-rules.js';
import { PortRulesWriter } from './port-rules.js';
import { restorePieces } from './restore.js';
import { type AddedRules, hostTables, lazyRuleset } from './ruleset.js';
import type { IptablesTraits } from './versions.js';
import { iptablesTraits } from './versions.js';

/**
 * More endpoints than this in all, and comments are left out where there are many (`largeClusterEndpointsThreshold`).
 */
const LARGE_CLUSTER = 1000;

const LAYOUTS: Readonly<Record<IptablesTraits['layout'], (out: PortRulesWriter) => void>> = {
  XLB_ENDPOINTS_LAST: writePort120,
  XLB_ENDPOINTS_FIRST: writePort120,
  EXT_MARK_DROP: writePort124,
  EXT_FILTER_DROP: writePort125,
};

/** What one node's kube-proxy of one family programs in iptables mode. */
export class IptablesProgram implements NodeProgram {
  readonly mode = 'iptables';
  readonly input: ProxierInput;
  readonly services: ClusterServiceMap;
  readonly #place: NodePlace;
  readonly #selections = new WeakMap<ServicePort, EndpointSelection>();
  readonly #rulesets = new Map<string, Ruleset>();
  #context: RenderContext | undefined;

  constructor(input: ProxierInput) {
    const { cluster, family, settings } = input;
    const { self: node = input.node } = input;
    this.input = input;
    this.services = serviceMap(cluster, family, settings);
    this.#place = { name: node.metadata.name, zone: node.metadata.labels?.[ZONE_LABEL] ?? '' };
  }

  get family() {
    return this.input.family;
  }

  /** What the rules of all ports depend on. Counts the cluster's endpoints as far as it matters. */
  get context(): RenderContext {
    if (this.#context === undefined) {
      const { node, self = node, family, settings } = this.input;
      const traits = iptablesTraits(settings.version);
      const loopback = family === 'IPv4' ? makeAddress(family, 0x7f000001n) : makeAddress(family, 1n);
      this.#context = {
        family,
        settings,
        traits,
        detector: localDetector(settings, self, family),
        nodePorts: nodePortAddresses(node, self, family, settings, traits),
        nodeAddress: parseAddress(primaryAddress(self, family) ?? '') ?? loopback,
        large: this.services.hasMoreEndpointsThan(LARGE_CLUSTER),
      };
    }
    return this.#context;
  }

  get nodePortAddresses(): readonly string[] | undefined {
    return this.context.nodePorts.addresses;
  }

  get healthCheckAddresses(): readonly string[] | undefined {
    const { nodePorts, traits } = this.context;
    if (traits.healthCheckAddresses === 'ALL' || nodePorts.addresses?.length === 0) return undefined;
    return nodePorts.addresses;
  }

  get routeLocalnet(): boolean {
    return this.context.nodePorts.routeLocalnet;
  }

  selection(port: ServicePort): EndpointSelection {
    let selection = this.#selections.get(port);
    if (selection === undefined) {
      const endpoints = this.services.endpointsSeenFrom(this.#place.name, port);
      selection = selectEndpoints(endpoints, port, this.#place, this.input.settings);
      selection = this.input.follow?.(port, selection) ?? selection;
      this.#selections.set(port, selection);
    }
    return selection;
  }

  /** The rules that one Service port adds, made anew at each call. */
  portRules(port: ServicePort): PortRules {
    const writer = new PortRulesWriter(port, this.selection(port), this.context);
    LAYOUTS[this.context.traits.layout](writer);
    return writer;
  }

  programText(port: ServicePort): string {
    const { filterRules, natChains, natRules } = this.portRules(port);
    const rules = [...filterRules, ...natRules].map((rule) => `${rule.chain} ${saveRule(rule, port.family)}`);
    return [...natChains, ...rules].join('\n');
  }

  /** kube-proxy names the list of `xt_recent` after the endpoint's chain. */
  affinityKey(port: ServicePort, endpoint: ProxyEndpoint): string {
    return portNames(port).endpoint(endpoint);
  }

  /**
   * The input for `iptables-restore --noflush --counters` at the first full sync: UTF-8, in pieces to be joined.
   *
   * @param services `namespace/name` of the Services to write; absent: all
   */
  restorePieces(services?: ReadonlySet<string>): readonly Uint8Array[] {
    const all = this.services.ports();
    const ports = services === undefined ? all : all.filter((port) => services.has(port.service));
    return restorePieces(
      this.context,
      ports,
      (port) => this.selection(port),
      (port) => this.portRules(port),
    );
  }

  /** As {@link restorePieces}, in one text. */
  restore(services?: ReadonlySet<string>): string {
    return this.restorePieces(services).map(decodeUtf8).join('');
  }

  ruleset(options: RulesetOptions): Ruleset {
    const key = `${options.kubelet} ${options.forwardPolicy} ${JSON.stringify(options.ipMasq)}`;
    let ruleset = this.#rulesets.get(key);
    if (ruleset === undefined) {
      ruleset = lazyRuleset(this, options);
      this.#rulesets.set(key, ruleset);
    }
    return ruleset;
  }
}

/** What a node's kube-proxy of one family programs in iptables mode, everything on demand. */
export function iptablesProgram(input: ProxierInput): IptablesProgram {
  return new IptablesProgram(input);
}

/**
 * What iptables holds on a node whose kube-proxy does not use it: built-in chains with their policies, kubelet's rules
 * and the pod masquerade's when asked.
 *
 * @param added the rules of a proxier that writes no chains of Services
 */
export function tablesWithoutProxy(input: ProxierInput, options: RulesetOptions, added?: AddedRules): readonly Table[] {
  const { context } = new IptablesProgram(input);
  return hostTables(context, options, added).map((table) => ({
    name: table.name,
    language: IPTABLES,
    baseChains: table.baseChains,
    chain: (name) => table.chain(name),
    chains: () => table.chains(),
  }));
}
