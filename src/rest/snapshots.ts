/** The routes of held snapshots: nobody gets one back, whoever sent one can ask about it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Backend } from '../operations/backend.js';
import { readDigest } from '../questions/held.js';
import { readName } from '../snapshots/name.js';
import type { NameRecord } from '../snapshots/name-record.js';
import type { NamedSnapshots, Sending } from '../snapshots/named.js';
import { acceptedOf, isSender, listed } from '../snapshots/named-forms.js';
import { ProblemError } from '../work/problem.js';
import { storeUnavailable, type Workers } from '../work/workers.js';
import { checkDeclaredLength } from './body.js';
import type { ResolvedOptions } from './http-options.js';
import { bodyEncoding, snapshotForm } from './negotiate.js';
import { withBody } from './receive.js';
import { sendProblem } from './send-problem.js';
import { textOptions } from './text-options.js';

function digestIn(request: FastifyRequest): string {
  return readDigest((request.params as { readonly digest: string }).digest);
}

function nameIn(request: FastifyRequest): string {
  return readName((request.params as { readonly name: string }).name);
}

function etagOf({ versions }: NameRecord): string {
  return `"${versions.at(-1)?.digest ?? ''}"`;
}

function wrong(detail: string): ProblemError {
  return new ProblemError({ code: 'INVALID_REQUEST', detail });
}

/** How many versions of each name are wanted; undefined: all. Throws ProblemError INVALID_REQUEST. */
function versionsIn({ query }: FastifyRequest): number | undefined {
  const { versions } = query as Readonly<Record<string, unknown>>;
  if (versions === undefined) return undefined;
  const number = typeof versions === 'string' && /^\d{1,5}$/.test(versions) ? Number(versions) : 0;
  if (number >= 1 && number <= 10_000) return number;
  throw wrong('The query parameter "versions" is a whole number from 1 to 10000.');
}

/** Digests in `If-Match`: entity tags with commas between. Throws ProblemError INVALID_REQUEST. */
function expectedIn({ headers }: FastifyRequest): Sending['expected'] {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (match !== undefined && noneMatch !== undefined) throw wrong('Give If-Match or If-None-Match, not both.');
  if (noneMatch !== undefined) {
    if (noneMatch.trim() === '*') return 'NONE';
    throw wrong('If-None-Match takes *, which is: only if there is no snapshot under this name.');
  }
  if (match === undefined) return undefined;
  if (match.trim() === '*') return 'ANY';
  return match.split(',').map((text) => {
    const tag = /^\s*(?:W\/)?"(sha256:[0-9a-f]{64})"\s*$/.exec(text)?.[1];
    if (tag === undefined) {
      throw wrong('If-Match takes digests in double quotes, as `"sha256:…"`, with commas between, or *.');
    }
    return tag;
  });
}

/** How the request has its snapshot kept. Throws ProblemError INVALID_REQUEST that says what a parameter takes. */
function sendingOf(request: FastifyRequest): Sending {
  const name = nameIn(request);
  const { force = 'false', sender } = request.query as Readonly<Record<string, unknown>>;
  if (force !== '' && force !== 'true' && force !== 'false') {
    throw wrong('The query parameter "force" takes no value, "true" or "false".');
  }
  if (sender !== undefined && !isSender(sender))
    throw wrong('The query parameter "sender" has 1 to 128 ASCII characters.');
  const expected = expectedIn(request);
  return {
    name,
    sender: sender ?? request.ip,
    force: force !== 'false',
    ...(expected === undefined ? {} : { expected }),
  };
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

  /** How the snapshot of a request's body is received. Throws what can be refused before it is read. */
  #receivingOf({ headers }: FastifyRequest) {
    const body = snapshotForm(headers['content-type']);
    const encoding = bodyEncoding(headers['content-encoding']);
    const { bodyTimeout: idleTimeout } = this.#options;
    const { bodyLimit: limit } = this.#workers.options;
    checkDeclaredLength(headers['content-length'], limit);
    this.#workers.refuseHolding(encoding === 'identity' ? Number(headers['content-length'] ?? 0) : 0);
    const empty = 'The body is empty. It must be the snapshot.';
    return { body, receiving: { encoding, limit, idleTimeout, empty } };
  }

  /** Holds the body as a snapshot: 201, or 200 when it was held already. Throws as a question does. */
  async put(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const digest = digestIn(request);
    const { indent } = textOptions(request.query);
    const { body, receiving } = this.#receivingOf(request);
    const held = await withBody(request, reply, this.#workers, receiving, (bytes, client) => {
      this.#metrics.snapshot('held', bytes.length);
      return this.#workers.hold({ task: 'hold', digest, body, ...bytes }, request.owner, client);
    });
    if ('problem' in held) return sendProblem(reply, held.problem);
    const { created, ...answer } = held;
    const json = JSON.stringify(answer, undefined, indent);
    return reply
      .code(created ? 201 : 200)
      .type('application/json; charset=utf-8')
      .send(json);
  }

  /** Where names are. Throws ProblemError UNSUPPORTED where no snapshots are held. */
  #named(): NamedSnapshots {
    this.#workers.refuseHolding(0);
    const { named } = this.#workers.shelf;
    if (named === undefined) throw new ProblemError({ code: 'UNSUPPORTED', detail: 'This service has no names.' });
    return named;
  }

  /**
   * Keeps the body as the newest version of a name: 201, or 200 when it was that already. Throws as a question does.
   */
  async putNamed(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const sending = sendingOf(request);
    this.#named();
    const { body, receiving } = this.#receivingOf(request);
    const kept = await withBody(request, reply, this.#workers, receiving, (bytes, client) => {
      this.#metrics.snapshot('held', bytes.length);
      return this.#workers.holdNamed({ task: 'hold', body, ...bytes }, request.owner, sending, client);
    });
    if ('problem' in kept) return sendProblem(reply, kept.problem);
    const { created } = kept;
    return reply
      .code(created ? 201 : 200)
      .header('etag', `"${kept.version.digest}"`)
      .send(acceptedOf(kept));
  }

  /** The names of this client. */
  async list(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const most = versionsIn(request);
    const records = await this.#named().list(request.owner);
    if ('problem' in records) return sendProblem(reply, records.problem);
    return reply.send({ names: records.map((record) => listed(record, most)) });
  }

  /** One name of this client. */
  async getNamed(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const most = versionsIn(request);
    const record = await this.#named().read(request.owner, nameIn(request));
    if ('problem' in record) return sendProblem(reply, record.problem);
    return reply.header('etag', etagOf(record)).send(listed(record, most));
  }

  /** Lets go of a name. */
  async deleteNamed(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const gone = await this.#named().delete(request.owner, nameIn(request));
    return 'problem' in gone ? sendProblem(reply, gone.problem) : reply.send(gone);
  }

  /**
   * Whether a snapshot is held for this client: 200, or the problem that a question about it would meet, without its
   * text.
   */
  async head(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const digest = digestIn(request);
    const held = await this.#workers.shelf.has(request.owner, digest);
    if (held === 'HELD') return reply.send();
    if (held === 'STORE_DOWN') return sendProblem(reply, storeUnavailable([digest]));
    return sendProblem(reply, { code: 'UNKNOWN_DIGEST', detail: `${digest} is not held for this client.` });
  }
}
