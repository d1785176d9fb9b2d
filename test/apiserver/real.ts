/** A real kube-apiserver with kubectl in front and etcd behind: what the tests here compare with. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
/** kube-apiserver and kubectl, as test/apiserver/build-lab.sh makes them. */
const LAB = process.env.APISERVER_LAB ?? join(CACHE, 'kube-whatif', 'lab-1.36.4');
const TOKEN = 'secret';

/** Why the real programs cannot be run here; undefined where they can. */
export function missingPrograms(): string | undefined {
  if (process.env.APISERVER_TESTS !== '1')
    return 'real programs run in npm run test:apiserver alone: they take a minute';
  if (!existsSync(LAB)) return `${LAB} is not there: build it with test/apiserver/build-lab.sh`;
  for (const [program, flag] of [
    ['etcd', '--version'],
    ['openssl', 'version'],
  ] as const) {
    if (spawnSync(program, [flag]).status !== 0) return `${program} is not installed (Debian: etcd-server, openssl)`;
  }
  return undefined;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}

export class Real {
  readonly #folder = mkdtempSync(join(tmpdir(), 'apiserver-'));
  readonly #children: ChildProcess[] = [];
  #port = 0;

  /** Starts etcd and the API server. Throws where the server is not ready within two minutes. */
  static async start(): Promise<Real> {
    const real = new Real();
    try {
      await real.#start();
    } catch (error) {
      real.stop();
      throw error;
    }
    return real;
  }

  async #start(): Promise<void> {
    const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
    this.#port = port;
    const at = (name: string) => join(this.#folder, name);
    const [store, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
    spawnSync('openssl', ['genrsa', '-out', at('sa.key'), '2048']);
    writeFileSync(at('tokens.csv'), `${TOKEN},admin,admin,"system:masters"\n`);
    this.#run('etcd', [
      `--data-dir=${at('etcd')}`,
      `--listen-client-urls=${store}`,
      `--advertise-client-urls=${store}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=default=${peers}`,
      '--unsafe-no-fsync',
    ]);
    this.#run(LAB, [
      'apiserver',
      `--etcd-servers=${store}`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${at('certs')}`,
      '--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112',
      `--service-account-key-file=${at('sa.key')}`,
      `--service-account-signing-key-file=${at('sa.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      '--authorization-mode=RBAC',
      `--token-auth-file=${at('tokens.csv')}`,
    ]);
    for (let tries = 0; tries < 240; tries++) {
      const ready = await this.call('GET', '/readyz').catch(() => undefined);
      if (ready?.status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error('kube-apiserver is not ready after two minutes');
  }

  #run(program: string, args: readonly string[]): void {
    this.#children.push(spawn(program, args, { stdio: 'ignore', cwd: this.#folder }));
  }

  /** The arguments with which kubectl reaches this server. */
  get access(): readonly string[] {
    return [`--server=https://127.0.0.1:${this.#port}`, '--insecure-skip-tls-verify', `--token=${TOKEN}`];
  }

  /** One request to the API server; the body is sent and read as JSON. */
  call(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: never }> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
      const options = { host: '127.0.0.1', port: this.#port, path, method, headers, rejectUnauthorized: false };
      const sent = request(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          let value: unknown = text;
          try {
            value = JSON.parse(text);
          } catch {
            // Some paths answer with plain text.
          }
          resolve({ status: answer.statusCode ?? 0, body: value as never });
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  kubectl(args: readonly string[], input = ''): Promise<Ran> {
    return new Promise((resolve) => {
      const child = execFile(
        LAB,
        ['kubectl', ...this.access, ...args],
        { maxBuffer: 1 << 26, env: { ...process.env, HOME: this.#folder } },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
      );
      child.stdin?.end(input);
    });
  }

  /** A kubectl that speaks to this server, for programs that call one: the folder to put first in PATH. */
  kubectlFolder(): string {
    const folder = join(this.#folder, 'bin');
    spawnSync('mkdir', ['-p', folder]);
    const text = `#!/bin/sh\nHOME=${this.#folder} exec ${LAB} kubectl ${this.access.join(' ')} "$@"\n`;
    writeFileSync(join(folder, 'kubectl'), text, { mode: 0o755 });
    return folder;
  }

  stop(): void {
    for (const child of this.#children.reverse()) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A refusal of the API server. */
export interface Status {
  readonly reason: string;
  readonly code?: number;
  readonly details?: unknown;
}

/** The last Status that `kubectl -v=9` shows among its response bodies. */
export function statusIn(err: string): Status | undefined {
  const bodies = [...err.matchAll(/"Response Body" body=(?:"((?:[^"\\]|\\.)*)"|<\n([\s\S]*?)\n >)/g)];
  for (const [, quoted, raw] of bodies.reverse()) {
    const text = quoted === undefined ? (raw ?? '').replace(/^\t/gm, '') : JSON.parse(`"${quoted}"`);
    try {
      const value = JSON.parse(text as string) as Status & { readonly kind?: string; readonly status?: string };
      if (value.kind === 'Status' && value.status === 'Failure') return value;
    } catch {
      // Not JSON.
    }
  }
  return undefined;
}
