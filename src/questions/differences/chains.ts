import { Sha256 } from '#platform';
import type { IPFamily } from '../../base/address.js';
import type { ChainDifference, ChainsDifference, ChainsResult, RuleText, ServiceRef } from '../../contract/answers.js';
import type { ChainsQuestion } from '../../contract/requests.js';
import type { Rule } from '../../netfilter/ruleset.js';
import { nodeText, programOf } from '../chains/answer-chains.js';
import { ByteBudget, selectionOf } from '../chains/node-rules.js';
import { renderingOf } from '../chains/renderings.js';
import { serviceRef, ruleText as textOf } from '../chains/rule-text.js';
import type { Prepared } from '../prepare.js';
import { unifiedDiff } from './unified.js';

/** One side of the question: the cluster, the question as it is put to it, and its result. */
export interface ChainsSide {
  readonly prepared: Prepared;
  readonly question: ChainsQuestion;
  readonly result: ChainsResult;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

interface RuleWithText {
  readonly rule: Rule;
  readonly text: string;
}

function ruleText({ rule, text }: RuleWithText): RuleText {
  const { origin } = rule;
  return {
    text,
    ...(origin === undefined ? {} : { service: serviceRef(origin) }),
    ...(origin?.endpoint === undefined ? {} : { endpoint: origin.endpoint }),
  };
}

/** What a rule is for, whatever its text: rules of one purpose on both sides are one that changed. */
function purpose({ rule }: RuleWithText): string {
  const { origin } = rule;
  const target = rule.statements.at(-1);
  const to = target === undefined ? '' : 'chain' in target ? target.chain : target.kind;
  return [origin?.service, origin?.portName, origin?.protocol, origin?.endpoint, to].join(' ');
}

/** Takes out of `others` one rule of the same key for each of `rules`; gives the rules that found none. */
function withoutMatches(
  rules: readonly RuleWithText[],
  others: readonly RuleWithText[],
  keyOf: (rule: RuleWithText) => string,
  onMatch: (rule: RuleWithText, other: RuleWithText) => void = () => {},
): { readonly rest: readonly RuleWithText[]; readonly others: readonly RuleWithText[] } {
  const waiting = new Map<string, RuleWithText[]>();
  for (const other of others) {
    const list = waiting.get(keyOf(other));
    if (list === undefined) waiting.set(keyOf(other), [other]);
    else list.push(other);
  }
  const matched = new Set<RuleWithText>();
  const rest = rules.filter((rule) => {
    const other = waiting.get(keyOf(rule))?.shift();
    if (other === undefined) return true;
    matched.add(other);
    onMatch(rule, other);
    return false;
  });
  return { rest, others: others.filter((other) => !matched.has(other)) };
}

type Content = Pick<ChainDifference, 'added' | 'removed' | 'changed'>;

/** What is different between a chain's rules; undefined where at most their order is. */
function compareRules(before: readonly RuleWithText[], after: readonly RuleWithText[]): Content | undefined {
  const unequal = withoutMatches(before, after, ({ text }) => text);
  const changed: [RuleWithText, RuleWithText][] = [];
  const { rest, others } = withoutMatches(unequal.rest, unequal.others, purpose, (rule, other) => {
    changed.push([rule, other]);
  });
  if (rest.length + others.length + changed.length === 0) return undefined;
  return {
    added: others.map(ruleText),
    removed: rest.map(ruleText),
    changed: changed.map(([rule, other]) => {
      const { text, ...of } = ruleText(other);
      return { before: rule.text, after: text, ...of };
    }),
  };
}

type ChainTexts = ReadonlyMap<
  string,
  { readonly table: string; readonly chain: string; readonly rules: RuleWithText[] }
>;

function chainsOf({ prepared, question }: ChainsSide, node: string, family: IPFamily): ChainTexts {
  const program = programOf(prepared, node, family);
  const blocks = renderingOf(program).rules(program, selectionOf(question, prepared.settings));
  return new Map(
    blocks.map(({ table, chain, body }) => [
      `${table} ${chain}`,
      { table, chain, rules: body.map((rule) => ({ rule, text: textOf(rule, family) })) },
    ]),
  );
}

type NodeChain = Omit<ChainDifference, 'nodes'>;

/** The chains of one node that are different. */
function chainDifferences(before: ChainsSide, after: ChainsSide, node: string, family: IPFamily): readonly NodeChain[] {
  const [was, is] = [chainsOf(before, node, family), chainsOf(after, node, family)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((key) => {
    const content = compareRules(was.get(key)?.rules ?? [], is.get(key)?.rules ?? []);
    const { table = '', chain = '' } = was.get(key) ?? is.get(key) ?? {};
    return content === undefined ? [] : [{ family, table, chain, ...content }];
  });
}

/** Puts together what is the same on several nodes. */
class Groups<T> {
  readonly #groups = new Map<string, { readonly value: T; readonly nodes: string[] }>();

  add(key: string, node: string, make: () => T): void {
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, { value: make(), nodes: [node] });
    else group.nodes.push(node);
  }

  list(): readonly (T & { readonly nodes: readonly string[] })[] {
    return [...this.#groups.values()].map(({ value, nodes }) => ({ nodes, ...value }));
  }
}

type Counts = Map<string, { service: ServiceRef; added: number; removed: number; changed: number }>;

function count(counts: Counts, { namespace, name }: ServiceRef, kind: 'added' | 'removed' | 'changed'): void {
  const key = `${namespace}/${name}`;
  const own = counts.get(key) ?? { service: { namespace, name }, added: 0, removed: 0, changed: 0 };
  own[kind] += 1;
  counts.set(key, own);
}

/** Counts all rules of one side, Service by Service. */
function countRules(counts: Counts, chains: ChainTexts, kind: 'added' | 'removed'): void {
  for (const { rules } of chains.values()) {
    for (const { rule } of rules) if (rule.origin !== undefined) count(counts, serviceRef(rule.origin), kind);
  }
}

function countServices(rules: readonly ChainDifference[], counts: Counts): ChainsDifference['services'] {
  for (const difference of rules) {
    for (const kind of ['added', 'removed', 'changed'] as const) {
      for (const { service } of difference[kind]) if (service !== undefined) count(counts, service, kind);
    }
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, own]) => own);
}

type Places = ReadonlyMap<IPFamily, readonly string[]>;

/** The nodes and families that a side tells the rules of, in its order. */
function givenPlaces({ result }: ChainsSide): Places {
  const places = new Map<IPFamily, Set<string>>();
  for (const { family, nodes } of result.parts) {
    const known = places.get(family) ?? new Set();
    for (const node of nodes) known.add(node);
    places.set(family, known);
  }
  return new Map([...places].map(([family, nodes]) => [family, [...nodes]]));
}

/**
 * The same of a side that tells nothing, since it has none of the Services or chains asked for: its nodes are there all
 * the same.
 */
function placesOf(side: ChainsSide, other: ChainsSide): Places {
  const listed = givenPlaces(side);
  if (listed.size > 0) return listed;
  const there = (node: string) => side.prepared.cluster.nodes.has(node);
  return new Map([...givenPlaces(other)].map(([family, nodes]) => [family, nodes.filter(there)]));
}

/**
 * What is different between the rules of two clusters, node by node: as text and rule by rule. Throws QuestionError
 * ANSWER_TOO_LARGE beyond `maxBytes`.
 */
export function chainsDifference(before: ChainsSide, after: ChainsSide): ChainsDifference {
  const budget = new ByteBudget(before.question.maxBytes ?? DEFAULT_MAX_BYTES);
  const unified = new Groups<{ readonly family: IPFamily; readonly text: string }>();
  const rules = new Groups<NodeChain>();
  const seen = new Map<string, { readonly text: string; readonly chains: readonly NodeChain[] }>();
  const counts: Counts = new Map();
  const earlier = placesOf(before, after);
  const later = placesOf(after, before);
  const families = [...new Set([...earlier.keys(), ...later.keys()])];
  for (const family of families) {
    const common = (earlier.get(family) ?? []).filter((node) => later.get(family)?.includes(node));
    for (const node of common) {
      const modes = [before, after].map(({ prepared }) => programOf(prepared, node, family).mode);
      if (modes[0] !== modes[1]) {
        // Two languages have no lines in common: what each Service has in either is counted.
        countRules(counts, chainsOf(before, node, family), 'removed');
        countRules(counts, chainsOf(after, node, family), 'added');
        continue;
      }
      const texts = [before, after].map((side) => nodeText(side.prepared, side.question, node, family));
      const [old = '', now = ''] = texts;
      if (old === now) continue;
      // Nodes with the same texts have the same rules: they are compared once.
      const hash = new Sha256().update(`${family}\0`).update(old).update('\0').update(now).hex();
      const difference = seen.get(hash) ?? {
        text: unifiedDiff(old, now, { before: 'before', after: 'after' }),
        chains: chainDifferences(before, after, node, family),
      };
      seen.set(hash, difference);
      const { text, chains } = difference;
      unified.add(`${family} ${text}`, node, () => {
        budget.spend(text.length);
        return { family, text };
      });
      for (const chain of chains) {
        const text = JSON.stringify(chain);
        rules.add(text, node, () => {
          budget.spend(text.length);
          return chain;
        });
      }
    }
  }
  const listed = rules.list();
  const nodesOf = (places: ReadonlyMap<IPFamily, readonly string[]>) => [...new Set([...places.values()].flat())];
  const [old, now] = [nodesOf(earlier), nodesOf(later)];
  return {
    unified: unified.list(),
    rules: listed,
    services: countServices(listed, counts),
    nodes: { added: now.filter((node) => !old.includes(node)), removed: old.filter((node) => !now.includes(node)) },
  };
}
