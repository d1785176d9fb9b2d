/** Answers requests: reads the body, has a lane work on it, sends what comes back. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { QuestionKind } from '../questions/request.js';
import { Budget, checkDeclaredLength, readBody } from './body.js';
import type { Outcome } from './job.js';
import { Lane } from './lane.js';
import { acceptsGzip, answerForm, bodyEncoding, bodyForm, MEDIA_TYPES } from './negotiate.js';
import { type ResolvedOptions, SMALL_BODY } from './options.js';
import { ProblemError } from './problem.js';
import { sendProblem } from './refusal.js';

/** Answers shorter than this are sent as they are. */
const GZIP_FROM = 1024;

const gzipped = promisify(gzip);

function isPretty(query: unknown): boolean {
  const value = (query as Readonly<Record<string, unknown>>).pretty;
  if (value === undefined || value === 'false') return false;
  if (value === '' || value === 'true') return true;
  const detail = 'The query parameter "pretty" takes no value, "true" or "false".';
  throw new ProblemError({ code: 'INVALID_REQUEST', detail });
}

/** The state of one server: its lanes, its memory for bodies, and whether it is ready. */
export class Service {
  readonly #options: ResolvedOptions;
  readonly #budget: Budget;
  readonly #small: Lane;
  readonly #large: Lane;
  #state: 'STARTING' | 'READY' | 'DRAINING' = 'STARTING';
  /** Resolves when every worker thread is warm; rejects when one cannot start. */
  readonly ready: Promise<void>;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#budget = new Budget(options.bufferLimit);
    const common = { timeLimit: options.timeLimit, file: options.workerFile };
    this.#small = new Lane({ ...options.small, ...common, stopAbandoned: false, retryAfter: 1 });
    this.#large = new Lane({ ...options.large, ...common, stopAbandoned: true, retryAfter: 5 });
    this.ready = Promise.all([this.#small.ready(), this.#large.ready()]).then(() => {
      if (this.#state === 'STARTING') this.#state = 'READY';
    });
    // Whoever does not wait for it sees it at /readyz.
    this.ready.catch(() => {});
  }

  /** From now on it is not ready; it still answers. */
  drain(): void {
    this.#state = 'DRAINING';
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all([this.#small.close(), this.#large.close()]);
  }

  /** Answers /readyz. */
  readiness(reply: FastifyReply): FastifyReply {
    if (this.#state === 'READY') return reply.send({ status: 'ready' });
    const detail = this.#state === 'STARTING' ? 'The worker threads are starting.' : 'The service is shutting down.';
    return sendProblem(reply, { code: 'NOT_READY', detail, headers: { 'retry-after': '1' } });
  }

  /** Answers a question. Throws ProblemError for what the headers or the body's bytes get wrong; ClientGone. */
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
}
