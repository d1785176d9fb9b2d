/**
 * Takes a request's body from the connection to whoever works on it, and notices when the client goes away meanwhile.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Body } from '../work/body.js';
import { Client } from '../work/client.js';
import { ProblemError } from '../work/problem.js';
import type { Workers } from '../work/workers.js';
import { readBody } from './body.js';
import type { Encoding } from './negotiate.js';

export interface Receiving {
  readonly encoding: Encoding;
  /** The most bytes, after inflating. */
  readonly limit: number;
  /** How long the client may be silent, milliseconds. */
  readonly idleTimeout: number;
  /** The problem of a body without bytes. */
  readonly empty: string;
}

/**
 * Reads the body and hands it to `work`, with the client, who may go meanwhile. Its memory is given back
 * when `work` is done. Throws ProblemError as readBody does, MALFORMED for an empty body; ClientGone.
 */
export async function withBody<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  workers: Workers,
  { encoding, limit, idleTimeout, empty }: Receiving,
  work: (body: Body, client: Client) => Promise<T>,
): Promise<T> {
  const read = await readBody(request.raw, { encoding, limit, idleTimeout, budget: workers.budget });
  const client = new Client();
  const onClose = () => client.leave();
  reply.raw.on('close', onClose);
  if (request.raw.socket.destroyed) onClose();
  try {
    if (read.body.length === 0) throw new ProblemError({ code: 'MALFORMED', detail: empty });
    return await work(read.body, client);
  } finally {
    reply.raw.off('close', onClose);
    read.release();
  }
}
