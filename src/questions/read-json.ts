import { decodeUtf8, isUtf8 } from '#platform';
import { MAX_PROBLEMS, type Problem, QuestionError } from '../base/errors.js';
import { duplicateJsonKeys } from '../base/json-duplicates.js';
import { findJsonError, lineAndColumn } from '../cluster/json-error.js';

/** A key that is twice says two things, of which JSON.parse would silently take one. */
function refuseDuplicates(text: string, value: unknown, what: string, pointer: string): void {
  const { listed, total } = duplicateJsonKeys(text, [value], MAX_PROBLEMS);
  if (total === 0) return;
  const problems = listed.map(({ key, path, offset, firstOffset }): Problem => {
    const [first, again] = [lineAndColumn(text, firstOffset), lineAndColumn(text, offset)];
    const detail =
      `${what} has the key ${JSON.stringify(key.slice(0, 100))} twice in one object: at line ${first.line}, ` +
      `column ${first.column} ` +
      `and at line ${again.line}, column ${again.column}. Leave one of them out.`;
    return { pointer: pointer + path, in: 'request', detail };
  });
  const [{ detail }] = problems as [Problem];
  const message = total === 1 ? detail : `${what} has ${total} keys twice in their objects.`;
  throw new QuestionError('INVALID_REQUEST', message, problems);
}

/**
 * JSON as UTF-8, with or without a byte order mark. `what` names the text in sentences ("The body"), `pointer` is where
 * it is in the request. Throws QuestionError MALFORMED that says where and what, INVALID_REQUEST for keys that
 * are twice in an object.
 */
export function readJson(bytes: Uint8Array, what: string, pointer = ''): unknown {
  const malformed = (detail: string) => new QuestionError('MALFORMED', detail, [{ pointer, in: 'request', detail }]);
  if (!isUtf8(bytes)) throw malformed(`${what} is not UTF-8 text.`);
  const text = decodeUtf8(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (text.trim() === '') throw malformed(`${what} is empty.`);
    const fault = findJsonError(text);
    const offset = fault?.offset ?? 0;
    const { line, column } = lineAndColumn(text, offset);
    throw malformed(
      `${what} is not valid JSON. Line ${line}, column ${column} (offset ${offset}): ` +
        `expected ${fault?.expected ?? 'JSON'}, found ${fault?.found ?? 'something else'}.`,
    );
  }
  refuseDuplicates(text, value, what, pointer);
  return value;
}
