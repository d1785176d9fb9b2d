import { ServerCredentials } from '@grpc/grpc-js';
import type { Tls } from '../operations/tls.js';

/** The service's own certificate, with the oldest version of TLS that the operator allows, which the library has no option for. */
class TlsCredentials extends ServerCredentials {
  constructor({ cert, key, clientCa, minVersion }: Tls) {
    const mutual = clientCa !== undefined;
    super(
      { requestCert: mutual, rejectUnauthorized: mutual },
      { cert, key, minVersion, ...(clientCa === undefined ? {} : { ca: clientCa }) },
    );
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}

/** What the server listens with: TLS where there is a certificate, mutual where clients need one too. */
export function serverCredentials(tls: Tls | undefined): ServerCredentials {
  return tls === undefined ? ServerCredentials.createInsecure() : new TlsCredentials(tls);
}
