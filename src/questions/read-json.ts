import { decodeUtf8, isUtf8 } from '#platform';
import { QuestionError } from '../base/errors.js';
import { findJsonError, lineAndColumn } from '../cluster/json-error.js';

/**
 * JSON as UTF-8, with or without a byte order mark. `what` names the text in sentences ("The body"), `pointer` is where it
 * stands in the request. Throws QuestionError MALFORMED that says where and what.
 */
export function readJson(bytes: Uint8Array, what: string, pointer = ''): unknown {
  const malformed = (detail: string) => new QuestionError('MALFORMED', detail, [{ pointer, in: 'request', detail }]);
  if (!isUtf8(bytes)) throw malformed(`${what} is not UTF-8 text.`);
  const text = decodeUtf8(bytes);
  try {
    return JSON.parse(text);
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
}
