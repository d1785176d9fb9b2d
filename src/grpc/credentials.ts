import { ServerCredentials } from '@grpc/grpc-js';
import type { Tls } from '../operations/tls.js';

function contextOf({ cert, key, clientCa, minVersion }: Tls) {
  return { cert, key, minVersion, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}

/**
 * The service's own certificate, with the oldest version of TLS that the operator allows, which the library has no
 * option for.
 */
export class TlsCredentials extends ServerCredentials {
  constructor(tls: Tls) {
    const mutual = tls.clientCa !== undefined;
    super({ requestCert: mutual, rejectUnauthorized: mutual }, contextOf(tls));
  }

  /** New connections are made with this certificate from now on. Throws what OpenSSL refuses. */
  renew(tls: Tls): void {
    this.updateSecureContextOptions(contextOf(tls));
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}
