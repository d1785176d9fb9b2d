import { readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { QuestionError } from '../base/errors.js';
import { findJsonError, lineAndColumn } from '../cluster/json-error.js';
import { MAX_SNAPSHOT_BYTES } from '../cluster/snapshot-text.js';
import { UsageError } from '../words/usage-error.js';

const inflate = promisify(gunzip);

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory, and only files are read',
};

function tooLarge(name: string): QuestionError {
  return new QuestionError('TOO_LARGE', `${name} is larger than ${MAX_SNAPSHOT_BYTES} bytes (512 MiB), also inflated.`);
}

/** A file's bytes as they are. `option` is what named it. Throws UsageError when it cannot be read. */
export async function readBytes(option: string, path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MAX_SNAPSHOT_BYTES) throw tooLarge(path);
    return await readFile(path);
  } catch (error) {
    if (error instanceof QuestionError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new UsageError(`${option} ${path} cannot be read: ${REASONS[code] ?? message}.`);
  }
}

/** Everything that comes by standard input. Throws QuestionError TOO_LARGE. */
export async function readStream(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream) {
    const bytes = Buffer.from(piece as Uint8Array);
    size += bytes.length;
    if (size > MAX_SNAPSHOT_BYTES) throw tooLarge('Standard input');
    pieces.push(bytes);
  }
  return Buffer.concat(pieces, size);
}

/** The least and the most bytes that are inflated in one piece. */
const [LEAST_CHUNK, MOST_CHUNK] = [64 * 1024, 128 * 1024 * 1024];

/**
 * How many bytes to inflate in one piece: all of them where the file says how many they are. Pieces of the usual 16 KiB
 * take longer to join than to inflate. The size at the end of a file is its sender's word, so it is bounded by what
 * gzip can do with so many bytes.
 */
function chunkFor(bytes: Buffer): number {
  const said = bytes.length < 8 ? 0 : bytes.readUInt32LE(bytes.length - 4);
  return Math.max(LEAST_CHUNK, Math.min(said + 1, MOST_CHUNK, bytes.length * 1032));
}

/** The bytes, inflated when they begin as gzip does (RFC 1952). Throws QuestionError TOO_LARGE or MALFORMED. */
export async function inflated(name: string, bytes: Buffer): Promise<Buffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await inflate(bytes, { maxOutputLength: MAX_SNAPSHOT_BYTES, chunkSize: chunkFor(bytes) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(name);
    throw new QuestionError('MALFORMED', `${name} cannot be inflated as gzip: ${message}.`);
  }
}

/** Reads JSON that a person wrote. Throws QuestionError MALFORMED that says where it goes wrong. */
export function parseJson(name: string, bytes: Buffer | string): unknown {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('utf8').replace(/^\ufeff/, '');
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const fault = findJsonError(text);
    const { line, column } = lineAndColumn(text, fault?.offset ?? 0);
    const why = fault === undefined ? '' : `: expected ${fault.expected}, found ${fault.found}`;
    throw new QuestionError('MALFORMED', `${name} is not JSON: line ${line}, column ${column}${why}.`);
  }
}

/** Reads an option whose value is JSON itself, when it begins with a brace, or the name of a file that holds it. */
export async function readJsonOption(option: string, value: string): Promise<unknown> {
  if (value.trimStart().startsWith('{')) return parseJson(option, value);
  return parseJson(`${option} ${value}`, await readBytes(option, value));
}
