import { KeptBytes } from '../kept-ports.js';
import type { ServicePort } from '../service-port.js';
import { TextBuffer } from '../text-buffer.js';
import { TextStore } from '../text-store.js';
import type { RenderContext } from './context.js';
import { baseChains } from './fixed-rules.js';
import { type Operation, operationText, TABLE_COMMENT, tableText } from './operations.js';
import {
  type Addition,
  type KeptStore,
  type WrittenObject,
  type WrittenOperations,
  type WrittenPorts,
  writeOperations,
} from './written-ports.js';

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
  /** The keys of elements that are not added twice. */
  readonly keys: Set<string>;
}

/** Objects of one kind by name: those that a port declares alone are as they were written. */
class Objects {
  readonly #written = new Map<string, WrittenObject | Loaded>();

  declare(object: WrittenObject): void {
    this.#written.set(object.name, object);
  }

  /** The object of this name, copied so that elements can be added to it; undefined if no object has the name. */
  #toAddTo(name: string): Loaded | undefined {
    const known = this.#written.get(name);
    if (known === undefined || 'keys' in known) return known;
    const own = { head: known.head, lines: [...known.lines], keys: new Set<string>() };
    this.#written.set(name, own);
    return own;
  }

  add({ name, line, key }: Addition, isOnce: boolean): void {
    const loaded = this.#toAddTo(name);
    if (loaded === undefined) return;
    if (key !== undefined && isOnce) {
      if (loaded.keys.has(key)) return;
      loaded.keys.add(key);
    }
    loaded.lines.push(line);
  }

  get byName(): readonly (WrittenObject | Loaded)[] {
    return [...this.#written.keys()].sort().map((name) => this.#written.get(name) as WrittenObject | Loaded);
  }
}

/** What a node is asked for: all of it, of which ports are kept, or some Services. */
export interface DumpedPorts {
  readonly ports: readonly ServicePort[];
  /** What one of them adds, made anew at each call. */
  readonly operationsOf: (port: ServicePort) => Iterable<Operation>;
  /** Absent: nothing is kept. */
  readonly written?: WrittenPorts;
}

/** Texts of ports that have changed stay in a store until they are more than those that are used. */
const MOST_UNUSED = 1 << 16;

/**
 * What is loaded after the first full sync as a dump of objects, one `add` a line: chains, sets, maps, rules, elements,
 * each sorted by the name of what they belong to (knftables' `Fake.Dump`; in the version that 1.29 has, contents follow
 * each object). In pieces. `setUp`: what is made whatever Services there are.
 */
export function dumpPieces(
  context: RenderContext,
  setUp: Iterable<Operation>,
  { ports, operationsOf, written }: DumpedPorts,
): readonly Uint8Array[] {
  const anew = (): KeptStore => ({ store: new TextStore(), together: new KeptBytes() });
  const before = written?.storeOf(ports);
  const into = before === undefined || before.isFull === true ? anew() : before;
  const { store } = into;
  const begin = store.add(tableLine(tableText(context.family)));
  const objects = { chain: new Objects(), set: new Objects(), map: new Objects() };
  const load = (own: WrittenOperations, isOnce: boolean) => {
    for (const object of own.objects) objects[object.kind].declare(object);
    for (const addition of own.additions) objects[addition.kind].add(addition, isOnce);
  };
  // Where kube-proxy looks whether an element is there, it looks at those of ports alone.
  load(writeOperations(store, context, setUp, true), !context.traits.partial);
  for (const port of ports) {
    const operations = () => operationsOf(port);
    load(written?.of(port, into, operations) ?? writeOperations(store, context, operations()), true);
  }
  const all = [objects.chain.byName, objects.set.byName, objects.map.byName].flat();
  const order = [begin];
  const lines = (loaded: WrittenObject | Loaded) => {
    for (const line of loaded.lines) order.push(line);
  };
  for (const loaded of all) {
    order.push(loaded.head);
    if (context.traits.alpha) lines(loaded);
  }
  if (!context.traits.alpha) for (const loaded of all) lines(loaded);
  const bytes = store.inOrder(order);
  into.isFull = store.length > 2 * bytes.length + MOST_UNUSED;
  return [bytes];
}
