/**
 * What a question costs beside the question: requests per second and processor time per request of both doors, for
 * questions about a held snapshot of 10,000 Services.
 *
 *   node dist/bench/doors.js [SECONDS]
 *
 * Three servers, each with the same number of worker threads: the service; the service with threads that have their
 * answers ready, so that all that is left is what the doors cost; and bare servers of the same libraries that read and
 * write equal messages in threads. Every request is another question, and no answer is kept. Client and server share
 * the machine. The processor time is the server process's alone: with it two figures can be compared that were not
 * measured under the same load.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { readSnapshot, type Snapshot } from '../src/cluster/read-snapshot.js';
import type { QuestionRequest } from '../src/contract/requests.js';
import { writeAnswer, writeRequest } from '../src/messages/codec.js';
import { ask } from '../src/questions/ask.js';
import { generateSnapshot, SIZES } from './generate.js';

type Kind = 'path' | 'probability';
type Door = 'REST' | 'gRPC';

const SECONDS = Number(process.argv[2] ?? 4);
/** Requests under way at once. */
const CONCURRENT = 16;
const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const PREPARED = fileURLToPath(new URL('./prepared-service.js', import.meta.url));
const ECHO = fileURLToPath(new URL('./echo.js', import.meta.url));
const RPC = { path: '/kube_whatif.v1.KubeWhatif/Path', probability: '/kube_whatif.v1.KubeWhatif/Probability' } as const;

/** A server in a process of its own. */
interface Running {
  readonly child: ChildProcess;
  readonly http: number;
  readonly grpc: number;
}

async function start(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Running> {
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, LOG_LEVEL: 'silent', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [, http, grpc] = /:(\d+), gRPC at \S*:(\d+)/.exec(line.toString()) ?? [];
  return { child, http: Number(http), grpc: Number(grpc) };
}

async function stop({ child }: Running): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/**
 * Milliseconds of processor time that a process has taken, all its threads together (proc(5): fields 14 and 15, in
 * hundredths).
 */
function cpuOf({ child }: Running): number {
  const text = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** Sends one request, resolves when its answer is there. */
type Send = (body: Buffer) => Promise<void>;

function overHttp(port: number, path: string): { send: Send; close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENT });
  const send: Send = (body) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const sent = httpRequest({ port, host: '127.0.0.1', path, method: 'POST', agent, headers }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`status ${answer.statusCode}`));
        answer.resume().on('end', resolve).on('error', reject);
      });
      sent.on('error', reject).end(body);
    });
  return { send, close: () => agent.destroy() };
}

const asIs = (bytes: Buffer) => bytes;

function overGrpc(port: number, path: string): { send: Send; close: () => void } {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const send: Send = (body) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, asIs, asIs, body, (error) => (error === null ? resolve() : reject(error)));
    });
  return { send, close: () => client.close() };
}

interface Measured {
  readonly perSecond: number;
  /** Milliseconds of the server's processor time. */
  readonly cpu: number;
}

/** Requests before the measured ones: code has to be compiled, and what is derived of the snapshot made. */
const WARM_UP = 4000;

/** Sends requests for some seconds, each one another. */
async function measure(server: Running, send: Send, bodies: readonly Buffer[]): Promise<Measured> {
  let next = 0;
  const run = async (goesOn: () => boolean) => {
    const loop = async () => {
      while (goesOn()) await send(bodies[next++ % bodies.length] as Buffer);
    };
    await Promise.all(Array.from({ length: CONCURRENT }, loop));
  };
  await run(() => next < WARM_UP);
  const [first, before, started] = [next, cpuOf(server), performance.now()];
  await run(() => performance.now() < started + SECONDS * 1000);
  const count = next - first;
  return { perSecond: (1000 * count) / (performance.now() - started), cpu: (cpuOf(server) - before) / count };
}

function questions(kind: Kind, snapshot: Snapshot): QuestionRequest[] {
  return [...snapshot.cluster.services.values()].map(({ metadata: { namespace = 'default', name } }) => {
    const service = { namespace, name };
    return kind === 'path'
      ? { path: { source: { podOn: 'node-7' }, destination: { service } } }
      : { probability: { services: [service] } };
  });
}

const figure = (value: number, digits = 0) => value.toFixed(digits).padStart(9);

async function upload(port: number, digest: string, bytes: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(`http://127.0.0.1:${port}/v1/snapshots/${digest}`, {
    method: 'PUT',
    headers,
    body: new Uint8Array(bytes),
  });
  if (!reply.ok) throw new Error(await reply.text());
}

const bytes = Buffer.from(JSON.stringify(generateSnapshot(SIZES['s10000-e10'] as (typeof SIZES)[string])));
const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const snapshot = readSnapshot({ bytes });
console.log(
  `a held snapshot of ${snapshot.counts.Service} Services (${(bytes.length / 1e6).toFixed(1)} MB), ${CONCURRENT} ` +
    'requests at once',
);
const kinds = (['path', 'probability'] as const).map((kind) => {
  const asked = questions(kind, snapshot);
  const answer = ask(kind, asked[0] as QuestionRequest, snapshot);
  const requests = asked.map((request) => ({ snapshot: { digest }, ...request }));
  return {
    kind,
    json: requests.map((request) => Buffer.from(JSON.stringify(request))),
    protobuf: requests.map((request) => Buffer.from(writeRequest(kind, request))),
    answers: { REST: Buffer.from(JSON.stringify(answer)), gRPC: Buffer.from(writeAnswer(kind, answer)) },
  };
});

for (const { kind, json, protobuf, answers } of kinds) {
  const sizes = (door: Door) =>
    `${(door === 'REST' ? json : protobuf)[0]?.length} bytes asked, ${answers[door].length} answered`;
  console.log(`\n${kind}: REST ${sizes('REST')}; gRPC ${sizes('gRPC')}`);
  const heads = ['req/s', 'CPU ms', '× echo'].map((word) => word.padStart(9)).join('');
  console.log(`  ${' '.repeat(34)}${heads}`);
  for (const threads of [1, 2]) {
    const workers = { HELD_THREADS: String(threads), SMALL_THREADS: '1', LARGE_THREADS: '1' };
    const ready = {
      KIND: kind,
      JSON_ANSWER: answers.REST.toString('base64'),
      PROTOBUF_ANSWER: answers.gRPC.toString('base64'),
    };
    const servers = [
      ['echo', await start(ECHO, [], { THREADS: String(threads), ...ready })],
      ['answers ready', await start(PREPARED, [], { ...workers, ...ready })],
      ['the service', await start(MAIN, ['serve', '--port', '0', '--grpc-port', '0'], workers)],
    ] as const;
    for (const door of ['REST', 'gRPC'] as const) {
      let echoed = 0;
      for (const [name, server] of servers) {
        const echo = name === 'echo';
        if (!echo) await upload(server.http, digest, bytes);
        const { send, close } =
          door === 'REST'
            ? overHttp(server.http, echo ? '/echo' : `/v1/${kind}`)
            : overGrpc(server.grpc, echo ? '/echo.Echo/Echo' : RPC[kind]);
        const { perSecond, cpu } = await measure(server, send, door === 'REST' ? json : protobuf);
        close();
        if (echo) echoed = cpu;
        const title = `${door}, ${threads} worker${threads > 1 ? 's' : ''}, ${name}`;
        const times = name === 'answers ready' ? figure(cpu / echoed, 2) : '';
        console.log(`  ${title.padEnd(34)}${figure(perSecond)}${figure(cpu, 3)}${times}`);
      }
    }
    for (const [, server] of servers) await stop(server);
  }
}
