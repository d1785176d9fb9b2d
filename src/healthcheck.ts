/**
 * For a container's health check: ends with 0 when the service of this environment (HOST, PORT, TLS_CERT_FILE) says that it lives.
 * Needs nothing but Node.js, and looks at the process alone: readiness is for balancers.
 */
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';

const { HOST = '', PORT = '', TLS_CERT_FILE = '', TLS_CLIENT_CA_FILE = '' } = process.env;
const everywhere = new Set(['', '0.0.0.0', '::']);
const secure = TLS_CERT_FILE !== '';
const options = {
  host: everywhere.has(HOST) ? 'localhost' : HOST,
  port: PORT === '' ? 8080 : Number(PORT),
  path: '/healthz',
  timeout: 5_000,
  // Whose certificate it is does not matter here: nothing is sent to it.
  rejectUnauthorized: false,
};
const request = (secure ? overHttps : overHttp)(options, (response) => {
  response.resume();
  process.exitCode = response.statusCode === 200 ? 0 : 1;
});
request.on('timeout', () => request.destroy(new Error('no answer')));
request.on('error', (error: NodeJS.ErrnoException) => {
  // Under mutual TLS a client without a certificate is turned away, by a service that lives.
  const turnedAway = TLS_CLIENT_CA_FILE !== '' && /^ERR_SSL|ECONNRESET|EPROTO/.test(error.code ?? '');
  process.exitCode = turnedAway ? 0 : 1;
});
request.end();
