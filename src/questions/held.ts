/** Snapshots that a request names by their digest: which ones, and where they come from. */
import { QuestionError } from '../base/errors.js';
import { readSnapshot, type Snapshot } from '../cluster/read-snapshot.js';
import type { GivenSnapshot } from '../contract/requests.js';
import { snapshotHolders, snapshotPlaces } from './kinds.js';

/** Gives the snapshot that a request names. Throws QuestionError UNKNOWN_DIGEST. */
export type ByDigest = (digest: string) => Snapshot;

/** For whoever holds no snapshots. */
export const noneHeld: ByDigest = (digest) => {
  const detail = `No snapshots are held here: give the snapshot itself instead of ${digest}.`;
  throw new QuestionError('UNKNOWN_DIGEST', detail);
};

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** Whether a text is the digest of a snapshot. */
export function isDigest(text: unknown): text is string {
  return typeof text === 'string' && PATTERN.test(text);
}

/** The digests that a request names snapshots by, each once. The request need not be valid. */
export function digestsOf(request: unknown): readonly string[] {
  const digests = new Set<string>();
  for (const holder of snapshotHolders(request)) {
    const { snapshot } = Object(holder) as { readonly snapshot?: unknown };
    const { digest } = Object(snapshot) as { readonly digest?: unknown };
    if (isDigest(digest)) digests.add(digest);
  }
  return [...digests];
}

/** A snapshot that a request names by a name, and the place. */
export interface NamedPlace {
  /** As `prod@-1`. */
  readonly name: string;
  /** JSON Pointer to the object that is `snapshot`. */
  readonly pointer: string;
  /** What holds it, to put another one in its place. */
  readonly holder: { snapshot: GivenSnapshot };
}

/** The snapshots that a request names by a name, in order. The request need not be valid. */
export function namesIn(request: unknown): readonly NamedPlace[] {
  return snapshotPlaces(request).flatMap(([pointer, holder]) => {
    const { snapshot } = Object(holder) as { readonly snapshot?: unknown };
    const { name } = Object(snapshot) as { readonly name?: unknown };
    if (typeof name !== 'string') return [];
    return [{ name, pointer: `${pointer}/snapshot`, holder: holder as NamedPlace['holder'] }];
  });
}

/** The snapshot of a request's `snapshot`. Throws QuestionError as readSnapshot does; what `byDigest` throws. */
export function readGiven(given: GivenSnapshot | undefined, byDigest: ByDigest): Snapshot {
  if (given?.digest !== undefined) return byDigest(given.digest);
  if (given?.name !== undefined) throw nameHere(given.name);
  return readSnapshot(given?.parts === undefined ? { inline: given?.inline } : { parts: given.parts });
}

/** The error of a name where there are no names: whoever holds some has put digests in their places. */
export function nameHere(name: string): QuestionError {
  const detail =
    `No snapshots are held here under names: ask a server about ${name} (--server URL), or give the snapshot ` +
    'itself.';
  return new QuestionError('UNKNOWN_NAME', detail);
}

/** The text, if it is a digest. Throws QuestionError INVALID_REQUEST. */
export function readDigest(text: string): string {
  if (isDigest(text)) return text;
  const detail = 'A digest is "sha256:" and 64 lower-case hexadecimal digits, as `sha256sum cluster.json` prints them.';
  throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: '', in: 'request', detail }]);
}
