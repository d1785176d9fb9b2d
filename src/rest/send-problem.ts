/** How refusals leave: problem documents for requests, and a last word for connections that are none. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { QUESTION_KINDS } from '../questions/registry.js';
import { ClientGone } from '../work/body.js';
import { INTERNAL, type ProblemCode, type ProblemInit, problemDocument, problemOf } from '../work/problem.js';

/** How long what a client still sends is read and thrown away after its request was refused, milliseconds. */
const LINGER = 5_000;

/** Sends a problem document, with the headers that go with it. */
export function sendProblem(reply: FastifyReply, problem: ProblemInit): FastifyReply {
  reply.problemCode = problem.code;
  if (problem.code === 'INTERNAL') {
    reply.log.error({ fault: problem.fault ?? 'unknown' }, 'a fault of the service');
  }
  const document = problemDocument(problem);
  for (const [name, value] of Object.entries(problem.headers ?? {})) reply.header(name, value);
  // As bytes, so that no charset parameter is appended: the media type has none.
  return reply
    .code(document.status)
    .header('content-type', 'application/problem+json')
    .send(Buffer.from(`${JSON.stringify(document)}\n`));
}

/** Fastify's own refusals, by their status. */
export function problemOfFastify(error: FastifyError): ProblemInit {
  const codes: Readonly<Record<number, ProblemCode>> = {
    413: 'TOO_LARGE',
    415: 'UNSUPPORTED_MEDIA_TYPE',
    503: 'NOT_READY',
  };
  const status = error.statusCode ?? 500;
  const code = codes[status] ?? (status >= 400 && status < 500 ? 'BAD_HTTP' : undefined);
  return code === undefined ? INTERNAL : { code, detail: `${error.message}.` };
}

/** What Fastify does with whatever a handler throws. */
export function refuse(error: FastifyError, reply: FastifyReply): FastifyReply {
  if (error instanceof ClientGone) {
    // Nobody reads this; the status is for the log.
    return reply.code(499).send();
  }
  const problem = problemOf(error) ?? problemOfFastify(error);
  if (problem !== INTERNAL) return sendProblem(reply, problem);
  // The message may quote what was sent: the log gets the place alone.
  const fault = `${error.name}\n${(error.stack ?? '').split('\n').slice(1).join('\n')}`;
  return sendProblem(reply, { ...INTERNAL, fault });
}

/** The methods of each route, by its pattern. */
export type RouteMethods = ReadonlyMap<string, ReadonlySet<string>>;

/** Has a server remember its routes; to be called before there are any. */
export function rememberRoutes(app: FastifyInstance): RouteMethods {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    // The page is for browsers alone: for programs there is nothing at this path, whatever the method.
    if (url === '/') return;
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  return methods;
}

/** 405 where the path exists with other methods, else 404. */
export function notFound(routes: RouteMethods, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = (request.url.split('?', 1)[0] ?? '')
    .replace(/^(\/v1\/snapshots\/names\/)[^/]+(\/history)?$/, '$1:name$2')
    .replace(/^(\/v1\/snapshots\/)[^/]+$/, '$1:digest');
  const allowed = [...(routes.get(path) ?? [])].sort();
  if (allowed.length > 0) {
    const allow = allowed.join(', ');
    return sendProblem(reply, { code: 'METHOD_NOT_ALLOWED', detail: `This path has ${allow}.`, headers: { allow } });
  }
  const questions = QUESTION_KINDS.map((kind) => `POST /v1/${kind}`).join(', ');
  const detail =
    `There are ${questions}, PUT and HEAD /v1/snapshots/{digest}, GET /v1/snapshots, PUT, GET and DELETE ` +
    '/v1/snapshots/names/{name}, GET /v1/snapshots/names/{name}/history, GET /healthz, GET /readyz, GET ' +
    '/metrics, GET /metrics/clusters, GET /openapi.json.';
  return sendProblem(reply, { code: 'UNKNOWN_ROUTE', detail });
}

/**
 * What every response says: its type is not to be guessed, and under TLS that the site is never to be asked without.
 */
const SAFETY = { 'X-Content-Type-Options': 'nosniff' } as const;
const TLS_SAFETY = { ...SAFETY, 'Strict-Transport-Security': 'max-age=31536000' } as const;

/** Has a server put the headers of safety on every response, whoever writes it. */
export function addSafety(server: Server, tls: boolean): void {
  const headers = Object.entries(tls ? TLS_SAFETY : SAFETY);
  server.prependListener('request', (_request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value);
  });
}

/** What happened to a connection before there was a request to answer. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const detail = late ? 'The request did not arrive in time.' : 'What arrived cannot be read as HTTP.';
  const document = problemDocument({ code: late ? 'REQUEST_TIMEOUT' : 'BAD_HTTP', detail });
  const body = `${JSON.stringify(document)}\n`;
  const safety = Object.entries('encrypted' in socket ? TLS_SAFETY : SAFETY)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const status = late ? '408 Request Timeout' : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\n${safety}Content-Type: ` +
      `application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Reads on for a while after a refusal: a client that is still sending would otherwise lose the answer to a reset. */
export function linger(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), LINGER).unref();
  request.on('close', () => clearTimeout(timer)).resume();
}
