/** A lane: worker threads that answer one question each at a time, and a bounded queue before them. */
import { Piscina } from 'piscina';
import { ClientGone } from './body.js';
import type { Job, Outcome, OutcomeOf, WorkerData } from './job.js';
import type { WorkObserver } from './observer.js';
import { INTERNAL, type ProblemInit } from './problem.js';

export interface LaneOptions {
  readonly threads: number;
  /** Threads start when a question needs them. */
  readonly onDemand: boolean;
  /** How many questions may wait beside those being answered. */
  readonly queueLimit: number;
  /** The heap of one thread, MiB. */
  readonly memory: number;
  /** How long a question may wait and be worked on together, milliseconds. */
  readonly timeLimit: number;
  /**
   * How long a question whose client is gone is still worked on, milliseconds. Then it is stopped, although its thread
   * must be started anew: what is nearly done is cheaper to finish.
   */
  readonly abandonedLimit: number;
  /** Its name in metrics. */
  readonly name: string;
  readonly observer?: WorkObserver | undefined;
  /** Seconds after which a client that was turned away may try again. */
  readonly retryAfter: number;
  /** The worker's file, as a URL. */
  readonly file: string;
  /** What its threads get when they start. */
  readonly workerData?: WorkerData;
}

interface Entry {
  readonly job: Job;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
  /** Set while a thread works on it. */
  running?: AbortController;
  /** Set once nobody waits for it any more. */
  stopping?: NodeJS.Timeout;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #pool: Piscina<Job | undefined, Outcome>;
  readonly #queue: Entry[] = [];
  #busy = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#pool = new Piscina({
      filename: options.file,
      minThreads: options.onDemand ? 0 : options.threads,
      maxThreads: options.threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      // Waiting by Atomics would keep a worker's log lines from leaving it.
      atomics: 'disabled',
      recordTiming: false,
      workerData: options.workerData ?? { parsedLimit: 0 },
      resourceLimits: { maxOldGenerationSizeMb: options.memory },
    });
    // A thread that dies while idle is replaced by the pool; without a listener it would take the process along.
    this.#pool.on('error', (error: Error) => options.observer?.threadFailed(error));
  }

  /** Resolves once every thread has loaded its code; at once where threads start on demand. */
  async ready(): Promise<void> {
    if (this.#options.onDemand) return;
    // As many empty tasks as threads, one to each.
    await Promise.all(Array.from({ length: this.#options.threads }, () => this.#pool.run(undefined)));
  }

  /** How many questions are being answered, and how many wait. */
  get load(): { readonly busy: number; readonly waiting: number } {
    return { busy: this.#busy, waiting: this.#queue.length };
  }

  /** Whether another question would be turned away. */
  get full(): boolean {
    return this.#busy >= this.#options.threads && this.#queue.length >= this.#options.queueLimit;
  }

  /** The problem of a question that is refused. */
  get overloaded(): ProblemInit {
    return {
      code: 'OVERLOADED',
      detail: `${this.#busy} questions of this size are being answered and ${this.#queue.length} are waiting. Try again later.`,
      headers: { 'retry-after': String(this.#options.retryAfter) },
    };
  }

  /**
   * Has a question answered. Problems come as outcomes; rejects with ClientGone when `gone` fires first. The job's
   * segments change hands.
   */
  run<J extends Job>(job: J, gone: AbortSignal): Promise<OutcomeOf<J>> {
    if (this.full) {
      this.#options.observer?.rejected(this.#options.name);
      return Promise.resolve({ problem: this.overloaded } as OutcomeOf<J>);
    }
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        gone.removeEventListener('abort', onGone);
      };
      const entry: Entry = {
        job,
        resolve: (outcome) => {
          settle();
          resolve(outcome as OutcomeOf<J>);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const onGone = () => {
        entry.reject(new ClientGone('the client closed the connection before the answer'));
        this.#drop(entry, this.#options.abandonedLimit);
      };
      const timer = setTimeout(() => {
        const detail = `The question was not answered within ${this.#options.timeLimit / 1000} seconds. Ask about fewer nodes or Services.`;
        entry.resolve({ problem: { code: 'TIME_LIMIT', detail } });
        this.#drop(entry, 0);
      }, this.#options.timeLimit);
      if (gone.aborted) return onGone();
      gone.addEventListener('abort', onGone);
      this.#queue.push(entry);
      this.#next();
    });
  }

  /**
   * Takes an entry out of the queue, or stops the thread that works on it when it still does after `patience`
   * milliseconds.
   */
  #drop(entry: Entry, patience: number): void {
    const at = this.#queue.indexOf(entry);
    const { running } = entry;
    if (at >= 0) this.#queue.splice(at, 1);
    else if (patience === 0) running?.abort();
    else if (running !== undefined) entry.stopping = setTimeout(() => running.abort(), patience).unref();
  }

  #next(): void {
    while (this.#busy < this.#options.threads) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      this.#busy++;
      void this.#work(entry);
    }
  }

  async #work(entry: Entry): Promise<void> {
    entry.running = new AbortController();
    try {
      const { job } = entry;
      const ports = job.task === 'answer' && job.parts !== undefined ? [job.parts] : [];
      const transferList = [...job.segments, ...ports];
      entry.resolve(await this.#pool.run(job, { transferList, signal: entry.running.signal }));
    } catch (error) {
      entry.resolve({ problem: this.#fault(error) });
    } finally {
      clearTimeout(entry.stopping);
      this.#busy--;
      this.#next();
    }
  }

  /** A worker does not throw: what arrives here is its end. */
  #fault(error: unknown): ProblemInit {
    if ((error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY') {
      const detail = `The question needs more than ${this.#options.memory} MiB of memory. Leave out kinds that are not used, or ask about fewer nodes.`;
      return { code: 'MEMORY_LIMIT', detail };
    }
    // An aborted task has been answered already: nobody reads what is sent here.
    const { name, message } = error as Error;
    return name === 'AbortError' ? INTERNAL : { ...INTERNAL, fault: `worker: ${name}: ${message}` };
  }

  /** Stops the threads; questions being answered get no answer. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
