import { readSettings, shownSettings } from '../operations/service-settings.js';
import { SettingsError } from '../operations/variables.js';
import { serve } from '../serve/serve.js';
import { readPort } from '../words/read-values.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type Io, writeAll } from './io.js';

/** The environment with the options laid over it. Throws UsageError for an option that is no port. */
function environment(args: Arguments, io: Io): Io['env'] {
  const port = (option: string) => {
    const text = args.one(option);
    return text === undefined ? undefined : String(readPort(`--${option}`, text, 0));
  };
  const { HOST, PORT, GRPC_PORT, CORS_ORIGINS } = io.env;
  const origins = args.all('cors-origin');
  return {
    ...io.env,
    HOST: args.one('host') ?? HOST,
    PORT: port('port') ?? PORT,
    GRPC_PORT: port('grpc-port') ?? GRPC_PORT,
    CORS_ORIGINS: origins.length > 0 ? origins.join(' ') : CORS_ORIGINS,
  };
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
  const env = environment(args, io);
  let host = '';
  let port = 0;
  try {
    const settings = readSettings(env);
    ({ host, port } = settings);
    const { url, grpc } = await serve(settings, shownSettings(env));
    const also = grpc === undefined ? '' : `, gRPC at ${grpc}`;
    await writeAll(io.stdout, `kube-whatif listens at ${url}${also}\n`);
  } catch (error) {
    if (error instanceof SettingsError) throw new UsageError(`Cannot serve.\n${error.problems.join('\n')}`);
    const reason = LISTEN_ERRORS[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    throw new UsageError(`Cannot listen at ${host} port ${(error as { port?: number }).port ?? port}: ${reason}.`);
  }
  return EXIT.FINE;
}
