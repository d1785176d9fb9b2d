/**
 * What is known of one name: its versions, oldest first, and the last refusal. Pure functions; where records are kept
 * is another matter.
 */
import type { Reference } from './name.js';

/** A snapshot that was accepted under a name. */
export interface Version {
  /** 1 for the first one of the name; never given twice. */
  readonly sequence: number;
  readonly digest: string;
  /** When it was accepted, RFC 3339; never before its predecessor's. */
  readonly time: string;
  /** When the same bytes were last sent as the newest ones. */
  readonly confirmed: string;
  /** As they were sent, before any compression. */
  readonly bytes: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Who sent it last: what the client calls itself, else its address. */
  readonly sender: string;
  /** It was accepted although it holds far less than its predecessor. */
  readonly forced?: boolean;
}

/** A snapshot that was not accepted, since the last one that was. */
export interface Refusal {
  readonly code: string;
  readonly time: string;
  readonly sender: string;
  readonly detail: string;
  /** So many were refused one after another. */
  readonly count: number;
}

export interface NameRecord {
  readonly name: string;
  /** The sequence number of the next version. */
  readonly next: number;
  /** At least one, oldest first. */
  readonly versions: readonly Version[];
  readonly refused?: Refusal;
}

/** What is said of a version when it is sent. */
export type Sent = Pick<Version, 'digest' | 'bytes' | 'counts' | 'sender'> & { readonly forced: boolean };

/** How many versions are kept of a name, and for how long. */
export interface Keeping {
  readonly versions: number;
  /** Milliseconds since a version was last sent; the newest version stays longer. */
  readonly age: number;
}

export function newestOf(record: NameRecord | undefined): Version | undefined {
  return record?.versions.at(-1);
}

/**
 * The record with one version more; or, where the newest one has the same digest, with that one confirmed. Times never
 * go back: a clock that did is taken to be where it was. Versions beyond those to be kept are left out.
 */
export function withVersion(
  before: NameRecord | undefined,
  name: string,
  { forced, ...sent }: Sent,
  now: number,
  keeping: Keeping,
): NameRecord {
  const newest = newestOf(before);
  const last = newest === undefined ? now : Math.max(now, Date.parse(newest.confirmed));
  const time = new Date(last).toISOString();
  const earlier = before?.versions ?? [];
  const next = before?.next ?? 1;
  const version =
    newest?.digest === sent.digest
      ? { ...newest, confirmed: time, sender: sent.sender }
      : { sequence: next, time, confirmed: time, ...sent, ...(forced ? { forced } : {}) };
  const all = newest?.digest === sent.digest ? [...earlier.slice(0, -1), version] : [...earlier, version];
  const versions = all
    .slice(-keeping.versions)
    .filter((one, index, { length }) => index === length - 1 || last - Date.parse(one.confirmed) <= keeping.age);
  return { name, next: newest?.digest === sent.digest ? next : next + 1, versions };
}

/** The record with a refusal noted. */
export function withRefusal(before: NameRecord, refusal: Omit<Refusal, 'count'>): NameRecord {
  return { ...before, refused: { ...refusal, count: Math.min((before.refused?.count ?? 0) + 1, 1_000_000) } };
}

/** The version that is meant; undefined when the name has no such version. */
export function versionOf({ versions }: NameRecord, { back, at }: Reference): Version | undefined {
  if (at !== undefined) return versions.findLast(({ time }) => Date.parse(time) <= at);
  return versions[versions.length - 1 - (back ?? 0)];
}

/** Those of the digests that no version of the records has. */
export function digestsLost(digests: readonly string[], after: readonly NameRecord[]): readonly string[] {
  const kept = new Set(after.flatMap(({ versions }) => versions.map(({ digest }) => digest)));
  return [...new Set(digests)].filter((digest) => !kept.has(digest));
}

const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value.length <= most;
const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isTime = (value: unknown): value is string => isText(value, 40) && !Number.isNaN(Date.parse(value));

function isVersion(value: unknown): value is Version {
  const one = Object(value) as Partial<Record<keyof Version, unknown>>;
  return (
    isCount(one.sequence) &&
    isText(one.digest, 71) &&
    /^sha256:[0-9a-f]{64}$/.test(one.digest) &&
    isTime(one.time) &&
    isTime(one.confirmed) &&
    isCount(one.bytes) &&
    isText(one.sender, 256) &&
    Object.values(Object(one.counts) as object).every(isCount)
  );
}

function isRefusal(value: unknown): value is Refusal {
  const one = Object(value) as Partial<Record<keyof Refusal, unknown>>;
  return (
    isText(one.code, 64) &&
    isTime(one.time) &&
    isText(one.sender, 256) &&
    isText(one.detail, 4000) &&
    isCount(one.count)
  );
}

/** The record that a text holds; undefined where it holds none. What a store gives back is not trusted. */
export function readRecord(text: string): NameRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { name, next, versions, refused } = Object(value) as Partial<Record<keyof NameRecord, unknown>>;
  if (!isText(name, 64) || !isCount(next) || !Array.isArray(versions) || versions.length === 0) return undefined;
  if (!versions.every(isVersion) || (refused !== undefined && !isRefusal(refused))) return undefined;
  return { name, next, versions, ...(refused === undefined ? {} : { refused }) };
}
