/** Runs kubectl, with the options that choose its cluster. Nothing but `get` and `config view` is ever run. */
import { execFile } from 'node:child_process';
import type { Arguments } from './arguments.js';
import type { Io } from './io.js';

/** kubectl answers no more than this at once: what a snapshot may have. */
const MOST_BYTES = 512 * 1024 * 1024;

/** Options that are handed on to kubectl as they are. */
const KUBECTL_OPTIONS = ['context', 'kubeconfig', 'request-timeout'] as const;

export interface KubectlDone {
  readonly stdout: Buffer;
  /** What kubectl said is wrong; undefined: it ended well. */
  readonly failure: string | undefined;
  /** There is no program kubectl. */
  readonly missing: boolean;
}

/** The options of the command line that choose the cluster. */
function chosen(args: Arguments): string[] {
  return KUBECTL_OPTIONS.flatMap((name) => {
    const value = args.one(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
}

/** Runs `kubectl WORDS…` and waits for its end. */
export function runKubectl(words: readonly string[], args: Arguments, io: Io): Promise<KubectlDone> {
  return new Promise((resolve) => {
    const env = Object.fromEntries(Object.entries(io.env).filter(([, value]) => value !== undefined));
    execFile(
      'kubectl',
      [...chosen(args), ...words],
      { env: env as NodeJS.ProcessEnv, encoding: 'buffer', maxBuffer: MOST_BYTES },
      (error, stdout, stderr) => {
        const text = stderr.toString('utf8').trim();
        const failure = error === null ? undefined : text === '' ? error.message : text;
        resolve({ stdout, failure, missing: (error as NodeJS.ErrnoException | null)?.code === 'ENOENT' });
      },
    );
  });
}
