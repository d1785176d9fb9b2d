/** Answers requests: reads the body, has a worker answer it, sends what comes back. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Backend } from '../operations/backend.js';
import type { QuestionKind } from '../questions/kinds.js';
import { Segments } from '../work/body.js';
import { Client } from '../work/client.js';
import { ProblemError } from '../work/problem.js';
import type { Answered, Workers } from '../work/workers.js';
import { checkDeclaredLength } from './body.js';
import type { ResolvedOptions } from './http-options.js';
import { acceptsGzip, bodyEncoding, bodyForm, wantedForm } from './negotiate.js';
import { type GetKind, requestOfQuery } from './query-question.js';
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
      (bytes, client) => {
        this.#backend.metrics.snapshot('question', bytes.length);
        return this.#workers.answer({ task: 'answer', kind, form, layout, body, ...bytes }, request.owner, client);
      },
    );
    return await this.#send(request, reply, type, outcome);
  }

  /** Answers a question that is in the query. Throws ProblemError for what is wrong there; ClientGone. */
  async answerQuery(kind: GetKind, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (Object.keys(request.query as object).length === 0) {
      const detail =
        `A question by GET is in the query, as /v1/${kind}?snapshot=prod; ` + 'without one, this path has POST.';
      throw new ProblemError({ code: 'METHOD_NOT_ALLOWED', detail, headers: { allow: 'POST' } });
    }
    vary(reply, 'Accept, Accept-Encoding');
    const { form: parameter } = request.query as Readonly<Record<string, unknown>>;
    const { form, type } = wantedForm(parameter, request.headers.accept, kind);
    const layout = textOptions(request.query);
    const json = Buffer.from(JSON.stringify(requestOfQuery(kind, request.query)), 'utf8');
    const segments = new Segments(this.#workers.budget, json.length);
    const client = new Client();
    const onClose = () => client.leave();
    reply.raw.on('close', onClose);
    try {
      if (!segments.add(json)) {
        const detail = 'The requests being worked on fill the memory set aside for them. Try again later.';
        throw new ProblemError({ code: 'OVERLOADED', detail, headers: { 'retry-after': '5' } });
      }
      const job = { task: 'answer', kind, form, layout, body: { kind: 'json' }, ...segments.body() } as const;
      const outcome = await this.#workers.answer(job, request.owner, client);
      // What a name means changes.
      reply.header('cache-control', 'no-store');
      return await this.#send(request, reply, type, outcome);
    } finally {
      reply.raw.off('close', onClose);
      segments.release();
    }
  }

  async #send(
    { headers }: FastifyRequest,
    reply: FastifyReply,
    type: string,
    outcome: Answered,
  ): Promise<FastifyReply> {
    if ('problem' in outcome) return sendProblem(reply, outcome.problem);
    const { digest, afterDigest } = outcome;
    if (digest !== undefined) reply.header('x-snapshot-digest', digest);
    if (afterDigest !== undefined) reply.header('x-after-snapshot-digest', afterDigest);
    const bytes = Buffer.from(outcome.bytes.buffer, outcome.bytes.byteOffset, outcome.bytes.byteLength);
    reply.header('content-type', type.endsWith('json') ? type : `${type}; charset=utf-8`);
    if (bytes.length < GZIP_FROM || !acceptsGzip(headers['accept-encoding'])) return reply.send(bytes);
    return reply.header('content-encoding', 'gzip').send(await gzipped(bytes, { level: 4 }));
  }
}
