import type { Chain, Rule } from '../../netfilter/ruleset.js';
import type { ClusterServiceMap } from '../service-map.js';
import type { EndpointSelection, ServicePort } from '../service-port.js';
import { portNames } from './names.js';
import type { PortRules, RenderContext } from './port-rules.js';
import { CHAINS } from './port-rules.js';

/** What rulesets need of a program. */
export interface RuleSource {
  readonly context: RenderContext;
  readonly services: ClusterServiceMap;
  selection(port: ServicePort): EndpointSelection;
  portRules(port: ServicePort): PortRules;
}

export type TableName = 'filter' | 'nat';
type RulesByChain = ReadonlyMap<string, readonly Rule[]>;

/** The rules of one Service port that are in chains shared by all Services. */
interface Dispatch {
  readonly filter: RulesByChain;
  readonly nat: RulesByChain;
}

/** So many Service ports' rules are kept made; more are made again when they are asked for again. */
const KEPT_PORTS = 1024;

const NO_RULES: readonly Rule[] = [];
const SERVICE_CHAIN = /^KUBE-(SVC|SVL|EXT|FW|XLB|SEP)-[A-Z2-7]{16}$/;

function byChain(rules: readonly Rule[], keep: (chain: string) => boolean): Map<string, Rule[]> {
  const chains = new Map<string, Rule[]>();
  for (const rule of rules) {
    if (!keep(rule.chain)) continue;
    const known = chains.get(rule.chain);
    if (known === undefined) chains.set(rule.chain, [rule]);
    else known.push(rule);
  }
  return chains;
}

const isShared = (chain: string) => chain === CHAINS.services || chain === CHAINS.nodePorts;

/**
 * The rules of Service ports, made when somebody asks for a port's dispatch rules or for one of its chains. A chain
 * that was never led to is found by its name at the cost of every port's names.
 */
export class ServiceChains {
  readonly #source: RuleSource;
  readonly #dispatch = new Map<ServicePort, Dispatch>();
  readonly #chains = new Map<string, Chain>();
  readonly #built = new Set<ServicePort>();
  readonly #owners = new Map<string, ServicePort>();
  #allNamed = false;
  #allEndpointsNamed = false;

  constructor(source: RuleSource) {
    this.#source = source;
  }

  /** The port's rules in one of the shared chains. */
  dispatchRules(port: ServicePort, table: TableName, chain: string, keepChains: boolean): readonly Rule[] {
    let dispatch = this.#dispatch.get(port);
    if (dispatch === undefined) {
      if (keepChains && this.#dispatch.size >= KEPT_PORTS) this.#forget();
      const rules = this.#source.portRules(port);
      dispatch = { filter: byChain(rules.filterRules, () => true), nat: byChain(rules.natRules, isShared) };
      this.#dispatch.set(port, dispatch);
      this.#nameOwned(port);
      if (keepChains) this.#addChains(port, rules);
    }
    return dispatch[table].get(chain) ?? NO_RULES;
  }

  #forget(): void {
    this.#dispatch.clear();
    this.#chains.clear();
    this.#built.clear();
  }

  #nameOwned(port: ServicePort): void {
    const { cluster, local, external, firewall, xlb } = portNames(port);
    for (const name of [cluster, local, external, firewall, xlb]) this.#owners.set(name, port);
  }

  #addChains(port: ServicePort, rules: PortRules): void {
    if (this.#built.has(port)) return;
    this.#built.add(port);
    const own = byChain(rules.natRules, (chain) => !isShared(chain));
    for (const name of rules.natChains) {
      this.#chains.set(name, { name, rules: own.get(name) ?? NO_RULES, ordered: true });
    }
  }

  #build(port: ServicePort): void {
    if (!this.#built.has(port)) this.#addChains(port, this.#source.portRules(port));
  }

  /** A chain of a Service or endpoint, undefined where this node has none of that name. */
  chain(name: string): Chain | undefined {
    const known = this.#chains.get(name);
    if (known !== undefined || !SERVICE_CHAIN.test(name)) return known;
    const owner = this.#owners.get(name) ?? this.#findOwner(name);
    if (owner === undefined) return undefined;
    this.#build(owner);
    return this.#chains.get(name);
  }

  #findOwner(name: string): ServicePort | undefined {
    const ports = this.#source.services.ports();
    if (!this.#allNamed) {
      this.#allNamed = true;
      for (const port of ports) this.#nameOwned(port);
    }
    if (name.startsWith('KUBE-SEP-') && !this.#allEndpointsNamed) {
      this.#allEndpointsNamed = true;
      for (const port of ports) {
        const names = portNames(port);
        for (const endpoint of this.#source.selection(port).reachable) this.#owners.set(names.endpoint(endpoint), port);
      }
    }
    return this.#owners.get(name);
  }

  /** Every chain of every Service, in the order of their declaration. */
  *all(): Iterable<Chain> {
    const seen = new Set<string>();
    for (const port of this.#source.services.ports()) {
      const rules = this.#source.portRules(port);
      this.#addChains(port, rules);
      for (const name of rules.natChains) {
        const chain = this.#chains.get(name);
        if (chain === undefined || seen.has(name)) continue;
        seen.add(name);
        yield chain;
      }
    }
  }
}
