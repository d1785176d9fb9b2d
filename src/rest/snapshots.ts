/** The routes of held snapshots: nobody gets one back, whoever sent one can ask about it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Backend } from '../operations/backend.js';
import { readDigest } from '../questions/held.js';
import { storeUnavailable, type Workers } from '../work/workers.js';
import { checkDeclaredLength } from './body.js';
import { bodyEncoding, snapshotForm } from './negotiate.js';
import type { ResolvedOptions } from './options.js';
import { withBody } from './receive.js';
import { sendProblem } from './refusal.js';
import { textOptions } from './text-options.js';

function digestIn(request: FastifyRequest): string {
  return readDigest((request.params as { readonly digest: string }).digest);
}

export class SnapshotRoutes {
  readonly #options: ResolvedOptions;
  readonly #workers: Workers;

  readonly #metrics: Backend['metrics'];

  constructor(options: ResolvedOptions, { workers, metrics }: Backend) {
    this.#options = options;
    this.#workers = workers;
    this.#metrics = metrics;
  }

  /** Holds the body as a snapshot: 201, or 200 when it was held already. Throws as a question does. */
  async put(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { headers } = request;
    const digest = digestIn(request);
    const { indent } = textOptions(request.query);
    const body = snapshotForm(headers['content-type']);
    const encoding = bodyEncoding(headers['content-encoding']);
    const { bodyTimeout: idleTimeout } = this.#options;
    const { bodyLimit: limit } = this.#workers.options;
    checkDeclaredLength(headers['content-length'], limit);
    this.#workers.refuseHolding(encoding === 'identity' ? Number(headers['content-length'] ?? 0) : 0);
    const receiving = { encoding, limit, idleTimeout, empty: 'The body is empty. It must be the snapshot.' };
    const held = await withBody(request, reply, this.#workers, receiving, (bytes, gone) => {
      this.#metrics.snapshot('held', bytes.length);
      return this.#workers.hold({ task: 'hold', digest, body, ...bytes }, request.owner, gone);
    });
    if ('problem' in held) return sendProblem(reply, held.problem);
    const { created, ...answer } = held;
    const json = JSON.stringify(answer, undefined, indent);
    return reply
      .code(created ? 201 : 200)
      .type('application/json; charset=utf-8')
      .send(json);
  }

  /** Whether a snapshot is held for this client: 200, or the problem that a question about it would meet, without its text. */
  async head(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const digest = digestIn(request);
    const held = await this.#workers.shelf.has(request.owner, digest);
    if (held === 'HELD') return reply.send();
    if (held === 'STORE_DOWN') return sendProblem(reply, storeUnavailable([digest]));
    return sendProblem(reply, { code: 'UNKNOWN_DIGEST', detail: `${digest} is not held for this client.` });
  }
}
