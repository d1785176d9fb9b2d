/** Names as the contract has them, for every door. */
import type { NameRecord, Refusal, Version } from './name-record.js';
import type { Accepted } from './named.js';

/** The schema `SnapshotVersion`. */
type ListedVersion = Version & { readonly forced: boolean };

/** The schema `NamedSnapshots`. */
export interface ListedName {
  readonly name: string;
  readonly versions: readonly ListedVersion[];
  readonly refused?: Refusal;
}

/** A name for the list, its newest version first; `most`: so many versions at most. */
export function listed({ name, versions, refused }: NameRecord, most = versions.length): ListedName {
  const all = versions
    .slice(-most)
    .map(({ digest, sequence, time, confirmed, bytes, counts, sender, forced = false }) => ({
      digest,
      sequence,
      time,
      confirmed,
      bytes,
      counts,
      sender,
      forced,
    }));
  return { name, versions: all.reverse(), ...(refused === undefined ? {} : { refused }) };
}

/** The schema `NamedSnapshot`. */
export interface NamedAnswer extends Pick<Version, 'digest' | 'sequence' | 'time' | 'bytes' | 'counts'> {
  readonly name: string;
  readonly shared: boolean;
}

/** The answer to a snapshot that was accepted. */
export function acceptedOf({ name, version, shared }: Accepted): NamedAnswer {
  const { digest, sequence, time, bytes, counts } = version;
  return { name, digest, sequence, time, bytes, counts, shared };
}

/** Whether a sender may call itself so. */
export function isSender(text: unknown): text is string {
  return typeof text === 'string' && /^[ -~]{1,128}$/.test(text);
}
