/** What an operator can set of the HTTP server, the defaults, and what is refused. */
import { type ResolvedWorkOptions, resolveWorkOptions, type WorkOptions, whole } from '../work/options.js';

export interface ServerOptions extends WorkOptions {
  /** How long a client may send nothing while its body is read, milliseconds. Default 30,000. */
  readonly bodyTimeout?: number;
  /** One JSON line per request on stdout. Nothing of bodies is in it. Default false. */
  readonly log?: boolean;
  /** Where the log's lines go. Default stdout. */
  readonly logStream?: { write(line: string): void };
}

export interface ResolvedOptions extends ResolvedWorkOptions {
  readonly bodyTimeout: number;
  readonly log: boolean;
  readonly logStream: { write(line: string): void };
}

/** Fills in the defaults. Throws RangeError that names the option, its bounds and why. */
export function resolveOptions(options: ServerOptions): ResolvedOptions {
  return {
    ...resolveWorkOptions(options),
    bodyTimeout: whole('bodyTimeout', options.bodyTimeout ?? 30_000, 1, 3_600_000),
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
