/**
 * What the service does when more is asked than it can answer: clients that do not back off, from a sixteenth of its
 * capacity (busy threads and waiting questions) to ten times it. For each level: completed answers a second, refusals a
 * second, how long /healthz takes (p50, p99), and how long gRPC takes to refuse; at the end the memory, before, right
 * after and a minute later.
 *
 *   node dist/bench/overload.js [SECONDS [LEVELS…]]      e.g. 4 0.0625 1 3 10
 *
 * Client and server share the machine: compare levels with each other, not with other machines.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { writeRequest } from '../src/messages/codec.js';

const SECONDS = Number(process.argv[2] ?? 4);
const LEVELS = process.argv.length > 3 ? process.argv.slice(3).map(Number) : [1 / 16, 0.5, 1, 1.5, 3, 10];
const QUEUE = Number(process.env.HELD_QUEUE ?? 256);
const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));

interface Server {
  readonly child: ChildProcess;
  readonly http: number;
  readonly grpc: number;
}

async function start(): Promise<Server> {
  const env = { ...process.env, LOG_LEVEL: 'silent', HELD_QUEUE: String(QUEUE), HELD_THREADS: '1' };
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--grpc-port', '0'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [, http, grpc] = /:(\d+), gRPC at \S*:(\d+)/.exec(line.toString()) ?? [];
  return { child, http: Number(http), grpc: Number(grpc) };
}

const snapshot = readFileSync('examples/article.json');
const digest = `sha256:${createHash('sha256').update(snapshot).digest('hex')}`;
const question = {
  snapshot: { digest },
  path: { source: { node: 'node-1' }, destination: { service: { namespace: 'default', name: 'nginx-svc', port: 80 } } },
};
const body = JSON.stringify(question);
const REQUEST = Buffer.from(
  'POST /v1/path HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ' +
    `${body.length}\r\n\r\n${body}`,
);

/** What clients have seen. */
interface Counts {
  done: number;
  refused: number;
  other: number;
  broken: number;
}

/** A client that asks again as soon as it is answered, whatever the answer is, and connects anew when it has to. */
function client(port: number, counts: Counts, goesOn: () => boolean): () => void {
  let socket: Socket | undefined;
  const open = () => {
    let text = '';
    let need = -1;
    const one = connect(port, '127.0.0.1', () => one.write(REQUEST));
    socket = one;
    one.setNoDelay(true);
    one.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (need < 0) {
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        need = end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      }
      if (text.length < need) return;
      const status = text.slice(9, 12);
      if (status === '200') counts.done++;
      else if (status === '503' || status === '429') counts.refused++;
      else counts.other++;
      text = '';
      need = -1;
      if (goesOn()) one.write(REQUEST);
    });
    one.on('error', () => counts.broken++);
    one.on('close', () => {
      if (goesOn()) setTimeout(open, 1);
    });
  };
  open();
  return () => socket?.destroy();
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** How long /healthz takes, asked on a connection of its own now and then. */
async function probe(port: number, goesOn: () => boolean): Promise<number[]> {
  const took: number[] = [];
  while (goesOn()) {
    const before = performance.now();
    await fetch(`http://127.0.0.1:${port}/healthz`).then((reply) => reply.text());
    took.push(performance.now() - before);
    await pause(20);
  }
  return took;
}

const asIs = (bytes: Buffer) => bytes;

/** How long gRPC takes to refuse. */
async function probeGrpc(port: number, goesOn: () => boolean): Promise<number[]> {
  const grpc = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const message = Buffer.from(writeRequest('path', question as never));
  const took: number[] = [];
  const ask = () =>
    new Promise<void>((resolve) => {
      const before = performance.now();
      grpc.makeUnaryRequest(
        '/kube_whatif.v1.KubeWhatif/Path',
        asIs,
        asIs,
        message,
        { deadline: Date.now() + 20_000 },
        (error) => {
          if (error !== null) took.push(performance.now() - before);
          resolve();
        },
      );
    });
  const asked: Promise<void>[] = [];
  while (goesOn()) {
    asked.push(ask());
    await pause(50);
  }
  await Promise.race([Promise.all(asked), pause(3000)]);
  grpc.close();
  return took;
}

/** Resident memory, MiB. */
function memoryOf({ child }: Server): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;
}

const server = await start();
const reply = await fetch(`http://127.0.0.1:${server.http}/v1/snapshots/${digest}`, {
  method: 'PUT',
  headers: { 'content-type': 'application/json' },
  body: snapshot,
});
if (!reply.ok) throw new Error(await reply.text());
// Code has to be compiled before anything is measured.
const warm: Counts = { done: 0, refused: 0, other: 0, broken: 0 };
const stops = Array.from({ length: 16 }, () => client(server.http, warm, () => warm.done < 2000));
while (warm.done < 2000) await pause(50);
for (const stop of stops) stop();
await pause(2000);
const idle = memoryOf(server);

const capacity = QUEUE + 1;
const columns = [
  'clients',
  'answers/s',
  'of best',
  'refused/s',
  'broken',
  'healthz p50',
  'p99',
  'gRPC refusal p50',
  'p99',
];
console.log(columns.map((word) => word.padStart(Math.max(9, word.length))).join('  '));
let best = 0;
for (const level of LEVELS) {
  const clients = Math.max(1, Math.round(level * capacity));
  const counts: Counts = { done: 0, refused: 0, other: 0, broken: 0 };
  let on = true;
  const ends = Array.from({ length: clients }, () => client(server.http, counts, () => on));
  await pause(1000);
  const before = { ...counts };
  const started = performance.now();
  const probes = Promise.all([probe(server.http, () => on), probeGrpc(server.grpc, () => on)]);
  await pause(SECONDS * 1000);
  const seconds = (performance.now() - started) / 1000;
  const rate = (name: keyof Counts) => (counts[name] - before[name]) / seconds;
  const [answers, refused] = [rate('done'), rate('refused')];
  best = Math.max(best, answers);
  on = false;
  const [health, grpc] = await probes;
  for (const end of ends) end();
  const shown = [
    clients,
    Math.round(answers),
    `${Math.round((100 * answers) / best)} %`,
    Math.round(refused),
    counts.broken + counts.other,
    ...[percentile(health, 0.5), percentile(health, 0.99)].map((value) => value.toFixed(1)),
    ...[percentile(grpc, 0.5), percentile(grpc, 0.99)].map((value) => value.toFixed(1)),
  ];
  console.log(shown.map((value, index) => String(value).padStart(Math.max(9, columns[index]?.length ?? 0))).join('  '));
  await pause(1000);
}
const after = memoryOf(server);
if (process.env.MEMORY !== 'off') {
  await pause(60_000);
  const later = memoryOf(server);
  const share = Math.round((100 * later) / idle);
  console.log(
    `memory: ${Math.round(idle)} MiB idle, ${Math.round(after)} after, ${Math.round(later)} a minute later ` +
      `(${share} %)`,
  );
}
server.child.kill('SIGTERM');
process.exit(0);
