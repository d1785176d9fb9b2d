/**
 * For the health check of a container: exits with 0 when the service of this environment (HOST, PORT, TLS_CERT_FILE)
 * answers /healthz, or the path that the first argument names (/readyz). Needs nothing but Node.js.
 */
import { readFileSync } from 'node:fs';
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';

const { HOST = '', PORT = '', TLS_CERT_FILE = '', TLS_KEY_FILE = '', TLS_CLIENT_CA_FILE = '' } = process.env;
const everywhere = new Set(['', '0.0.0.0', '::']);
const secure = TLS_CERT_FILE !== '';
const mutual = TLS_CLIENT_CA_FILE !== '';

/** Under mutual TLS the service's own certificate is shown: often its authority is that of clients too. */
function certificate() {
  try {
    return mutual ? { cert: readFileSync(TLS_CERT_FILE), key: readFileSync(TLS_KEY_FILE) } : {};
  } catch {
    return {};
  }
}

const options = {
  host: everywhere.has(HOST) ? 'localhost' : HOST,
  port: PORT === '' ? 8080 : Number(PORT),
  path: process.argv[2] ?? '/healthz',
  timeout: 5_000,
  // Whose certificate it is does not matter here: nothing is sent to it.
  rejectUnauthorized: false,
  ...certificate(),
};
const request = (secure ? overHttps : overHttp)(options, (response) => {
  response.resume();
  process.exitCode = response.statusCode === 200 ? 0 : 1;
});
request.on('timeout', () => request.destroy(new Error('no answer')));
request.on('error', (error: NodeJS.ErrnoException) => {
  // Under mutual TLS a client whose certificate is not trusted is turned away, by a service that lives.
  const turnedAway = mutual && /^ERR_SSL|ECONNRESET|EPROTO/.test(error.code ?? '');
  process.exitCode = turnedAway ? 0 : 1;
});
request.end();
