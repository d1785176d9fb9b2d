import type { ChainData, RuleData } from '../../contract/answers.js';
import { saveElement } from '../../netfilter/nftables/elements.js';
import { listTable } from '../../netfilter/nftables/list.js';
import { saveRule, writeRule } from '../../netfilter/nftables/statements/index.js';
import type { Element } from '../../netfilter/nftables/types.js';
import type { ValueType } from '../../netfilter/nftables/values.js';
import type { Hook, Origin, Rule } from '../../netfilter/ruleset.js';
import { type LoadedObject, loadedObjects, objectText } from '../../proxy/nftables/listing.js';
import { TABLE, TABLE_COMMENT, tableText } from '../../proxy/nftables/operations.js';
import type { NftablesProgram } from '../../proxy/nftables/program.js';
import type { NodeProgram } from '../../proxy/node-program.js';
import type { ChainBlock, ChainText } from './chain-blocks.js';
import type { ByteBudget, Rendering, Selection } from './node-rules.js';
import { serviceRef } from './rule-text.js';

/**
 * The objects that are wanted, in the order in which they were made; of shared ones what the wanted Services have in
 * them.
 */
function wanted(program: NodeProgram, { services, chains }: Selection): readonly LoadedObject[] {
  const isWanted = (origin: Origin | undefined) =>
    services === undefined || (origin !== undefined && services.has(origin.service));
  return loadedObjects((program as NftablesProgram).operations(services)).flatMap((object): LoadedObject[] => {
    if (chains !== undefined && !chains.has(object.name)) return [];
    if (services === undefined) return [object];
    const { name, chain, set } = object;
    if (chain !== undefined) {
      const rules = chain.rules.filter(({ origin }) => isWanted(origin));
      return rules.length === 0 ? [] : [{ name, chain: { ...chain, rules } }];
    }
    if (set === undefined) return [];
    const kept = set.elements.map((element, i) => [element, set.origins[i]] as const).filter(([, of]) => isWanted(of));
    // A set of a Service's own has no elements until a client comes.
    if (kept.length === 0 && !name.startsWith('@affinity-')) return [];
    return [{ name, set: { ...set, elements: kept.map(([one]) => one), origins: kept.map(([, of]) => of) } }];
  });
}

function block<T>(chain: string, body: T): ChainBlock<T> {
  return { table: TABLE, chain, body };
}

/** `add KIND FAMILY kube-proxy NAME …`: which object a line of a dump is about; the table's own line is about none. */
function subjectOf(line: string): string {
  const [, kind, , , name = ''] = line.split(' ', 5);
  if (kind === 'table') return '';
  return kind === 'set' || kind === 'map' || kind === 'element' ? `@${name}` : name;
}

function cut(text: string): readonly ChainBlock<ChainText>[] {
  const blocks = new Map<string, { declaration: string; rules: string }>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const name = subjectOf(line);
    let body = blocks.get(name);
    if (body === undefined) {
      body = { declaration: '', rules: '' };
      blocks.set(name, body);
    }
    if (/^add (?:rule|element) /.test(line)) body.rules += `${line}\n`;
    else body.declaration += `${line}\n`;
  }
  return [...blocks].map(([name, body]) => block(name, body));
}

/** Objects are declared before what is in them. */
function join(blocks: readonly ChainBlock<ChainText>[]): string {
  return blocks.map(({ body }) => body.declaration).join('') + blocks.map(({ body }) => body.rules).join('');
}

function save(
  program: NodeProgram,
  selection: Selection,
  _flavour: 'NFT' | 'LEGACY',
  budget: ByteBudget,
): readonly ChainBlock<ChainText>[] {
  return wanted(program, selection).map((object) => {
    const text = objectText(object, program.family);
    budget.spend(text.length);
    return block(object.name, { declaration: '', rules: text });
  });
}

function joinSaved(blocks: readonly ChainBlock<ChainText>[], { family }: NodeProgram): string {
  if (blocks.length === 0) return '';
  return listTable(
    tableText(family),
    TABLE_COMMENT,
    blocks.map(({ body }) => body.rules),
  );
}

function elementText(element: Element, types: readonly string[]): string {
  return saveElement(element, types as readonly ValueType[]);
}

/**
 * One chain, set or map after the other, each rule and element on a line of its own with the object's name before it.
 */
function list(program: NodeProgram, selection: Selection, budget: ByteBudget): readonly ChainBlock<string>[] {
  return wanted(program, selection).map(({ name, chain, set }) => {
    let text = chain === undefined ? `${set?.declaration.isMap === true ? 'map' : 'set'} ${name}\n` : `chain ${name}\n`;
    for (const rule of chain?.rules ?? []) text += `${name} ${saveRule(rule, program.family)}\n`;
    for (const element of set?.elements ?? [])
      text += `${name} { ${elementText(element, set?.declaration.type ?? [])} }\n`;
    budget.spend(text.length);
    return block(name, text);
  });
}

function about(origin: Origin | undefined): Pick<RuleData, 'service' | 'endpoint'> {
  if (origin === undefined) return {};
  return {
    service: serviceRef(origin),
    ...(origin.endpoint === undefined ? {} : { endpoint: origin.endpoint }),
  };
}

/** A chain, set or map as data; a set's elements are where a chain has its rules. */
function data(program: NodeProgram, selection: Selection, budget: ByteBudget): readonly ChainBlock<ChainData>[] {
  return wanted(program, selection).map(({ name, chain, set }) => {
    const rules = (chain?.rules ?? []).map(
      (rule, index): RuleData => ({
        text: saveRule(rule, program.family),
        written: writeRule(rule),
        position: index + 1,
        statements: rule.statements,
        ...about(rule.origin),
      }),
    );
    const elements = (set?.elements ?? []).map((element, i): RuleData => {
      const text = elementText(element, set?.declaration.type ?? []);
      return { text, written: text, statements: [element], ...about(set?.origins[i]) };
    });
    const base = chain?.base;
    const body: ChainData = {
      name,
      ...(base === undefined
        ? {}
        : { hook: base.hook.toUpperCase() as Hook, priority: base.priority, policy: 'ACCEPT' as const }),
      rules: [...rules, ...elements],
    };
    budget.spend(JSON.stringify(body).length);
    return block(name, body);
  });
}

/** Rules, and elements as rules of the set that they are in. */
function rules(program: NodeProgram, selection: Selection): readonly ChainBlock<readonly Rule[]>[] {
  return wanted(program, selection).map(({ name, chain, set }) => {
    const elements = (set?.elements ?? []).map((element, i): Rule => {
      const origin = set?.origins[i];
      const text = elementText(element, set?.declaration.type ?? []);
      return { chain: name, statements: [], text, ...(origin && { origin }) };
    });
    return block(name, [...(chain?.rules ?? []), ...elements]);
  });
}

/** Rules of nftables: chains, and sets and maps, whose names begin with `@`. */
export const NFTABLES_RENDERING: Rendering = { cut, join, save, joinSaved, list, data, rules };
