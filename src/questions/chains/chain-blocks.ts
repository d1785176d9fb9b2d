/**
 * A node's rules cut into chains, so that chains which several nodes share can be given once. Text in
 * `iptables-restore` or `iptables-save` form stays loadable when it is put together again: each part declares the
 * chains it fills.
 */

/** One chain of one node, in the form that was asked for. */
export interface ChainBlock<T> {
  readonly table: string;
  readonly chain: string;
  readonly body: T;
}

/** A chain's text: its declaration, and its rules. */
export interface ChainText {
  readonly declaration: string;
  readonly rules: string;
}

/** Cuts restore or save text into chains, in the order of their declarations. */
export function cutTables(text: string): readonly ChainBlock<ChainText>[] {
  const blocks: { table: string; chain: string; body: { declaration: string; rules: string } }[] = [];
  let open = new Map<string, (typeof blocks)[number]>();
  let table = '';
  const blockOf = (chain: string) => {
    let block = open.get(chain);
    if (block === undefined) {
      block = { table, chain, body: { declaration: '', rules: '' } };
      open.set(chain, block);
      blocks.push(block);
    }
    return block.body;
  };
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      table = line.slice(1);
      open = new Map();
    } else if (line.startsWith(':')) {
      blockOf(line.slice(1, line.indexOf(' '))).declaration = `${line}\n`;
    } else if (line.startsWith('-A ')) {
      const end = line.indexOf(' ', 3);
      blockOf(line.slice(3, end < 0 ? undefined : end)).rules += `${line}\n`;
    }
  }
  return blocks;
}

/** Puts chains together as text that `iptables-restore` reads. */
export function joinTables(blocks: readonly ChainBlock<ChainText>[]): string {
  let text = '';
  for (const table of new Set(blocks.map((block) => block.table))) {
    const own = blocks.filter((block) => block.table === table);
    text += `*${table}\n`;
    for (const { body } of own) text += body.declaration;
    for (const { body } of own) text += body.rules;
    text += 'COMMIT\n';
  }
  return text;
}

/** What nodes have in common, and what each has alone. */
export interface Divided<T> {
  readonly shared: readonly ChainBlock<T>[];
  readonly own: ReadonlyMap<string, readonly ChainBlock<T>[]>;
}

/**
 * Divides the chains of several nodes: shared are those that every node has with the same content. Blocks are made node
 * by node, and of the later nodes only what differs from the first is kept: a hundred nodes cost little more than one.
 */
export function divide<T>(
  nodes: readonly string[],
  blocksOf: (node: string) => readonly ChainBlock<T>[],
  content: (body: T) => string,
): Divided<T> {
  const keyOf = (block: ChainBlock<T>) => `${block.table} ${block.chain}`;
  const [first = '', ...others] = nodes;
  const model = blocksOf(first);
  const known = new Map(model.map((block) => [keyOf(block), block]));
  const contents = new Map(model.map((block) => [keyOf(block), content(block.body)]));
  const shared = new Set(known.keys());
  const kept = new Map<string, readonly ChainBlock<T>[]>([[first, model]]);
  for (const node of others) {
    const own = blocksOf(node);
    const same = new Set<string>();
    kept.set(
      node,
      own.map((block) => {
        const key = keyOf(block);
        const twin = known.get(key);
        if (twin === undefined || contents.get(key) !== content(block.body)) return block;
        same.add(key);
        return twin;
      }),
    );
    for (const key of shared) if (!same.has(key)) shared.delete(key);
  }
  return {
    shared: model.filter((block) => shared.has(keyOf(block))),
    own: new Map([...kept].map(([node, blocks]) => [node, blocks.filter((block) => !shared.has(keyOf(block)))])),
  };
}
