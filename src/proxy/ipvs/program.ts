import { decodeUtf8, encodeUtf8 } from '#platform';
import { addressOf, canonicalAddress } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import { saveRule } from '../../netfilter/iptables/save.js';
import { persistenceKey } from '../../netfilter/ipvs/balancer.js';
import type { NamedSet, RealServer, VirtualServer } from '../../netfilter/ipvs/types.js';
import type { Origin, Rule, Ruleset } from '../../netfilter/ruleset.js';
import { entriesOf, isSample } from '../endpoint-sample.js';
import { keptRules } from '../kept-rules.js';
import type { NodeProgram, ProxierInput, RulesetOptions } from '../node-program.js';
import { NodeSelections } from '../node-selections.js';
import type { ClusterServiceMap } from '../service-map.js';
import { serviceMap } from '../service-map.js';
import type { EndpointSelection, ProxyEndpoint, ServicePort } from '../service-port.js';
import { type IpvsContext, ipvsContext } from './context.js';
import { type FixedRules, fixedRules } from './fixed-rules.js';
import {
  loopBackEntry,
  type PortState,
  portState,
  realServer,
  realServerOf,
  type ServerDraft,
  serverEndpoints,
  serverSettings,
} from './port-state.js';
import { restoreText } from './restore.js';
import { ipvsRuleset } from './ruleset.js';
import { serviceIndex } from './service-index.js';
import { ProgrammedSets } from './set-lookup.js';
import { type SetName, setComment, setName, setNames, setType } from './sets.js';
import { serversText } from './written-servers.js';

/** An entry of a set with the Service port that it is for. */
interface Entry {
  readonly text: string;
  readonly origin: Origin;
}

function byText<T>(textOf: (item: T) => string) {
  return (a: T, b: T) => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0);
}

/** Addresses in the order of their numbers. */
function byAddress(a: string, b: string): number {
  const [left, right] = [addressOf(a)?.bits ?? 0n, addressOf(b)?.bits ?? 0n];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The real servers of a virtual server in the order of their addresses and ports, as they are listed. */
export function listedRealServers({ realServers }: VirtualServer): readonly RealServer[] {
  return [...realServers].sort((a, b) => byAddress(a.address, b.address) || a.port - b.port);
}

function byServer(a: VirtualServer, b: VirtualServer): number {
  return byAddress(a.address, b.address) || a.port - b.port || (a.protocol < b.protocol ? -1 : 1);
}

/** What one node's kube-proxy of one family programs in ipvs mode. */
export class IpvsProgram implements NodeProgram {
  readonly mode = 'ipvs';
  readonly input: ProxierInput;
  readonly services: ClusterServiceMap;
  readonly #selections: NodeSelections;
  readonly #states = new WeakMap<ServicePort, PortState>();
  readonly #rulesets = new Map<string, Ruleset>();
  #context: IpvsContext | undefined;
  #entries: ReadonlyMap<SetName, readonly Entry[]> | undefined;
  #rules: FixedRules | undefined;
  #lookup: ProgrammedSets | undefined;
  #bound: ReadonlyMap<string, Origin> | undefined;

  constructor(input: ProxierInput) {
    const { cluster, family, settings } = input;
    this.input = input;
    this.services = serviceMap(cluster, family, settings);
    this.#selections = new NodeSelections(input, this.services);
  }

  get family() {
    return this.input.family;
  }

  /** What the state of all ports depends on. */
  get context(): IpvsContext {
    this.#context ??= ipvsContext(this.input);
    return this.#context;
  }

  selection(port: ServicePort): EndpointSelection {
    return this.#selections.of(port);
  }

  readonly isLocal = ({ node }: ProxyEndpoint): boolean => node !== '' && node === this.#selections.place.name;

  /** What one Service port adds beside its real servers. */
  portState(port: ServicePort): PortState {
    return remember(this.#states, port, () => portState(port, this.context));
  }

  /** The endpoints of this node that may reach themselves through the port. */
  loopBacks(port: ServicePort): readonly string[] {
    const own = this.services.endpointsSeenFrom(this.#selections.place.name, port).filter(this.isLocal);
    return own.map((endpoint) => loopBackEntry(endpoint, port, this.context));
  }

  /** All endpoints of this node, with the ports that they belong to. */
  localEndpoints(): readonly (readonly [ServicePort, ProxyEndpoint])[] {
    return serviceIndex(this.services).endpointsOn(this.#selections.place.name);
  }

  #realServers(port: ServicePort, policy: ServerDraft['policy']): readonly RealServer[] {
    const endpoints = serverEndpoints(policy, port, this.selection(port), this.isLocal, this.context);
    return isSample(endpoints) ? [...entriesOf(endpoints)].map(realServerOf) : endpoints.map(realServer);
  }

  /** The virtual servers of a Service port, with their real servers. */
  virtualServersOf(port: ServicePort): readonly VirtualServer[] {
    const { servers, origin } = this.portState(port);
    const common = serverSettings(port, this.context);
    const behind = new Map<ServerDraft['policy'], readonly RealServer[]>();
    return servers.map(({ address, port: number, policy }) => {
      const realServers = remember(behind, policy, () => this.#realServers(port, policy));
      const wantsLocal = realServers.length === 0 && this.selection(port).hasEndpoints;
      return {
        address: canonicalAddress(address),
        port: number,
        protocol: port.protocol,
        ...common,
        realServers,
        origin,
        ...(wantsLocal && { wantsLocal }),
      };
    });
  }

  /** All virtual servers of the node, or those of some Services (`namespace/name`): by address, port and protocol. */
  virtualServers(services?: ReadonlySet<string>): readonly VirtualServer[] {
    const byKey = new Map<string, VirtualServer>();
    for (const port of this.#wanted(services)) {
      for (const server of this.virtualServersOf(port)) {
        // Of two ports that claim one address, the later one sets what the virtual server is.
        byKey.set(`${server.protocol} ${server.address} ${server.port}`, server);
      }
    }
    return [...byKey.values()].sort(byServer);
  }

  #wanted(services: ReadonlySet<string> | undefined): readonly ServicePort[] {
    const all = this.services.ports();
    return services === undefined ? all : all.filter((port) => services.has(port.service));
  }

  /** The addresses on kube-ipvs0, in the order of their numbers, each with what it is for. */
  get boundAddresses(): ReadonlyMap<string, Origin> {
    if (this.#bound === undefined) {
      const bound = new Map<string, Origin>();
      for (const port of this.services.ports()) {
        const { servers, origin } = this.portState(port);
        for (const server of servers) {
          const address = canonicalAddress(server.address);
          if (server.bound && !bound.has(address)) bound.set(address, origin);
        }
      }
      const sorted = Array.from(bound, (entry) => ({ entry, bits: addressOf(entry[0])?.bits ?? 0n }));
      sorted.sort((a, b) => (a.bits < b.bits ? -1 : a.bits > b.bits ? 1 : 0));
      this.#bound = new Map(sorted.map(({ entry }) => entry));
    }
    return this.#bound;
  }

  get #allEntries(): ReadonlyMap<SetName, readonly Entry[]> {
    if (this.#entries === undefined) {
      const sets = new Map<SetName, Map<string, Origin>>();
      const add = (set: SetName, text: string, origin: Origin) => {
        const entries = remember(sets, set, () => new Map<string, Origin>());
        if (!entries.has(text)) entries.set(text, origin);
      };
      for (const port of this.services.ports()) {
        const { entries, origin } = this.portState(port);
        for (const text of this.loopBacks(port)) add('KUBE-LOOP-BACK', text, origin);
        for (const { set, text } of entries) add(set, text, origin);
      }
      for (const [address, origin] of this.boundAddresses) add('KUBE-IPVS-IPS', address, origin);
      this.#entries = new Map(
        [...sets].map(([set, entries]) => [
          set,
          [...entries].map(([text, origin]) => ({ text, origin })).sort(byText(({ text }) => text)),
        ]),
      );
    }
    return this.#entries;
  }

  /** What the node's sets hold. */
  get sets(): ProgrammedSets {
    this.#lookup ??= new ProgrammedSets(this);
    return this.#lookup;
  }

  isBound(address: string): boolean {
    return serviceIndex(this.services)
      .portsAt(address)
      .some((port) =>
        this.portState(port).servers.some((server) => server.bound && canonicalAddress(server.address) === address),
      );
  }

  /** The node's sets by name, with their entries by text. */
  get namedSets(): readonly NamedSet[] {
    return setNames(this.context.traits).map((name) => ({
      name: setName(name, this.family),
      type: setType(name),
      comment: setComment(name),
      entries: this.#allEntries.get(name) ?? [],
    }));
  }

  /** The sets that have entries. */
  get #used(): ReadonlySet<SetName> {
    const index = serviceIndex(this.services);
    const used = new Set(index.usedSets(this.context));
    for (const port of index.ranged) for (const { set } of this.portState(port).entries) used.add(set);
    if (index.hasEndpointsOn(this.#selections.place.name)) used.add('KUBE-LOOP-BACK');
    return used;
  }

  /** The rules of iptables around the sets. */
  get rules(): FixedRules {
    if (this.#rules === undefined) {
      const { ranged } = serviceIndex(this.services);
      const outRules: Rule[] = ranged.flatMap((port) => this.portState(port).outRules);
      const used = this.#used;
      this.#rules = fixedRules(this.context, (set) => !used.has(set), outRules);
    }
    return this.#rules;
  }

  /** The input of `iptables-restore --noflush --counters` at the first full sync: UTF-8, in pieces to be joined. */
  restorePieces(services?: ReadonlySet<string>): readonly Uint8Array[] {
    const make = () => [encodeUtf8(restoreText(this.context, this.rules, services))];
    return services === undefined ? keptRules('ipvs', this.input, make) : make();
  }

  restore(services?: ReadonlySet<string>): string {
    return this.restorePieces(services).map(decodeUtf8).join('');
  }

  stateText(services?: ReadonlySet<string>): string {
    const make = () => this.#stateText(services);
    return services === undefined ? keptRules('ipvs state', this.input, make) : make();
  }

  #stateText(services: ReadonlySet<string> | undefined): string {
    const wanted = (origin: Origin | undefined) =>
      services === undefined || (origin !== undefined && services.has(origin.service));
    const sets = this.namedSets.map(({ name, entries }) => [
      name,
      entries.filter(({ origin }) => wanted(origin)).map(({ text }) => text),
    ]);
    const servers = serversText(this.#wanted(services), {
      ...{ context: this.context, place: this.#selections.place },
      selection: (port) => this.selection(port),
      virtualServersOf: (port) => this.virtualServersOf(port),
    });
    return `[${JSON.stringify([...this.boundAddresses.keys()])},${JSON.stringify(sets)},${servers}]`;
  }

  get nodePortAddresses(): readonly string[] | undefined {
    const { allAddresses, nodeAddresses } = this.context;
    return allAddresses ? undefined : nodeAddresses;
  }

  get healthCheckAddresses(): readonly string[] | undefined {
    const { nodePortAddresses } = this;
    return this.input.settings.version.minor < 23 || nodePortAddresses?.length === 0 ? undefined : nodePortAddresses;
  }

  /** Node ports have no virtual server on 127.0.0.1. */
  get routeLocalnet(): boolean {
    return false;
  }

  programText(port: ServicePort): string {
    const { entries, outRules } = this.portState(port);
    const servers = this.virtualServersOf(port).map(({ origin: _, wantsLocal: __, ...server }) =>
      JSON.stringify(server),
    );
    return [
      ...servers,
      ...this.loopBacks(port),
      ...entries.map(({ set, text }) => `${set} ${text}`),
      ...outRules.map((rule) => saveRule(rule, port.family)),
    ].join('\n');
  }

  /** IPVS keeps the real server of a client. */
  affinityKey(port: ServicePort, endpoint: ProxyEndpoint): string {
    return persistenceKey(port.protocol, canonicalAddress(endpoint.address), endpoint.port);
  }

  ruleset(options: RulesetOptions): Ruleset {
    const { open, ...rest } = options;
    const key = `${JSON.stringify(rest)} ${open === undefined ? '' : JSON.stringify([...open])}`;
    return remember(this.#rulesets, key, () => ipvsRuleset(this, options));
  }
}
