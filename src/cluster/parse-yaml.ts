import { parseAllDocuments } from 'yaml';
import { snapshotError } from './problems.js';

/** Longer YAML is refused: reading it takes about a hundred times as long as JSON and much memory. In characters. */
export const MAX_YAML_LENGTH = 32 * 1024 * 1024;

/** How often aliases may be expanded, nested ones multiplied: many times what manifests need, no room for bombs. */
const MAX_ALIASES = 1000;

/**
 * The documents of a YAML text (1.2 core schema, with merge keys). Empty documents are left out. Throws QuestionError
 * MALFORMED naming line and column, or TOO_LARGE.
 */
export function parseYaml(text: string, pointer: string, file: string | undefined): unknown[] {
  if (text.length > MAX_YAML_LENGTH) {
    const detail = `The snapshot is ${text.length} characters of YAML; at most ${MAX_YAML_LENGTH} are read. Send JSON (\`-o json\`) instead.`;
    throw snapshotError('TOO_LARGE', pointer, detail, file);
  }
  try {
    const documents: unknown[] = [];
    for (const document of parseAllDocuments(text, { merge: true, logLevel: 'silent' })) {
      if (!('errors' in document)) continue;
      const [error] = document.errors;
      if (error !== undefined) {
        const place =
          error.linePos === undefined ? '' : `Line ${error.linePos[0].line}, column ${error.linePos[0].col}: `;
        const says = error.message.split(/ at line \d+|\n/)[0];
        throw snapshotError('MALFORMED', pointer, `The snapshot is not valid YAML. ${place}${says}.`, file);
      }
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      if (value !== null) documents.push(value);
    }
    return documents;
  } catch (error) {
    if (error instanceof RangeError) {
      throw snapshotError('MALFORMED', pointer, 'The snapshot is YAML that is nested too deeply to be read.', file);
    }
    if (error instanceof ReferenceError) {
      const detail = `The snapshot is YAML whose aliases expand too often or refer to themselves (at most ${MAX_ALIASES} expansions are read).`;
      throw snapshotError('MALFORMED', pointer, detail, file);
    }
    throw error;
  }
}
