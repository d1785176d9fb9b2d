/**
 * A request's body as bytes in pieces that can be handed to another thread without copying. Inflating runs on zlib's
 * threads; the event loop only moves pieces of at most 256 KiB.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Encoding } from './negotiate.js';
import { ProblemError } from './problem.js';

/** Bytes in order: each segment is full but the last, which ends where `length` says. */
export interface Body {
  readonly segments: readonly ArrayBuffer[];
  readonly length: number;
}

export interface BodyOptions {
  readonly encoding: Encoding;
  /** The most bytes, after inflating. */
  readonly limit: number;
  /** How long the client may be silent, milliseconds. */
  readonly idleTimeout: number;
  /** What all bodies in memory share. */
  readonly budget: Budget;
}

/** Bytes that all bodies in memory may take together: many uploads at once must not exhaust the process. */
export class Budget {
  readonly limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes bytes; false when there are not as many. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** The 413, which states the limit. */
export function tooLarge(limit: number): ProblemError {
  return new ProblemError({
    code: 'TOO_LARGE',
    detail:
      `The body is larger than ${limit} bytes, counted after inflating. ` +
      'Leave out kinds that are not used (`kubectl get nodes,pods,services,endpointslices,deployments,replicasets -A -o json`).',
  });
}

/** Refuses a body whose declared length is beyond the limit, before any of it is read. */
export function checkDeclaredLength(header: string | undefined, limit: number): void {
  if (header !== undefined && Number(header) > limit) throw tooLarge(limit);
}

const FIRST_SEGMENT = 64 * 1024;
const LARGEST_SEGMENT = 1024 * 1024;
const CHUNK = 256 * 1024;

/** Gathers chunks in segments of its own, since those of a socket share memory with what else arrives there. */
class Segments {
  readonly #segments: ArrayBuffer[] = [];
  readonly #budget: Budget;
  #last = new Uint8Array(0);
  #filled = 0;
  #taken = 0;
  length = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Copies a chunk; false when the budget is used up. */
  add(chunk: Uint8Array): boolean {
    for (let from = 0; from < chunk.length; ) {
      if (this.#filled === this.#last.length && !this.#grow()) return false;
      const size = Math.min(chunk.length - from, this.#last.length - this.#filled);
      this.#last.set(chunk.subarray(from, from + size), this.#filled);
      this.#filled += size;
      from += size;
    }
    this.length += chunk.length;
    return true;
  }

  #grow(): boolean {
    const size = Math.min(Math.max(FIRST_SEGMENT, this.length), LARGEST_SEGMENT);
    if (!this.#budget.take(size)) return false;
    this.#taken += size;
    const segment = new ArrayBuffer(size);
    this.#segments.push(segment);
    this.#last = new Uint8Array(segment);
    this.#filled = 0;
    return true;
  }

  body(): Body {
    return { segments: this.#segments, length: this.length };
  }

  /** Gives back what was taken of the budget. */
  release(): void {
    this.#budget.give(this.#taken);
    this.#taken = 0;
  }
}

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

/** The client went away: nobody is left to answer. */
export class ClientGone extends Error {}

/**
 * Reads the body to its end. What it took of the budget is given back by `release`, once the body has been handed on
 * and done with; a failure gives it back at once. After a failure the rest of the body is still unread.
 * Throws ProblemError TOO_LARGE, MALFORMED (does not inflate), OVERLOADED (budget), REQUEST_TIMEOUT; ClientGone.
 */
export function readBody(request: IncomingMessage, options: BodyOptions): Promise<{ body: Body; release: () => void }> {
  const { encoding, limit, idleTimeout, budget } = options;
  const segments = new Segments(budget);
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
