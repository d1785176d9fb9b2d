import { pointerToken, QuestionError } from '../../base/errors.js';
import { isRecord } from '../../base/record.js';
import { checkShape } from '../../cluster/check-shape.js';
import { itemKind } from '../../cluster/kinds.js';
import { isHelmTemplate } from '../../cluster/other-format.js';
import { parseDocuments } from '../../cluster/parse-documents.js';
import { quoted } from '../../cluster/problems.js';
import type { Assumption } from '../../cluster/settings.js';
import type { DocumentNote } from '../../cluster/text-notes.js';
import { closestPlace, type Fault } from '../refused-change.js';

/** A file of manifests: its text, and the name that errors give it. */
export interface ManifestFile {
  readonly file?: string;
  readonly text: string;
}

/** Objects as a request has them: one, a List of them, YAML or JSON text of one or more documents, or such a file. */
export type ManifestSource = Readonly<Record<string, unknown>> | string | ManifestFile;

/** One object of the manifests, and where it is. */
export interface Manifest {
  readonly kind: string;
  readonly apiVersion: string | undefined;
  readonly value: Readonly<Record<string, unknown>>;
  /** How it came, e.g. `deploy.yaml, document 2` or `manifests[0].items[3]`. */
  readonly origin: string;
  /** A fault at a place (JSON Pointer) in the object, reported with its place in the request. */
  fault(place: string, detail: string): Fault;
}

type Fields = Readonly<Record<string, unknown>>;

/** At most so many objects in one change. */
const MAX_OBJECTS = 2000;

function isFile(source: Fields): source is Fields & ManifestFile {
  return source.kind === undefined && typeof source.text === 'string';
}

function malformed(pointer: string, detail: string): QuestionError {
  return new QuestionError('MALFORMED', detail, [{ pointer, in: 'request', detail }]);
}

/** What reads snapshots reads manifests too; its errors are reported as the request's. */
function reading<T>(pointer: string, name: string | undefined, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    const reworded = (text: string) =>
      `${name === undefined ? '' : `${name}: `}` +
      `${text.replaceAll('The snapshot', 'The manifest').replaceAll('a snapshot', 'a manifest')}`;
    const problems = error.problems.map((one) => {
      // A place in a text is no place in the request: the sentence says it.
      const inside = one.pointer.startsWith(pointer);
      const place = inside || one.pointer === '' ? '' : `${one.pointer}: `;
      return { pointer: inside ? one.pointer : pointer, in: 'request' as const, detail: place + reworded(one.detail) };
    });
    const code = error.code === 'INVALID_SNAPSHOT' ? 'IMPOSSIBLE_CHANGE' : error.code;
    throw new QuestionError(code, reworded(error.message), problems);
  }
}

/** Where a value is: by JSON Pointer into the request, or in a text, which pointers do not reach into. */
interface Place {
  readonly pointer: string;
  readonly origin: string;
  /** Whether the value is part of the request itself. */
  readonly inside: boolean;
}

function nameOf(value: Fields): string {
  const metadata = isRecord(value.metadata) ? value.metadata : {};
  const name = typeof metadata.name === 'string' ? ` ${metadata.name}` : '';
  return `${typeof value.kind === 'string' ? value.kind : 'an object'}${name}`;
}

/** A template that Helm or another tool has to fill in first. */
const TEMPLATE = /\{\{[^\n{}]{1,200}\}\}/;

/** Reads a text; where it is not YAML because it is a template, the error says so. */
function parsed(text: string, pointer: string, notes: DocumentNote[]): unknown[] {
  try {
    const documents = parseDocuments(text, pointer, undefined, notes);
    for (const document of documents) checkShape(document, '', undefined);
    return documents;
  } catch (error) {
    if (!(error instanceof QuestionError) || error.code !== 'MALFORMED' || !TEMPLATE.test(text)) throw error;
    // Helm's own are named already.
    if (isHelmTemplate(text)) throw error;
    const hint = ' It looks like a template: give what `helm template` (or the tool that it belongs to) makes of it.';
    const problems = error.problems.map((problem) => ({ ...problem, detail: problem.detail + hint }));
    throw new QuestionError(error.code, error.message + hint, problems);
  }
}

class Reader {
  readonly found: Manifest[] = [];
  readonly notes: Assumption[] = [];

  add(value: unknown, place: Place, kind: string | undefined, apiVersion: unknown): void {
    const { pointer, origin, inside } = place;
    const wrong = (detail: string) => {
      const text = inside ? detail : `${origin}: ${detail}`;
      return new QuestionError('IMPOSSIBLE_CHANGE', text, [{ pointer, in: 'request', detail: text }]);
    };
    if (!isRecord(value))
      throw wrong('Here is no Kubernetes object; a manifest is an object with apiVersion and kind.');
    const own = value.kind ?? kind;
    if (typeof own !== 'string' || own === '') {
      throw wrong('The object has no "kind"; a manifest has apiVersion, kind and metadata.name.');
    }
    const ofItems = own === 'List' ? undefined : itemKind(own);
    if (own === 'List' || (ofItems !== undefined && value.items !== undefined)) {
      const { items } = value;
      if (items === null) return;
      if (!Array.isArray(items)) throw wrong('The list has no "items"; it must be an array of objects.');
      for (const [index, item] of items.entries()) {
        this.add(
          item,
          { pointer: inside ? `${pointer}/items/${index}` : pointer, origin: `${origin}.items[${index}]`, inside },
          ofItems,
          ofItems === undefined ? undefined : value.apiVersion,
        );
      }
      return;
    }
    const version = value.apiVersion ?? apiVersion ?? undefined;
    if (version !== undefined && typeof version !== 'string') {
      throw wrong(`apiVersion is ${quoted(version)}; it must be a string such as "v1".`);
    }
    if (this.found.length === MAX_OBJECTS) throw wrong(`There are more than ${MAX_OBJECTS} objects.`);
    this.found.push({
      kind: own,
      apiVersion: version,
      value: value.kind === undefined ? { kind: own, ...value } : value,
      origin,
      fault: (at, detail) =>
        inside
          ? { pointer: pointer + closestPlace(value, at), detail }
          : {
              pointer,
              detail: `${origin} (${nameOf({ kind: own, ...value })})${at === '' ? '' : `, ${at}`}: ${detail}`,
            },
    });
  }

  text(text: string, pointer: string, file: string | undefined, index: number): void {
    const name = file ?? `manifests[${index}]`;
    if (text.trim() === '')
      throw malformed(pointer, `${name} is empty; a manifest is a Kubernetes object as YAML or JSON.`);
    const notes: DocumentNote[] = [];
    const documents = reading(pointer, file, () => parsed(text, pointer, notes));
    for (const { name: about, value, why } of notes) {
      this.notes.push({ field: `changes.apply.${about}`, value: value === '' ? name : `${name}: ${value}`, why });
    }
    for (const [at, document] of documents.entries()) {
      const origin = documents.length === 1 ? name : `${name}, document ${at + 1}`;
      this.add(document, { pointer, origin, inside: false }, undefined, undefined);
    }
  }
}

/** Manifests that were read, and what in their texts is read otherwise than it may look. */
export interface ManifestsRead {
  readonly manifests: readonly Manifest[];
  readonly assumptions: readonly Assumption[];
}

/**
 * The objects of manifests in their order, lists taken apart. `pointer` is that of the `manifests` in
 * the request. Throws QuestionError MALFORMED (no YAML or JSON), IMPOSSIBLE_CHANGE (no objects) or TOO_LARGE.
 */
export function readManifests(sources: readonly ManifestSource[], pointer: string): ManifestsRead {
  const reader = new Reader();
  for (const [index, source] of sources.entries()) {
    const at = `${pointer}/${pointerToken(index)}`;
    if (typeof source === 'string') reader.text(source, at, undefined, index);
    else if (isRecord(source) && isFile(source)) reader.text(source.text, `${at}/text`, source.file, index);
    else {
      reading(at, undefined, () => checkShape(source, at, undefined));
      reader.add(source, { pointer: at, origin: `manifests[${index}]`, inside: true }, undefined, undefined);
    }
  }
  if (reader.found.length === 0) {
    const detail = 'The manifests hold no object; each is a Kubernetes object with apiVersion, kind and metadata.name.';
    throw new QuestionError('IMPOSSIBLE_CHANGE', detail, [{ pointer, in: 'request', detail }]);
  }
  return { manifests: reader.found, assumptions: reader.notes };
}
