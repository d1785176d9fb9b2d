import type { IPFamily } from '../../base/address.js';
import { writeElement } from '../../netfilter/nftables/elements.js';
import { NFTABLES } from '../../netfilter/nftables/language.js';
import type { SetDeclaration } from '../../netfilter/nftables/nft-table.js';
import { writeRule } from '../../netfilter/nftables/statements/index.js';
import type { Element, Statement } from '../../netfilter/nftables/types.js';
import type { Origin, Rule } from '../../netfilter/ruleset.js';

/**
 * What the proxier's transaction does, one after the other. Its text, what is loaded then, and a listing all follow
 * from this.
 */
export type Operation =
  | { readonly kind: 'chain'; readonly chain: ChainDeclaration }
  | { readonly kind: 'set'; readonly set: SetDeclaration; readonly origin?: Origin }
  | { readonly kind: 'flush-set'; readonly set: SetDeclaration }
  /** Makes sure that a set is not there. */
  | { readonly kind: 'no-set'; readonly set: SetDeclaration }
  | { readonly kind: 'element'; readonly set: SetDeclaration; readonly element: Element; readonly origin?: Origin }
  | { readonly kind: 'rule'; readonly rule: Rule };

/** Hook and priority of a base chain. */
export interface BaseDeclaration {
  readonly type: 'filter' | 'nat';
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
  readonly priority: number;
}

export interface ChainDeclaration {
  readonly name: string;
  readonly base?: BaseDeclaration;
  readonly comment?: string;
  readonly origin?: Origin;
}

export const TABLE = 'kube-proxy';
export const TABLE_COMMENT = 'rules for kube-proxy';

/** `ip kube-proxy` or `ip6 kube-proxy`. */
export function tableText(family: IPFamily): string {
  return `${family === 'IPv4' ? 'ip' : 'ip6'} ${TABLE}`;
}

/** Collects what a proxier does. */
export class OperationList {
  readonly operations: Operation[] = [];

  chain(name: string, origin?: Origin, more: Omit<ChainDeclaration, 'name'> = {}): void {
    this.operations.push({ kind: 'chain', chain: { name, ...more, ...(origin && { origin }) } });
  }

  set(set: SetDeclaration, origin?: Origin): void {
    this.operations.push({ kind: 'set', set, ...(origin && { origin }) });
  }

  flush(set: SetDeclaration): void {
    this.operations.push({ kind: 'flush-set', set });
  }

  without(set: SetDeclaration): void {
    this.operations.push({ kind: 'no-set', set });
  }

  element(set: SetDeclaration, element: Element, origin?: Origin): void {
    this.operations.push({ kind: 'element', set, element, ...(origin && { origin }) });
  }

  rule(chain: string, origin: Origin | undefined, ...statements: Statement[]): void {
    const rule: Rule = { chain, statements, language: NFTABLES, ...(origin && { origin }) };
    this.operations.push({ kind: 'rule', rule });
  }
}

export function declarationText({ base, comment }: ChainDeclaration): string {
  if (base !== undefined) return ` { type ${base.type} hook ${base.hook} priority ${base.priority} ; }`;
  return comment === undefined ? '' : ` { comment "${comment}" ; }`;
}

export function setText(set: SetDeclaration): string {
  let text = `type ${set.type.join(' . ')}`;
  if (set.isMap) text += ` : ${(set.data ?? ['verdict']).join(' . ')}`;
  text += ' ;';
  if (set.flags !== undefined) text += ` flags ${set.flags.join(',')} ;`;
  if (set.timeout !== undefined) text += ` timeout ${set.timeout}s ;`;
  if (set.comment !== undefined) text += ` comment "${set.comment}" ;`;
  return `{ ${text} }`;
}

function addSetText(set: SetDeclaration, table: string): string {
  return `add ${set.isMap ? 'map' : 'set'} ${table} ${set.name} ${setText(set)}\n`;
}

/** One operation as the lines that `nft -f -` is given. */
export function operationText(operation: Operation, table: string): string {
  switch (operation.kind) {
    case 'chain': {
      const { chain } = operation;
      return `add chain ${table} ${chain.name}${declarationText(chain)}\nflush chain ${table} ${chain.name}\n`;
    }
    case 'set':
      return addSetText(operation.set, table);
    case 'no-set':
      return `${addSetText(operation.set, table)}delete set ${table} ${operation.set.name}\n`;
    case 'flush-set':
      return `flush ${operation.set.isMap ? 'map' : 'set'} ${table} ${operation.set.name}\n`;
    case 'element':
      return `add element ${table} ${operation.set.name} { ${writeElement(operation.element)} }\n`;
    case 'rule':
      return `add rule ${table} ${operation.rule.chain} ${writeRule(operation.rule)}\n`;
  }
}
