import { Sha256 } from '#platform';
import { QuestionError } from '../base/errors.js';
import { fieldsInBytes } from '../base/json-duplicates.js';
import { KUBECTL_GET } from '../base/kubectl.js';
import { checkServices } from './check-services.js';
import { checkShape } from './check-shape.js';
import { Cluster } from './cluster.js';
import { ObjectCollector, type SnapshotDocument } from './collect-objects.js';
import { USED_KINDS } from './kinds.js';
import { newestTimestamp } from './newest-timestamp.js';
import { noteJsonDuplicates, parseText } from './parse-documents.js';
import { SnapshotProblems, snapshotError } from './problems.js';
import type { Assumption } from './settings.js';
import { snapshotText } from './snapshot-text.js';
import type { DocumentNote } from './text-notes.js';

/** One file of a snapshot: JSON (one document or several) or YAML. */
export interface SnapshotFile {
  readonly bytes: Uint8Array;
  /** Named in errors when there are several files. */
  readonly name?: string;
}

/** What a snapshot is read from: files as bytes, or JSON values that were parsed already. */
export type SnapshotInput =
  | SnapshotFile
  /** `digest`: that of the bytes, where it has been worked out already. */
  | { readonly files: readonly SnapshotFile[]; readonly digest?: string }
  | { readonly inline: unknown }
  | { readonly parts: readonly unknown[] };

export interface Snapshot {
  readonly cluster: Cluster;
  /** `sha256:…` over the bytes, files one after another; over JSON.stringify of values that came parsed. */
  readonly digest: string;
  /** How many objects of each kind are used; kinds without any are left out. */
  readonly counts: Readonly<Record<string, number>>;
  /** Milliseconds since 1970; undefined when no object has a timestamp. */
  readonly newestTimestamp: number | undefined;
  /** What was left out or put up with. */
  readonly assumptions: readonly Assumption[];
}

function filesOf(input: SnapshotInput): readonly SnapshotFile[] | undefined {
  if ('bytes' in input) return [input];
  return 'files' in input ? input.files : undefined;
}

/**
 * The values of a text or of a request, with their pointers: one value is the snapshot itself, several are `/0`, `/1` …
 */
function placed(
  values: readonly unknown[],
  pointer: string,
  file: string | undefined,
): { readonly documents: readonly SnapshotDocument[]; readonly fields: number } {
  let fields = 0;
  const documents = values.map((value, index) => {
    const own = values.length === 1 ? pointer : `${pointer}/${index}`;
    fields += checkShape(value, own, file);
    return { value, pointer: own, file };
  });
  return { documents, fields };
}

/** Notes as assumptions, which name the file where there are several. */
function assumptionsOf(notes: readonly DocumentNote[], file: string | undefined): Assumption[] {
  return notes.map(({ name, value, why }) => ({
    field: `snapshot.${name}`,
    value: file === undefined ? value : `${file}: ${value}`,
    why,
  }));
}

function documentsOfFiles(files: readonly SnapshotFile[], assumptions: Assumption[]): SnapshotDocument[] {
  const several = files.length > 1;
  return files.flatMap(({ bytes, name }, index) => {
    const pointer = several ? `/parts/${index}` : '';
    const file = several ? (name ?? `file ${index + 1}`) : undefined;
    const notes: DocumentNote[] = [];
    const text = snapshotText(bytes, pointer, file);
    const { documents: values, isJson } = parseText(text, pointer, file, notes);
    const { documents, fields } = placed(values, pointer, file);
    // UTF-16 text begins with a byte order mark that is not valid UTF-8.
    const isUtf8 = bytes[0] !== 0xff && bytes[0] !== 0xfe;
    if (isJson) {
      const counts = isUtf8 ? { inText: fieldsInBytes(bytes), inValues: fields } : undefined;
      noteJsonDuplicates(text, values, notes, counts);
    }
    assumptions.push(...assumptionsOf(notes, file));
    return documents;
  });
}

function digestOfFiles(files: readonly SnapshotFile[]): string {
  const hash = new Sha256();
  for (const { bytes } of files) hash.update(bytes);
  return `sha256:${hash.hex()}`;
}

function digestOfValue(value: unknown): string {
  try {
    return `sha256:${new Sha256().update(JSON.stringify(value)).hex()}`;
  } catch (error) {
    if (error instanceof RangeError)
      throw snapshotError('TOO_LARGE', '', 'The snapshot is longer than 512 MiB as JSON.');
    throw error;
  }
}

/** At most this many ignored kinds are named. */
const NAMED_KINDS = 30;

function noteIgnored(ignored: ReadonlyMap<string, number>): Assumption[] {
  if (ignored.size === 0) return [];
  const kinds = [...ignored].sort(([a], [b]) => (a < b ? -1 : 1));
  const value = Object.fromEntries(kinds.slice(0, NAMED_KINDS));
  const more = kinds.length > NAMED_KINDS ? ` ${kinds.length - NAMED_KINDS} further kinds are not named here.` : '';
  return [{ field: 'snapshot.ignored', value, why: `Objects of these kinds are not used.${more}` }];
}

/** The error of a snapshot that has nothing that is used. */
export class NothingUsed extends QuestionError {}

function requireObjects(collector: ObjectCollector, pointer: string): void {
  if (USED_KINDS.some((kind) => collector.kept[kind].length > 0)) return;
  const { failure, ignored } = collector;
  const instead =
    failure !== undefined
      ? `the API server's message is ${JSON.stringify(failure)}`
      : ignored.size > 0
        ? `it holds only ${[...ignored.keys()].slice(0, 5).join(', ')}`
        : 'it is empty';
  const detail =
    `The snapshot holds no Node, Pod, Service or other object that is used: ${instead}. Make it with: ` +
    `${KUBECTL_GET}`;
  throw new NothingUsed('INVALID_SNAPSHOT', detail, [{ pointer, in: 'snapshot', detail }]);
}

/**
 * Reads a snapshot: what `kubectl get … -A -o json` prints (a List, unchanged), typed lists, single objects, several
 * lists in an array, in several files or one after another in one, and YAML. Objects are validated and used as they
 * are; nothing is modified.
 *
 * Pointers of problems are into the snapshot: `/items/12/spec/ports/0/port`. With several parts or files they begin
 * with `/parts/1`; of several documents in one file each has its number (`/1/items/3`).
 *
 * Throws QuestionError MALFORMED (no JSON or YAML), INVALID_SNAPSHOT (objects that cannot be) or TOO_LARGE.
 */
export function readSnapshot(input: SnapshotInput): Snapshot {
  const files = filesOf(input);
  const textual: Assumption[] = [];
  let documents: readonly SnapshotDocument[];
  let digest: string;
  if (files !== undefined) {
    documents = documentsOfFiles(files, textual);
    digest = ('digest' in input ? input.digest : undefined) ?? digestOfFiles(files);
  } else if ('inline' in input) {
    ({ documents } = placed([input.inline], '', undefined));
    digest = digestOfValue(input.inline);
  } else {
    const { parts } = input as { readonly parts: readonly unknown[] };
    documents = parts.flatMap((part, index) => placed([part], `/parts/${index}`, undefined).documents);
    digest = digestOfValue(parts);
  }
  const problems = new SnapshotProblems();
  const collector = new ObjectCollector(problems, files !== undefined);
  for (const document of documents) collector.add(document);
  const notes = checkServices(collector.kept.Service, problems);
  problems.throwIfAny();
  requireObjects(collector, '');
  const cluster = Cluster.of(collector.objects());
  const others = new Map<string, number>();
  for (const { kind } of collector.resources) others.set(kind, (others.get(kind) ?? 0) + 1);
  const counts = [...USED_KINDS.map((kind) => [kind, collector.kept[kind].length] as const), ...others].filter(
    ([, count]) => count > 0,
  );
  return {
    cluster,
    digest,
    counts: Object.fromEntries(counts),
    newestTimestamp: newestTimestamp(cluster),
    assumptions: [...textual, ...noteIgnored(collector.ignored), ...notes],
  };
}
