/** Runs the command line: as the process that users start, or inside this one where many runs are wanted. */
import { spawn } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../src/cli.js';

export const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `node main.js ARGS` with these bytes on its standard input. */
export function runMain(args: readonly string[], stdin: string | Buffer = ''): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
    // A program that does not read its input closes it early.
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
  });
}

export interface Terminal {
  /** Bytes on standard input; absent: standard input is a terminal. */
  readonly stdin?: string | Buffer;
  readonly stdoutIsTerminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** The same inside this process. */
export async function run(args: readonly string[], terminal: Terminal = {}): Promise<Run> {
  const text = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(bytes: Buffer, _, done) {
        text[name] += bytes.toString();
        done();
      },
    });
  const { stdin, stdoutIsTerminal = false, env = {} } = terminal;
  const code = await runCli(args, {
    stdin: Object.assign(Readable.from(stdin === undefined ? [] : [Buffer.from(stdin)]), {
      isTTY: stdin === undefined,
    }),
    stdout: Object.assign(sink('stdout'), { isTTY: stdoutIsTerminal }),
    stderr: sink('stderr'),
    env,
  });
  return { code, ...text };
}
