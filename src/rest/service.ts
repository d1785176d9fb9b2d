/** Answers requests: reads the body, has a worker answer it, sends what comes back. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Backend } from '../operations/backend.js';
import type { QuestionKind } from '../questions/kinds.js';
import type { Workers } from '../work/workers.js';
import { checkDeclaredLength } from './body.js';
import type { ResolvedOptions } from './http-options.js';
import { acceptsGzip, bodyEncoding, bodyForm, wantedForm } from './negotiate.js';
import { withBody } from './receive.js';
import { sendProblem } from './send-problem.js';
import { textOptions } from './text-options.js';

/** Answers shorter than this are sent as they are. */
const GZIP_FROM = 1024;

const gzipped = promisify(gzip);

/** Adds to `Vary`: what other hooks have put there stays. */
function vary(reply: FastifyReply, names: string): void {
  const present = reply.getHeader('vary');
  reply.header('vary', present === undefined ? names : `${String(present)}, ${names}`);
}

/** What the routes of one server do. */
export class Service {
  readonly #options: ResolvedOptions;
  readonly #backend: Backend;
  readonly #workers: Workers;

  constructor(options: ResolvedOptions, backend: Backend) {
    this.#options = options;
    this.#backend = backend;
    this.#workers = backend.workers;
  }

  /** Answers /readyz. */
  readiness(reply: FastifyReply): FastifyReply {
    const problem = this.#workers.notReady;
    if (problem !== undefined) return sendProblem(reply, problem);
    const { store } = this.#workers.shelf;
    // Without its store it still answers what comes inline, and from memory: that is ready.
    return reply.send(
      store === 'NONE' ? { status: 'ready' } : { status: 'ready', store: store === 'UP' ? 'up' : 'down' },
    );
  }

  /** Answers a question. Throws ProblemError for what the headers or the body's bytes get wrong; ClientGone. */
  async answer(kind: QuestionKind, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { headers } = request;
    vary(reply, 'Accept, Accept-Encoding');
    const { form: parameter } = request.query as Readonly<Record<string, unknown>>;
    const { form, type } = wantedForm(parameter, headers.accept, kind);
    const layout = textOptions(request.query);
    const body = bodyForm(headers['content-type']);
    const encoding = bodyEncoding(headers['content-encoding']);
    const { bodyLimit: limit } = this.#workers.options;
    checkDeclaredLength(headers['content-length'], limit);
    // A body that would be turned away once read is turned away unread.
    this.#workers.refuseEarly(Number(headers['content-length'] ?? 0));
    const { bodyTimeout: idleTimeout } = this.#options;
    const empty = 'The body is empty. It must hold the snapshot and the question.';
    const outcome = await withBody(
      request,
      reply,
      this.#workers,
      { encoding, limit, idleTimeout, empty },
      (bytes, gone) => {
        this.#backend.metrics.snapshot('question', bytes.length);
        return this.#workers.answer({ task: 'answer', kind, form, layout, body, ...bytes }, request.owner, gone);
      },
    );
    if ('problem' in outcome) return sendProblem(reply, outcome.problem);
    const bytes = Buffer.from(outcome.bytes.buffer, outcome.bytes.byteOffset, outcome.bytes.byteLength);
    reply.header('content-type', type.endsWith('json') ? type : `${type}; charset=utf-8`);
    if (bytes.length < GZIP_FROM || !acceptsGzip(headers['accept-encoding'])) return reply.send(bytes);
    return reply.header('content-encoding', 'gzip').send(await gzipped(bytes, { level: 4 }));
  }
}
