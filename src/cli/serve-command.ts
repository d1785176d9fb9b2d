import { once } from 'node:events';
import { serve } from '../rest/serve.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type Io, writeAll } from './io.js';
import { UsageError } from './usage-error.js';
import { readPort } from './words.js';

/** An option's value, else that of the environment, where an empty one counts as none. */
function setting(args: Arguments, io: Io, option: string, variable: string): readonly [string, string | undefined] {
  const given = args.one(option);
  return given === undefined ? [variable, io.env[variable] || undefined] : [`--${option}`, given];
}

function port(args: Arguments, io: Io, option: string, variable: string): number | undefined {
  const [name, text] = setting(args, io, option, variable);
  return text === undefined ? undefined : readPort(name, text, 0);
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there',
  EADDRNOTAVAIL: 'this host does not have the address',
  EACCES: 'permission denied',
  ENOTFOUND: 'the name cannot be resolved',
};

/** Listens until SIGTERM or SIGINT, then lets the requests under way finish. A second signal ends at once. */
export async function runServe(args: Arguments, io: Io): Promise<ExitCode> {
  const [, host = '127.0.0.1'] = setting(args, io, 'host', 'HOST');
  const listenPort = port(args, io, 'port', 'PORT') ?? 8080;
  if (port(args, io, 'grpc-port', 'GRPC_PORT') !== undefined) {
    await writeAll(io.stderr, 'gRPC is not part of this version of kube-whatif: only HTTP is served.\n');
  }
  let server: Awaited<ReturnType<typeof serve>>;
  try {
    server = await serve({ host, port: listenPort });
  } catch (error) {
    const reason = LISTEN_ERRORS[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    throw new UsageError(`Cannot listen at ${host} port ${listenPort}: ${reason}.`);
  }
  await writeAll(io.stdout, `kube-whatif listens at ${server.url}\n`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await server.close();
  return EXIT.FINE;
}
