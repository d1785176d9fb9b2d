/** `open`: a server on 127.0.0.1 for one snapshot, and a browser that looks at it. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readSettings, shownSettings } from '../operations/service-settings.js';
import { SettingsError } from '../operations/variables.js';
import { type Serving, serve } from '../serve/serve.js';
import { readPort } from '../words/read-values.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type Io, writeAll } from './io.js';
import { liveSnapshot } from './live.js';
import { type SnapshotFile, snapshotFiles } from './snapshot-files.js';

/** As long as the server runs, whatever the environment says of servers for others. */
const A_MONTH = String(30 * 86_400);

/** What a server for one person, on this host alone, needs: no token, no gRPC, and the snapshot stays. */
function environment(args: Arguments, io: Io, bytes: number): Io['env'] {
  const port = args.one('port');
  return {
    LOG_LEVEL: io.env.LOG_LEVEL ?? 'warn',
    HOST: '127.0.0.1',
    PORT: port === undefined ? '0' : String(readPort('--port', port, 0)),
    GRPC_PORT: 'off',
    METRICS: 'off',
    UI: 'on',
    SNAPSHOT_IDLE: A_MONTH,
    SNAPSHOT_MEMORY: String(Math.max(512 * 1024 * 1024, 4 * bytes)),
  };
}

/** The command that opens an address in the user's browser. */
function opener(platform: NodeJS.Platform, env: Io['env']): readonly [string, readonly string[]] {
  if (env.BROWSER !== undefined && env.BROWSER !== '') return [env.BROWSER, []];
  if (platform === 'darwin') return ['open', []];
  if (platform === 'win32') return ['cmd', ['/c', 'start', '']];
  return ['xdg-open', []];
}

/** Opens the address. Where there is no browser nothing happens: the address has been printed. */
function openBrowser(address: string, io: Io): void {
  const [command, first] = opener(process.platform, io.env);
  const child = spawn(command, [...first, address], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

/**
 * Has the server hold the files as one snapshot. Returns its digest. Throws UsageError with what is wrong with the
 * files.
 */
async function hold(url: string, files: readonly SnapshotFile[]): Promise<string> {
  const hash = createHash('sha256');
  const form = new FormData();
  for (const { name, bytes } of files) {
    hash.update(bytes);
    form.append('snapshot', new Blob([new Uint8Array(bytes)]), name);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  const response = await fetch(`${url}/v1/snapshots/${digest}`, { method: 'PUT', body: form });
  if (response.ok) return digest;
  const { detail, errors } = (await response.json()) as {
    readonly detail: string;
    readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
  };
  throw new UsageError([detail, ...errors.map((one) => `  ${one.pointer}: ${one.detail}`)].join('\n'));
}

async function started(env: Io['env']): Promise<Serving> {
  try {
    // One person asks, mostly about the one snapshot that is held: most threads are never needed.
    return await serve(readSettings(env), shownSettings(env), { threadsOnDemand: true });
  } catch (error) {
    if (error instanceof SettingsError) throw new UsageError(`Cannot serve.\n${error.problems.join('\n')}`);
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new UsageError(`Cannot listen at 127.0.0.1 port ${env.PORT}: something else listens there.`);
    throw error;
  }
}

/**
 * Starts the server, has it hold the snapshot, prints the page's address and opens it. The server lives on in the event
 * loop until SIGINT or SIGTERM. Throws UsageError, QuestionError.
 */
export async function runOpen(args: Arguments, io: Io): Promise<ExitCode> {
  const piped = io.stdin.isTTY !== true && !args.has('context') && !args.has('kubeconfig');
  const fromFiles = args.has('snapshot') || piped;
  const files = fromFiles ? await snapshotFiles(args, io, undefined) : await liveSnapshot(args, io);
  const bytes = files.reduce((all, file) => all + file.bytes.length, 0);
  const serving = await started(environment(args, io, bytes));
  try {
    const digest = await hold(serving.url, files);
    const name = files.map((file) => file.name).join(', ');
    const address = `${serving.url}/#/${digest}/services?name=${encodeURIComponent(name)}`;
    await writeAll(io.stdout, `kube-whatif shows the snapshot at\n  ${address}\nStop it with Ctrl+C.\n`);
    if (!args.has('no-browser')) openBrowser(address, io);
  } catch (error) {
    await serving.close();
    throw error;
  }
  return EXIT.FINE;
}
