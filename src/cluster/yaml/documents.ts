/** The documents of a YAML text, taken apart as kubectl does: at lines that begin with `---`. */
import { type Composed, composeDocument, type Lines } from './compose.js';
import { YamlError } from './error.js';

/** Longer YAML is refused, in characters: JSON is read ten times as fast. */
const MAX_YAML_LENGTH = 32 * 1024 * 1024;

/** More documents in one text are refused. */
export const MAX_DOCUMENTS = 500_000;

/** What YAML 1.1 does not allow in a text. */
const NOT_PRINTABLE = /[^\t\n\r\x20-\x7e\x85\u{a0}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

export interface YamlDocument extends Composed {
  /** The line on which it begins, from 1. */
  readonly line: number;
}

interface Piece {
  readonly text: string;
  /** From 0. */
  readonly line: number;
}

/** A line that separates documents: `---`, and a comment perhaps. */
function isSeparator(text: string, start: number, end: number): boolean {
  if (!text.startsWith('---', start)) return false;
  for (let at = start + 3; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x23) return true;
    if (code !== 0x20 && (code < 0x09 || code > 0x0d)) return false;
  }
  return true;
}

function* piecesOf(text: string): Generator<Piece> {
  let [start, line, begun] = [0, 0, 0];
  let at = 0;
  while (at < text.length) {
    const found = text.indexOf('\n', at);
    const end = found < 0 ? text.length : found;
    if (isSeparator(text, at, end)) {
      if (at > start) yield { text: text.slice(start, at), line: begun };
      start = Math.min(end + 1, text.length);
      begun = line + 1;
    }
    at = end + 1;
    line++;
  }
  // The last line counts as ended.
  if (start < text.length) {
    const last = text.slice(start);
    yield { text: last.endsWith('\n') ? last : `${last}\n`, line: begun };
  }
}

function checkPrintable(text: string): void {
  const found = NOT_PRINTABLE.exec(text);
  if (found === null) return;
  const before = text.slice(0, found.index);
  const line = before.split('\n').length;
  const code = (found[0].codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  throw new YamlError(`the character U+${code} may not be in YAML`, line, found.index - before.lastIndexOf('\n'));
}

/**
 * The documents of a text in their order, empty ones left out, as kubectl reads them (sigs.k8s.io/yaml). `lines` takes
 * the places of keys, where they are wanted. Takes time and memory in proportion to the text. Throws YamlError, of kind
 * LIMIT where the text is longer, deeper, has more documents or more aliases than is read.
 */
export function yamlDocuments(text: string, lines?: Lines): YamlDocument[] {
  if (text.length > MAX_YAML_LENGTH) {
    throw new YamlError(`it has ${text.length} characters; at most ${MAX_YAML_LENGTH} are read`, 1, 1, 'LIMIT');
  }
  checkPrintable(text);
  const documents: YamlDocument[] = [];
  let count = 0;
  for (const piece of piecesOf(text)) {
    if (++count > MAX_DOCUMENTS) {
      throw new YamlError(`it has more than ${MAX_DOCUMENTS} documents`, piece.line + 1, 1, 'LIMIT');
    }
    const composed = composeDocument(piece.text, piece.line, lines);
    if (composed.value !== null) documents.push({ ...composed, line: piece.line + 1 });
  }
  return documents;
}

/** The value of a text's first document. Throws YamlError. */
export function yamlValue(text: string): unknown {
  return yamlDocuments(text)[0]?.value ?? null;
}
