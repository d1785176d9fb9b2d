/** The options of the HTTP server, and the defaults. */
import { whole } from '../work/work-options.js';

export interface ServerOptions {
  /** How long a client may send nothing while its body is read, milliseconds. Default 30,000. */
  readonly bodyTimeout?: number;
  /** Proxies, by address or CIDR, whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustProxy?: readonly string[];
  /** Origins of web pages whose scripts may ask (CORS); `*` for all. Default: none. */
  readonly corsOrigins?: readonly string[];
  /** `/metrics`: `on` needs a token where questions do, `open` never does, `off` is not there. Default `on`. */
  readonly metrics?: 'on' | 'open' | 'off';
  /** The page for people at `/`, where it was built. Default `on`. */
  readonly ui?: 'on' | 'off';
}

export type ResolvedOptions = Required<ServerOptions>;

/** Fills in the defaults. Throws RangeError that names the option, its bounds and why. */
export function resolveOptions(options: ServerOptions): ResolvedOptions {
  return {
    bodyTimeout: whole('bodyTimeout', options.bodyTimeout ?? 30_000, 1, 3_600_000),
    trustProxy: options.trustProxy ?? [],
    corsOrigins: options.corsOrigins ?? [],
    metrics: options.metrics ?? 'on',
    ui: options.ui ?? 'on',
  };
}
