/** Which web pages may ask (CORS): the headers that browsers look for, and their preflight requests. */
import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Request headers that mean something here. */
const HEADERS = [
  ...['Accept', 'Authorization', 'Content-Encoding', 'Content-Type', 'If-Match', 'If-None-Match'],
  ...['Traceparent', 'X-Request-Id'],
];

function optionsOf(origins: readonly string[]): FastifyCorsOptions {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: HEADERS,
    exposedHeaders: ['ETag', 'Retry-After', 'X-After-Snapshot-Digest', 'X-Request-Id', 'X-Snapshot-Digest'],
    // Credentials are tokens that a script sends itself; cookies there are none.
    credentials: false,
    maxAge: 600,
    strictPreflight: false,
  };
}

/** Whether the request is a browser's question whether a script may ask. It carries no credential. */
export function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/**
 * Lets scripts of pages of these origins ask. `next` registers the hooks that follow: refusals too must have the
 * headers, or a script does not see why it was refused.
 */
export function allowOrigins(app: FastifyInstance, origins: readonly string[], next: () => void): void {
  if (origins.length === 0) next();
  else app.register(cors, optionsOf(origins)).after(next);
}
