/** What an operator can set of the HTTP server, the defaults, and what is refused. */
import { type ResolvedWorkOptions, resolveWorkOptions, type WorkOptions, whole } from '../work/options.js';

export interface ServerOptions extends WorkOptions {
  /** How long a client may send nothing while its body is read, milliseconds. Default 30,000. */
  readonly bodyTimeout?: number;
  /** Bytes of held snapshots in memory; 0 holds none. Default 512 MiB. */
  readonly snapshotMemory?: number;
  /** How long a snapshot is held that nobody asks about, milliseconds. Default one hour. */
  readonly snapshotIdle?: number;
  /** One JSON line per request on stdout. Nothing of bodies is in it. Default false. */
  readonly log?: boolean;
  /** Where the log's lines go. Default stdout. */
  readonly logStream?: { write(line: string): void };
}

export interface ResolvedOptions extends ResolvedWorkOptions {
  readonly bodyTimeout: number;
  readonly snapshotMemory: number;
  readonly snapshotIdle: number;
  readonly log: boolean;
  readonly logStream: { write(line: string): void };
}

/** Fills in the defaults. Throws RangeError that names the option, its bounds and why. */
export function resolveOptions(options: ServerOptions): ResolvedOptions {
  return {
    ...resolveWorkOptions(options),
    bodyTimeout: whole('bodyTimeout', options.bodyTimeout ?? 30_000, 1, 3_600_000),
    snapshotMemory: whole('snapshotMemory', options.snapshotMemory ?? 512 * 1024 * 1024, 0, Number.MAX_SAFE_INTEGER),
    snapshotIdle: whole('snapshotIdle', options.snapshotIdle ?? 3_600_000, 1, 30 * 86_400_000),
    log: options.log ?? false,
    logStream: options.logStream ?? process.stdout,
  };
}

/** Options from environment variables: BODY_LIMIT in bytes, LOG=1. Throws RangeError for a BODY_LIMIT that is no number. */
export function optionsFromEnvironment(env: Readonly<Record<string, string | undefined>>): ServerOptions {
  const limit = env.BODY_LIMIT;
  return {
    ...(limit === undefined || limit === '' ? {} : { bodyLimit: Number(limit) }),
    log: env.LOG === '1',
  };
}
