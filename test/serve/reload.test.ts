/** Certificates and tokens that change while the service runs: both doors use the new ones, without a restart. */
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import t from 'tap';
import { readSettings } from '../../src/operations/service-settings.js';
import { serve } from '../../src/serve/serve.js';
import { FAKE_WORKER } from '../rest/support.js';

const THREADS = { SMALL_THREADS: '1', LARGE_THREADS: '1', HELD_THREADS: '1', RELOAD_INTERVAL: '1' };
const FOLDER = 'test/serve/tls';
const pem = (name: string) => readFileSync(`${FOLDER}/${name}.pem`, 'utf8');
const [OLD, NEW] = ['an-old-token-of-enough-length', 'a-new-token-of-enough-length'] as const;

/** A folder as kubelet mounts a Secret: files are links into a folder that a link names, and that link is moved. */
function mounted(folder: string) {
  let version = 0;
  return (files: Readonly<Record<string, string>>) => {
    const data = `..${++version}`;
    mkdirSync(join(folder, data));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, data, name), content);
    symlinkSync(data, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    if (version === 1) for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(folder, name));
  };
}

async function serving(variables: Readonly<Record<string, string>>) {
  const lines: string[] = [];
  const logStream = { write: (line: string) => void lines.push(line) };
  const env = { PORT: '0', GRPC_PORT: '0', ...THREADS, ...variables };
  const running = await serve(readSettings(env), {}, { workerFile: FAKE_WORKER, logStream, threadsOnDemand: true });
  /** Waits until a line of the log has this text; fails with the log after two minutes. */
  const logged = async (text: string, times = 1) => {
    for (let i = 0; i < 2400; i++) {
      if (lines.filter((line) => line.includes(text)).length >= times) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`"${text}" is not in the log:\n${lines.join('')}`);
  };
  const { hostname, port } = new URL(running.url);
  return { ...running, hostname, port: Number(port), logged, lines };
}

/** The common name of the certificate that a new connection is shown. */
function shownAt(port: number, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function get(port: number, options: object, path = '/v1/snapshots/x'): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, ca: pem('ca'), ...options }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject).end();
  });
}

/** The status code of a call over gRPC that decodes nothing; 3 (INVALID_ARGUMENT) when the token was accepted. */
function call(address: string, token: string): Promise<number> {
  const client = new Client(address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  const same = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    const done = (error: { readonly code: number } | null) => {
      client.close();
      resolve(error?.code ?? 0);
    };
    client.makeUnaryRequest('/kube_whatif.v1.KubeWhatif/Path', same, same, Buffer.from([255]), metadata, done);
  });
}

t.test('a certificate is replaced for new connections; open ones go on', async (t) => {
  const folder = t.testdir();
  const put = mounted(folder);
  put({ 'tls.crt': pem('server'), 'tls.key': pem('server-key') });
  const running = await serving({
    TLS_CERT_FILE: `${folder}/tls.crt`,
    TLS_KEY_FILE: `${folder}/tls.key`,
    HOST: 'localhost',
  });
  t.teardown(() => running.close());
  t.match(running.url, /^https:/);
  const grpc = Number(running.grpc?.split(':').at(-1));
  t.same([await shownAt(running.port), await shownAt(grpc)], ['server', 'server']);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  t.equal(await get(running.port, { agent }, '/healthz'), 200);

  put({ 'tls.crt': pem('client'), 'tls.key': pem('server-key') });
  await running.logged('are not valid: the earlier ones stay');
  t.match(running.lines.join(''), /tls\.key is not the key of the certificate/);
  t.same([await shownAt(running.port), await shownAt(grpc)], ['server', 'server'], 'half of a change changes nothing');

  put({ 'tls.crt': pem('client'), 'tls.key': pem('client-key') });
  await running.logged('were read again');
  t.same([await shownAt(running.port), await shownAt(grpc)], ['client', 'client']);
  // `localhost` may have two addresses, and then two servers.
  const six = await shownAt(running.port, '::1').catch(() => 'client');
  t.equal(six, 'client');
  t.equal(await get(running.port, { agent }, '/healthz'), 200, 'on the connection that was open');
  const metrics = await new Promise<string>((resolve) => {
    let text = '';
    request({ host: '127.0.0.1', port: running.port, path: '/metrics', ca: pem('ca') }, (response) =>
      response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text)),
    ).end();
  });
  t.match(metrics, /^kube_whatif_secret_reloads_total\{result="TAKEN"\} 1$/m);
  t.match(metrics, /^kube_whatif_secret_reloads_total\{result="REFUSED"\} 1$/m);
  t.match(metrics, /^kube_whatif_certificate_expiry_timestamp_seconds \d{10}$/m);
});

t.test('the authority of clients is replaced', async (t) => {
  const folder = t.testdir();
  const put = mounted(folder);
  const files = { 'tls.crt': pem('server'), 'tls.key': pem('server-key') };
  put({ ...files, 'ca.crt': pem('ca') });
  const running = await serving({
    TLS_CERT_FILE: `${folder}/tls.crt`,
    TLS_KEY_FILE: `${folder}/tls.key`,
    TLS_CLIENT_CA_FILE: `${folder}/ca.crt`,
  });
  t.teardown(() => running.close());
  const client = { cert: pem('client'), key: pem('client-key'), agent: false };
  const stranger = { cert: pem('stranger'), key: pem('stranger-key'), agent: false };
  t.equal(await get(running.port, client, '/healthz'), 200);
  await t.rejects(get(running.port, stranger, '/healthz'));
  // The stranger's certificate signed itself.
  put({ ...files, 'ca.crt': pem('stranger') });
  await running.logged('were read again');
  t.equal(await get(running.port, stranger, '/healthz'), 200);
  await t.rejects(get(running.port, client, '/healthz'), 'who is no longer trusted');
});

t.test('tokens are replaced, at both doors', async (t) => {
  const folder = t.testdir();
  const put = mounted(folder);
  put({ tokens: `team ${OLD}\n` });
  const running = await serving({ TOKENS_FILE: `${folder}/tokens` });
  t.teardown(() => running.close());
  const ask = async (token: string) =>
    (await fetch(`${running.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).status;
  const grpc = running.grpc ?? '';
  t.same([await ask(OLD), await ask(NEW)], [200, 401]);
  t.same([await call(grpc, OLD), await call(grpc, NEW)], [3, 16]);
  put({ tokens: `team ${OLD}\nteam ${NEW}\n` });
  await running.logged('were read again');
  t.same([await ask(OLD), await ask(NEW)], [200, 200], 'both, while clients move');
  put({ tokens: '# none\n' });
  await running.logged('are not valid');
  t.same([await ask(OLD), await ask(NEW)], [200, 200], 'a file without tokens opens nothing and locks nobody out');
  put({ tokens: `team ${NEW}\n` });
  await running.logged('were read again', 2);
  t.same([await ask(OLD), await ask(NEW)], [401, 200]);
  t.same([await call(grpc, OLD), await call(grpc, NEW)], [16, 3]);
  t.notMatch(running.lines.join(''), new RegExp(`${OLD}|${NEW}`), 'the log has no token');
});

t.test('RELOAD_INTERVAL=0 reads files at start alone; others end with the service', async (t) => {
  const file = join(t.testdir({ tokens: OLD }), 'tokens');
  const running = await serving({ TOKENS_FILE: file, RELOAD_INTERVAL: '0' });
  writeFileSync(file, NEW);
  const status = (token: string) =>
    fetch(`${running.url}/metrics`, { headers: { authorization: `Bearer ${token}` } }).then((reply) => reply.status);
  // Longer than the shortest interval.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  t.same([await status(OLD), await status(NEW)], [200, 401]);
  await running.close();
});
