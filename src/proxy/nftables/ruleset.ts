import { NFTABLES } from '../../netfilter/nftables/language.js';
import type { NamedSet, NftTable, SetDeclaration } from '../../netfilter/nftables/nft-table.js';
import { ElementIndex } from '../../netfilter/nftables/set-lookup.js';
import type { Element } from '../../netfilter/nftables/types.js';
import type { ValueType } from '../../netfilter/nftables/values.js';
import type { BaseChain, Chain, Hook, Rule } from '../../netfilter/ruleset.js';
import type { ClusterServiceMap } from '../service-map.js';
import type { EndpointSelection, ProxyEndpoint, ServicePort } from '../service-port.js';
import type { RenderContext } from './context.js';
import { portNames } from './names.js';
import { type BaseDeclaration, type OperationList, TABLE, TABLE_COMMENT } from './operations.js';
import { sharedSets } from './sets.js';

/** What rulesets need of a program. */
export interface RuleSource {
  readonly context: RenderContext;
  readonly services: ClusterServiceMap;
  readonly setUp: OperationList;
  selection(port: ServicePort): EndpointSelection;
  isLocal(endpoint: ProxyEndpoint): boolean;
  portOperations(port: ServicePort): OperationList;
}

/** What one Service port adds. */
interface PortObjects {
  readonly chains: ReadonlyMap<string, Chain>;
  readonly sets: ReadonlyMap<string, SetDeclaration>;
  /** Elements by the name of their set. */
  readonly elements: ReadonlyMap<string, readonly Element[]>;
}

/** So many Service ports' rules are kept made; more are made again when they are asked for again. */
const KEPT_PORTS = 1024;
const SERVICE_CHAIN = /^(?:service|local|external|firewall|endpoint|affinity)-[A-Z2-7]{8}-/;

function baseOf({ type, hook, priority }: BaseDeclaration): BaseChain {
  return { type, hook: hook.toUpperCase() as Hook, priority, policy: 'ACCEPT' };
}

function objectsOf({ operations }: OperationList): PortObjects {
  const chains = new Map<string, Chain & { readonly rules: Rule[] }>();
  const sets = new Map<string, SetDeclaration>();
  const elements = new Map<string, Element[]>();
  for (const operation of operations) {
    if (operation.kind === 'chain') {
      const { name, base } = operation.chain;
      chains.set(name, { name, rules: [], ordered: true, ...(base && { base: baseOf(base) }) });
    } else if (operation.kind === 'rule') chains.get(operation.rule.chain)?.rules.push(operation.rule);
    else if (operation.kind === 'set') sets.set(operation.set.name, operation.set);
    else if (operation.kind === 'element') {
      const known = elements.get(operation.set.name);
      if (known === undefined) elements.set(operation.set.name, [operation.element]);
      else known.push(operation.element);
    }
  }
  return { chains, sets, elements };
}

const NO_ELEMENTS: readonly Element[] = [];
const clusterIPs = new WeakMap<ClusterServiceMap, ReadonlySet<string>>();

/** The cluster IPs of all Services. */
function clusterIPsOf(services: ClusterServiceMap): ReadonlySet<string> {
  let known = clusterIPs.get(services);
  if (known === undefined) {
    known = new Set(services.ports().map(({ clusterIP }) => clusterIP));
    clusterIPs.set(services, known);
  }
  return known;
}

/** The table of kube-proxy on a node. Rules and elements of Services are made when a packet is led to them. */
class KubeProxyTable implements NftTable {
  readonly name = TABLE;
  readonly comment = TABLE_COMMENT;
  readonly language = NFTABLES;
  readonly family: 'ip' | 'ip6';
  readonly baseChains: readonly Chain[];
  readonly #source: RuleSource;
  readonly #fixed: PortObjects;
  readonly #ports = new Map<ServicePort, PortObjects>();
  readonly #owners = new Map<string, ServicePort>();
  readonly #sets = new Map<string, NamedSet>();
  #allNamed = false;

  constructor(source: RuleSource) {
    this.#source = source;
    this.family = source.context.family === 'IPv4' ? 'ip' : 'ip6';
    this.#fixed = objectsOf(source.setUp);
    this.baseChains = [...this.#fixed.chains.values()].filter(({ base }) => base !== undefined);
  }

  #objects(port: ServicePort): PortObjects {
    let objects = this.#ports.get(port);
    if (objects === undefined) {
      if (this.#ports.size >= KEPT_PORTS) this.#ports.clear();
      objects = objectsOf(this.#source.portOperations(port));
      this.#ports.set(port, objects);
      for (const name of objects.chains.keys()) this.#owners.set(name, port);
      for (const name of objects.sets.keys()) this.#owners.set(name, port);
    }
    return objects;
  }

  #ownerOf(name: string): ServicePort | undefined {
    const known = this.#owners.get(name);
    if (known !== undefined || this.#allNamed || !SERVICE_CHAIN.test(name)) return known;
    this.#allNamed = true;
    for (const port of this.#source.services.ports()) {
      const { cluster, local, external, firewall, endpoint, affinity } = portNames(port);
      for (const own of [cluster, local, external, firewall]) this.#owners.set(own, port);
      for (const reachable of this.#source.selection(port).reachable) {
        this.#owners.set(endpoint(reachable), port);
        this.#owners.set(affinity(reachable), port);
      }
    }
    return this.#owners.get(name);
  }

  chain(name: string): Chain | undefined {
    const fixed = this.#fixed.chains.get(name);
    if (fixed !== undefined) return fixed;
    const owner = this.#ownerOf(name);
    return owner === undefined ? undefined : this.#objects(owner).chains.get(name);
  }

  *chains(): Iterable<Chain> {
    yield* this.#fixed.chains.values();
    for (const port of this.#source.services.ports())
      yield* objectsOf(this.#source.portOperations(port)).chains.values();
  }

  set(name: string): NamedSet | undefined {
    let set = this.#sets.get(name);
    if (set === undefined) {
      const owner = this.#fixed.sets.has(name) ? undefined : this.#ownerOf(name);
      const declared = this.#fixed.sets.get(name) ?? (owner && this.#objects(owner).sets.get(name));
      if (declared === undefined) return undefined;
      set = this.#named(declared);
      this.#sets.set(name, set);
    }
    return set;
  }

  *sets(): Iterable<NamedSet> {
    for (const name of this.#fixed.sets.keys()) yield this.set(name) as NamedSet;
    for (const port of this.#source.services.ports()) {
      for (const declared of objectsOf(this.#source.portOperations(port)).sets.values()) yield this.#named(declared);
    }
  }

  #named(declared: SetDeclaration): NamedSet {
    const all = () => this.#elements(declared.name);
    return { ...declared, elements: all, find: this.#finder(declared, all) };
  }

  *#elements(name: string): Iterable<Element> {
    const seen = new Set<string>();
    for (const element of this.#fixed.elements.get(name) ?? NO_ELEMENTS) yield element;
    if (!this.#fixed.sets.has(name)) return;
    for (const port of this.#source.services.ports()) {
      for (const element of objectsOf(this.#source.portOperations(port)).elements.get(name) ?? NO_ELEMENTS) {
        const key = element.key.join(' . ');
        if (seen.has(key)) continue;
        seen.add(key);
        yield element;
      }
    }
  }

  /** How a key is found without making all elements: by the Service ports that claim it. */
  #finder({ name, type }: SetDeclaration, all: () => Iterable<Element>): NamedSet['find'] {
    const sets = sharedSets(this.#source.context.family);
    const { services } = this.#source;
    const types = type as readonly ValueType[];
    const among = (ports: readonly ServicePort[], key: readonly string[]) => {
      for (const port of ports) {
        const elements = this.#objects(port).elements.get(name);
        const found = elements === undefined ? undefined : new ElementIndex(elements, types).find(key);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    switch (name) {
      case sets.serviceIPs.name:
      case sets.noEndpointServices.name:
      case sets.firewallIPs.name:
      case sets.firewall.name:
      case sets.firewallAllow.name:
        return (key) => {
          const [address = '', protocol = '', port = ''] = key;
          return among(services.claims(protocol.toUpperCase(), address, Number(port)), key);
        };
      case sets.serviceNodePorts.name:
      case sets.noEndpointNodePorts.name:
        return (key) => among(services.nodePortClaims((key[0] ?? '').toUpperCase(), Number(key[1])), key);
      case sets.clusterIPs.name:
        return (key) => (clusterIPsOf(services).has(key[0] ?? '') ? { key } : undefined);
      case sets.hairpin.name:
        return (key) => (key[0] === key[1] && this.#isHairpin(key) ? { key } : undefined);
      default: {
        // Which addresses of the node take node ports no Service decides.
        const elements = name === sets.nodePortIPs.name ? () => this.#fixed.elements.get(name) ?? NO_ELEMENTS : all;
        let index: ElementIndex | undefined;
        return (key) => {
          index ??= new ElementIndex(elements(), types);
          return index.find(key);
        };
      }
    }
  }

  #hairpins: ReadonlySet<string> | undefined;

  /** Whether an endpoint of this node, which the node uses, has the address, protocol and port. */
  #isHairpin([address, , protocol, port]: readonly string[]): boolean {
    if (this.#hairpins === undefined) {
      const known = new Set<string>();
      for (const servicePort of this.#source.services.ports()) {
        for (const endpoint of this.#source.selection(servicePort).reachable) {
          if (!this.#source.isLocal(endpoint)) continue;
          known.add(`${endpoint.address} ${servicePort.protocol.toLowerCase()} ${endpoint.port}`);
        }
      }
      this.#hairpins = known;
    }
    return this.#hairpins.has(`${address} ${protocol} ${port}`);
  }
}

/** kube-proxy's table on a node, for a walk. */
export function kubeProxyTable(source: RuleSource): NftTable {
  return new KubeProxyTable(source);
}
