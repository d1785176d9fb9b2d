import { writeElement } from '../../netfilter/nftables/elements.js';
import { writeRule } from '../../netfilter/nftables/statements/index.js';
import { TextBuffer } from '../text-buffer.js';
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

interface Loaded {
  readonly head: string;
  readonly lines: string[];
  readonly keys: Set<string>;
}

function byName(objects: ReadonlyMap<string, Loaded>): readonly Loaded[] {
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, loaded]) => loaded);
}

/**
 * What is loaded after the first full sync as a dump of objects, one `add` a line: chains, sets, maps, rules, elements, each sorted by
 * the name of what they belong to (knftables' `Fake.Dump`; in the version that 1.29 has, contents follow each object). In pieces.
 */
export function dumpPieces(context: RenderContext, operations: Iterable<Operation>): readonly Uint8Array[] {
  const table = tableText(context.family);
  const chains = new Map<string, Loaded>();
  const sets = new Map<string, Loaded>();
  const maps = new Map<string, Loaded>();
  for (const operation of operations) {
    if (operation.kind === 'chain') {
      const { chain } = operation;
      const head = `add chain ${table} ${chain.name}${declarationText(chain)}\n`;
      chains.set(chain.name, { head, lines: [], keys: new Set() });
    } else if (operation.kind === 'rule') {
      const { rule } = operation;
      chains.get(rule.chain)?.lines.push(`add rule ${table} ${rule.chain} ${writeRule(rule)}\n`);
    } else if (operation.kind === 'set') {
      const { set } = operation;
      const head = `add ${set.isMap ? 'map' : 'set'} ${table} ${set.name} ${setText(set)}\n`;
      (set.isMap ? maps : sets).set(set.name, { head, lines: [], keys: new Set() });
    } else if (operation.kind === 'element') {
      const { set, element } = operation;
      const loaded = (set.isMap ? maps : sets).get(set.name);
      const key = element.key.join(' . ');
      if (loaded === undefined || loaded.keys.has(key)) continue;
      loaded.keys.add(key);
      loaded.lines.push(`add element ${table} ${set.name} { ${writeElement(element)} }\n`);
    }
  }
  const out = new TextBuffer();
  out.write(tableLine(table));
  const all = [byName(chains), byName(sets), byName(maps)];
  const writeLines = ({ lines }: Loaded) => {
    for (const line of lines) out.write(line);
  };
  for (const objects of all) {
    for (const loaded of objects) {
      out.write(loaded.head);
      if (context.traits.alpha) writeLines(loaded);
    }
  }
  if (!context.traits.alpha) for (const loaded of all.flat()) writeLines(loaded);
  return out.pieces();
}
