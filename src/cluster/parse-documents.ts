import { type ErrorCode, QuestionError } from '../base/errors.js';
import { duplicateJsonKeys, type FieldCounts } from '../base/json-duplicates.js';
import { KUBECTL_GET } from '../base/kubectl.js';
import { findJsonError, lineAndColumn } from './json-error.js';
import { otherFormat, otherJson } from './other-format.js';
import { parseYaml } from './parse-yaml.js';
import { snapshotError } from './problems.js';
import { type DocumentNote, noteDuplicates } from './text-notes.js';
import { MAX_DUPLICATES } from './yaml/compose.js';

/**
 * Offsets at which the JSON documents of a text end: after each bracket that closes a document. Sound for texts that
 * hold valid documents; for others the parser then finds the fault.
 */
function documentEnds(text: string): number[] {
  const ends: number[] = [];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      for (i++; i < text.length; i++) {
        const inside = text.charCodeAt(i);
        if (inside === 0x22) break;
        if (inside === 0x5c) i++;
      }
    } else if (code === 0x7b || code === 0x5b) {
      depth++;
    } else if (code === 0x7d || code === 0x5d) {
      depth--;
      if (depth === 0) ends.push(i + 1);
    }
  }
  return ends;
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The documents of concatenated JSON (`kubectl get … ; kubectl get …` into one file), or where it goes wrong. */
function parseConcatenated(text: string): { readonly documents: unknown[] } | { readonly error: string } {
  const documents: unknown[] = [];
  const ends = documentEnds(text);
  let start = 0;
  for (const end of [...ends, text.length]) {
    const piece = text.slice(start, end);
    if (piece.trim() !== '') {
      const parsed = parseJson(piece);
      if (parsed === undefined) {
        const fault = findJsonError(piece);
        const offset = start + (fault?.offset ?? 0);
        const { line, column } = lineAndColumn(text, offset);
        const expected = fault?.expected ?? 'a JSON document';
        const place = `Line ${line}, column ${column} (offset ${offset})`;
        const cut = fault?.found === 'the end of the text' ? ' The snapshot seems to be cut off.' : '';
        return { error: `${place}: expected ${expected}, found ${fault?.found ?? 'something else'}.${cut}` };
      }
      documents.push(parsed.value);
    }
    start = end;
  }
  return { documents };
}

/** Adds to `notes` the keys that stand twice in an object of a JSON text. `counts`: see {@link duplicateJsonKeys}. */
export function noteJsonDuplicates(
  text: string,
  documents: readonly unknown[],
  notes: DocumentNote[],
  counts?: FieldCounts,
): void {
  const { listed, total } = duplicateJsonKeys(text, documents, MAX_DUPLICATES, counts);
  const place = (offset: number) => {
    const { line, column } = lineAndColumn(text, offset);
    return `line ${line}, column ${column}`;
  };
  noteDuplicates(
    listed.map(({ key, path, offset, firstOffset }) => ({
      key,
      path,
      place: place(offset),
      first: place(firstOffset),
    })),
    total,
    notes,
  );
}

/** Text that does not begin like JSON: YAML, or something else, which is then named. */
function parseOther(text: string, pointer: string, file: string | undefined, notes: DocumentNote[]): unknown[] {
  const other = otherFormat(text);
  if (other !== undefined)
    throw snapshotError('MALFORMED', pointer, `The snapshot is neither JSON nor YAML: ${other}`, file);
  return parseYaml(text, pointer, file, notes);
}

/** Text that begins like JSON, and is what another program prints. */
function otherDocument(text: string, pointer: string, file: string | undefined): QuestionError {
  return snapshotError(
    'MALFORMED',
    pointer,
    `The snapshot holds no objects: ${otherJson(text.trimStart()) ?? ''}`,
    file,
  );
}

/**
 * The documents of a snapshot's text: JSON, several JSON documents one after another, or YAML with one or more
 * documents. What is read otherwise than it may look is added to `notes`. Throws QuestionError MALFORMED that says
 * where and what was expected.
 */
export function parseDocuments(
  text: string,
  pointer: string,
  file: string | undefined,
  notes: DocumentNote[] = [],
): unknown[] {
  const { documents, isJson } = parseText(text, pointer, file, notes);
  if (isJson) noteJsonDuplicates(text, documents, notes);
  return documents;
}

/** As {@link parseDocuments}, without the notes about keys that stand twice in JSON. */
export function parseText(
  text: string,
  pointer: string,
  file: string | undefined,
  notes: DocumentNote[],
): { readonly documents: unknown[]; readonly isJson: boolean } {
  const first = /\S/.exec(text)?.[0];
  if (first === undefined) {
    throw snapshotError('MALFORMED', pointer, `The snapshot is empty; it must be what "${KUBECTL_GET}" prints.`, file);
  }
  if (first !== '{' && first !== '[') return { documents: parseOther(text, pointer, file, notes), isJson: false };
  if (/^\s*\{\s*"nftables"/.test(text)) throw otherDocument(text, pointer, file);
  const whole = parseJson(text);
  const parsed = whole === undefined ? parseConcatenated(text) : { documents: [whole.value] };
  if ('documents' in parsed) return { documents: parsed.documents, isJson: true };
  try {
    const own: DocumentNote[] = [];
    const documents = parseYaml(text, pointer, file, own);
    if (!own.some(({ name }) => name === 'unread')) {
      notes.push(...own);
      return { documents, isJson: false };
    }
  } catch (error) {
    // Text that begins with a bracket is meant as JSON: the fault to report is the one that JSON has.
    if (!(error instanceof QuestionError) || error.code !== ('MALFORMED' satisfies ErrorCode)) throw error;
  }
  if (otherJson(text) !== undefined) throw otherDocument(text, pointer, file);
  throw snapshotError('MALFORMED', pointer, `The snapshot is not valid JSON. ${parsed.error}`, file);
}
