/** Runs the server until it is told to stop. */
import { optionsFromEnvironment, type ServerOptions } from './options.js';
import { createServer } from './server.js';

export interface ServeOptions extends ServerOptions {
  /** Address to listen on, e.g. `127.0.0.1` or `::`. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface Serving {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Stops listening, lets the questions being answered finish, ends the threads. */
  close(): Promise<void>;
}

/**
 * Listens, and closes gracefully on SIGTERM and SIGINT. Options that are not given come from the environment
 * (BODY_LIMIT, LOG). Resolves once questions are answered. Throws RangeError for impossible options, what `listen` throws
 * (EADDRINUSE …), and what keeps a worker thread from starting.
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { host, port, ...rest } = options;
  const app = createServer({ ...optionsFromEnvironment(process.env), ...rest });
  let closing: Promise<void> | undefined;
  const close = () => {
    process.off('SIGTERM', close).off('SIGINT', close);
    closing ??= app.close().then(() => undefined);
    return closing;
  };
  try {
    const url = await app.listen({ host, port });
    await app.workersReady;
    process.on('SIGTERM', close).on('SIGINT', close);
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}
