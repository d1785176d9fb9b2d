/** TLS for HTTP and gRPC: the files read and checked before anything listens. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TlsFiles } from './service-settings.js';
import { SettingsError } from './variables.js';

export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Clients need a certificate of one of these authorities. */
  readonly clientCa?: Buffer;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** When the certificate ends. */
  readonly validTo: Date;
}

function read(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new SettingsError([`${name} ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`]);
  }
}

function parsed<T>(name: string, file: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    // The library's words may quote what it read.
    throw new SettingsError([`${name} ${file} holds no ${what} in PEM form.`]);
  }
}

/**
 * Reads the files. Throws SettingsError for those that cannot be read, hold something else, or do not belong together.
 */
export function readTls(files: TlsFiles): Tls {
  const cert = read('TLS_CERT_FILE', files.cert);
  const key = read('TLS_KEY_FILE', files.key);
  const certificate = parsed('TLS_CERT_FILE', files.cert, 'certificate', () => new X509Certificate(cert));
  const privateKey = parsed('TLS_KEY_FILE', files.key, 'private key', () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new SettingsError([`TLS_KEY_FILE ${files.key} is not the key of the certificate in ${files.cert}.`]);
  }
  const { clientCa } = files;
  const ca = clientCa === undefined ? undefined : read('TLS_CLIENT_CA_FILE', clientCa);
  if (ca !== undefined && clientCa !== undefined) {
    parsed('TLS_CLIENT_CA_FILE', clientCa, 'certificate', () => new X509Certificate(ca));
  }
  return {
    cert,
    key,
    ...(ca === undefined ? {} : { clientCa: ca }),
    minVersion: `TLSv${files.minVersion}`,
    validTo: new Date(certificate.validTo),
  };
}
