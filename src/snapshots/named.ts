/** Snapshots under names: who may send what, which version is meant, and what is reported of them. */
import type { ProblemInit } from '../work/problem.js';
import type { HeldSnapshot } from './held-snapshot.js';
import { type Reference, readReference } from './name.js';
import {
  type Keeping,
  type NameRecord,
  newestOf,
  type Version,
  versionOf,
  withRefusal,
  withVersion,
} from './name-record.js';
import { type NameStore, NoRoom } from './name-store.js';
import { whyShrunk } from './shrunk.js';

export interface NamedOptions {
  readonly store: NameStore;
  readonly keeping: Keeping;
  /** The most names of one owner. */
  readonly names: number;
  readonly observer?: NamedObserver;
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
}

/** What is called when something happens, for metrics. */
interface NamedObserver {
  /** A snapshot was sent under a name: NEW, SAME, or the code of the problem. */
  sent(result: string): void;
  storeFailed(doing: 'NAME', error: unknown): void;
}

/** How a snapshot is sent. */
export interface Sending {
  readonly name: string;
  readonly sender: string;
  /** Although it holds far less than its predecessor. */
  readonly force: boolean;
  /**
   * Only if the newest version has one of these digests; `ANY`: only if the name has a version, `NONE`: only if it has
   * no version yet.
   */
  readonly expected?: readonly string[] | 'ANY' | 'NONE';
}

export interface Accepted {
  readonly name: string;
  readonly version: Version;
  readonly created: boolean;
  readonly shared: boolean;
}

/** Thrown inside a change, to leave everything as it was. */
class Refused extends Error {
  readonly problem: ProblemInit;

  constructor(problem: ProblemInit) {
    super(problem.detail);
    this.problem = problem;
  }
}

type Failed = { readonly problem: ProblemInit };

const DAY = 86_400_000;

function unexpected({ name, expected }: Sending, newest: Version | undefined): ProblemInit | undefined {
  if (expected === undefined) return undefined;
  const has =
    newest === undefined ? `has no snapshot` : `has ${newest.digest}, sent by ${newest.sender} at ${newest.confirmed}`;
  const wanted =
    expected === 'NONE'
      ? 'none'
      : expected === 'ANY'
        ? 'one'
        : expected.length === 0
          ? 'another'
          : expected.join(' or ');
  const holds =
    expected === 'NONE'
      ? newest === undefined
      : newest !== undefined && (expected === 'ANY' || expected.includes(newest.digest));
  if (holds) return undefined;
  return {
    code: 'NAME_CHANGED',
    detail: `The name "${name}" ${has}; the request expects ${wanted}. Nothing is changed.`,
  };
}

export class NamedSnapshots {
  readonly #options: NamedOptions;
  readonly #now: () => number;

  constructor(options: NamedOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => Date.now());
  }

  get store(): NameStore {
    return this.#options.store;
  }

  /** The problem of a place that cannot be reached or has no room; anything else is thrown on. */
  #failure(error: unknown): Failed {
    if (error instanceof Refused) return { problem: error.problem };
    if (error instanceof NoRoom) {
      const detail = this.store.shared
        ? 'The store that replicas share is full: the snapshot is not kept, and the versions before it are as ' +
          'they were.'
        : `There is no room for the snapshot: ${error.message}. Delete names, or have the operator raise ` +
          'NAMED_MEMORY. The versions before it are as they were.';
      return { problem: { code: 'STORE_FULL', detail, headers: { 'retry-after': '60' } } };
    }
    this.#options.observer?.storeFailed('NAME', error);
    const detail =
      'The store that replicas share, which knows the names, cannot be reached. Nothing is changed. Try ' +
      'again later, or name the snapshot by its digest.';
    return { problem: { code: 'STORE_UNAVAILABLE', detail, headers: { 'retry-after': '5' } } };
  }

  /** Keeps a snapshot under a name, as its newest version. Never rejects. */
  async put(
    owner: string,
    held: HeldSnapshot,
    counts: Readonly<Record<string, number>>,
    sending: Sending,
  ): Promise<Accepted | Failed> {
    const done = await this.#put(owner, held, counts, sending);
    this.#options.observer?.sent('problem' in done ? done.problem.code : done.created ? 'NEW' : 'SAME');
    return done;
  }

  async #put(
    owner: string,
    held: HeldSnapshot,
    counts: Readonly<Record<string, number>>,
    sending: Sending,
  ): Promise<Accepted | Failed> {
    const { store, keeping } = this.#options;
    const { name, sender, force } = sending;
    let created = true;
    try {
      await this.#checkNumber(owner, name);
      const record = await store.update(
        owner,
        name,
        (before) => {
          const newest = newestOf(before);
          const other = unexpected(sending, newest);
          if (other !== undefined) throw new Refused(other);
          const shrunk = newest === undefined ? undefined : whyShrunk(newest.counts, counts);
          if (shrunk !== undefined && !force) throw new Refused(this.#shrunk(name, shrunk));
          created = newest?.digest !== held.digest;
          const sent = { digest: held.digest, bytes: held.bytes.byteLength, counts, sender };
          return withVersion(before, name, { ...sent, forced: shrunk !== undefined }, this.#now(), keeping);
        },
        held,
      );
      const version = newestOf(record);
      if (version === undefined) throw new Error('a version is missing that was kept');
      return { name, version, created, shared: store.shared };
    } catch (error) {
      const failed = this.#failure(error);
      if (failed.problem.code === 'SNAPSHOT_SHRUNK') await this.note(owner, name, sender, failed.problem);
      return failed;
    }
  }

  #shrunk(name: string, why: string): ProblemInit {
    const detail =
      `The snapshot looks like a mistake: ${why}. "${name}" stays as it was. If this is what the cluster has ` +
      'become, send it again with force.';
    return { code: 'SNAPSHOT_SHRUNK', detail };
  }

  /**
   * A snapshot for this name cannot be read: returns the problem to tell. `isEmpty`: it has nothing that is used, which
   * for a name that has a version is the worst case of shrinking; by force it is refused too, since no question could
   * be answered from it. Never rejects.
   */
  async refuse(
    owner: string,
    { name, sender, force }: Sending,
    problem: ProblemInit,
    isEmpty: boolean,
  ): Promise<ProblemInit> {
    const before = isEmpty && !force ? await this.store.read(owner, name).catch(() => undefined) : undefined;
    const reported = before === undefined ? problem : this.#shrunk(name, 'it has nothing that is used');
    this.#options.observer?.sent(reported.code);
    if (problem.code === 'INVALID_SNAPSHOT') await this.note(owner, name, sender, reported);
    return reported;
  }

  /** Throws Refused for one name too many. */
  async #checkNumber(owner: string, name: string): Promise<void> {
    const { store, names } = this.#options;
    if ((await store.read(owner, name)) !== undefined) return;
    const records = await store.list(owner);
    if (records.length < names) return;
    const detail =
      `There are ${records.length} names, and this service keeps ${names} for each credential ` +
      '(SNAPSHOT_NAMES). Delete one first: DELETE /v1/snapshots/names/{name}.';
    throw new Refused({ code: 'STORE_FULL', detail });
  }

  /** Remembers that a snapshot for this name was refused, for the list and for alerts. Never rejects. */
  async note(owner: string, name: string, sender: string, { code, detail }: ProblemInit): Promise<void> {
    const time = new Date(this.#now()).toISOString();
    const change = (before: NameRecord | undefined) =>
      before === undefined ? undefined : withRefusal(before, { code, time, sender, detail: detail.slice(0, 1000) });
    try {
      if ((await this.store.read(owner, name)) !== undefined) await this.store.update(owner, name, change);
    } catch {
      // The refusal itself is what the client gets.
    }
  }

  /** The names of an owner, in order. Never rejects. */
  async list(owner: string): Promise<readonly NameRecord[] | Failed> {
    try {
      const records = await this.store.list(owner);
      return [...records].sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      return this.#failure(error);
    }
  }

  /** What is known of one name. Never rejects. */
  async read(owner: string, name: string): Promise<NameRecord | Failed> {
    try {
      return (await this.store.read(owner, name)) ?? { problem: this.#unknown({ name }, undefined) };
    } catch (error) {
      return this.#failure(error);
    }
  }

  /** Lets go of a name and its versions; tells how many there were. Never rejects. */
  async delete(owner: string, name: string): Promise<{ readonly name: string; readonly versions: number } | Failed> {
    let versions = 0;
    try {
      await this.store.update(owner, name, (before) => {
        if (before === undefined) throw new Refused(this.#unknown({ name }, undefined));
        versions = before.versions.length;
        return undefined;
      });
      return { name, versions };
    } catch (error) {
      return this.#failure(error);
    }
  }

  #unknown({ name, back, at }: Reference, record: NameRecord | undefined): ProblemInit {
    const [oldest] = record?.versions ?? [];
    if (record === undefined || oldest === undefined) {
      const detail =
        `No snapshot is held under the name "${name}" for this client: send one with PUT ` +
        `/v1/snapshots/names/${name}.`;
      return { code: 'UNKNOWN_NAME', detail };
    }
    const has =
      `"${name}" has ${record.versions.length} version${record.versions.length === 1 ? '' : 's'}, the oldest ` +
      `of ${oldest.time}`;
    const asked =
      at === undefined ? `none is ${back} before the newest` : `none is from ${new Date(at).toISOString()} or before`;
    return { code: 'UNKNOWN_NAME', detail: `${has}: ${asked}.` };
  }

  /**
   * The digests that references such as `prod@-1` mean now, all of one name by the same state of it. Throws
   * QuestionError INVALID_REQUEST for one that cannot be read; all else is a problem.
   */
  async resolve(owner: string, references: readonly string[]): Promise<ReadonlyMap<string, string> | Failed> {
    const meant = references.map((text) => [text, readReference(text)] as const);
    const digests = new Map<string, string>();
    try {
      const records = new Map<string, NameRecord | undefined>();
      for (const [text, reference] of meant) {
        const { name } = reference;
        if (!records.has(name)) records.set(name, await this.store.read(owner, name));
        const record = records.get(name);
        const version = record === undefined ? undefined : versionOf(record, reference);
        if (version === undefined) return { problem: this.#unknown(reference, record) };
        digests.set(text, version.digest);
      }
      return digests;
    } catch (error) {
      return this.#failure(error);
    }
  }
}

/** How long names are kept by default, milliseconds. */
export const DEFAULT_KEEPING: Keeping = { versions: 300, age: 7 * DAY };
