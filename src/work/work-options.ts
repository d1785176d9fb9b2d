/** What an operator can set of the workers, the defaults, and what is refused. */
import { availableParallelism } from 'node:os';

export interface WorkOptions {
  /** The largest request or snapshot, in bytes after inflating. Default 256 MiB; at most {@link MAX_BODY_LIMIT}. */
  readonly bodyLimit?: number;
  /** Bytes that all requests in memory may take together. Default 1 GiB, at least twice the body limit. */
  readonly bufferLimit?: number;
  /** How long a question may wait and be worked on together, milliseconds. Default 60,000. */
  readonly timeLimit?: number;
  /** The lane for requests under {@link SMALL_BODY}. */
  readonly small?: Partial<LaneSize>;
  /** The lane for the others. */
  readonly large?: Partial<LaneSize>;
  /** The lane for questions about held snapshots. */
  readonly held?: Partial<LaneSize>;
  /**
   * Threads start when the first question needs them, so that the service is ready at once. Default: when it starts.
   */
  readonly threadsOnDemand?: boolean;
  /** URL of another worker file; for tests. */
  readonly workerFile?: string;
}

interface LaneSize {
  readonly threads: number;
  readonly queueLimit: number;
  /** Heap of a thread, MiB. */
  readonly memory: number;
}

export interface ResolvedWorkOptions extends Required<Omit<WorkOptions, 'small' | 'large' | 'held'>> {
  readonly small: LaneSize;
  readonly large: LaneSize;
  readonly held: LaneSize;
}

/** The longest string that V8 holds: a body must exist as one to be parsed. */
export const MAX_BODY_LIMIT = 0x1fffffe8;

/** Requests of fewer bytes (after inflating) have threads of their own, so that they never wait behind large ones. */
export const SMALL_BODY = 1024 * 1024;

const MIB = 1024 * 1024;

/** The value, if it is a whole number within bounds. Throws RangeError that names the option and the bounds. */
export function whole(name: string, value: number, least: number, most: number, why = ''): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}${why}, not ${value}`);
}

/** Fills in the defaults. Throws RangeError that names the option, its bounds and why. */
export function resolveWorkOptions(options: WorkOptions): ResolvedWorkOptions {
  const cores = availableParallelism();
  const lane = (name: string, given: Partial<LaneSize> | undefined, defaults: LaneSize): LaneSize => ({
    threads: whole(`${name}.threads`, given?.threads ?? defaults.threads, 1, 256),
    queueLimit: whole(`${name}.queueLimit`, given?.queueLimit ?? defaults.queueLimit, 0, 100_000),
    memory: whole(`${name}.memory`, given?.memory ?? defaults.memory, 16, 1_000_000),
  });
  const bodyLimit = whole(
    'the body limit (BODY_LIMIT)',
    options.bodyLimit ?? 256 * MIB,
    1,
    MAX_BODY_LIMIT,
    ' (the longest string that the JavaScript engine holds)',
  );
  return {
    bodyLimit,
    bufferLimit: whole(
      'bufferLimit',
      options.bufferLimit ?? Math.max(1024 * MIB, 2 * bodyLimit),
      1,
      Number.MAX_SAFE_INTEGER,
    ),
    timeLimit: whole('timeLimit', options.timeLimit ?? 60_000, 1, 3_600_000),
    small: lane('small', options.small, {
      threads: Math.min(Math.max(cores - 1, 1), 8),
      queueLimit: 256,
      memory: 1024,
    }),
    large: lane('large', options.large, { threads: Math.min(Math.max(cores >> 1, 1), 4), queueLimit: 8, memory: 4096 }),
    held: lane('held', options.held, {
      threads: Math.min(Math.max(cores - 1, 1), 8),
      queueLimit: 256,
      memory: 4096,
    }),
    threadsOnDemand: options.threadsOnDemand ?? false,
    workerFile: options.workerFile ?? new URL('./worker.js', import.meta.url).href,
  };
}
