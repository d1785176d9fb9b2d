/**
 * multipart/form-data (RFC 7578) of a body that is whole in memory: parts are views of it, nothing is copied. Stream
 * parsers would do their work on the event loop; here it is done in the worker, after inflating.
 */
import { QuestionError } from '../base/errors.js';

export interface Part {
  readonly name: string;
  readonly fileName?: string;
  readonly bytes: Buffer;
}

/** Parts in one form: more than any snapshot is split into. */
const MAX_PARTS = 1001;
const MAX_HEADER_BYTES = 16 * 1024;

function malformed(detail: string): QuestionError {
  return new QuestionError('MALFORMED', detail, [{ pointer: '', in: 'request', detail }]);
}

const PARAMETER = /;\s*(name|filename)="((?:[^"\\]|\\["\\])*)"/gi;

/** The names in `Content-Disposition`, as browsers and curl write them. */
function readHeaders(text: string): { name: string; fileName?: string } {
  const line = text.split('\r\n').find((header) => /^content-disposition:\s*form-data\b/i.test(header));
  if (line === undefined) throw malformed('A part of the form has no "Content-Disposition: form-data" header.');
  const values = new Map<string, string>();
  for (const [, parameter = '', value = ''] of line.matchAll(PARAMETER)) {
    // The standard for browsers escapes with %22, %0D and %0A; curl with a backslash.
    values.set(parameter.toLowerCase(), value.replace(/\\(["\\])/g, '$1').replaceAll('%22', '"'));
  }
  const name = values.get('name');
  if (name === undefined) throw malformed('A part of the form has no name.');
  const fileName = values.get('filename');
  return fileName === undefined ? { name } : { name, fileName };
}

/** The parts of a form. Throws QuestionError MALFORMED. */
export function readParts(body: Buffer, boundary: string): Part[] {
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const opening = delimiter.subarray(2);
  // The first delimiter may be at the very beginning, without a line break before it.
  const first = body.subarray(0, opening.length).equals(opening) ? -2 : body.indexOf(delimiter);
  if (first === -1) throw malformed('The form has no line with its boundary.');
  let at = first + delimiter.length;
  const parts: Part[] = [];
  for (;;) {
    if (body.subarray(at, at + 2).toString('latin1') === '--') return parts;
    const line = body.indexOf('\r\n', at);
    if (line < 0 || body.subarray(at, line).toString('latin1').trim() !== '') {
      throw malformed('The form ends early: its closing boundary is missing.');
    }
    if (parts.length === MAX_PARTS) throw malformed(`The form has more than ${MAX_PARTS} parts.`);
    // From the line break on, so that a part without headers is seen as one too.
    const headersEnd = body.indexOf('\r\n\r\n', line);
    if (headersEnd < 0 || headersEnd - line > MAX_HEADER_BYTES)
      throw malformed('A part of the form has no end of its headers.');
    const start = headersEnd + 4;
    const end = body.indexOf(delimiter, start - 2);
    if (end < 0) throw malformed('The form ends early: its closing boundary is missing.');
    const headers = readHeaders(body.subarray(line + 2, headersEnd + 2).toString('utf8'));
    parts.push({ ...headers, bytes: body.subarray(start, Math.max(start, end)) });
    at = end + delimiter.length;
  }
}

/**
 * What a form carries: the files of a snapshot, in order, those of what-if's second one, manifests, and the request
 * without them.
 */
export interface Form {
  /** None: the request itself has the snapshot, or names one that is held. */
  readonly files: readonly Part[];
  readonly after: readonly Part[];
  /** Files of manifests, to be applied after the request's own changes. */
  readonly manifests: readonly Part[];
  readonly request: Buffer | undefined;
}

/**
 * Sorts the parts by name; `twoSided`: a part `after` is one of them. Throws QuestionError MALFORMED or
 * INVALID_REQUEST.
 */
export function readForm(body: Buffer, boundary: string, twoSided = false): Form {
  const files: Part[] = [];
  const after: Part[] = [];
  const manifests: Part[] = [];
  let request: Buffer | undefined;
  for (const part of readParts(body, boundary)) {
    if (part.name === 'snapshot') files.push(part);
    else if (twoSided && part.name === 'after') after.push(part);
    else if (part.name === 'manifests') manifests.push(part);
    else if (part.name === 'request' && request === undefined) request = part.bytes;
    else {
      const detail =
        part.name === 'request'
          ? 'The form has more than one part "request".'
          : `The form has a part ${JSON.stringify(part.name.slice(0, 60))}; its parts are "snapshot" (one or ` +
            `more files)${twoSided ? ', "after"' : ''}, "manifests" and "request".`;
      throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: '', in: 'request', detail }]);
    }
  }
  return { files, after, manifests, request };
}
