/** The HTTP server: its routes, its hooks, and how long it waits for whom. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import type { Backend } from '../operations/backend.js';
import { identify, traceIdOf } from '../operations/request-id.js';
import type { Tls } from '../operations/tls.js';
import { QUESTION_KINDS } from '../questions/registry.js';
import { allowOrigins } from './cors.js';
import { addDocs } from './docs.js';
import { documentWithExamples } from './document.js';
import { guard } from './guard.js';
import { HistoryRoute } from './history.js';
import { resolveOptions, type ServerOptions } from './http-options.js';
import { addPage } from './page.js';
import { isGetKind } from './query-question.js';
import {
  addSafety,
  linger,
  notFound,
  problemOfFastify,
  refuse,
  refuseConnection,
  rememberRoutes,
  sendProblem,
} from './send-problem.js';
import { Service } from './service.js';
import { SnapshotRoutes } from './snapshots.js';
import { TlsServers } from './tls-servers.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** New connections are made with this certificate from now on; without effect on a server without TLS. */
    renewTls(tls: Tls): void;
  }
  interface FastifyRequest {
    /** Whose held snapshots the request may name: those of its credential. */
    owner: string;
  }
  interface FastifyReply {
    /** The code of the problem that was sent; empty where none was. */
    problemCode: string;
  }
}

/** Refusals that a client meets again and again while it does not back off. */
const PACED: ReadonlySet<string> = new Set(['OVERLOADED', 'RATE_LIMITED']);

/** How long a refusal may be kept back, milliseconds. */
const LONGEST_REFUSAL = 4_000;

/** One line for each answered request, and its measures; nothing of a body is in either. */
function record({ log, metrics }: Backend, request: FastifyRequest, reply: FastifyReply): void {
  const { method, routeOptions, raw } = request;
  const route = routeOptions.url ?? null;
  const { statusCode: status, elapsedTime, problemCode: code } = reply;
  metrics.request('http', route ?? 'none', route === null ? 'ANY' : method, status, elapsedTime);
  const kind = QUESTION_KINDS.find((name) => route === `/v1/${name}`);
  // Whoever went away before the answer has no code.
  if (kind !== undefined) metrics.question(kind, code || (status === 200 ? 'OK' : 'GONE'));
  const traceId = traceIdOf(headerOf(raw, 'traceparent'));
  log.info(
    {
      requestId: request.id,
      ...(traceId === undefined ? {} : { traceId }),
      method,
      route,
      status,
      ...(code === '' ? {} : { code }),
      ms: Math.round(elapsedTime),
      requestBytes: Number(raw.headers['content-length'] ?? 0),
    },
    'request',
  );
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/**
 * A server that is not listening yet. Closing it leaves the backend alone. Throws RangeError for impossible options.
 */
export function createServer(backend: Backend, given: ServerOptions = {}): FastifyInstance {
  const options = resolveOptions(given);
  const { workers } = backend;
  const { bodyLimit, timeLimit } = workers.options;
  const settings: FastifyServerOptions = {
    loggerInstance: backend.log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: (request) => identify(headerOf(request, 'x-request-id'), headerOf(request, 'traceparent')).requestId,
    trustProxy: options.trustProxy.length === 0 ? false : [...options.trustProxy],
    bodyLimit,
    // A whole request within ten minutes, headers within fifteen seconds; a connection without bytes ends sooner (see
    // below).
    requestTimeout: 600_000,
    connectionTimeout: timeLimit + options.bodyTimeout + 10_000,
    keepAliveTimeout: 75_000,
    // While closing, open connections are still served; /readyz tells that there will be no more.
    return503OnClosing: false,
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, _request, reply) => sendProblem(reply, problemOfFastify(error)),
    // A digest or a name that is too long is refused where it is read.
    routerOptions: { maxParamLength: 1000 },
  };
  const servers = backend.tls === undefined ? undefined : new TlsServers(backend.tls);
  const app: FastifyInstance = Fastify(
    servers === undefined
      ? settings
      : // The factory makes the servers; `https` says what their addresses begin with.
        ({ ...settings, serverFactory: servers.factory, https: {} } as FastifyServerOptions),
  );
  app.decorate('renewTls', (tls: Tls) => servers?.renew(tls));
  addSafety(app.server as Server, servers !== undefined);
  app.server.headersTimeout = 15_000;
  const service = new Service(options, backend);
  const snapshots = new SnapshotRoutes(options, backend);
  const routes = rememberRoutes(app);
  app.decorateRequest('owner', 'anonymous');
  app.decorateReply('problemCode', '');
  const admit = guard(backend, options);
  allowOrigins(app, options.corsOrigins, () => void app.addHook('onRequest', admit));
  // Clients that do not back off must not take from answers what their refusals cost.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (!PACED.has(reply.problemCode)) return done(null, payload);
    workers.refusals.wait(LONGEST_REFUSAL).then(() => done(null, payload), done);
  });
  app.addHook('onResponse', (request, reply, done) => {
    linger(request.raw);
    record(backend, request, reply);
    done();
  });
  // Bodies are read by the handlers, in their own way: Fastify must leave them alone.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
  app.setErrorHandler((error: FastifyError, _request, reply) => refuse(error, reply));
  app.setNotFoundHandler((request, reply) => notFound(routes, request, reply));
  // A client that asks before it sends learns at once that its body is too large.
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (Number(request.headers['content-length'] ?? 0) <= bodyLimit) response.writeContinue();
    app.server.emit('request', request, response);
  });
  for (const kind of QUESTION_KINDS) {
    app.post(`/v1/${kind}`, (request, reply) => service.answer(kind, request, reply));
    if (isGetKind(kind)) app.get(`/v1/${kind}`, (request, reply) => service.answerQuery(kind, request, reply));
  }
  app.get('/v1/snapshots', (request, reply) => snapshots.list(request, reply));
  app.put('/v1/snapshots/names/:name', (request, reply) => snapshots.putNamed(request, reply));
  app.get('/v1/snapshots/names/:name', (request, reply) => snapshots.getNamed(request, reply));
  const history = new HistoryRoute(backend);
  app.get('/v1/snapshots/names/:name/history', (request, reply) => history.get(request, reply));
  app.delete('/v1/snapshots/names/:name', (request, reply) => snapshots.deleteNamed(request, reply));
  app.put('/v1/snapshots/:digest', (request, reply) => snapshots.put(request, reply));
  app.head('/v1/snapshots/:digest', (request, reply) => snapshots.head(request, reply));
  if (options.ui === 'on') addPage(app, (request, reply) => notFound(routes, request, reply));
  app.get('/healthz', (_, reply) => reply.send({ status: 'ok' }));
  app.get('/readyz', (_, reply) => service.readiness(reply));
  if (options.metrics !== 'off') {
    const { metrics } = backend;
    app.get('/metrics/clusters', async (request, reply) => {
      const metrics = await backend.clusterMetrics.text(request.owner);
      return 'problem' in metrics ? sendProblem(reply, metrics.problem) : reply.type(metrics.type).send(metrics.text);
    });
    app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  }
  const document = documentWithExamples();
  const text = Buffer.from(`${JSON.stringify(document)}\n`);
  app.get('/openapi.json', (_, reply) => reply.header('content-type', 'application/json').send(text));
  addDocs(app, document);
  return app;
}
