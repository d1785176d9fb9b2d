/** The HTTP server: routes, limits and errors. It decodes, has a worker answer, and encodes; it holds no logic. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { contract } from '../questions/contract.js';
import type { QuestionKind } from '../questions/request.js';
import { Budget, ClientGone, checkDeclaredLength, readBody } from './body.js';
import type { Outcome } from './job.js';
import { Lane } from './lane.js';
import { acceptsGzip, answerForm, bodyEncoding, bodyForm, MEDIA_TYPES } from './negotiate.js';
import { type ResolvedOptions, resolveOptions, type ServerOptions, SMALL_BODY } from './options.js';
import { INTERNAL, type ProblemCode, ProblemError, type ProblemInit, problemDocument, problemOf } from './problem.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Resolves when every worker thread is warm; rejects when one cannot start. */
    readonly workersReady: Promise<void>;
  }
}

const KINDS: readonly QuestionKind[] = ['chains', 'path', 'probability'];

/** Answers shorter than this are sent as they are. */
const GZIP_FROM = 1024;

/** How long what a client still sends is read and thrown away after its request was refused, milliseconds. */
const LINGER = 5_000;

const gzipped = promisify(gzip);

function sendProblem(reply: FastifyReply, problem: ProblemInit): FastifyReply {
  const document = problemDocument(problem);
  for (const [name, value] of Object.entries(problem.headers ?? {})) reply.header(name, value);
  // As bytes, so that no charset parameter is appended: the media type has none.
  return reply
    .code(document.status)
    .header('content-type', 'application/problem+json')
    .send(Buffer.from(`${JSON.stringify(document)}\n`));
}

/** Fastify's own refusals, by their status. */
function problemOfFastify(error: FastifyError): ProblemInit {
  const codes: Readonly<Record<number, ProblemCode>> = {
    413: 'TOO_LARGE',
    415: 'UNSUPPORTED_MEDIA_TYPE',
    503: 'NOT_READY',
  };
  const status = error.statusCode ?? 500;
  const code = codes[status] ?? (status >= 400 && status < 500 ? 'BAD_HTTP' : undefined);
  return code === undefined ? INTERNAL : { code, detail: `${error.message}.` };
}

function isPretty(query: unknown): boolean {
  const value = (query as Readonly<Record<string, unknown>>).pretty;
  if (value === undefined || value === 'false') return false;
  if (value === '' || value === 'true') return true;
  const detail = 'The query parameter "pretty" takes no value, "true" or "false".';
  throw new ProblemError({ code: 'INVALID_REQUEST', detail });
}

/** What happened to a connection before there was a request to answer. */
function refuseConnection(error: NodeJS.ErrnoException, socket: import('node:net').Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const detail = late ? 'The request did not arrive in time.' : 'What arrived cannot be read as HTTP.';
  const document = problemDocument({ code: late ? 'REQUEST_TIMEOUT' : 'BAD_HTTP', detail });
  const body = `${JSON.stringify(document)}\n`;
  const status = late ? '408 Request Timeout' : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Reads on for a while after a refusal: a client that is still sending would otherwise lose the answer to a reset. */
function linger(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), LINGER).unref();
  request.on('close', () => clearTimeout(timer)).resume();
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
  const service = new Service(app, options);
  for (const kind of KINDS) {
    app.post(`/v1/${kind}`, (request, reply) => service.answer(kind, request, reply));
  }
  app.get('/healthz', (_, reply) => reply.send({ status: 'ok' }));
  app.get('/readyz', (_, reply) => service.readiness(reply));
  app.get('/openapi.json', (_, reply) => reply.header('content-type', 'application/json').send(service.document));
  return app;
}

/** The state of one server. */
class Service {
  readonly #options: ResolvedOptions;
  readonly #budget: Budget;
  readonly #small: Lane;
  readonly #large: Lane;
  #state: 'STARTING' | 'READY' | 'DRAINING' = 'STARTING';
  #document: Buffer | undefined;

  constructor(app: FastifyInstance, options: ResolvedOptions) {
    this.#options = options;
    this.#budget = new Budget(options.bufferLimit);
    const common = { timeLimit: options.timeLimit, file: options.workerFile };
    this.#small = new Lane({ ...options.small, ...common, stopAbandoned: false, retryAfter: 1 });
    this.#large = new Lane({ ...options.large, ...common, stopAbandoned: true, retryAfter: 5 });
    const ready = Promise.all([this.#small.ready(), this.#large.ready()]).then(() => {
      if (this.#state === 'STARTING') this.#state = 'READY';
    });
    // Whoever does not wait for it sees it at /readyz.
    ready.catch(() => {});
    app.decorate('workersReady', ready);
    app.addHook('preClose', async () => {
      this.#state = 'DRAINING';
    });
    app.addHook('onClose', async () => {
      await Promise.all([this.#small.close(), this.#large.close()]);
    });
    app.addHook('onResponse', async (request, reply) => {
      linger(request.raw);
      const { method, routeOptions, raw } = request;
      const fields = {
        method,
        route: routeOptions.url ?? null,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      };
      request.log.info({ ...fields, requestBytes: Number(raw.headers['content-length'] ?? 0) }, 'request');
    });
    // Bodies are read by the handlers, in their own way: Fastify must leave them alone.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
    app.setErrorHandler((error: FastifyError, _request, reply) => this.#refuse(error, reply));
    app.setNotFoundHandler((request, reply) => notFound(app, request, reply));
    // A client that asks before it sends is told at once that its body is too large.
    app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      const length = Number(request.headers['content-length'] ?? 0);
      if (length <= options.bodyLimit) response.writeContinue();
      app.server.emit('request', request, response);
    });
  }

  /** The contract as JSON. */
  get document(): Buffer {
    this.#document ??= Buffer.from(`${JSON.stringify(contract().document)}\n`);
    return this.#document;
  }

  readiness(reply: FastifyReply): FastifyReply {
    if (this.#state === 'READY') return reply.send({ status: 'ready' });
    const detail = this.#state === 'STARTING' ? 'The worker threads are starting.' : 'The service is shutting down.';
    return sendProblem(reply, { code: 'NOT_READY', detail, headers: { 'retry-after': '1' } });
  }

  async answer(kind: QuestionKind, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { headers } = request;
    reply.header('vary', 'Accept, Accept-Encoding');
    const form = answerForm(headers.accept);
    const pretty = isPretty(request.query);
    const body = bodyForm(headers['content-type']);
    const encoding = bodyEncoding(headers['content-encoding']);
    checkDeclaredLength(headers['content-length'], this.#options.bodyLimit);
    // A body that would be turned away once read is turned away unread.
    if (Number(headers['content-length'] ?? 0) >= SMALL_BODY && this.#large.full)
      throw new ProblemError(this.#large.overloaded);
    const { bodyLimit: limit, bodyTimeout: idleTimeout } = this.#options;
    const read = await readBody(request.raw, { encoding, limit, idleTimeout, budget: this.#budget });
    const gone = new AbortController();
    const onClose = () => gone.abort();
    reply.raw.on('close', onClose);
    if (request.raw.socket.destroyed) onClose();
    let outcome: Outcome;
    try {
      if (read.body.length === 0) {
        throw new ProblemError({
          code: 'MALFORMED',
          detail: 'The body is empty. It must hold the snapshot and the question.',
        });
      }
      const lane = read.body.length < SMALL_BODY ? this.#small : this.#large;
      outcome = await lane.run({ kind, form, pretty, body, ...read.body }, gone.signal);
    } finally {
      reply.raw.off('close', onClose);
      read.release();
    }
    if ('problem' in outcome) return sendProblem(reply, outcome.problem);
    const bytes = Buffer.from(outcome.bytes.buffer, outcome.bytes.byteOffset, outcome.bytes.byteLength);
    reply.header('content-type', form === 'json' ? MEDIA_TYPES.json : `${MEDIA_TYPES[form]}; charset=utf-8`);
    if (bytes.length < GZIP_FROM || !acceptsGzip(headers['accept-encoding'])) return reply.send(bytes);
    return reply.header('content-encoding', 'gzip').send(await gzipped(bytes, { level: 4 }));
  }

  #refuse(error: FastifyError, reply: FastifyReply): FastifyReply {
    if (error instanceof ClientGone) {
      // Nobody reads this; the status is for the log.
      return reply.code(499).send();
    }
    const problem = problemOf(error) ?? problemOfFastify(error);
    if (problem === INTERNAL) console.error('fault:', error.name, (error.stack ?? '').split('\n').slice(1).join('\n'));
    return sendProblem(reply, problem);
  }
}

/** 405 where the path exists with other methods, else 404. */
function notFound(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?', 1)[0] ?? '';
  const allowed = (['GET', 'HEAD', 'POST'] as const).filter((method) => app.hasRoute({ method, url: path }));
  if (allowed.length > 0) {
    const allow = allowed.join(', ');
    return sendProblem(reply, { code: 'METHOD_NOT_ALLOWED', detail: `This path has ${allow}.`, headers: { allow } });
  }
  const known = 'POST /v1/chains, POST /v1/path, POST /v1/probability, GET /healthz, GET /readyz, GET /openapi.json';
  return sendProblem(reply, { code: 'UNKNOWN_ROUTE', detail: `There are ${known}.` });
}
