/**
 * The contract as pages to read and to try: Swagger UI out of the package, under /docs. Nothing is loaded from
 * elsewhere.
 */
import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/** Where they are. */
export const DOCS = '/docs';

/** Scripts, styles and requests only from here. The page sets styles of elements itself, and its icons are data. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Adds the pages to the server. */
export function addDocs(app: FastifyInstance, document: Readonly<Record<string, unknown>>): void {
  app.register(async (pages) => {
    await pages.register(fastifySwagger, { mode: 'static', specification: { document: document as never } });
    await pages.register(fastifySwaggerUi, {
      routePrefix: DOCS,
      staticCSP: POLICY,
      uiConfig: { docExpansion: 'list', defaultModelsExpandDepth: 0, tryItOutEnabled: false },
      theme: { title: 'kube-whatif' },
      logLevel: 'silent',
    });
  });
}
