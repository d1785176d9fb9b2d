/**
 * A worker thread that does one job at a time: a message to the thread, a message back. A few small jobs may lie in its
 * mailbox meanwhile.
 */
import { type Transferable, Worker } from 'node:worker_threads';
import type { Job, Outcome, ThreadData, WorkerData } from './job.js';
import { packJob } from './sent-job.js';
import { type Ticket, Tickets } from './tickets.js';

export interface ThreadOptions {
  /** The thread's file, as a URL. It calls {@link import('./work.js').worker}. */
  readonly file: string;
  readonly workerData: WorkerData;
  /** How many jobs may lie in its mailbox beside the one that it works on. */
  readonly ahead: number;
  /** Its heap, MiB. */
  readonly memory: number;
}

/** What is called when something happens to a thread. */
export interface ThreadObserver {
  /** It has done a task: before the task hears of it. */
  readonly answered: () => void;
  /** There is no thread any more; the reason, unless it was stopped. Once, before its tasks hear of it. */
  readonly ended: (error: Error | undefined, busy: boolean) => void;
  /** Its tasks have heard of it. */
  readonly settled: () => void;
}

/** The first message of a thread: its file is loaded. */
export const LOADED = 'loaded';

/** Thrown where a job's thread was stopped. */
export class Stopped extends Error {}

/** What a thread is given to do. One of its functions is called, once, unless the task is withdrawn. */
export interface Task {
  readonly job: Job;
  /** Those with lower numbers came before. */
  readonly order: number;
  /** The job's outcome, or what ended its thread. */
  done(outcome: Outcome | undefined, error?: Error): void;
  /** The thread ended over another task: this one can be given to the next. */
  again(): void;
}

interface Posted {
  readonly task: Task;
  readonly ticket: Ticket;
  /** What changes hands instead of being copied. */
  readonly transfer: readonly Transferable[];
}

export class Thread {
  readonly #worker: Worker;
  readonly #tickets: Tickets;
  readonly #ahead: number;
  readonly loaded: Promise<void>;
  /** In the order in which they are done: the first is being worked on, unless it lies in the mailbox still. */
  #posted: Posted[] = [];
  /** Those that go to the thread at the end of this turn. */
  #unsent: Posted[] = [];
  #ends = false;
  /** Whose thread is stopped because of it. */
  #endsFor: Task | undefined;
  /** How many jobs all threads had done when this one answered last, or got its first job after a pause. */
  since = 0;

  constructor({ file, workerData, memory, ahead }: ThreadOptions, { answered, ended, settled }: ThreadObserver) {
    this.#ahead = ahead;
    this.#tickets = new Tickets(ahead + 1);
    const data: ThreadData = { ...workerData, tickets: this.#tickets.memory };
    this.#worker = new Worker(new URL(file), {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: memory },
    });
    let failure: Error | undefined;
    let stillLoading: ((error: Error) => void) | undefined;
    this.loaded = new Promise<void>((resolve, reject) => {
      stillLoading = reject;
      this.#worker.on('message', (message: Outcome | typeof LOADED) => {
        if (message === LOADED) {
          stillLoading = undefined;
          resolve();
          this.#rest();
        } else {
          answered();
          this.#finish(message);
        }
      });
    });
    // Whoever does not wait for it hears of it from `ended`.
    this.loaded.catch(() => {});
    this.#worker.on('error', (error) => {
      failure = error as Error;
    });
    this.#worker.on('exit', () => {
      this.#ends = true;
      const stopped = new Stopped('the thread was stopped');
      stillLoading?.(failure ?? stopped);
      ended(failure, this.#posted.length > 0);
      this.#settle(failure === undefined ? this.#endsFor : undefined, failure ?? stopped);
      settled();
    });
  }

  /** It has something to do, or takes nothing any more. */
  get busy(): boolean {
    return this.#posted.length > 0 || this.#ends;
  }

  /** It works on something, and more can be put into its mailbox. */
  get hasRoom(): boolean {
    const { length } = this.#posted;
    return length > 0 && length <= this.#ahead && !this.#ends;
  }

  /** How many jobs are behind the one that it works on. */
  get waiting(): number {
    return Math.max(0, this.#posted.length - 1);
  }

  /** The jobs behind the one that it works on. */
  get waitingTasks(): readonly Task[] {
    return this.#posted.slice(1).map(({ task }) => task);
  }

  /** Gives it a task. What comes in one turn of the event loop goes in one message: each one wakes the thread. */
  post(task: Task, transfer: readonly Transferable[]): void {
    const posted = { task, ticket: this.#tickets.issue(), transfer };
    if (this.#posted.length === 0) this.#worker.ref();
    this.#posted.push(posted);
    this.#unsent.push(posted);
    if (this.#unsent.length === 1) setImmediate(() => this.#send());
  }

  #send(): void {
    const sent = this.#unsent;
    this.#unsent = [];
    if (sent.length === 0) return;
    const jobs = sent.map(({ task, ticket }) => packJob(task.job, ticket.cell, ticket.number));
    const transfer = sent.flatMap((posted) => posted.transfer);
    this.#worker.postMessage(jobs, transfer);
  }

  /** Takes a job back; false where it has begun, or is not here. */
  withdraw(task: Task): boolean {
    const at = this.#posted.findIndex((posted) => posted.task === task);
    const posted = this.#posted[at];
    if (posted === undefined || !this.#tickets.withdraw(posted.ticket)) return false;
    this.#posted.splice(at, 1);
    const unsent = this.#unsent.indexOf(posted);
    if (unsent >= 0) this.#unsent.splice(unsent, 1);
    this.#tickets.release(posted.ticket);
    this.#rest();
    return true;
  }

  has(task: Task): boolean {
    return this.#posted.some((posted) => posted.task === task);
  }

  /** A thread that has nothing to do does not keep the process; one that is being ended does. */
  #rest(): void {
    if (!this.busy) this.#worker.unref();
  }

  /** The first job is done. */
  #finish(outcome: Outcome): void {
    const posted = this.#posted.shift();
    if (posted === undefined) return;
    this.#tickets.release(posted.ticket);
    this.#rest();
    posted.task.done(outcome);
  }

  /** The thread has ended: because of `endsFor`, else of the job that it worked on. The others wait again. */
  #settle(endsFor: Task | undefined, error: Error): void {
    const left = this.#posted;
    [this.#posted, this.#unsent] = [[], []];
    const over = endsFor ?? left[0]?.task;
    for (const { task } of left) if (task !== over) task.again();
    for (const { task } of left) if (task === over) task.done(undefined, error);
  }

  /** Ends the thread; `task` is why. */
  async stop(task?: Task): Promise<void> {
    this.#ends = true;
    this.#endsFor ??= task;
    await this.#worker.terminate();
  }
}
