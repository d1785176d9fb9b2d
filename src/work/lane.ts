/**
 * A lane: worker threads that answer one question each at a time, and a bounded queue before them. Its first small
 * questions lie in the mailboxes of threads that are at work: a thread that finds the next one there is not woken for
 * it, which takes as long as to read it. They count as waiting, and are taken back for a thread that has nothing to do.
 */
import type { Transferable } from 'node:worker_threads';
import { ClientGone } from './body.js';
import type { Client } from './client.js';
import type { Job, Outcome, OutcomeOf, WorkerData } from './job.js';
import type { WorkObserver } from './observer.js';
import { INTERNAL, type ProblemInit } from './problem.js';
import { Stopped, type Task } from './thread.js';
import { Threads } from './threads.js';

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
  /** How many small questions may lie in the mailbox of a thread; absent: none. */
  readonly ahead?: number;
}

interface Entry extends Task {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
  /** Set once nobody waits for it any more. */
  stopping?: NodeJS.Timeout;
}

/** Requests of at most so many bytes are copied into mailboxes; others wait until their thread has nothing to do. */
const COPIED = 16 * 1024;

/** Whether it can lie in a mailbox: it is taken back by being forgotten there. */
function isLight({ job }: Entry): boolean {
  return job.task === 'answer' && job.parts === undefined && job.length <= COPIED;
}

/** What changes hands with a job that is not copied. */
function transferOf({ job }: Entry): readonly Transferable[] {
  return job.task === 'answer' && job.parts !== undefined ? [...job.segments, job.parts] : job.segments;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #threads: Threads;
  readonly #queue: Entry[] = [];
  #orders = 0;
  #closed = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#threads = new Threads({
      file: options.file,
      threads: options.threads,
      onDemand: options.onDemand,
      workerData: options.workerData ?? { parsedLimit: 0 },
      ahead: options.ahead ?? 0,
      memory: options.memory,
      failed: (error) => options.observer?.threadFailed(error),
      ended: () => this.#next(),
    });
  }

  /** Resolves once every thread has loaded its code; at once where threads start on demand. */
  async ready(): Promise<void> {
    await this.#threads.ready();
  }

  get #waiting(): number {
    return this.#threads.waiting + this.#queue.length;
  }

  /** How many questions are being answered, and how many wait. */
  get load(): { readonly busy: number; readonly waiting: number } {
    return { busy: this.#threads.busy, waiting: this.#waiting };
  }

  /** Whether another question would be turned away. */
  get full(): boolean {
    return this.#threads.busy >= this.#options.threads && this.#waiting >= this.#options.queueLimit;
  }

  /** The problem of a question that is refused. */
  get overloaded(): ProblemInit {
    return {
      code: 'OVERLOADED',
      detail:
        `${this.#threads.busy} questions of this size are being answered and ${this.#waiting} are waiting. Try ` +
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
        order: this.#orders++,
        done: (outcome, error) => this.#done(entry, outcome, error),
        again: () => {
          this.#queue.splice(this.#placeOf(entry), 0, entry);
          this.#next();
        },
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

  /** Where in the queue it was, among those that came before it and after it. */
  #placeOf({ order }: Task): number {
    const at = this.#queue.findIndex((other) => other.order > order);
    return at < 0 ? this.#queue.length : at;
  }

  /**
   * Takes an entry out of the queue or the mailbox that it is in, or stops the thread that works on it when it still
   * does after `patience` milliseconds.
   */
  #drop(entry: Entry, patience: number): void {
    const at = this.#queue.indexOf(entry);
    if (at >= 0) this.#queue.splice(at, 1);
    else if (this.#threads.withdraw(entry)) this.#next();
    else if (patience === 0) this.#threads.stop(entry);
    else entry.stopping = setTimeout(() => this.#threads.stop(entry), patience).unref();
  }

  #next(): void {
    const { threads } = this.#options;
    while (!this.#closed) {
      if (this.#threads.busy < threads) {
        // What lies in a mailbox came before what is in the queue.
        const entry = (this.#threads.takeOldest() as Entry | undefined) ?? this.#queue.shift();
        if (entry === undefined) return;
        this.#threads.begin(entry, transferOf(entry));
      } else {
        const [first] = this.#queue;
        if (first === undefined || !isLight(first) || !this.#threads.add(first)) return;
        this.#queue.shift();
      }
    }
  }

  #done(entry: Entry, outcome: Outcome | undefined, error: Error | undefined): void {
    // A thread that has answered is not to be stopped.
    clearTimeout(entry.stopping);
    entry.resolve(outcome ?? { problem: this.#fault(error) });
    for (const task of this.#threads.takeFromSlow()) this.#queue.splice(this.#placeOf(task), 0, task as Entry);
    this.#next();
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
    this.#closed = true;
    await this.#threads.close();
  }
}
