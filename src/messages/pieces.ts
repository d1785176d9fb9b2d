/**
 * Cuts an encoded answer into pieces for a stream. Protobuf itself says how pieces make a whole: merged in order,
 * singular messages merge, lists go on, so the bytes of the pieces one after another are the answer. Only an element of
 * a list cannot be cut that way. Where one is too large on its own, the text of a node's rules, `more_text` goes on
 * with its text and `more_tables` with its tables, `more_virtual_servers` with its virtual servers.
 */
import type { DescMessage } from '@bufbuild/protobuf';
import { concatenated, type Occurrence, occurrences, withLength } from './wire.js';

/**
 * Bytes of a piece at most, unless there is a single element that is larger and cannot be cut: well within the 4 MiB
 * that clients take.
 */
const PIECE = 512 * 1024;

/** Something that stays whole. At the root it is a field of the answer itself, wherever it comes from. */
interface Unit {
  readonly bytes: Uint8Array;
  readonly root: boolean;
}

interface Root {
  /** The most bytes of a unit. */
  readonly limit: number;
  readonly moreText: number | undefined;
  readonly moreTables: number | undefined;
  readonly moreServers: number | undefined;
}

const field = (message: DescMessage, name: string) => message.fields.find((each) => each.name === name);

/** Units in groups of at most `limit` bytes; those of the root stay alone. */
function* grouped(units: Iterable<Unit>, limit: number): Generator<Unit> {
  let group: Uint8Array[] = [];
  let size = 0;
  for (const { bytes, root } of units) {
    if (group.length > 0 && (root || size + bytes.length > limit)) {
      yield { bytes: concatenated(group), root: false };
      group = [];
      size = 0;
    }
    if (root) yield { bytes, root };
    else {
      group.push(bytes);
      size += bytes.length;
    }
  }
  if (group.length > 0) yield { bytes: concatenated(group), root: false };
}

/** A text in slices that each are UTF-8, at least one. */
function* slices(text: Uint8Array, limit: number): Generator<Uint8Array> {
  if (text.length === 0) yield text;
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + limit, text.length);
    // Bytes 10xxxxxx go on with a character.
    while (to < text.length && to > from + 1 && ((text[to] as number) & 0xc0) === 0x80) to--;
    yield text.subarray(from, to);
    from = to;
  }
}

/** A table as one or several of the same name, each with some of its chains. */
function* tableParts(table: DescMessage, content: Uint8Array, limit: number): Generator<Uint8Array> {
  const chains = field(table, 'chains')?.number;
  const all = [...occurrences(content)];
  const head = all.filter(({ number }) => number !== chains).map(({ whole }) => whole);
  const units = all.filter(({ number }) => number === chains).map(({ whole }) => ({ bytes: whole, root: false }));
  if (units.length === 0) yield concatenated(head);
  for (const { bytes } of grouped(units, limit)) yield concatenated([...head, bytes]);
}

/** An element that is too large: it itself with the beginning of its text or its tables, then how they go on. */
function* continued(element: Occurrence, message: DescMessage, root: Root): Generator<Unit> {
  const [text, tables] = [field(message, 'text'), field(message, 'tables')];
  const servers = field(message, 'virtual_servers')?.number;
  const more: Unit[] = [];
  const own = [...occurrences(element.content as Uint8Array)];
  const rest: Uint8Array[] = [];
  const texts: Uint8Array[] = [];
  const parts: Uint8Array[] = [];
  for (const { number, content, whole } of own) {
    if (number === text?.number && root.moreText !== undefined)
      texts.push(...slices(content as Uint8Array, root.limit));
    else if (number === tables?.number && tables?.message !== undefined && root.moreTables !== undefined) {
      parts.push(...tableParts(tables.message, content as Uint8Array, root.limit));
    } else if (number === servers && root.moreServers !== undefined) {
      more.push({ bytes: withLength(root.moreServers, content as Uint8Array), root: false });
    } else rest.push(whole);
  }
  const [firstText, ...moreText] = texts;
  const [firstTable, ...moreTables] = parts;
  if (text !== undefined && firstText !== undefined) rest.push(withLength(text.number, firstText));
  if (tables !== undefined && firstTable !== undefined) rest.push(withLength(tables.number, firstTable));
  yield { bytes: withLength(element.number, concatenated(rest)), root: false };
  for (const one of moreText) yield { bytes: withLength(root.moreText as number, one), root: true };
  for (const one of moreTables) yield { bytes: withLength(root.moreTables as number, one), root: true };
  for (const { bytes } of grouped(more, root.limit)) yield { bytes, root: true };
}

function* units(message: DescMessage, bytes: Uint8Array, root: Root): Generator<Unit> {
  const fields = new Map(message.fields.map((each) => [each.number, each]));
  for (const occurrence of occurrences(bytes)) {
    const { number, content, whole } = occurrence;
    const of = fields.get(number);
    if (whole.length <= root.limit || content === undefined || of?.message === undefined) {
      yield { bytes: whole, root: false };
    } else if (of.fieldKind === 'message') {
      for (const unit of grouped(units(of.message, content, root), root.limit)) {
        yield unit.root ? unit : { bytes: withLength(number, unit.bytes), root: false };
      }
    } else {
      yield* continued(occurrence, of.message, root);
    }
  }
}

/** The pieces of an encoded message, in order. */
export function piecesOf(message: DescMessage, bytes: Uint8Array, limit: number = PIECE): readonly Uint8Array[] {
  if (bytes.length <= limit) return [bytes];
  const root: Root = {
    limit,
    moreText: field(message, 'more_text')?.number,
    moreTables: field(message, 'more_tables')?.number,
    moreServers: field(message, 'more_virtual_servers')?.number,
  };
  const pieces: Uint8Array[] = [];
  let piece: Uint8Array[] = [];
  let size = 0;
  let continues = false;
  const close = () => {
    if (piece.length > 0) pieces.push(concatenated(piece));
    piece = [];
    size = 0;
  };
  for (const unit of units(message, bytes, root)) {
    // In one piece a text or list that goes on is before nothing else of the answer, and only once.
    if (size + unit.bytes.length > limit || unit.root || continues) close();
    piece.push(unit.bytes);
    size += unit.bytes.length;
    continues = unit.root;
  }
  close();
  return pieces;
}
