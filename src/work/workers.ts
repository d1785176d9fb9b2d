/**
 * The worker threads of a process, whatever door a question came through: lanes, memory for requests, held snapshots,
 * readiness.
 */

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { snapshotsNamed } from '../messages/codec.js';
import { isDigest } from '../questions/held.js';
import type { ClusterMeasures } from '../questions/inspect/measures.js';
import type { HeldSnapshot } from '../snapshots/held-snapshot.js';
import { readReference } from '../snapshots/name.js';
import type { Accepted, Sending } from '../snapshots/named.js';
import type { Shelf } from '../snapshots/shelf.js';
import { Budget, ClientGone } from './body.js';
import { Client } from './client.js';
import { Holders } from './holders.js';
import type { AnswerBytes, HoldJob, HoldOutcome, QuestionJob, QuestionOutcome } from './job.js';
import { Lane } from './lane.js';
import type { WorkObserver } from './observer.js';
import { Pacer } from './pacer.js';
import { INTERNAL, ProblemError, type ProblemInit } from './problem.js';
import { type ResolvedWorkOptions, SMALL_BODY } from './work-options.js';

/** How long a question that is nearly done is worked on after its client has gone, milliseconds. */
const PATIENCE = 2_000;

/** How many small questions lie in the mailbox of a thread, so that it finds the next one without being woken. */
const AHEAD = 3;

/** Parsed snapshots with all that is derived from them take up to about eight times their bytes. */
const PARSED_FACTOR = 12;

const MIB = 1024 * 1024;

/** What became of a question: the answer's bytes, or the problem. */
export type Answered = AnswerBytes | { readonly problem: ProblemInit };

/** A job that came with all its snapshots needs no others. */
function settled(outcome: QuestionOutcome): Answered {
  return 'needs' in outcome ? { problem: INTERNAL } : outcome;
}

/** What became of a snapshot that was sent to be held. */
export type Holding =
  | { readonly problem: ProblemInit }
  | {
      readonly digest: string;
      readonly bytes: number;
      readonly counts: Readonly<Record<string, number>>;
      /** It was not held before. */
      readonly created: boolean;
      /** Other replicas can answer about it too. */
      readonly shared: boolean;
    };

/** How much there is to do in a lane. */
export interface LaneLoad {
  readonly lane: 'small' | 'large' | 'held';
  readonly busy: number;
  readonly waiting: number;
}

const SNAPSHOT = Buffer.from('"snapshot"');

/** How a snapshot is named: `"snapshot"` and what follows it. */
const NAMING = /^"snapshot"\s{0,20}:\s{0,20}\{\s{0,20}"(digest|name)"\s{0,20}:\s{0,20}"([^"\\]{1,300})"/;

/** Bytes within which {@link NAMING} ends. */
const NAMING_LENGTH = 400;

interface Named {
  readonly digests: readonly string[];
  readonly names: readonly string[];
}

const NOTHING: Named = { digests: [], names: [] };

/** The snapshots that a request names, and the digests that its names mean. */
interface Found {
  readonly names: ReadonlyMap<string, string>;
  readonly held: readonly HeldSnapshot[];
}

const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** What came of a job that lacked snapshots. */
type Needing = Extract<QuestionOutcome, { readonly needs: unknown }>;

function isReference(text: string): boolean {
  try {
    return readReference(text) !== undefined;
  } catch {
    return false;
  }
}

/** What looks like a name of a snapshot in JSON, without parsing it: requests that hold one may be large. */
function namedInJson(bytes: Buffer): Named {
  const digests = new Set<string>();
  const names = new Set<string>();
  for (let at = bytes.indexOf(SNAPSHOT); at >= 0; at = bytes.indexOf(SNAPSHOT, at + 1)) {
    const [, how, text = ''] = NAMING.exec(bytes.toString('latin1', at, at + NAMING_LENGTH)) ?? [];
    if (how === 'digest' && isDigest(text)) digests.add(text);
    else if (how === 'name' && isReference(text)) names.add(text);
  }
  return { digests: [...digests], names: [...names] };
}

/**
 * The snapshots that a small request seems to name. The thread that reads the request says so where it names others;
 * what cannot be read it reports too.
 */
function namedIn({ kind, body, segments, length }: QuestionJob): Named {
  const [segment] = segments;
  if (body.kind === 'multipart' || segment === undefined || segments.length > 1) return NOTHING;
  const bytes = Buffer.from(segment, 0, length);
  if (body.kind === 'json') return namedInJson(bytes);
  try {
    const { digests, names } = snapshotsNamed(kind, bytes);
    return { digests, names: names.filter(isReference) };
  } catch {
    return NOTHING;
  }
}

const sameTexts = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((text) => other.includes(text));

/** The problem of a question about a snapshot that is not held. */
function unknownDigest(digests: readonly string[]): ProblemInit {
  const names = digests.join(' and ');
  const detail =
    `The service does not hold ${names} for this client: send it ` + 'with PUT /v1/snapshots/{digest}, or inline.';
  return { code: 'UNKNOWN_DIGEST', detail };
}

/** The problem of a question where the store, which might have its snapshot, cannot be asked. */
export function storeUnavailable(digests: readonly string[]): ProblemInit {
  const detail =
    `${digests.join(' and ')} is not in this replica's memory, and the store that replicas share cannot be reached. ` +
    'Send it again with PUT /v1/snapshots/{digest}, or inline: such questions are still answered.';
  return { code: 'STORE_UNAVAILABLE', detail, headers: { 'retry-after': '5' } };
}

/**
 * Runs a job with a port of its own for the messages that are ready before the answer is whole; all of them are given
 * before it resolves.
 */
async function inParts<T>(
  job: QuestionJob,
  give: ((part: Uint8Array) => void) | undefined,
  run: (job: QuestionJob) => Promise<T>,
): Promise<T> {
  if (give === undefined) return await run(job);
  const { port1, port2 } = new MessageChannel();
  port1.on('message', give);
  try {
    return await run({ ...job, parts: port2 });
  } finally {
    // What the thread has posted before it answered is there already.
    for (let left = receiveMessageOnPort(port1); left !== undefined; left = receiveMessageOnPort(port1))
      give(left.message as Uint8Array);
    port1.close();
  }
}

/**
 * What is looked for, unless the client goes away first: then it rejects with ClientGone, however long the store takes.
 */
function unlessGone<T>(looking: Promise<T>, client: Client): Promise<T> {
  return new Promise((resolve, reject) => {
    const onGone = () => reject(new ClientGone('the client closed the connection before the answer'));
    if (client.gone) onGone();
    client.onGone(onGone);
    looking.then(resolve, reject).finally(() => client.offGone(onGone));
  });
}

export class Workers {
  readonly options: ResolvedWorkOptions;
  /** What all requests in memory share. */
  readonly budget: Budget;
  readonly shelf: Shelf;
  /** When refusals for lack of room leave, whatever door they leave through. */
  readonly refusals = new Pacer({ rate: 400, burst: 50 });
  readonly #small: Lane;
  readonly #large: Lane;
  readonly #held: Holders;
  #state: 'STARTING' | 'READY' | 'DRAINING' = 'STARTING';
  /** Resolves when every worker thread is warm; rejects when one cannot start. */
  readonly ready: Promise<void>;

  constructor(options: ResolvedWorkOptions, shelf: Shelf, observer?: WorkObserver) {
    this.options = options;
    this.shelf = shelf;
    this.budget = new Budget(options.bufferLimit);
    const { timeLimit, small, large, held } = options;
    const common = (memory: number) => ({
      timeLimit,
      observer,
      onDemand: options.threadsOnDemand,
      file: options.workerFile,
      workerData: { parsedLimit: Math.floor((memory * MIB) / PARSED_FACTOR) },
    });
    this.#small = new Lane({
      name: 'small',
      ...small,
      ...common(small.memory),
      ahead: AHEAD,
      abandonedLimit: PATIENCE,
      retryAfter: 1,
    });
    this.#large = new Lane({ name: 'large', ...large, ...common(large.memory), abandonedLimit: 0, retryAfter: 5 });
    this.#held = new Holders({
      name: 'held',
      ...held,
      ...common(held.memory),
      ahead: AHEAD,
      abandonedLimit: PATIENCE,
      retryAfter: 1,
    });
    this.ready = Promise.all([this.#small.ready(), this.#large.ready(), this.#held.ready()]).then(() => {
      if (this.#state === 'STARTING') this.#state = 'READY';
    });
    // Whoever does not wait for it sees it in `notReady`.
    this.ready.catch(() => {});
  }

  /** From now on it is not ready; it still answers. */
  drain(): void {
    this.#state = 'DRAINING';
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all([this.#small.close(), this.#large.close(), this.#held.close(), this.shelf.close()]);
  }

  /** Why no questions should be sent here; undefined when they may. */
  get notReady(): ProblemInit | undefined {
    if (this.#state === 'READY') return undefined;
    const detail = this.#state === 'STARTING' ? 'The worker threads are starting.' : 'The service is shutting down.';
    return { code: 'NOT_READY', detail, headers: { 'retry-after': '1' } };
  }

  /** How much there is to do, lane by lane. */
  get loads(): readonly LaneLoad[] {
    return [
      { lane: 'small', ...this.#small.load },
      { lane: 'large', ...this.#large.load },
      { lane: 'held', ...this.#held.load },
    ];
  }

  #laneFor({ length }: { readonly length: number }): Lane {
    return length < SMALL_BODY ? this.#small : this.#large;
  }

  /**
   * Refuses a large question that is declared to have so many bytes if it would be turned away once read, so that it
   * need not be read. Throws ProblemError OVERLOADED.
   */
  refuseEarly(declared: number): void {
    const lane = this.#laneFor({ length: declared });
    if (lane === this.#large && lane.full) throw new ProblemError(lane.overloaded);
  }

  /**
   * Refuses a snapshot that is declared to have so many bytes if it could not be held. Throws ProblemError UNSUPPORTED
   * (this service holds none), TOO_LARGE, OVERLOADED.
   */
  refuseHolding(declared: number): void {
    const { limit } = this.shelf;
    if (limit === 0) {
      const detail = 'This service holds no snapshots (SNAPSHOT_MEMORY is 0): send them inline with each question.';
      throw new ProblemError({ code: 'UNSUPPORTED', detail });
    }
    if (declared > limit) {
      const detail = `Snapshots of at most ${limit} bytes are held, counted after inflating. Send larger ones inline.`;
      throw new ProblemError({ code: 'TOO_LARGE', detail });
    }
    if (this.#held.full) throw new ProblemError(this.#held.overloaded);
  }

  /**
   * Has a question answered, by a thread that holds the snapshots it names by digest, else in the lane for its size.
   * `owner` is whose snapshots it may name; `give` gets messages of a streamed answer that are ready before it is
   * whole. Problems come as outcomes, also after some messages; rejects with ClientGone when the client goes first. The
   * job's segments change hands.
   */
  async answer(job: QuestionJob, owner: string, client: Client, give?: (part: Uint8Array) => void): Promise<Answered> {
    const named = namedIn(job);
    const some = named.digests.length + named.names.length > 0;
    const found = this.#findNow(named, owner) ?? (await unlessGone(this.#findNamed(named, owner), client));
    if (some && !('problem' in found)) {
      // A Map takes as long to cross as all the rest.
      const asked = found.names.size === 0 ? job : { ...job, names: found.names };
      const outcome = await inParts(asked, give, (one) => this.#held.answer(one, found.held, client));
      if (!('needs' in outcome)) return outcome;
      return this.#answerOf(outcome, job, owner, client, give);
    }
    // Also where a snapshot is missing: whether the request follows the contract is reported before it is sent again.
    const outcome = await inParts(job, give, (one) => this.#laneFor(one).run(one, client));
    if (!('needs' in outcome)) return outcome;
    if ('problem' in found && sameTexts(outcome.needs, named.digests) && sameTexts(outcome.names, named.names)) {
      return found;
    }
    return this.#answerOf(outcome, job, owner, client, give);
  }

  /** Has a question answered that names snapshots which did not come with its job. */
  async #answerOf(
    { needs: digests, names, segments, length }: Needing,
    job: QuestionJob,
    owner: string,
    client: Client,
    give?: (part: Uint8Array) => void,
  ): Promise<Answered> {
    const found = await unlessGone(this.#findNamed({ digests, names }, owner), client);
    if ('problem' in found) return found;
    const asked = { ...job, segments, length, names: found.names };
    return settled(await inParts(asked, give, (one) => this.#held.answer(one, found.held, client)));
  }

  /** Snapshots that are all in memory; undefined where one is elsewhere, or has a name. */
  #findNow({ digests, names }: Named, owner: string): Found | undefined {
    if (names.length > 0) return undefined;
    const held: HeldSnapshot[] = [];
    for (const digest of digests) {
      const one = this.shelf.findInMemory(owner, digest);
      if (one === undefined) return undefined;
      held.push(one);
    }
    return { names: NO_NAMES, held };
  }

  /** These snapshots with what the names among them mean, or why they are not all there. */
  async #findNamed({ digests, names }: Named, owner: string): Promise<Found | { readonly problem: ProblemInit }> {
    const { named } = this.shelf;
    let meant = NO_NAMES;
    if (names.length > 0) {
      if (named === undefined) {
        const detail = 'This service holds no snapshots (SNAPSHOT_MEMORY is 0), and so it has no names for them.';
        return { problem: { code: 'UNKNOWN_NAME', detail } };
      }
      const resolved = await named.resolve(owner, names);
      if ('problem' in resolved) return resolved;
      meant = resolved;
    }
    const held = await this.#find([...new Set([...digests, ...meant.values()])], owner);
    if (!('problem' in held)) return { names: meant, held };
    const { problem, missing } = held;
    const lost = [...meant].filter(([, digest]) => missing.includes(digest)).map(([name]) => name);
    if (lost.length === 0) return { problem };
    const detail =
      `The snapshot that ${lost.join(' and ')} leads to has expired in the store: send another one under the ` +
      'name.';
    return { problem: { code: 'UNKNOWN_NAME', detail } };
  }

  /** These snapshots, or why they are not all there. */
  async #find(
    digests: readonly string[],
    owner: string,
  ): Promise<HeldSnapshot[] | { readonly problem: ProblemInit; readonly missing: readonly string[] }> {
    const found = await Promise.all(digests.map((digest) => this.shelf.find(owner, digest)));
    const lacking = (why: 'MISSING' | 'STORE_DOWN') => digests.filter((_, index) => found[index] === why);
    const [missing, unasked] = [lacking('MISSING'), lacking('STORE_DOWN')];
    if (unasked.length > 0) return { problem: storeUnavailable(unasked), missing: [] };
    if (missing.length > 0) return { problem: unknownDigest(missing), missing };
    return found.flatMap((one) => (typeof one === 'string' ? [] : [one.held]));
  }

  /**
   * A held snapshot in numbers, for metrics. It is worked out where large questions are, so that no question about a
   * held snapshot waits behind it.
   */
  async measure(owner: string, digest: string): Promise<ClusterMeasures | { readonly problem: ProblemInit }> {
    const held = await this.#find([digest], owner);
    if ('problem' in held) return held;
    const request = { snapshot: { digest }, inspect: { maxServices: 5000, lists: ['SERVICES', 'OBJECTS'] } };
    const bytes = new TextEncoder().encode(JSON.stringify(request));
    const job: QuestionJob = {
      task: 'answer',
      kind: 'inspect',
      form: 'measures',
      layout: {},
      body: { kind: 'json' },
      segments: [bytes.buffer as ArrayBuffer],
      length: bytes.length,
      held,
    };
    const outcome = settled(await this.#large.run(job, new Client()));
    if ('problem' in outcome) return outcome;
    return JSON.parse(Buffer.from(outcome.bytes).toString('utf8')) as ClusterMeasures;
  }

  /** Has a snapshot read and keeps it under a name of its owner. Rejects with ClientGone as {@link answer} does. */
  async holdNamed(
    job: HoldJob,
    owner: string,
    sending: Sending,
    client: Client,
  ): Promise<Accepted | { readonly problem: ProblemInit }> {
    const { named } = this.shelf;
    const outcome: HoldOutcome = await this.#held.hold(job, client);
    if ('problem' in outcome) {
      const { problem, isEmpty = false } = outcome;
      return named === undefined ? outcome : { problem: await named.refuse(owner, sending, problem, isEmpty) };
    }
    const { held, counts } = outcome;
    this.refuseHolding(held.bytes.byteLength);
    if (named === undefined) throw new Error('names without room for snapshots');
    const accepted = await named.put(owner, held, counts, sending);
    if (!('problem' in accepted)) this.shelf.remember(owner, held);
    return accepted;
  }

  /** Has a snapshot read and holds it for its owner. Rejects with ClientGone as {@link answer} does. */
  async hold(job: HoldJob, owner: string, client: Client): Promise<Holding> {
    const outcome: HoldOutcome = await this.#held.hold(job, client);
    if ('problem' in outcome) return outcome;
    const { held, counts } = outcome;
    this.refuseHolding(held.bytes.byteLength);
    const { created, shared } = await this.shelf.put(owner, held);
    return { digest: held.digest, bytes: held.bytes.byteLength, counts, created, shared };
  }
}
