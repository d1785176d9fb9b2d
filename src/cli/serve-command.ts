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

/**
 * Starts the service and says where it listens. It lives on in the event loop: SIGTERM and SIGINT let the questions
 * under way finish, and then the process ends with this exit code.
 */
export async function runServe(args: Arguments, io: Io): Promise<ExitCode> {
  const [, host = '127.0.0.1'] = setting(args, io, 'host', 'HOST');
  const listenPort = port(args, io, 'port', 'PORT') ?? 8080;
  if (port(args, io, 'grpc-port', 'GRPC_PORT') !== undefined) {
    await writeAll(io.stderr, 'gRPC is not part of this version of kube-whatif: only HTTP is served.\n');
  }
  try {
    const { url } = await serve({ host, port: listenPort });
    await writeAll(io.stdout, `kube-whatif listens at ${url}\n`);
  } catch (error) {
    // An impossible setting of the environment, told by its name.
    if (error instanceof RangeError) throw new UsageError(`Cannot serve: ${error.message}.`);
    const reason = LISTEN_ERRORS[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    throw new UsageError(`Cannot listen at ${host} port ${listenPort}: ${reason}.`);
  }
  return EXIT.FINE;
}
