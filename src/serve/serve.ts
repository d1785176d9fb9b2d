/** Runs the service until it is told to stop. */
import { GrpcServer } from '../grpc/server.js';
import { type Backend, type BackendOptions, createBackend } from '../operations/backend.js';
import { readSecrets, SecretFiles, type Secrets } from '../operations/secret-files.js';
import type { Settings } from '../operations/service-settings.js';
import { createServer } from '../rest/server.js';

export interface Serving {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** `127.0.0.1:9090`; undefined where gRPC is off. */
  readonly grpc: string | undefined;
  /** As SIGTERM does: stops taking requests, lets those under way finish, ends the threads. */
  close(): Promise<void>;
}

/** For tests: a worker file and a stream for the log. */
export type Overrides = Pick<BackendOptions, 'workerFile' | 'logStream' | 'threadsOnDemand'>;

function backendOf(settings: Settings, secrets: Secrets, overrides: Overrides): Backend {
  const { work, snapshotMemory, snapshotIdle, named, metricsServices, store, rateLimit, logLevel } = settings;
  return createBackend({
    ...work,
    snapshotMemory,
    snapshotIdle,
    named,
    metricsServices,
    ...(store === undefined ? {} : { store }),
    ...secrets,
    rateLimit,
    logLevel,
    ...overrides,
  });
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Listens, and closes gracefully on SIGTERM and SIGINT; a second one ends the process at once. `shown` is what the log
 * says of the settings. Resolves once questions are answered. Throws RangeError for impossible settings, what `listen`
 * throws (EADDRINUSE …), and what keeps a worker thread from starting.
 */
export async function serve(
  settings: Settings,
  shown: Readonly<Record<string, string>>,
  overrides: Overrides = {},
): Promise<Serving> {
  const {
    host,
    port,
    grpcPort,
    grpcConnectionAge,
    bodyTimeout,
    trustProxy,
    corsOrigins,
    metrics,
    ui,
    drainDelay,
    drainTimeout,
  } = settings;
  let secrets = readSecrets(settings);
  const backend = backendOf(settings, secrets, overrides);
  const { log, workers } = backend;
  const app = createServer(backend, { bodyTimeout, trustProxy, corsOrigins, metrics, ui });
  const grpc =
    grpcPort === undefined ? undefined : new GrpcServer(backend, { bodyTimeout, connectionAge: grpcConnectionAge });
  const files = new SecretFiles(
    settings,
    {
      renew: (renewed) => {
        if (renewed.tls !== undefined) {
          app.renewTls(renewed.tls);
          grpc?.renewTls(renewed.tls);
        }
        backend.credentials.replace(renewed.tokens);
        secrets = renewed;
      },
      reloaded: (taken) => backend.metrics.reloaded(taken),
    },
    log,
  );
  if (backend.tls !== undefined) backend.metrics.watchCertificate(() => secrets.tls?.validTo ?? new Date(0));
  let closing: Promise<void> | undefined;
  let started = false;
  const stop = async (delay: number) => {
    workers.drain();
    files.close();
    if (grpc !== undefined) grpc.serving = false;
    if (delay > 0) await pause(delay);
    const late = setTimeout(() => {
      log.warn({ seconds: drainTimeout / 1000 }, 'requests under way did not finish in time and are cut off');
      app.server.closeAllConnections();
    }, drainTimeout);
    await Promise.all([app.close(), grpc?.close(drainTimeout)]);
    clearTimeout(late);
    if (started) log.info('stopped');
    await backend.close();
  };
  const close = (delay = 0) => {
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
    closing ??= stop(delay);
    return closing;
  };
  const onSignal = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'stopping');
    void close(drainDelay);
  };
  try {
    // Servers with certificates come from a factory of ours, and Fastify takes those for HTTP.
    const shownUrl = (address: string) => (backend.tls === undefined ? address : address.replace(/^http:/, 'https:'));
    const listenTextResolver = (address: string) => `listening at ${shownUrl(address)}`;
    const url = shownUrl(await app.listen({ host, port, listenTextResolver }));
    const grpcAddress = grpc === undefined ? undefined : await grpc.listen(host, grpcPort ?? 0);
    if (grpcAddress !== undefined) log.info({ address: grpcAddress }, 'listening for gRPC');
    await workers.ready;
    if (grpc !== undefined) grpc.serving = true;
    started = true;
    log.info({ settings: shown, node: process.version }, 'configuration');
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
    files.start(settings.reloadInterval);
    if (backend.tls !== undefined && backend.tls.validTo < new Date()) log.warn('the TLS certificate has expired');
    return { url, grpc: grpcAddress, close: () => close() };
  } catch (error) {
    await close();
    throw error;
  }
}
