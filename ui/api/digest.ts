/** The digest by which a snapshot is named: the SHA-256 of its files, one after another, before any compression. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { SnapshotFile } from './engine.js';

const GZIP = [0x1f, 0x8b];

async function isGzipped(file: Blob): Promise<boolean> {
  const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  return GZIP.every((byte, index) => start[index] === byte);
}

/** The bytes of a file, inflated if it is gzipped, piece by piece. Throws TypeError where the gzip is broken. */
export async function contentOf(file: Blob): Promise<ReadableStream<Uint8Array>> {
  const stream = file.stream() as ReadableStream<Uint8Array>;
  if (!(await isGzipped(file))) return stream;
  return stream.pipeThrough(new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>);
}

/** A file as it is sent: servers take the parts of a form as they are. */
export async function inflated({ name, file }: SnapshotFile): Promise<SnapshotFile> {
  if (!(await isGzipped(file))) return { name, file };
  const stream = (await contentOf(file)) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return { name, file: await new Response(stream).blob() };
}

/**
 * The digest of a snapshot's files. `progress` gets parts of 1 as bytes are read. The work is done in pieces, between
 * which the page stays responsive. (crypto.subtle is only there over HTTPS and on this host.)
 */
export async function digestOf(files: readonly SnapshotFile[], progress: (part: number) => void): Promise<string> {
  const hash = sha256.create();
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  let before = 0;
  for (const { file } of files) {
    let read = 0;
    const reader = (await contentOf(file)).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      hash.update(piece.value);
      read += piece.value.length;
      progress(Math.min(1, (before + Math.min(read, file.size)) / Math.max(1, total)));
    }
    before += file.size;
  }
  return `sha256:${bytesToHex(hash.digest())}`;
}
