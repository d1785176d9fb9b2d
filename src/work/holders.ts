/**
 * The threads that answer questions about held snapshots. A thread keeps what it parsed, so a snapshot's questions go
 * where it is parsed already; only while that thread is busy does another one parse it too.
 */
import type { HeldSnapshot } from '../snapshots/held-snapshot.js';
import type { Client } from './client.js';
import type { HoldJob, Job, OutcomeOf, QuestionJob, SentSnapshot } from './job.js';
import { Lane, type LaneOptions } from './lane.js';
import type { ProblemInit } from './problem.js';
import { questionJob } from './question-job.js';

/** So many questions wait for a thread before another one parses their snapshot as well. */
const SPILL_AT = 4;

interface Slot {
  readonly lane: Lane;
  /** Digests of what it keeps parsed, as it said last. */
  parsed: ReadonlySet<string>;
}

/** The job with its snapshots. */
const withHeld = (job: QuestionJob, held: readonly SentSnapshot[]): QuestionJob => {
  const { kind, form, body, layout, segments, length, parts, names } = job;
  return questionJob({ kind, form, body, layout, segments, length, held, parts, names });
};

export class Holders {
  readonly #slots: readonly Slot[];
  readonly #options: LaneOptions;

  /** `options.threads` threads, and `options.queueLimit` for all of them together. */
  constructor(options: LaneOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.threads }, () => ({
      lane: new Lane({ ...options, threads: 1, queueLimit: Number.POSITIVE_INFINITY }),
      parsed: new Set<string>(),
    }));
  }

  /** Resolves once every thread has loaded its code. */
  async ready(): Promise<void> {
    await Promise.all(this.#slots.map(({ lane }) => lane.ready()));
  }

  /** How many questions are being answered, and how many wait. */
  get load(): { readonly busy: number; readonly waiting: number } {
    let [busy, waiting] = [0, 0];
    for (const { lane } of this.#slots) {
      busy += lane.load.busy;
      waiting += lane.load.waiting;
    }
    return { busy, waiting };
  }

  /** Whether another question would be turned away. */
  get full(): boolean {
    const { busy, waiting } = this.load;
    return busy >= this.#slots.length && waiting >= this.#options.queueLimit;
  }

  /** The problem of a question that is refused. */
  get overloaded(): ProblemInit {
    const { busy, waiting } = this.load;
    return {
      code: 'OVERLOADED',
      detail: `${busy} questions about held snapshots are being answered and ${waiting} are waiting. Try again later.`,
      headers: { 'retry-after': String(this.#options.retryAfter) },
    };
  }

  /** Where these snapshots are best answered about. */
  #choose(digests: readonly string[]): Slot {
    const rank = (slot: Slot) => {
      const { busy, waiting } = slot.lane.load;
      const missing = digests.filter((digest) => !slot.parsed.has(digest)).length;
      // What has to be parsed counts as that many questions ahead; of equals, the one that keeps least.
      return [busy + waiting + missing * SPILL_AT, slot.parsed.size] as const;
    };
    const [first, ...others] = this.#slots as readonly [Slot, ...Slot[]];
    let [best, least] = [first, rank(first)];
    for (const slot of others) {
      const own = rank(slot);
      if (own[0] < least[0] || (own[0] === least[0] && own[1] < least[1])) [best, least] = [slot, own];
    }
    return best;
  }

  /** Runs what `jobFor` gives for the thread that it goes to. */
  async #run<J extends Job>(
    jobFor: (slot: Slot) => J,
    digests: readonly string[],
    client: Client,
  ): Promise<OutcomeOf<J>> {
    const { observer, name } = this.#options;
    if (this.full) {
      observer?.rejected(name);
      return { problem: this.overloaded } as OutcomeOf<J>;
    }
    const slot = this.#choose(digests);
    const outcome = await slot.lane.run(jobFor(slot), client);
    // A thread that died has sent nothing, and keeps nothing.
    if (outcome.parsed !== 'SAME') slot.parsed = new Set(outcome.parsed ?? []);
    return outcome as OutcomeOf<J>;
  }

  /** Has a question about held snapshots answered; see {@link Lane.run}. */
  async answer(job: QuestionJob, held: readonly HeldSnapshot[], client: Client): Promise<OutcomeOf<QuestionJob>> {
    const digests = held.map(({ digest }) => digest);
    let isKnown = false;
    const outcome = await this.#run(
      (slot) => {
        isKnown = digests.every((digest) => slot.parsed.has(digest));
        this.#options.observer?.routed(isKnown);
        // A port for parts goes to a thread once, so such a job is not sent again.
        isKnown &&= job.parts === undefined;
        return withHeld(job, isKnown ? held.map(({ digest, files }) => ({ digest, files })) : held);
      },
      digests,
      client,
    );
    if (!isKnown || !('needs' in outcome)) return outcome;
    // The thread has let go of one of them meanwhile, or the request names others too.
    const { segments, length } = outcome;
    return await this.#run(() => ({ ...job, segments, length, held }), digests, client);
  }

  /** Has a snapshot read, by the thread that will answer about it. */
  hold(job: HoldJob, client: Client): Promise<OutcomeOf<HoldJob>> {
    return this.#run(() => job, job.digest === undefined ? [] : [job.digest], client);
  }

  /** Stops the threads; questions being answered get no answer. */
  async close(): Promise<void> {
    await Promise.all(this.#slots.map(({ lane }) => lane.close()));
  }
}
