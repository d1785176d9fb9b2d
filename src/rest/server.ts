/** The HTTP server: its routes, its hooks, and how long it waits for whom. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { contract } from '../questions/contract.js';
import { QUESTION_KINDS } from '../questions/request.js';
import { Shelf } from '../snapshots/shelf.js';
import { Workers } from '../work/workers.js';
import { resolveOptions, type ServerOptions } from './options.js';
import { linger, notFound, problemOfFastify, refuse, refuseConnection, sendProblem } from './refusal.js';
import { Service } from './service.js';
import { SnapshotRoutes } from './snapshots.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Resolves when every worker thread is warm; rejects when one cannot start. */
    readonly workersReady: Promise<void>;
  }
  interface FastifyRequest {
    /** Whose held snapshots the request may name: those of its credential. */
    owner: string;
  }
}

/** One line per answered request; nothing of a body is in it. */
function log(request: FastifyRequest, reply: FastifyReply): void {
  const { method, routeOptions, raw } = request;
  const fields = {
    method,
    route: routeOptions.url ?? null,
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime),
    requestBytes: Number(raw.headers['content-length'] ?? 0),
  };
  request.log.info(fields, 'request');
}

/** A server that is not listening yet; `close()` ends its threads too. Throws RangeError for impossible options. */
export function createServer(given: ServerOptions = {}): FastifyInstance {
  const options = resolveOptions(given);
  const app = Fastify({
    logger: options.log ? { level: 'info', base: null, stream: options.logStream } : false,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimit,
    // A whole request within ten minutes, headers within fifteen seconds; silence ends a connection sooner (see below).
    requestTimeout: 600_000,
    connectionTimeout: options.timeLimit + options.bodyTimeout + 10_000,
    keepAliveTimeout: 75_000,
    // While closing, open connections are still served; /readyz tells that there will be no more.
    return503OnClosing: false,
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, _request, reply) => sendProblem(reply, problemOfFastify(error)),
    routerOptions: { maxParamLength: 100 },
  });
  app.server.headersTimeout = 15_000;
  const shelf = new Shelf({ limit: options.snapshotMemory, idleLimit: options.snapshotIdle });
  const workers = new Workers(options, shelf);
  const snapshots = new SnapshotRoutes(options, workers);
  const service = new Service(options, workers);
  app.decorateRequest('owner', 'anonymous');
  app.decorate('workersReady', workers.ready);
  app.addHook('preClose', async () => workers.drain());
  app.addHook('onClose', () => workers.close());
  app.addHook('onResponse', async (request, reply) => {
    linger(request.raw);
    log(request, reply);
  });
  // Bodies are read by the handlers, in their own way: Fastify must leave them alone.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
  app.setErrorHandler((error: FastifyError, _request, reply) => refuse(error, reply));
  app.setNotFoundHandler((request, reply) => notFound(app, request, reply));
  // A client that asks before it sends is told at once that its body is too large.
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (Number(request.headers['content-length'] ?? 0) <= options.bodyLimit) response.writeContinue();
    app.server.emit('request', request, response);
  });
  for (const kind of QUESTION_KINDS) {
    app.post(`/v1/${kind}`, (request, reply) => service.answer(kind, request, reply));
  }
  app.put('/v1/snapshots/:digest', (request, reply) => snapshots.put(request, reply));
  app.head('/v1/snapshots/:digest', (request, reply) => snapshots.head(request, reply));
  app.get('/healthz', (_, reply) => reply.send({ status: 'ok' }));
  app.get('/readyz', (_, reply) => service.readiness(reply));
  const document = Buffer.from(`${JSON.stringify(contract().document)}\n`);
  app.get('/openapi.json', (_, reply) => reply.header('content-type', 'application/json').send(document));
  return app;
}
