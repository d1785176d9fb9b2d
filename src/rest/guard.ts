/**
 * What happens to every request before anything of it is read: it gets its name, shows its credential, and is counted.
 */
import type { TLSSocket } from 'node:tls';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Backend } from '../operations/backend.js';
import { traceIdOf } from '../operations/request-id.js';
import { ProblemError, type ProblemInit } from '../work/problem.js';
import { isPreflight } from './cors.js';
import { DOCS } from './docs.js';
import type { ResolvedOptions } from './http-options.js';
import { PAGE_FILES } from './page.js';

/** Probes come often, from the node, and have no credentials. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** What tells nothing that the source code does not. */
const OPEN: ReadonlySet<string> = new Set([...PROBES, '/openapi.json', '/']);

/** The client certificate's fingerprint, under mutual TLS. */
function fingerprintOf({ raw }: FastifyRequest): string | undefined {
  const { getPeerCertificate } = raw.socket as Partial<TLSSocket>;
  return getPeerCertificate?.call(raw.socket)?.fingerprint256;
}

/** The hook. Its problems: UNAUTHENTICATED, RATE_LIMITED. */
export function guard({ credentials, rateLimit }: Backend, { metrics, corsOrigins }: ResolvedOptions) {
  const metricsOpen = metrics === 'open';
  const refusal = (request: FastifyRequest, reply: FastifyReply): ProblemInit | undefined => {
    reply.header('x-request-id', request.id);
    const { traceparent } = request.headers;
    if (typeof traceparent === 'string' && traceIdOf(traceparent) !== undefined) {
      reply.header('traceparent', traceparent);
    }
    const path = request.routeOptions.url ?? '';
    if (PROBES.has(path) || (corsOrigins.length > 0 && isPreflight(request))) return undefined;
    const page = path.startsWith(PAGE_FILES);
    const open = page || OPEN.has(path) || path.startsWith(DOCS) || (metricsOpen && path === '/metrics');
    const verdict = credentials.check(request.headers.authorization, fingerprintOf(request));
    // Whoever shows no credential, or a wrong one, is counted by address.
    const known = 'owner' in verdict && credentials.required ? `owner ${verdict.owner}` : `address ${request.ip}`;
    const problem = rateLimit.take(known);
    if (problem !== undefined) return problem;
    if ('owner' in verdict) request.owner = verdict.owner;
    else if (!open) return verdict.problem;
    return undefined;
  };
  return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    const problem = refusal(request, reply);
    done(problem === undefined ? undefined : new ProblemError(problem));
  };
}
