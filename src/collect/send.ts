/** Sends a snapshot to kube-whatif's own server under a name, again and again until it is there or refused. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { CollectError } from './collect-error.js';
import { Broken, type Exchange, exchange } from './http.js';
import { backOff, pause, retryAfter } from './pause.js';

export interface Destination {
  readonly url: URL;
  readonly name: string;
  readonly sender: string;
  /** Read anew for each snapshot: tokens rotate. */
  token(): string | undefined;
  readonly tls: NonNullable<Exchange['tls']>;
  readonly timeout: number;
  readonly tries?: number;
  readonly firstWait?: number;
  readonly signal?: AbortSignal;
}

/** What became of a snapshot. */
export type Sent =
  | { readonly result: 'NEW' | 'SAME'; readonly digest: string }
  /** The server will not take it, however often it is sent. */
  | { readonly result: 'REFUSED'; readonly code: string; readonly detail: string };

const compress = promisify(gzip);

interface Body {
  readonly digest?: unknown;
  readonly code?: unknown;
  readonly detail?: unknown;
}

function bodyOf(text: string): Body {
  try {
    return Object(JSON.parse(text)) as Body;
  } catch {
    return {};
  }
}

/** Statuses that say that the same request may succeed later. */
const LATER: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504, 507]);

/** Sends it. Throws CollectError where the server cannot be reached or stays busy. */
export async function sendSnapshot(to: Destination, snapshot: Buffer): Promise<Sent> {
  const { url, name, sender, tls, timeout, tries = 6, firstWait = 1000, signal } = to;
  const body = await compress(snapshot);
  const path = `${url.pathname.replace(/\/$/, '')}/v1/snapshots/names/${name}?sender=${encodeURIComponent(sender)}`;
  for (let tried = 1; ; tried++) {
    let why: string;
    let wait = backOff(tried, firstWait, 60_000);
    const token = to.token();
    try {
      const reply = await exchange({
        method: 'PUT',
        url: new URL(path, url),
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body,
        timeout,
        tls,
        ...(signal === undefined ? {} : { signal }),
      });
      const { digest, code, detail } = bodyOf(reply.body.toString('utf8'));
      if ((reply.status === 200 || reply.status === 201) && typeof digest === 'string') {
        return { result: reply.status === 201 ? 'NEW' : 'SAME', digest };
      }
      if (!LATER.has(reply.status)) {
        return {
          result: 'REFUSED',
          code: typeof code === 'string' ? code : `HTTP_${reply.status}`,
          detail: typeof detail === 'string' ? detail : `the server answers with status ${reply.status}`,
        };
      }
      why = typeof detail === 'string' ? detail : `status ${reply.status}`;
      wait = Math.max(wait, retryAfter(reply.headers['retry-after']) ?? 0);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      why = error.message;
    }
    if (tried >= tries || signal?.aborted) {
      throw new CollectError(`The snapshot could not be sent to ${url.origin} in ${tried} tries: ${why}`);
    }
    await pause(wait, signal);
  }
}
