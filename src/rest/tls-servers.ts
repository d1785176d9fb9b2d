/** TLS of the HTTP door, with certificates that can be replaced while it listens. */
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { FastifyServerFactory } from 'fastify';
import type { Tls } from '../operations/tls.js';

/** How sockets are made: with a certificate, and with clients' certificates where there is an authority for them. */
function contextOf({ cert, key, clientCa: ca, minVersion }: Tls) {
  const mutual = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
  return { cert, key, minVersion, ...mutual };
}

/**
 * The servers of one door. There are several where a host name has several addresses (`localhost`), and all of them
 * have to change their certificates together.
 */
export class TlsServers {
  readonly #servers: Server[] = [];
  #tls: Tls;

  constructor(tls: Tls) {
    this.#tls = tls;
  }

  /** What Fastify makes its servers with. */
  readonly factory: FastifyServerFactory = (handler, options) => {
    const { keepAliveTimeout, requestTimeout, connectionTimeout } = options as {
      readonly keepAliveTimeout: number;
      readonly requestTimeout: number;
      readonly connectionTimeout: number;
    };
    const server = createServer(contextOf(this.#tls) satisfies ServerOptions, handler);
    server.keepAliveTimeout = keepAliveTimeout;
    server.requestTimeout = requestTimeout;
    server.setTimeout(connectionTimeout);
    this.#servers.push(server);
    return server;
  };

  /**
   * New connections are made with this certificate from now on; those that are open stay as they are, except where
   * authorities of clients changed: then idle ones end, and a client that is no longer trusted cannot come back. Throws
   * what OpenSSL refuses.
   */
  renew(tls: Tls): void {
    const stricter = !sameBytes(tls.clientCa, this.#tls.clientCa);
    this.#tls = tls;
    for (const server of this.#servers) {
      server.setSecureContext(contextOf(tls));
      if (stricter) server.closeIdleConnections();
    }
  }
}

function sameBytes(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other);
}
