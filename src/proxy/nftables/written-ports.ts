/** What Service ports add to the dump of a node, as texts in a store that is used again the next time. */
import { remember } from '../../base/remember.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import { keyText, writeElement } from '../../netfilter/nftables/elements.js';
import { writeRule } from '../../netfilter/nftables/statements/index.js';
import { type KeptBytes, KeptPorts } from '../kept-ports.js';
import type { EndpointSelection, ServicePort } from '../service-port.js';
import type { TextStore } from '../text-store.js';
import type { NodePlace } from '../topology.js';
import type { RenderContext } from './context.js';
import { declarationText, type Operation, setText, tableText } from './operations.js';

type ObjectKind = 'chain' | 'set' | 'map';

/** An object that is declared, and what is put into it, by their numbers in the store. */
export interface WrittenObject {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly head: number;
  readonly lines: readonly number[];
}

/** Something that is put into an object which is declared elsewhere. */
export interface Addition {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly line: number;
  /** Of an element. */
  readonly key: string | undefined;
}

export interface WrittenOperations {
  readonly objects: readonly WrittenObject[];
  readonly additions: readonly Addition[];
}

/** An object that a port declares, while it is filled. */
interface Filling extends WrittenObject {
  readonly lines: number[];
}

/**
 * The operations that are made together, written into a store. `isShared`: what they declare is added to by others, so
 * that what they put into it is an addition as well.
 */
export function writeOperations(
  store: TextStore,
  { family }: RenderContext,
  operations: Iterable<Operation>,
  isShared = false,
): WrittenOperations {
  const table = tableText(family);
  const declared = {
    chain: new Map<string, Filling>(),
    set: new Map<string, Filling>(),
    map: new Map<string, Filling>(),
  };
  const objects: Filling[] = [];
  /** The keys of elements, of objects that have any. */
  const keys = new Map<Filling, Set<string>>();
  const additions: Addition[] = [];
  const declare = (kind: ObjectKind, name: string, text: string) => {
    const made = { kind, name, head: store.add(text), lines: [] };
    objects.push(made);
    declared[kind].set(name, made);
  };
  const ownOf = (kind: ObjectKind, name: string) => (isShared ? undefined : declared[kind].get(name));
  for (const operation of operations) {
    if (operation.kind === 'chain') {
      const { chain } = operation;
      declare('chain', chain.name, `add chain ${table} ${chain.name}${declarationText(chain)}\n`);
    } else if (operation.kind === 'rule') {
      const { rule } = operation;
      const line = store.add(`add rule ${table} ${rule.chain} ${writeRule(rule)}\n`);
      const own = ownOf('chain', rule.chain);
      if (own === undefined) additions.push({ kind: 'chain', name: rule.chain, line, key: undefined });
      else own.lines.push(line);
    } else if (operation.kind === 'set') {
      const { set } = operation;
      const kind = set.isMap ? 'map' : 'set';
      declare(kind, set.name, `add ${kind} ${table} ${set.name} ${setText(set)}\n`);
    } else if (operation.kind === 'element') {
      const { set, element } = operation;
      const kind = set.isMap ? 'map' : 'set';
      const key = keyText(element);
      const own = ownOf(kind, set.name);
      const before = own === undefined ? undefined : remember(keys, own, () => new Set());
      if (before?.has(key) === true) continue;
      before?.add(key);
      const line = store.add(`add element ${table} ${set.name} { ${writeElement(element)} }\n`);
      if (own === undefined) additions.push({ kind, name: set.name, line, key });
      else own.lines.push(line);
    }
  }
  return { objects, additions };
}

/** A store of texts that are kept, with their bytes. */
export interface KeptStore {
  readonly store: TextStore;
  readonly together: KeptBytes;
  /** Most of its texts are those of ports that have changed: the next time all is written anew. */
  isFull?: boolean;
}

interface KeptOperations {
  readonly written: WrittenOperations;
  readonly of: KeptStore;
}

const ports = new KeptPorts<KeptOperations>();

/** About what a number, an object or a place in a list of it takes. */
const BYTES_EACH = 48;

const settingsNumbers = new WeakMap<NodeProxySettings, number>();
let settingsCount = 0;

/** Equal for contexts in which a port that uses the same endpoints adds the same. */
function contextKey({ family, settings, detector, nodePortAddresses, nodeAddress }: RenderContext, place: NodePlace) {
  const number = remember(settingsNumbers, settings, () => ++settingsCount);
  return JSON.stringify([family, number, detector, nodePortAddresses, nodeAddress.text, place]);
}

/** What ports of a node add, as it was written before or is written now. */
export class WrittenPorts {
  readonly #context: RenderContext;
  readonly #key: string;
  readonly #selectionOf: (port: ServicePort) => EndpointSelection;

  constructor(context: RenderContext, place: NodePlace, selectionOf: (port: ServicePort) => EndpointSelection) {
    this.#context = context;
    this.#key = contextKey(context, place);
    this.#selectionOf = selectionOf;
  }

  /** The store that the first of these ports was written into; undefined where none was. */
  storeOf(all: readonly ServicePort[]): KeptStore | undefined {
    for (const port of all) {
      const kept = ports.find(port, this.#selectionOf(port), this.#key);
      if (kept !== undefined) return kept.of;
    }
    return undefined;
  }

  /** What a port adds, in this store. */
  of(port: ServicePort, into: KeptStore, operations: () => Iterable<Operation>): WrittenOperations {
    const selection = this.#selectionOf(port);
    const kept = ports.find(port, selection, this.#key);
    if (kept !== undefined && kept.of === into) return kept.written;
    const before = into.store.length;
    const written = writeOperations(into.store, this.#context, operations());
    const lines = written.objects.reduce((sum, object) => sum + 2 + object.lines.length, 2 * written.additions.length);
    const bytes = into.store.length - before + lines * BYTES_EACH;
    ports.keep(port, { selection, context: this.#key }, { written, of: into }, { together: into.together, bytes });
    return written;
  }
}
