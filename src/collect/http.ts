/** One HTTP request with deadlines, for the API server and for kube-whatif's own. */
import { type Agent as HttpAgent, request as overHttp } from 'node:http';
import { type Agent as HttpsAgent, request as overHttps } from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

export interface Exchange {
  readonly method: 'GET' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** How long the other side may say nothing, milliseconds. */
  readonly timeout: number;
  readonly agent?: HttpAgent | HttpsAgent;
  /** Ends the request. */
  readonly signal?: AbortSignal;
  /** PEM. */
  readonly tls?: {
    readonly ca?: Buffer;
    readonly cert?: Buffer;
    readonly key?: Buffer;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** No whole reply came; trying again may help. */
export class Broken extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Broken';
  }
}

/** The most bytes of one reply: a page of the largest objects that etcd holds. */
const MOST = 512 * 1024 * 1024;

const inflate = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

/** Sends a request and reads the whole reply, inflated. Throws {@link Broken} when no reply comes. */
export async function exchange(asked: Exchange): Promise<Reply> {
  const { method, url, headers, body, timeout, agent, signal, tls = {} } = asked;
  const reply = await new Promise<Reply>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(new Broken(`${url.host}: ${error.code ?? error.message}`));
    const options = {
      method,
      headers: { 'accept-encoding': 'gzip', 'content-length': String(body?.length ?? 0), ...headers },
      timeout,
      ...(agent === undefined ? {} : { agent }),
      ...(signal === undefined ? {} : { signal }),
      ...(url.protocol === 'https:' ? tls : {}),
    };
    const request = (url.protocol === 'https:' ? overHttps : overHttp)(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MOST) request.destroy(new Error('the reply is too long'));
        else chunks.push(chunk);
      });
      response.on('error', fail).on('aborted', () => fail(new Error('the connection broke')));
      response.on('end', () => {
        if (!response.complete) fail(new Error('the connection broke'));
        else resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    request.on('error', fail).end(body);
  });
  if (reply.headers['content-encoding'] !== 'gzip') return reply;
  try {
    return { ...reply, body: await inflate(reply.body, { maxOutputLength: MOST }) };
  } catch {
    throw new Broken(`${url.host}: the reply cannot be inflated`);
  }
}
