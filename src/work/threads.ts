/**
 * Worker threads that do one job each at a time: a message to the thread, a message back. One that ends is replaced.
 */
import { type Transferable, Worker } from 'node:worker_threads';
import type { Job, Outcome, WorkerData } from './job.js';

export interface ThreadsOptions {
  /** The threads' file, as a URL. It calls {@link import('./work.js').worker}. */
  readonly file: string;
  readonly threads: number;
  /** Threads start when a job needs them. */
  readonly onDemand: boolean;
  readonly workerData: WorkerData;
  /** The heap of one thread, MiB. */
  readonly memory: number;
  /** A thread ended that had nothing to do. */
  readonly failed: (error: Error) => void;
}

/** The first message of a thread: its file is loaded. */
export const LOADED = 'loaded';

/** Thrown where a job's thread was stopped. */
export class Stopped extends Error {}

/** Called once: with the outcome, or with what ended the thread. */
type Done = (outcome: Outcome | undefined, error?: Error) => void;

class Thread {
  readonly #worker: Worker;
  readonly loaded: Promise<void>;
  #done: Done | undefined;

  /** `ended`: called once when there is no thread any more, with the reason unless it was stopped. */
  constructor({ file, workerData, memory }: ThreadsOptions, ended: (error: Error | undefined, busy: boolean) => void) {
    this.#worker = new Worker(new URL(file), { workerData, resourceLimits: { maxOldGenerationSizeMb: memory } });
    let failure: Error | undefined;
    let stillLoading: ((error: Error) => void) | undefined;
    this.loaded = new Promise<void>((resolve, reject) => {
      stillLoading = reject;
      this.#worker.on('message', (message: Outcome | typeof LOADED) => {
        if (message === LOADED) {
          stillLoading = undefined;
          resolve();
          if (this.#done === undefined) this.#worker.unref();
        } else this.#finish(message);
      });
    });
    // Whoever does not wait for it hears of it from `ended`.
    this.loaded.catch(() => {});
    this.#worker.on('error', (error) => {
      failure = error as Error;
    });
    this.#worker.on('exit', () => {
      const busy = this.#done !== undefined;
      stillLoading?.(failure ?? new Stopped('the thread was stopped'));
      ended(failure, busy);
      this.#finish(undefined, failure ?? new Stopped('the thread was stopped'));
    });
  }

  get busy(): boolean {
    return this.#done !== undefined;
  }

  run(job: Job, transfer: readonly Transferable[], done: Done): void {
    this.#done = done;
    this.#worker.ref();
    this.#worker.postMessage(job, transfer);
  }

  #finish(outcome: Outcome | undefined, error?: Error): void {
    const done = this.#done;
    this.#done = undefined;
    this.#worker.unref();
    done?.(outcome, error);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

export class Threads {
  readonly #options: ThreadsOptions;
  readonly #threads = new Set<Thread>();
  #closed = false;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    if (!options.onDemand) for (let i = 0; i < options.threads; i++) this.#start();
  }

  #start(): Thread {
    let isLoaded = false;
    const thread = new Thread(this.#options, (error, busy) => {
      this.#threads.delete(thread);
      if (this.#closed) return;
      if (error !== undefined && !busy) this.#options.failed(error);
      // One that cannot even load its file would fail again at once.
      if (isLoaded && !this.#options.onDemand) this.#start();
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

  /**
   * Has a thread that is free do a job; there must be one. Calls `done` with the outcome, or with the error that ended
   * the thread. Returns what stops it.
   */
  run(job: Job, transfer: readonly Transferable[], done: Done): () => void {
    let free: Thread | undefined;
    for (const thread of this.#threads) {
      if (!thread.busy) {
        free = thread;
        break;
      }
    }
    free ??= this.#start();
    const thread = free;
    thread.run(job, transfer, done);
    return () => void thread.stop();
  }

  /** Ends the threads; jobs that are being done end with {@link Stopped}. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#threads].map((thread) => thread.stop()));
  }
}
