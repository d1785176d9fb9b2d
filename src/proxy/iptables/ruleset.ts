import { IPTABLES } from '../../netfilter/iptables/language.js';
import { statementsOf } from '../../netfilter/iptables/statements.js';
import { chainTypeOf } from '../../netfilter/iptables/tables.js';
import type { BaseChain, Chain, Hook, Rule, Ruleset, Table } from '../../netfilter/ruleset.js';
import type { RulesetOptions } from '../node-program.js';
import { DispatchChain, isDispatchChain } from './dispatch-chain.js';
import {
  filterChains,
  forwardRules,
  martianRule,
  masqueradeRules,
  NAT_CHAINS,
  nodePortTail,
  writesMartianRule,
} from './fixed-rules.js';
import { ipMasqRules } from './ip-masq.js';
import type { ChainJump } from './jumps.js';
import { chainJumps } from './jumps.js';
import { kubeletRules } from './kubelet.js';
import type { RenderContext } from './port-rules.js';
import { CHAINS } from './port-rules.js';
import type { RuleSource, TableName } from './service-chains.js';
import { ServiceChains } from './service-chains.js';

/** The built-in chains of each table, in the order of the hooks, with their netfilter priorities. */
const BUILT_IN: Readonly<Record<TableName, readonly (readonly [Hook, number])[]>> = {
  filter: [
    ['INPUT', 0],
    ['FORWARD', 0],
    ['OUTPUT', 0],
  ],
  nat: [
    ['PREROUTING', -100],
    ['INPUT', 100],
    ['OUTPUT', -100],
    ['POSTROUTING', 100],
  ],
};

function targetOf(rule: Rule): string | undefined {
  const last = statementsOf(rule).at(-1);
  return last?.kind === 'jump' ? last.chain : undefined;
}

/** The jumps of one built-in chain: each is put on top, unless one to the same chain with the same matches is there. */
function jumpRules(jumps: readonly ChainJump[], table: TableName, hook: Hook): readonly Rule[] {
  const rules: Rule[] = [];
  for (const jump of jumps) {
    if (jump.table !== table || jump.rule.chain !== hook) continue;
    const target = targetOf(jump.rule);
    if (!rules.some((rule) => targetOf(rule) === target)) rules.unshift(jump.rule);
  }
  return rules;
}

class LazyTable implements Table {
  readonly name: TableName;
  readonly baseChains: readonly Chain[];
  readonly #fixed: ReadonlyMap<string, Chain>;
  readonly #services: ServiceChains | undefined;

  constructor(name: TableName, base: readonly Chain[], fixed: readonly Chain[], services: ServiceChains | undefined) {
    this.name = name;
    this.baseChains = base;
    this.#fixed = new Map([...base, ...fixed].map((chain) => [chain.name, chain]));
    this.#services = services;
  }

  chain(name: string): Chain | undefined {
    return this.#fixed.get(name) ?? this.#services?.chain(name);
  }

  *chains(): Iterable<Chain> {
    yield* this.#fixed.values();
    if (this.#services !== undefined) yield* this.#services.all();
  }
}

/** What a proxier that is not this one adds to the tables of iptables. */
export interface AddedRules {
  /** The chains of each table, in the order of their declaration. */
  readonly chains: Readonly<Record<TableName, readonly string[]>>;
  readonly rules: Readonly<Record<TableName, readonly Rule[]>>;
  /** In the order in which they are made, after kubelet's. */
  readonly jumps: readonly ChainJump[];
}

const NOTHING: AddedRules = { chains: { filter: [], nat: [] }, rules: { filter: [], nat: [] }, jumps: [] };

/**
 * The tables of iptables on a node whose kube-proxy does not use them, or writes no chains of Services: built-in
 * chains, and kubelet's and the pod masquerade's rules when asked.
 */
export function hostTables(
  context: RenderContext,
  options: RulesetOptions,
  added: AddedRules = NOTHING,
): readonly Table[] {
  const kubelet = options.kubelet ? kubeletRules(context) : undefined;
  const ipMasq = ipMasqRules(context.family, options.ipMasq);
  const names = {
    filter: [...added.chains.filter, ...(kubelet?.filterChains ?? [])],
    nat: [...added.chains.nat, ...(kubelet?.natChains ?? [])],
  };
  if (ipMasq !== undefined) names.nat.push(ipMasq.chain);
  const rules = {
    filter: [...added.rules.filter, ...(kubelet?.filterRules ?? [])],
    nat: [...added.rules.nat, ...(kubelet?.natRules ?? []), ...(ipMasq?.rules ?? [])],
  };
  return (['filter', 'nat'] as const).map((table) => {
    const base = builtInChains(table, [...(kubelet?.jumps ?? []), ...added.jumps], options, ipMasq?.jump);
    const own = [...new Set(names[table])].map((name) => ({
      name,
      rules: rules[table].filter((rule) => rule.chain === name),
      ordered: true,
    }));
    return new LazyTable(table, base, own, undefined);
  });
}

function builtInChains(
  table: TableName,
  jumps: readonly ChainJump[],
  options: RulesetOptions,
  masquerade: Rule | undefined,
): readonly Chain[] {
  return BUILT_IN[table].map(([hook, priority]) => {
    const policy: BaseChain['policy'] = hook === 'FORWARD' ? options.forwardPolicy : 'ACCEPT';
    const own = jumpRules(jumps, table, hook);
    // Its writers append their jump, so that it comes after kube-proxy's, which puts its own on top.
    const rules = masquerade !== undefined && table === 'nat' && hook === 'POSTROUTING' ? [...own, masquerade] : own;
    return { name: hook, base: { type: chainTypeOf(table, hook), hook, priority, policy }, rules, ordered: true };
  });
}

/**
 * The rules of a node for a walk: built-in chains, kube-proxy's, and kubelet's and the pod masquerade's when asked.
 * Rules of Services are made when a packet is led to them. The mangle table holds only empty canary chains and is left
 * out, as are the canaries of the other tables.
 */
export function lazyRuleset(source: RuleSource, options: RulesetOptions): Ruleset {
  const { context, services } = source;
  const kubelet = options.kubelet ? kubeletRules(context) : undefined;
  const jumps = [...(kubelet?.jumps ?? []), ...chainJumps(context)];
  const chains = new ServiceChains(source);
  const ipMasq = ipMasqRules(context.family, options.ipMasq);

  const base = (table: TableName) => builtInChains(table, jumps, options, ipMasq?.jump);
  const fixed = (table: TableName, names: Iterable<string>, rules: readonly Rule[]): readonly Chain[] =>
    [...new Set(names)].map((name) => {
      const own = rules.filter((rule) => rule.chain === name);
      return isDispatchChain(table, name)
        ? new DispatchChain(table, name, services, chains, own)
        : { name, rules: own, ordered: true };
    });
  const targets = (table: TableName) =>
    jumps.filter((jump) => jump.table === table).map((jump) => targetOf(jump.rule) as string);

  // kubelet's rule against foreign packets to loopback and kube-proxy's are one and the same.
  const martian = kubelet === undefined && writesMartianRule(context) ? [martianRule()] : [];
  const filter = fixed(
    'filter',
    [...filterChains(context), ...targets('filter'), ...(kubelet?.filterChains ?? [])],
    [...martian, ...(kubelet?.filterRules ?? []), ...forwardRules(context)],
  );
  const nat = fixed(
    'nat',
    [
      ...NAT_CHAINS,
      ...(context.traits.markDropChain ? [CHAINS.markDrop] : []),
      ...(kubelet?.natChains ?? []),
      ...(ipMasq === undefined ? [] : [ipMasq.chain]),
    ],
    [...masqueradeRules(context), ...(kubelet?.natRules ?? []), ...nodePortTail(context), ...(ipMasq?.rules ?? [])],
  );
  return {
    family: context.family,
    language: IPTABLES,
    tables: [
      new LazyTable('filter', base('filter'), filter, undefined),
      new LazyTable('nat', base('nat'), nat, chains),
    ],
  };
}
