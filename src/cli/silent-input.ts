import type { Io } from './io.js';

/** Milliseconds after which a person wonders what is waited for. */
const LONG = 3000;

const NOTICE =
  'Waiting for a snapshot on standard input. Give one with -s FILE; with </dev/null the cluster is read by kubectl.\n';

/**
 * Waits for what is read from standard input; where it takes long, says on standard error what is waited for. Throws
 * what `reading` throws.
 */
export async function noticeIfSilent<T>(
  { stderr }: Pick<Io, 'stderr'>,
  reading: Promise<T>,
  milliseconds = LONG,
): Promise<T> {
  const timer = setTimeout(() => stderr.write(NOTICE), milliseconds);
  try {
    return await reading;
  } finally {
    clearTimeout(timer);
  }
}
