/** The worker threads of a process, whatever door a question came through: two lanes, memory for requests, readiness. */
import { Budget } from './body.js';
import type { Job, Outcome } from './job.js';
import { Lane } from './lane.js';
import { type ResolvedWorkOptions, SMALL_BODY } from './options.js';
import { ProblemError, type ProblemInit } from './problem.js';

export class Workers {
  readonly options: ResolvedWorkOptions;
  /** What all requests in memory share. */
  readonly budget: Budget;
  readonly #small: Lane;
  readonly #large: Lane;
  #state: 'STARTING' | 'READY' | 'DRAINING' = 'STARTING';
  /** Resolves when every worker thread is warm; rejects when one cannot start. */
  readonly ready: Promise<void>;

  constructor(options: ResolvedWorkOptions) {
    this.options = options;
    this.budget = new Budget(options.bufferLimit);
    const common = { timeLimit: options.timeLimit, file: options.workerFile };
    this.#small = new Lane({ ...options.small, ...common, stopAbandoned: false, retryAfter: 1 });
    this.#large = new Lane({ ...options.large, ...common, stopAbandoned: true, retryAfter: 5 });
    this.ready = Promise.all([this.#small.ready(), this.#large.ready()]).then(() => {
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
    await Promise.all([this.#small.close(), this.#large.close()]);
  }

  /** Why no questions should be sent here; undefined when they may. */
  get notReady(): ProblemInit | undefined {
    if (this.#state === 'READY') return undefined;
    const detail = this.#state === 'STARTING' ? 'The worker threads are starting.' : 'The service is shutting down.';
    return { code: 'NOT_READY', detail, headers: { 'retry-after': '1' } };
  }

  #laneFor(length: number): Lane {
    return length < SMALL_BODY ? this.#small : this.#large;
  }

  /**
   * Refuses a large request that is declared to have so many bytes if it would be turned away once read, so that it need
   * not be read. Throws ProblemError OVERLOADED.
   */
  refuseEarly(declared: number): void {
    const lane = this.#laneFor(declared);
    if (lane === this.#large && lane.full) throw new ProblemError(lane.overloaded);
  }

  /** Has a question answered, in the lane for its size; see {@link Lane.run}. */
  run(job: Job, gone: AbortSignal): Promise<Outcome> {
    return this.#laneFor(job.length).run(job, gone);
  }
}
