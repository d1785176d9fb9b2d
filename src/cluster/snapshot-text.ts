import { decodeUtf8, decodeUtf16, isUtf8 } from '#platform';
import { snapshotError } from './problems.js';

/**
 * The largest file that can be read, in bytes: the longest string V8 holds (2^29 − 24 characters), since the text must
 * exist as one string to be parsed.
 */
export const MAX_SNAPSHOT_BYTES = 0x1fffffe8;

/**
 * The text of a snapshot file. UTF-8, with or without a byte order mark; UTF-16 with one, which is what PowerShell's
 * `>` writes. Throws QuestionError TOO_LARGE or MALFORMED.
 */
export function snapshotText(bytes: Uint8Array, pointer: string, file: string | undefined): string {
  if (bytes.byteLength > MAX_SNAPSHOT_BYTES) {
    throw snapshotError(
      'TOO_LARGE',
      pointer,
      `The snapshot has ${bytes.byteLength} bytes; at most ${MAX_SNAPSHOT_BYTES} (512 MiB) can be read. ` +
        'Leave out kinds that are not needed, or send several files (one per kind or namespace).',
      file,
    );
  }
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeUtf16(bytes.subarray(2), false);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decodeUtf16(bytes.subarray(2), true);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw snapshotError(
      'MALFORMED',
      pointer,
      'The snapshot is gzip-compressed; send it inflated, as JSON or YAML.',
      file,
    );
  }
  if (!isUtf8(bytes)) {
    throw snapshotError(
      'MALFORMED',
      pointer,
      'The snapshot is not UTF-8 text; it must be JSON or YAML in UTF-8.',
      file,
    );
  }
  return decodeUtf8(bytes);
}
