/** Manifests that came as files of a form: the same as a change of kind `apply` at the end of the request's own. */
import { isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import { QuestionError } from '../base/errors.js';
import type { ManifestFile } from '../changes/manifests/read-manifests.js';
import type { Part } from './multipart.js';

/** What one gzipped file of manifests may inflate to. */
const MAX_INFLATED = 64 * 1024 * 1024;

function wrong(code: 'MALFORMED' | 'TOO_LARGE', detail: string): QuestionError {
  return new QuestionError(code, detail, [{ pointer: '', in: 'request', detail }]);
}

function inflated(name: string, bytes: Buffer): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_INFLATED });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw wrong('TOO_LARGE', `${name} inflates to more than ${MAX_INFLATED} bytes.`);
    throw wrong('MALFORMED', `${name} cannot be inflated as gzip.`);
  }
}

function fileOf({ fileName, bytes }: Part, index: number): ManifestFile {
  const name = fileName === undefined || fileName === '' ? `manifests, file ${index + 1}` : fileName.slice(0, 255);
  const plain = inflated(name, bytes);
  if (!isUtf8(plain)) throw wrong('MALFORMED', `${name} is not UTF-8 text; a manifest is YAML or JSON in UTF-8.`);
  return { file: name, text: plain.toString('utf8').replace(/^\ufeff/, '') };
}

/**
 * The request with the files applied after its own changes. A request that is no object, or whose changes are no list,
 * is the validator's to judge. Throws QuestionError MALFORMED or TOO_LARGE for a file that is no text.
 */
export function withManifests(request: unknown, files: readonly Part[]): unknown {
  if (files.length === 0 || typeof request !== 'object' || request === null || Array.isArray(request)) return request;
  const { changes = [] } = request as { readonly changes?: unknown };
  if (!Array.isArray(changes)) return request;
  return { ...request, changes: [...changes, { apply: { manifests: files.map(fileOf) } }] };
}
