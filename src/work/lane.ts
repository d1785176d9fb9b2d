/** A lane: worker threads that answer one question each at a time, and a bounded queue before them. */
import { ClientGone } from './body.js';
import type { Client } from './client.js';
import type { Job, Outcome, OutcomeOf, WorkerData } from './job.js';
import type { WorkObserver } from './observer.js';
import { INTERNAL, type ProblemInit } from './problem.js';
import { Stopped, Threads } from './threads.js';

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
  /** Stops the thread that works on it. */
  stop?: () => void;
  /** Set once nobody waits for it any more. */
  stopping?: NodeJS.Timeout;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #threads: Threads;
  readonly #queue: Entry[] = [];
  #busy = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#threads = new Threads({
      file: options.file,
      threads: options.threads,
      onDemand: options.onDemand,
      workerData: options.workerData ?? { parsedLimit: 0 },
      memory: options.memory,
      failed: (error) => options.observer?.threadFailed(error),
    });
  }

  /** Resolves once every thread has loaded its code; at once where threads start on demand. */
  async ready(): Promise<void> {
    await this.#threads.ready();
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
      detail:
        `${this.#busy} questions of this size are being answered and ${this.#queue.length} are waiting. Try ` +
        'again later.',
      headers: { 'retry-after': String(this.#options.retryAfter) },
    };
  }

  /**
   * Has a question answered. Problems come as outcomes; rejects with ClientGone when the client goes first. The job's
   * segments change hands.
   */
  run<J extends Job>(job: J, client: Client): Promise<OutcomeOf<J>> {
    if (this.full) {
      this.#options.observer?.rejected(this.#options.name);
      return Promise.resolve({ problem: this.overloaded } as OutcomeOf<J>);
    }
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        client.offGone(onGone);
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
        const detail =
          `The question was not answered within ${this.#options.timeLimit / 1000} seconds. Ask about fewer ` +
          'nodes or Services.';
        entry.resolve({ problem: { code: 'TIME_LIMIT', detail } });
        this.#drop(entry, 0);
      }, this.#options.timeLimit);
      if (client.gone) return onGone();
      client.onGone(onGone);
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
    const { stop } = entry;
    if (at >= 0) this.#queue.splice(at, 1);
    else if (patience === 0) stop?.();
    else if (stop !== undefined) entry.stopping = setTimeout(stop, patience).unref();
  }

  #next(): void {
    while (this.#busy < this.#options.threads) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      this.#busy++;
      this.#work(entry);
    }
  }

  #work(entry: Entry): void {
    const { job } = entry;
    const ports = job.task === 'answer' && job.parts !== undefined ? [job.parts] : [];
    entry.stop = this.#threads.run(job, [...job.segments, ...ports], (outcome, error) => {
      // A thread that has answered is not to be stopped.
      delete entry.stop;
      clearTimeout(entry.stopping);
      this.#busy--;
      entry.resolve(outcome ?? { problem: this.#fault(error) });
      this.#next();
    });
  }

  /** A worker does not throw: what arrives here is its end. */
  #fault(error: unknown): ProblemInit {
    if ((error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY') {
      const detail =
        `The question needs more than ${this.#options.memory} MiB of memory. Leave out kinds that are not ` +
        'used, or ask about fewer nodes.';
      return { code: 'MEMORY_LIMIT', detail };
    }
    // A job that was stopped has been answered already: nobody reads what is sent here.
    const { name, message } = error as Error;
    return error instanceof Stopped ? INTERNAL : { ...INTERNAL, fault: `worker: ${name}: ${message}` };
  }

  /** Stops the threads; questions being answered get no answer. */
  async close(): Promise<void> {
    await this.#threads.close();
  }
}
