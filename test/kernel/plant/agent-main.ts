/**
 * A host of a plant: the one process in its network namespace. It takes commands on standard input, serves and opens
 * connections, and ends with its standard input.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import type { Command, Flow, Listener, Observed, RunResult } from './protocol.js';

const name = process.argv[2] ?? '';

const plain = (address: string) => address.replace(/^::ffff:/, '');
const joined = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
const wildcard = (flow: { readonly address: string }) => (flow.address.includes(':') ? '::' : '0.0.0.0');

// ── serving ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const servers = new Map<string, Server | UdpSocket>();

function serveTcp(listener: Listener): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    const reached = joined(plain(socket.localAddress ?? ''), socket.localPort ?? 0);
    socket.end(`${name} ${reached} sees ${plain(socket.remoteAddress ?? '')}`);
    socket.resume();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: listener.port, host: listener.address ?? '::', backlog: 4096 }, () => resolve(server));
  });
}

function serveUdp(listener: Listener): Promise<UdpSocket> {
  const { address = '0.0.0.0' } = listener;
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  // Each datagram brings the address that the client means, which a socket for every address cannot tell.
  socket.on('message', (_, from) => {
    socket.send(`${name} ${joined(address, listener.port)} sees ${plain(from.address)}`, from.port, from.address);
  });
  socket.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(listener.port, address, () => resolve(socket));
  });
}

async function listen(tcp: readonly Listener[], udp: readonly Listener[]): Promise<true> {
  const wanted = new Map<string, () => Promise<Server | UdpSocket>>();
  for (const listener of tcp) wanted.set(`tcp ${listener.address} ${listener.port}`, () => serveTcp(listener));
  for (const listener of udp) wanted.set(`udp ${listener.address} ${listener.port}`, () => serveUdp(listener));
  for (const [key, server] of servers) {
    if (wanted.has(key)) continue;
    servers.delete(key);
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  for (const [key, open] of wanted) if (!servers.has(key)) servers.set(key, await open());
  return true;
}

// ── connecting ──────────────────────────────────────────────────────────────────────────────────────────────────────

// Every flow has a port of its own, so that no connection-tracking entry of an earlier one can be taken for it.
const FIRST_PORT = 10000;
const LAST_PORT = 29999;
let nextPort = FIRST_PORT;

function ownPort(): number {
  const port = nextPort;
  nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
  return port;
}

function failure(error: NodeJS.ErrnoException): Observed {
  if (error.code === 'ECONNREFUSED') return 'REFUSED';
  return error.code === 'EHOSTUNREACH' || error.code === 'ENETUNREACH' ? 'UNREACHABLE' : `ERROR ${error.code}`;
}

function openTcp(flow: Flow, attempts = 20): Promise<Observed> {
  return new Promise((resolve) => {
    const from = flow.from === undefined ? {} : { localAddress: flow.from };
    const socket = connect({ host: flow.address, port: flow.port, localPort: ownPort(), ...from });
    let connected = false;
    const end = (observed: Observed) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(observed);
    };
    const timer = setTimeout(() => end(connected ? 'SILENT' : 'TIMEOUT'), flow.timeout);
    socket.on('connect', () => {
      connected = true;
    });
    socket.on('data', (data) => end(`CONNECTED ${data.toString('utf8')}`));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' && attempts > 0) {
        clearTimeout(timer);
        resolve(openTcp(flow, attempts - 1));
      } else end(failure(error));
    });
  });
}

function openUdp(flow: Flow): Promise<Observed> {
  return new Promise((resolve) => {
    const socket = createSocket(flow.address.includes(':') ? 'udp6' : 'udp4');
    const end = (observed: Observed) => {
      clearTimeout(timer);
      socket.close();
      resolve(observed);
    };
    const timer = setTimeout(() => end('TIMEOUT'), flow.timeout);
    socket.on('error', (error: NodeJS.ErrnoException) => end(failure(error)));
    socket.on('message', (data) => end(`CONNECTED ${data.toString('utf8')}`));
    socket.bind(ownPort(), flow.from ?? wildcard(flow), () => {
      socket.connect(flow.port, flow.address, () => socket.send(name));
    });
  });
}

async function open(
  sequences: readonly (readonly Flow[])[],
  concurrency: number,
): Promise<readonly (readonly Observed[])[]> {
  const results: Observed[][] = sequences.map(() => []);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < sequences.length; at = next++) {
      for (const flow of sequences[at] ?? []) {
        results[at]?.push(await (flow.protocol === 'TCP' ? openTcp(flow) : openUdp(flow)));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, sequences.length) }, worker));
  return results;
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────────────────────────

function run(argv: readonly string[], input: string): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0] as string, argv.slice(1));
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status: status ?? -1, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

let watcher: { readonly child: ChildProcess; reported: Buffer; complaint: string } | undefined;

async function watch(argv: readonly string[]): Promise<true> {
  const last = watcher;
  watcher = undefined;
  if (last !== undefined && last.child.exitCode === null) {
    const ended = new Promise((resolve) => last.child.once('close', resolve));
    last.child.kill('SIGKILL');
    await ended;
  }
  if (argv.length === 0) return true;
  const child = spawn(argv[0] as string, argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  const own = { child, reported: Buffer.alloc(0), complaint: '' };
  child.on('error', () => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    own.complaint += text;
  });
  child.stdout.on('data', (data: Buffer) => {
    own.reported = Buffer.concat([own.reported, data]);
  });
  watcher = own;
  return true;
}

async function watched({ address, port, payload, needle }: Extract<Command, { op: 'watched' }>): Promise<string> {
  const own = watcher;
  if (own === undefined) throw new Error('nothing is being watched');
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => undefined);
  try {
    for (let tries = 0; tries < 600; tries++) {
      if (own.child.exitCode !== null) throw new Error(`the watching command has ended: ${own.complaint}`);
      // Again now and then: the command may not have been ready for the first.
      if (tries % 20 === 0) socket.send(payload, port, address);
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (!own.reported.includes(needle)) continue;
      const { reported } = own;
      own.reported = Buffer.alloc(0);
      return reported.toString('base64');
    }
  } finally {
    socket.close();
  }
  throw new Error('the watching command tells of nothing');
}

function setSysctls(values: Readonly<Record<string, string>>): true {
  for (const [path, value] of Object.entries(values)) {
    const [before, after] = path.split('/*/') as [string, string?];
    const paths =
      after === undefined ? [path] : readdirSync(`/proc/sys/${before}`).map((each) => `${before}/${each}/${after}`);
    for (const each of paths) {
      try {
        writeFileSync(`/proc/sys/${each}`, value);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }
  return true;
}

const RECENT = '/proc/net/xt_recent';

function forget(): boolean {
  try {
    for (const list of existsSync(RECENT) ? readdirSync(RECENT) : []) writeFileSync(`${RECENT}/${list}`, '/');
    return true;
  } catch (error) {
    // They belong to the machine's root, who a user namespace's is not.
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return false;
    throw error;
  }
}

function perform(command: Command): Promise<unknown> | unknown {
  switch (command.op) {
    case 'listen':
      return listen(command.tcp, command.udp);
    case 'connect':
      return open(command.sequences, command.concurrency);
    case 'run':
      return run(command.argv, command.input);
    case 'watch':
      return watch(command.argv);
    case 'watched':
      return watched(command);
    case 'forget':
      return forget();
    case 'sysctl':
      return setSysctls(command.values);
  }
}

const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
lines.on('line', async (line) => {
  const { id, command } = JSON.parse(line) as { id: number; command: Command };
  let answer: object;
  try {
    answer = { id, value: await perform(command) };
  } catch (error) {
    answer = { id, error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
