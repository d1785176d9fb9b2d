/**
 * The explorer: a page for people, built from ui/ into dist/ui, of static files that ask nothing but this server's own
 * questions.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { packageFile } from '../operations/package-file.js';

/** Where the page's files are: their names have a hash of their content. */
export const PAGE_FILES = '/page/';

/** Everything comes from here, and nothing is inline; images may be made by the page itself, for export. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': PAGE_POLICY,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** Whether a person asks: a browser says that it takes HTML, programs do not. */
function wantsPage({ headers }: FastifyRequest): boolean {
  return /(^|[\s,])text\/html\s*(;\s*q=(0?\.0*[1-9]|1)|,|$|;(?!\s*q=))/i.test(headers.accept ?? '');
}

/** The folder of the built page; undefined where it was not built. */
function builtPage(): string | undefined {
  try {
    const folder = packageFile(join('dist', 'ui'));
    return existsSync(join(folder, 'index.html')) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Adds the page at `/` for those who accept HTML, and its files. Programs that ask for `/` get what `otherwise`
 * answers. Returns whether there is a page.
 */
export function addPage(
  app: FastifyInstance,
  otherwise: (request: FastifyRequest, reply: FastifyReply) => FastifyReply,
): boolean {
  const folder = builtPage();
  if (folder === undefined) return false;
  const index = readFileSync(join(folder, 'index.html'));
  app.get('/', (request, reply) => {
    reply.header('vary', 'Accept');
    if (!wantsPage(request)) return otherwise(request, reply);
    return reply.headers(HEADERS).header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(index);
  });
  app.register(fastifyStatic, {
    root: join(folder, 'page'),
    prefix: PAGE_FILES,
    index: false,
    decorateReply: false,
    preCompressed: true,
    immutable: true,
    maxAge: '365d',
    setHeaders: (reply) => {
      reply.header('content-security-policy', PAGE_POLICY);
    },
  });
  return true;
}
