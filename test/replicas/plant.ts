/**
 * What docker-compose.yml starts, started by hand on this host: processes, free ports, the proxy with its very
 * configuration.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** What is needed and not installed. */
export function missingTools(): readonly string[] {
  const path = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const lacks = (command: string) => spawnSync(command, ['-v'], { env: path }).error !== undefined;
  return ['nginx', 'redis-server'].filter(lacks);
}

/** Ports that nothing listens at. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** A process of the plant. */
export class Running {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  output = '';

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(command, args, {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.output += bytes;
      });
    }
    this.#ended = once(this.#child, 'exit');
  }

  /** Sends a signal and waits for the end; gives the exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    await this.#ended;
    return this.#child.exitCode;
  }
}

/**
 * Waits until `check` holds. Throws Error, with `what` and what processes said, when it does not within two minutes.
 */
export async function until(what: string, check: () => Promise<boolean>, ...of: readonly Running[]): Promise<void> {
  for (const end = performance.now() + 120_000; performance.now() < end; ) {
    if (await check().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within two minutes: ${what}\n${of.map(({ output }) => output).join('\n')}`);
}

export const urlOf = (port: number, path: string) => `http://127.0.0.1:${port}${path}`;

export function startStore(port: number): Running {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  return new Running('redis-server', args, {});
}

/** A replica; `grpcPort` is served where this version serves gRPC. */
export function startReplica(port: number, grpcPort: number, storePort: number): Running {
  return new Running(process.execPath, ['dist/src/main.js', 'serve'], {
    HOST: '127.0.0.1',
    PORT: String(port),
    GRPC_PORT: String(grpcPort),
    SNAPSHOT_STORE: `redis://127.0.0.1:${storePort}`,
    STORE_TIMEOUT: '1',
    DRAIN_DELAY: '1',
    SMALL_THREADS: '1',
    LARGE_THREADS: '1',
    HELD_THREADS: '1',
    LOG_LEVEL: 'warn',
  });
}

export interface Addresses {
  readonly replicas: readonly [number, number];
  readonly grpc: readonly [number, number];
  readonly http: number;
  readonly grpcProxy: number;
}

/**
 * The configuration that docker-compose.yml mounts, in which the names and ports of its network have become free ports
 * of this host, and nothing else.
 */
function proxyConfiguration({ replicas, grpc, http, grpcProxy }: Addresses): string {
  const names: readonly (readonly [string, string])[] = [
    ['replica-1:8080', `127.0.0.1:${replicas[0]}`],
    ['replica-2:8080', `127.0.0.1:${replicas[1]}`],
    ['replica-1:9090', `127.0.0.1:${grpc[0]}`],
    ['replica-2:9090', `127.0.0.1:${grpc[1]}`],
    ['listen 8000', `listen 127.0.0.1:${http}`],
    ['listen 9000', `listen 127.0.0.1:${grpcProxy}`],
  ];
  let text = readFileSync('deploy/nginx.conf', 'utf8');
  for (const [name, address] of names) {
    if (text.split(name).length !== 2) throw new Error(`deploy/nginx.conf should have ${name} once`);
    text = text.replace(name, address);
  }
  return text;
}

/** The proxy as docker-compose.yml starts it; `folder` is its prefix. */
export function startProxy(addresses: Addresses, folder: string): Running {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, proxyConfiguration(addresses));
  // Root's workers would be somebody else, who may not write there; in a container nobody is root.
  const user = process.getuid?.() === 0 ? 'user root; ' : '';
  return new Running('nginx', ['-p', `${folder}/`, '-c', file, '-g', `${user}daemon off;`], {});
}
