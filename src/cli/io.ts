import type { Readable, Writable } from 'node:stream';

/** What the command line works on: the streams and environment of a process. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** So much is handed to a stream before it is asked whether it can take more. */
const PIECE = 1 << 16;

function write(stream: Writable, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}

/**
 * Writes all of the text, no faster than the reader takes it. A reader that has gone away (`| head`) is no error: the
 * rest is dropped.
 */
export async function writeAll(stream: Writable, text: string): Promise<void> {
  const bytes = Buffer.from(text, 'utf8');
  // The error of a write goes to its callback and emitted besides: unheard it would end the process.
  const ignore = () => {};
  stream.on('error', ignore);
  try {
    for (let at = 0; at < bytes.length; at += PIECE) await write(stream, bytes.subarray(at, at + PIECE));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPIPE' && code !== 'ERR_STREAM_DESTROYED') throw error;
  } finally {
    // An emitted error may follow the callback within the same turn of the event loop.
    setImmediate(() => stream.off('error', ignore));
  }
}
