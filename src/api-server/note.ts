/** kubectl's note of the manifest that it applied last. Source: kubectl pkg/util, `GetModifiedConfiguration`. */
import { isRecord } from '../base/record.js';
import { type Fields, fieldsIn } from './read-fields.js';

/** The annotation that holds the note. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

const ESCAPED: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };

/** The manifest as kubectl compares and notes it: it always has annotations, and no note in them. */
function asNoted(manifest: Fields): Fields {
  const metadata = fieldsIn(manifest.metadata);
  const { [LAST_APPLIED]: _note, ...annotations } = fieldsIn(metadata.annotations);
  return { ...manifest, metadata: { ...metadata, annotations } };
}

/** The note's text: JSON with sorted keys, as Go writes it. */
export function noteText(manifest: Fields): string {
  return written(asNoted(manifest));
}

/**
 * The note of a manifest that is applied on the server's side over one that has a note: without annotations where it
 * has none.
 */
export function serverNoteText(manifest: Fields): string {
  const noted = asNoted(manifest);
  const { annotations, ...metadata } = fieldsIn(noted.metadata);
  return written(Object.keys(fieldsIn(annotations)).length === 0 ? { ...noted, metadata } : noted);
}

function written(manifest: Fields): string {
  const text = JSON.stringify(sorted(manifest));
  return `${text
    .replace(/[<>&]/g, (character) => ESCAPED[character] ?? character)
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')}\n`;
}

/** The manifest with its note, as kubectl sends it. */
export function withNote(manifest: Fields, note = noteText(manifest)): Fields {
  const noted = asNoted(manifest);
  const metadata = fieldsIn(noted.metadata);
  const annotations = { ...fieldsIn(metadata.annotations), [LAST_APPLIED]: note };
  return { ...noted, metadata: { ...metadata, annotations } };
}

/** The manifest that an object's note holds; undefined without a note, `broken` where it cannot be read. */
export function notedManifest(object: Fields): Fields | 'broken' | undefined {
  const text = fieldsIn(fieldsIn(object.metadata).annotations)[LAST_APPLIED];
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : 'broken';
  } catch {
    return 'broken';
  }
}
