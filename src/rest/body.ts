/**
 * A request's body as bytes in pieces that can be handed to another thread without copying. Inflating runs on zlib's
 * threads; the event loop only moves pieces of at most 256 KiB.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { type Body, type Budget, ClientGone, Segments, tooLarge } from '../work/body.js';
import { ProblemError } from '../work/problem.js';
import type { Encoding } from './negotiate.js';

export interface BodyOptions {
  readonly encoding: Encoding;
  /** The most bytes, after inflating. */
  readonly limit: number;
  /** How long the client may be silent, milliseconds. */
  readonly idleTimeout: number;
  /** What all bodies in memory share. */
  readonly budget: Budget;
}

/** Refuses a body whose declared length is beyond the limit, before any of it is read. */
export function checkDeclaredLength(header: string | undefined, limit: number): void {
  if (header !== undefined && Number(header) > limit) throw tooLarge(limit);
}

const CHUNK = 256 * 1024;

function inflater(encoding: Encoding): Duplex | undefined {
  switch (encoding) {
    case 'identity':
      return undefined;
    case 'gzip':
      return createGunzip({ chunkSize: CHUNK });
    case 'deflate':
      return createInflate({ chunkSize: CHUNK });
    case 'br':
      // A large window could claim up to 1 GiB (RFC 9841); ordinary brotli stays within 16 MiB.
      return createBrotliDecompress({ chunkSize: CHUNK, params: { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: 0 } });
  }
}

/**
 * Reads the body to its end. What it took of the budget is given back by `release`, once the body has been handed on
 * and done with; a failure gives it back at once. After a failure the rest of the body is still unread.
 * Throws ProblemError TOO_LARGE, MALFORMED (does not inflate), OVERLOADED (budget), REQUEST_TIMEOUT; ClientGone.
 */
export function readBody(request: IncomingMessage, options: BodyOptions): Promise<{ body: Body; release: () => void }> {
  const { encoding, limit, idleTimeout, budget } = options;
  const declared = encoding === 'identity' ? Number(request.headers['content-length'] ?? 0) : 0;
  const segments = new Segments(budget, declared);
  const inflate = inflater(encoding);
  const source = inflate ?? request;
  return new Promise((resolve, reject) => {
    const idle = setTimeout(() => {
      const seconds = idleTimeout / 1000;
      fail(
        new ProblemError({
          code: 'REQUEST_TIMEOUT',
          detail: `No byte of the body arrived for ${seconds} seconds.`,
          headers: { connection: 'close' },
        }),
      );
    }, idleTimeout);
    const stop = () => {
      clearTimeout(idle);
      request.off('data', onArrival).off('error', onGone).off('close', onGone);
      source.off('data', onData).off('end', onEnd);
      if (inflate !== undefined) {
        request.unpipe(inflate);
        // An inflater that is destroyed may still tell of what it was doing.
        inflate.off('error', onInflateError).on('error', () => {});
        inflate.destroy();
      }
    };
    const fail = (error: Error) => {
      stop();
      request.pause();
      segments.release();
      reject(error);
    };
    const onArrival = () => idle.refresh();
    const onGone = () => {
      // A connection may close after the whole body arrived, while it is still being inflated.
      if (!request.complete) fail(new ClientGone('the client closed the connection before the end of the body'));
    };
    const onInflateError = () =>
      fail(
        new ProblemError({
          code: 'MALFORMED',
          detail: `The body is not valid ${encoding}, or ends too early to be inflated.`,
        }),
      );
    const onData = (chunk: Uint8Array) => {
      if (segments.length + chunk.length > limit) fail(tooLarge(limit));
      else if (!segments.add(chunk)) {
        const detail = `The bodies being worked on fill the ${budget.limit} bytes set aside for them. Try again later.`;
        fail(new ProblemError({ code: 'OVERLOADED', detail, headers: { 'retry-after': '5' } }));
      }
    };
    const onEnd = () => {
      stop();
      resolve({ body: segments.body(), release: () => segments.release() });
    };
    request.on('data', onArrival).on('error', onGone).on('close', onGone);
    source.on('data', onData).on('end', onEnd);
    if (inflate !== undefined) {
      inflate.on('error', onInflateError);
      request.pipe(inflate);
    }
  });
}
