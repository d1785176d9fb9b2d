/** The files that containers are made of: they parse, hang together, and set nothing that the service does not know. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';

import { readSettings } from '../../src/operations/service-settings.js';
import { VARIABLES } from '../../src/operations/service-variables.js';
import { readTls } from '../../src/operations/tls.js';
import { FAKE_WORKER, QUICK, start } from '../rest/support.js';

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly stop_grace_period?: string;
}

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};
const dockerfile = readFileSync('Dockerfile', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const nginx = readFileSync('deploy/nginx.conf', 'utf8');

/** The variables that the last stage sets. */
const imageEnvironment = Object.fromEntries(
  dockerfile.flatMap((line) =>
    line.startsWith('ENV ')
      ? line
          .slice(4)
          .split(' ')
          .map((pair) => pair.split('=') as [string, string])
      : [],
  ),
);

t.test('two replicas, a proxy and a store, none of them with more rights than it needs', async (tt) => {
  tt.same(Object.keys(compose.services), ['replica-1', 'replica-2', 'proxy', 'valkey']);
  for (const [name, service] of Object.entries(compose.services)) {
    tt.equal(service.read_only, true, name);
    tt.same(service.cap_drop, ['ALL']);
    tt.same(service.security_opt, ['no-new-privileges:true']);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      tt.ok(other in compose.services);
      tt.equal(condition, 'service_healthy');
    }
    for (const volume of service.volumes ?? []) tt.ok(existsSync(volume.split(':')[0] ?? ''), volume);
    if (service.build === undefined) tt.match(service.user, /^\d+:\d+$/, `${name} is not root`);
  }
});

t.test('every variable is one that the service knows, and together they can be', async (tt) => {
  const known = new Set<string>([...VARIABLES.map(({ name }) => name), 'NODE_ENV']);
  for (const name of ['replica-1', 'replica-2']) {
    const environment = { ...imageEnvironment, ...compose.services[name]?.environment };
    tt.same(
      Object.keys(environment).filter((variable) => !known.has(variable)),
      [],
    );
    const settings = readSettings(environment);
    const grace = Number(/^(\d+)s$/.exec(compose.services[name]?.stop_grace_period ?? '')?.[1]) * 1000;
    tt.ok(grace > settings.drainDelay + settings.drainTimeout, 'it is given time to drain');
  }
});

t.test('the proxy knows the replicas and ports that there are', async (tt) => {
  const servers = [...nginx.matchAll(/^\s*server ([\w-]+):(\d+) /gm)].map(([, host, port]) => `${host}:${port}`);
  const { PORT, GRPC_PORT } = imageEnvironment;
  const replicas = Object.keys(compose.services).filter((name) => compose.services[name]?.build !== undefined);
  tt.same(
    servers,
    [PORT, GRPC_PORT].flatMap((port) => replicas.map((name) => `${name}:${port}`)),
  );
  const listening = [...nginx.matchAll(/^\s*listen (\d+)/gm)].map(([, port]) => port);
  tt.same(compose.services.proxy?.ports, [`${PORT}:${listening[0]}`, `${GRPC_PORT}:${listening[1]}`]);
});

t.test('the image has what it copies, a number for a user, and a health check', async (tt) => {
  const ignored = readFileSync('.dockerignore', 'utf8');
  for (const line of dockerfile.filter((text) => text.startsWith('COPY ') && !text.includes('--from='))) {
    for (const source of line.split(' ').slice(1, -1)) {
      tt.ok(existsSync(source), source);
      tt.ok(ignored.split('\n').includes(`!${source}`), `${source} is not ignored`);
    }
  }
  const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: readonly string[] };
  const last = dockerfile.slice(dockerfile.findLastIndex((line) => line.startsWith('FROM ')));
  // The image has the versions of the lock file already.
  for (const file of files.filter((name) => name !== 'npm-shrinkwrap.json')) {
    tt.ok(
      last.some((line) => line.startsWith('COPY ') && line.endsWith(` ./${file}`)),
      `${file}, which the package is made of`,
    );
  }
  tt.ok(dockerfile.some((line) => /^USER [1-9]\d*:[1-9]\d*$/.test(line)));
  tt.ok(dockerfile.every((line) => !line.startsWith('FROM ') || /^FROM node:24-slim( AS build)?$/.test(line)));
  const check = dockerfile.find((line) => line.startsWith('HEALTHCHECK'));
  const file = /\/app\/(dist\/src\/[\w/]+\.js)/.exec(check ?? '')?.[1] ?? '';
  tt.ok(existsSync(file), file);
});

t.test('the health check', async (tt) => {
  const probe = (env: Readonly<Record<string, string>>) =>
    new Promise<number | null>((resolve) => {
      const child = spawn(process.execPath, ['dist/src/healthcheck.js'], { env: { ...process.env, ...env } });
      child.on('close', resolve);
    });
  const lanes = { small: QUICK, large: QUICK, held: QUICK, workerFile: FAKE_WORKER };
  const plain = await start(lanes);
  tt.teardown(() => plain.app.close());
  tt.equal(await probe({ HOST: '127.0.0.1', PORT: String(plain.port) }), 0);
  const folder = 'test/serve/tls';
  const files = { TLS_CERT_FILE: `${folder}/server.pem`, TLS_KEY_FILE: `${folder}/server-key.pem` };
  tt.equal(await probe({ HOST: '127.0.0.1', PORT: String(plain.port), ...files }), 1, 'not what was configured');
  const ca = `${folder}/ca.pem`;
  const tls = readTls({ cert: files.TLS_CERT_FILE, key: files.TLS_KEY_FILE, clientCa: ca, minVersion: '1.3' });
  const mutual = await start({ ...lanes, tls });
  tt.teardown(() => mutual.app.close());
  const env = { HOST: '127.0.0.1', PORT: String(mutual.port), ...files };
  tt.equal(await probe({ ...env, TLS_CLIENT_CA_FILE: ca }), 0);
  tt.equal(await probe({ HOST: '127.0.0.1', PORT: '1' }), 1);
});
