import { writeElement } from '../../netfilter/nftables/elements.js';
import { writeRule } from '../../netfilter/nftables/statements/index.js';
import { TextBuffer } from '../text-buffer.js';
import { TextStore } from '../text-store.js';
import type { RenderContext } from './context.js';
import { baseChains } from './fixed-rules.js';
import { declarationText, type Operation, operationText, setText, TABLE_COMMENT, tableText } from './operations.js';

function tableLine(table: string): string {
  return `add table ${table} { comment "${TABLE_COMMENT}" ; }\n`;
}

/** The text that the proxier gives to `nft -f -` at its first full sync, in pieces to be joined. */
export function transactionPieces(context: RenderContext, operations: Iterable<Operation>): readonly Uint8Array[] {
  const table = tableText(context.family);
  const out = new TextBuffer();
  out.write(tableLine(table));
  // Base chains are made anew, since their hooks and priorities cannot be changed.
  for (const [name] of baseChains(context)) out.write(`add chain ${table} ${name}\ndelete chain ${table} ${name}\n`);
  for (const operation of operations) out.write(operationText(operation, table));
  return out.pieces();
}

/** An object that is loaded, and what is in it, by their numbers in the store. */
interface Loaded {
  readonly head: number;
  readonly lines: number[];
  readonly keys: Set<string>;
}

function byName(objects: ReadonlyMap<string, Loaded>): readonly Loaded[] {
  return [...objects.keys()].sort().map((name) => objects.get(name) as Loaded);
}

/**
 * What is loaded after the first full sync as a dump of objects, one `add` a line: chains, sets, maps, rules, elements,
 * each sorted by the name of what they belong to (knftables' `Fake.Dump`; in the version that 1.29 has, contents follow
 * each object). In pieces.
 */
export function dumpPieces(context: RenderContext, operations: Iterable<Operation>): readonly Uint8Array[] {
  const table = tableText(context.family);
  const chains = new Map<string, Loaded>();
  const sets = new Map<string, Loaded>();
  const maps = new Map<string, Loaded>();
  const store = new TextStore();
  const begin = store.add(tableLine(table));
  const loading = (head: string): Loaded => ({ head: store.add(head), lines: [], keys: new Set() });
  for (const operation of operations) {
    if (operation.kind === 'chain') {
      const { chain } = operation;
      chains.set(chain.name, loading(`add chain ${table} ${chain.name}${declarationText(chain)}\n`));
    } else if (operation.kind === 'rule') {
      const { rule } = operation;
      const text = `add rule ${table} ${rule.chain} ${writeRule(rule)}\n`;
      chains.get(rule.chain)?.lines.push(store.add(text));
    } else if (operation.kind === 'set') {
      const { set } = operation;
      const text = `add ${set.isMap ? 'map' : 'set'} ${table} ${set.name} ${setText(set)}\n`;
      (set.isMap ? maps : sets).set(set.name, loading(text));
    } else if (operation.kind === 'element') {
      const { set, element } = operation;
      const loaded = (set.isMap ? maps : sets).get(set.name);
      if (loaded === undefined) continue;
      // Where kube-proxy looks whether an element is there, the operations have none twice.
      if (!context.traits.partial) {
        const key = element.key.join(' . ');
        if (loaded.keys.has(key)) continue;
        loaded.keys.add(key);
      }
      loaded.lines.push(store.add(`add element ${table} ${set.name} { ${writeElement(element)} }\n`));
    }
  }
  const all = [byName(chains), byName(sets), byName(maps)].flat();
  const order = [begin];
  const lines = (loaded: Loaded) => {
    for (const line of loaded.lines) order.push(line);
  };
  for (const loaded of all) {
    order.push(loaded.head);
    if (context.traits.alpha) lines(loaded);
  }
  if (!context.traits.alpha) for (const loaded of all) lines(loaded);
  return [store.inOrder(order)];
}
