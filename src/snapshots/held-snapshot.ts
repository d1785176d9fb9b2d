/** One of the files that a snapshot came in. */
export interface HeldFile {
  readonly name?: string;
  /** In bytes. */
  readonly length: number;
}

/** A snapshot as it was sent, in memory that threads share: whoever is asked about it can read it, nobody copies it. */
export interface HeldSnapshot {
  /** SHA-256 of the bytes. */
  readonly digest: string;
  /** The files one after another. */
  readonly bytes: SharedArrayBuffer;
  readonly files: readonly HeldFile[];
}

/** The files as views of the bytes. */
export function filesOfHeld({
  bytes,
  files,
}: Pick<HeldSnapshot, 'bytes' | 'files'>): { readonly bytes: Buffer; readonly name?: string }[] {
  let at = 0;
  return files.map(({ name, length }) => {
    const view = Buffer.from(bytes, at, length);
    at += length;
    return name === undefined ? { bytes: view } : { bytes: view, name };
  });
}
