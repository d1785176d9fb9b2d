import { snapshotError } from './problems.js';
import { type DocumentNote, type Duplicate, noteDuplicates } from './text-notes.js';
import { MAX_DUPLICATES } from './yaml/compose.js';
import { yamlDocuments } from './yaml/documents.js';
import { YamlError } from './yaml/error.js';

/**
 * The documents of a YAML text as kubectl reads them (sigs.k8s.io/yaml: YAML 1.1, keys are strings, the last of equal
 * keys counts). Empty documents are left out. What is read otherwise than it may look is added to `notes`. Throws
 * QuestionError MALFORMED naming line and column, or TOO_LARGE.
 */
export function parseYaml(
  text: string,
  pointer: string,
  file: string | undefined,
  notes: DocumentNote[] = [],
): unknown[] {
  try {
    const documents = yamlDocuments(text);
    const listed: Duplicate[] = [];
    let total = 0;
    for (const [index, { duplicates, duplicateCount, unreadLine }] of documents.entries()) {
      total += duplicateCount;
      const own = documents.length > 1 ? `/${index}` : '';
      for (const { key, path, line, firstLine } of duplicates) {
        if (listed.length === MAX_DUPLICATES) break;
        listed.push({ key, path: own + path, place: `line ${line}`, first: `line ${firstLine}` });
      }
      if (unreadLine > 0 && notes.length < MAX_DUPLICATES) {
        const why =
          'The document has ended before this line, by its indentation or by "...": like kubectl, the rest ' +
          'of it is not read.';
        notes.push({ name: 'unread', value: `line ${unreadLine}`, why });
      }
    }
    noteDuplicates(listed, total, notes);
    return documents.map(({ value }) => value);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const { line, column, message, kind } = error;
    if (kind === 'LIMIT')
      throw snapshotError(
        'TOO_LARGE',
        pointer,
        `The snapshot is YAML that is not read: ${message}. Send JSON (\`-o json\`) instead.`,
        file,
      );
    if (kind === 'DEPTH')
      throw snapshotError('MALFORMED', pointer, `The snapshot is nested too deeply: ${message}.`, file);
    const place = `Line ${line}, column ${column}: `;
    throw snapshotError('MALFORMED', pointer, `The snapshot is not valid YAML. ${place}${message}.`, file);
  }
}
