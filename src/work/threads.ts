/**
 * The worker threads of a lane, and what lies in their mailboxes. A thread that ends is replaced.
 */
import type { Transferable } from 'node:worker_threads';
import { type Task, Thread, type ThreadOptions } from './thread.js';

export interface ThreadsOptions extends ThreadOptions {
  readonly threads: number;
  /** Threads start when a job needs them. */
  readonly onDemand: boolean;
  /** A thread ended that had nothing to do. */
  readonly failed: (error: Error) => void;
  /** There is a thread less, and room for another. */
  readonly ended: () => void;
}

/** A thread is slow where all threads have done so many jobs for each of them since it answered last. */
const SLOW = 2;

export class Threads {
  readonly #options: ThreadsOptions;
  readonly #threads = new Set<Thread>();
  #closed = false;
  /** How many jobs have been done. */
  #answers = 0;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    if (!options.onDemand) for (let i = 0; i < options.threads; i++) this.#start();
  }

  #start(): Thread {
    let isLoaded = false;
    const { threads, onDemand, failed } = this.#options;
    const thread: Thread = new Thread(this.#options, {
      answered: () => {
        thread.since = ++this.#answers;
      },
      ended: (error, busy) => {
        this.#threads.delete(thread);
        if (this.#closed) return;
        if (error !== undefined && !busy) failed(error);
        // One that cannot even load its file would fail again at once.
        if (isLoaded && !onDemand && this.#threads.size < threads) this.#start();
      },
      settled: this.#options.ended,
    });
    thread.loaded.then(
      () => {
        isLoaded = true;
      },
      () => {},
    );
    this.#threads.add(thread);
    return thread;
  }

  /** Resolves once all threads have loaded their file. Rejects with what keeps one from it. */
  async ready(): Promise<void> {
    await Promise.all([...this.#threads].map(({ loaded }) => loaded));
  }

  /** How many threads have something to do. */
  get busy(): number {
    let count = 0;
    for (const thread of this.#threads) if (thread.busy) count++;
    return count;
  }

  /** How many jobs lie in mailboxes behind others. */
  get waiting(): number {
    let count = 0;
    for (const thread of this.#threads) count += thread.waiting;
    return count;
  }

  /** Has a thread that has nothing to do work on a task; there must be one, or room for one. */
  begin(task: Task, transfer: readonly Transferable[]): void {
    let free: Thread | undefined;
    for (const thread of this.#threads) {
      if (!thread.busy) {
        free = thread;
        break;
      }
    }
    free ??= this.#start();
    free.since = this.#answers;
    free.post(task, transfer);
  }

  #isSlow({ since }: Thread): boolean {
    return this.#threads.size > 1 && this.#answers - since >= SLOW * this.#threads.size;
  }

  /** Puts a task into a mailbox, behind those that are there; false where there is no room. It is copied. */
  add(task: Task): boolean {
    let best: Thread | undefined;
    for (const thread of this.#threads) {
      if (!thread.hasRoom || this.#isSlow(thread)) continue;
      if (best === undefined || thread.waiting < best.waiting) best = thread;
    }
    best?.post(task, []);
    return best !== undefined;
  }

  /** Takes back what lies behind a job that takes much longer than those of other threads. */
  takeFromSlow(): readonly Task[] {
    if (this.#threads.size < 2) return [];
    const taken: Task[] = [];
    for (const thread of this.#threads) {
      if (thread.waiting === 0 || !this.#isSlow(thread)) continue;
      for (const task of thread.waitingTasks) if (thread.withdraw(task)) taken.push(task);
    }
    return taken;
  }

  /** Takes back the oldest task that lies in a mailbox behind another one. */
  takeOldest(): Task | undefined {
    if (this.#threads.size < 2) return undefined;
    const waiting = [...this.#threads].flatMap((thread) => thread.waitingTasks);
    return waiting.sort((a, b) => a.order - b.order).find((task) => this.withdraw(task));
  }

  /** Takes a task back; false where a thread has begun with it. */
  withdraw(task: Task): boolean {
    for (const thread of this.#threads) if (thread.withdraw(task)) return true;
    return false;
  }

  /** Ends the thread that works on a task, if it still does. */
  stop(task: Task): void {
    for (const thread of this.#threads) if (thread.has(task)) void thread.stop(task);
  }

  /** Ends the threads; jobs that are being done end with {@link import('./thread.js').Stopped}. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#threads].map((thread) => thread.stop()));
  }
}
