/** Requests to a kube-whatif server. */
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { ServerError } from './server-error.js';

export interface Server {
  readonly url: URL;
  readonly token: string | undefined;
  /** PEM: authorities to trust instead of the well-known ones, and what the client shows of itself. */
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

export interface ServerRequest {
  readonly method: 'POST' | 'PUT' | 'HEAD' | 'GET' | 'DELETE';
  /** Below the server's URL, e.g. `/v1/path`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

export interface ServerReply {
  readonly status: number;
  readonly body: Buffer;
}

/** How long the server may say nothing, milliseconds: longer than a question may take there by default. */
const SILENCE = 120_000;

/** What connecting failed for, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  ENOTFOUND: 'the name cannot be resolved',
  EAI_AGAIN: 'the name cannot be resolved',
  EHOSTUNREACH: 'there is no route to it',
  ETIMEDOUT: 'it does not answer',
  EPROTO: 'it does not speak TLS',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is of no known authority: give that with --ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of no known authority: give that with --ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of no known authority: give that with --ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of no known authority: give that with --ca',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** Sends a request and reads the whole reply. Throws ServerError when no reply comes. */
export function sendRequest(server: Server, { method, path, headers, body }: ServerRequest): Promise<ServerReply> {
  const { url, token, ca, cert, key } = server;
  const secure = url.protocol === 'https:';
  const options = {
    method,
    headers: {
      accept: 'application/json',
      'content-length': String(body === undefined ? 0 : Buffer.byteLength(body)),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    timeout: SILENCE,
    ...(secure ? { ca, cert, key } : {}),
  };
  const target = new URL(url.pathname.replace(/\/$/, '') + path, url);
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const reason = REASONS[error.code ?? ''] ?? error.message;
      reject(new ServerError(`The server ${url.origin} cannot be asked: ${reason}.`));
    };
    const request = (secure ? overHttps : overHttp)(target, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    request.on('error', fail).end(body);
  });
}
