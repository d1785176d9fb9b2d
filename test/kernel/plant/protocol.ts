/** What a plant and its agents, one per network namespace, say to each other: a JSON value per line. */

export interface Listener {
  readonly port: number;
  /** Default: every address. */
  readonly address?: string;
}

/** One connection to open, or for UDP one datagram to send. */
export interface Flow {
  readonly protocol: 'TCP' | 'UDP';
  readonly address: string;
  readonly port: number;
  /** The client's own address, where it has several. */
  readonly from?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

export type Command =
  /** Listen on these ports and no others. */
  | { readonly op: 'listen'; readonly tcp: readonly Listener[]; readonly udp: readonly Listener[] }
  /** Flows of one sequence follow each other; up to `concurrency` sequences are under way at a time. */
  | { readonly op: 'connect'; readonly sequences: readonly (readonly Flow[])[]; readonly concurrency: number }
  | { readonly op: 'run'; readonly argv: readonly string[]; readonly input: string }
  /** Start a command that reports packets for as long as it runs; one at a time. Empty: end it. */
  | { readonly op: 'watch'; readonly argv: readonly string[] }
  /**
   * Everything the command reported since the last time. It has reported all packets so far when it reports one more: a
   * datagram to the loopback's `port` that holds `payload`, known by `needle` in what is reported.
   */
  | {
      readonly op: 'watched';
      readonly address: string;
      readonly port: number;
      readonly payload: string;
      readonly needle: string;
    }
  /** Empty all lists of xt_recent. */
  | { readonly op: 'forget' }
  /** Files of /proc/sys by path below it, where they exist. `*` in place of a directory: every one. */
  | { readonly op: 'sysctl'; readonly values: Readonly<Record<string, string>> };

export interface RunResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * What a client saw of a flow: `CONNECTED name address:port sees client` (the server's name, the address it was
 * reached under, the client address it saw), `REFUSED`, `TIMEOUT`, `UNREACHABLE` (no route, by ICMP), `SILENT` (a
 * connection over which nothing came), or `ERROR code`.
 */
export type Observed = string;

export interface AnswerOf {
  readonly listen: true;
  readonly connect: readonly (readonly Observed[])[];
  readonly run: RunResult;
  readonly watch: true;
  /** Base64. */
  readonly watched: string;
  /** Whether it may. */
  readonly forget: boolean;
  readonly sysctl: true;
}
