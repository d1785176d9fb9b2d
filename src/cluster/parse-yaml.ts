import { parseAllDocuments } from 'yaml';
import { snapshotError } from './problems.js';

/** Longer YAML is refused: reading it takes a second per megabyte and sixty times its size in memory. In characters. */
export const MAX_YAML_LENGTH = 16 * 1024 * 1024;

/** How often aliases may be expanded, nested ones multiplied: many times what manifests need, no room for bombs. */
const MAX_ALIASES = 1000;

/** More brackets that stay open are not parsed: they cost the parser much and would be refused for depth after all. */
const MAX_OPEN_BRACKETS = 10_000;

const TOO_DEEP = 'The snapshot is YAML that is nested too deeply to be read.';

/** The most brackets that are open at one time, quotes and comments not looked at: a bound of the nesting in flow style. */
function openBrackets(text: string): number {
  let open = 0;
  let most = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) | 0x20;
    if (code === 0x7b) most = Math.max(most, ++open);
    else if (code === 0x7d && open > 0) open--;
  }
  return most;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/ at line \d+[\s\S]*|\n[\s\S]*|[.:]\s*$/, '') : String(error);
}

/**
 * The documents of a YAML text (1.2 core schema, with merge keys). Empty documents are left out. Throws QuestionError
 * MALFORMED naming line and column, or TOO_LARGE.
 */
export function parseYaml(text: string, pointer: string, file: string | undefined): unknown[] {
  const malformed = (detail: string) => snapshotError('MALFORMED', pointer, detail, file);
  if (text.length > MAX_YAML_LENGTH) {
    const detail = `The snapshot is ${text.length} characters of YAML; at most ${MAX_YAML_LENGTH} are read. Send JSON (\`-o json\`) instead.`;
    throw snapshotError('TOO_LARGE', pointer, detail, file);
  }
  if (openBrackets(text) > MAX_OPEN_BRACKETS) throw malformed(TOO_DEEP);
  const documents: unknown[] = [];
  for (const document of parseAllDocuments(text, { merge: true, logLevel: 'silent' })) {
    // Without any document the library gives an empty list of another type.
    if (!('errors' in document)) continue;
    const [error] = document.errors;
    if (error?.code === 'RESOURCE_EXHAUSTION') throw malformed(TOO_DEEP);
    if (error !== undefined) {
      const place =
        error.linePos === undefined ? '' : `Line ${error.linePos[0].line}, column ${error.linePos[0].col}: `;
      throw malformed(`The snapshot is not valid YAML. ${place}${messageOf(error)}.`);
    }
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (fault) {
      if (fault instanceof RangeError) throw malformed(TOO_DEEP);
      // Aliases that expand too often, or to nothing, and merge keys without a map.
      throw malformed(`The snapshot is not valid YAML. ${messageOf(fault)}.`);
    }
    if (value !== null) documents.push(value);
  }
  return documents;
}
