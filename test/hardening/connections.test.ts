/**
 * Clients that are slow, that go away, that half close, that only sit there; and a queue that stays full. Nobody else
 * suffers.
 */

import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { command, FAKE_WORKER, MIB, post, type Running, send, start } from '../rest/support.js';

const LANE = { threads: 1, queueLimit: 8, memory: 256 };
const lanes = { small: LANE, large: LANE, held: LANE, workerFile: FAKE_WORKER };
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const running = await start({ ...lanes, bodyTimeout: 1000 });
t.teardown(() => running.app.close());

/** A connection, and all that it received until it was closed. */
function open(port: number): { readonly socket: Socket; readonly said: Promise<string> } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  const said = new Promise<string>((resolve) => {
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(text));
  });
  return { socket, said };
}

/** Waits until no request is in memory, in a queue or being answered; false when that takes longer than two minutes. */
async function idle({ backend: { workers } }: Running): Promise<boolean> {
  for (const end = performance.now() + 120_000; performance.now() < end; await pause(50)) {
    if (workers.budget.used === 0 && workers.loads.every(({ busy, waiting }) => busy + waiting === 0)) return true;
  }
  return false;
}

const HEAD = 'POST /v1/chains HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
const BODY = JSON.stringify(command(''));

t.test('slow clients hold nothing but their own connection', async (tt) => {
  // Node.js looks at headers that take too long every half minute; here it shall be at once.
  running.app.server.headersTimeout = 1000;
  const creeping = Array.from({ length: 100 }, (_, index) => {
    const connection = open(running.port);
    connection.socket.write(
      index % 2 === 0 ? `${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY.slice(0, 3)}` : HEAD,
    );
    return connection;
  });
  // Some send a byte now and then: as long as they do, their bodies are waited for.
  const timer = setInterval(() => creeping[0]?.socket.write(' '), 300);
  tt.teardown(() => clearInterval(timer));
  await pause(300);
  tt.equal((await post(running, '/v1/chains', command(''))).status, 200, 'others are answered meanwhile');
  const silent = await Promise.all(creeping.filter((_, index) => index > 0 && index % 2 === 0).map(({ said }) => said));
  tt.ok(silent.every((text) => text.startsWith('HTTP/1.1 408 ') && text.includes('REQUEST_TIMEOUT')));
  tt.equal(running.backend.workers.budget.used > 0, true, 'the one that still sends');
  clearInterval(timer);
  for (const { socket } of creeping) socket.destroy();
  tt.ok(await idle(running), 'what they took is given back');
});

t.test('uploads that are broken off leave nothing behind', async (tt) => {
  const piece = Buffer.alloc(MIB, 0x20);
  for (let round = 0; round < 5; round++) {
    const aborted = Array.from({ length: 10 }, (_, index) => {
      const { socket, said } = open(running.port);
      const length = index % 2 === 0 ? `Content-Length: ${64 * MIB}` : 'Transfer-Encoding: chunked';
      socket.write(`${HEAD}${length}\r\n\r\n`);
      if (index % 2 === 0) socket.write(piece);
      else socket.write(Buffer.concat([Buffer.from('100000\r\n'), piece.subarray(0, 500_000)]));
      setTimeout(() => (index % 3 === 0 ? socket.resetAndDestroy() : socket.destroy()), 100);
      return said;
    });
    await Promise.all(aborted);
  }
  tt.ok(await idle(running));
  tt.equal((await post(running, '/v1/chains', command(''))).status, 200);
});

t.test('a client that half closes counts as gone, and holds nothing', async (tt) => {
  const slow = JSON.stringify(command('sleep-500'));
  for (const text of [
    `${HEAD}Content-Length: ${slow.length}\r\n\r\n${slow}`,
    `${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY.slice(0, 5)}`,
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{"sna`,
    HEAD,
    '',
  ]) {
    const { socket, said } = open(running.port);
    socket.end(text);
    tt.notMatch(await said, /^HTTP\/1\.1 [25]/, JSON.stringify(text.slice(-20)));
  }
  tt.ok(await idle(running));
  tt.equal((await post(running, '/v1/chains', command(''))).status, 200);
});

t.test('a thousand idle connections', async (tt) => {
  const before = process.memoryUsage().rss;
  const connections = Array.from({ length: 1000 }, () => open(running.port));
  await Promise.all(connections.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
  const replies = await Promise.all(Array.from({ length: 8 }, () => post(running, '/v1/chains', command(''))));
  tt.ok(replies.every(({ status }) => status === 200));
  tt.equal((await send(running, 'GET', '/healthz')).status, 200);
  tt.ok(process.memoryUsage().rss - before < 200 * MIB, 'both ends of them in this process');
  for (const { socket } of connections) socket.destroy();
  await Promise.all(connections.map(({ said }) => said));
});

// What the collector has not got round to is not memory that grows.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

t.test('at the limit of the queue nothing is lost, nothing is answered twice, and memory stays', async (tt) => {
  const busy = await start({ ...lanes, small: { ...LANE, threads: 2 } });
  tt.teardown(() => busy.app.close());
  const seconds = Number(process.env.SOAK_SECONDS ?? 6);
  const counts = { asked: 0, answered: 0, refused: 0, wrong: 0, unhealthy: 0 };
  const readings: number[] = [];
  let stop = false;
  /** Asks with as many items as it is given: the answer must count just those. */
  const client = async (first: number) => {
    for (let number = first; !stop; number += 24) {
      counts.asked++;
      const items = (number % 97) + 1;
      const inline = { kind: 'List', items: Array.from({ length: items }, () => 0), filler: 'x'.repeat(20_000) };
      const reply = await post(busy, '/v1/chains', { snapshot: { inline }, settings: { clusterDomain: 'sleep-20' } });
      if (reply.status === 200 && reply.json().snapshot.counts.Node === items) counts.answered++;
      else if (reply.status === 503 && reply.json().code === 'OVERLOADED' && reply.headers['retry-after'] === '1')
        counts.refused++;
      else counts.wrong++;
      await pause(10);
    }
  };
  const clients = Array.from({ length: 24 }, (_, index) => client(index));
  for (let second = 0; second < seconds; second++) {
    await pause(1000);
    const [health, readiness] = await Promise.all([send(busy, 'GET', '/healthz'), send(busy, 'GET', '/readyz')]);
    if (health.status !== 200 || readiness.status !== 200) counts.unhealthy++;
    collect();
    const { heapUsed, external } = process.memoryUsage();
    readings.push(heapUsed + external);
  }
  stop = true;
  await Promise.all(clients);
  tt.comment(JSON.stringify({ ...counts, mebibytes: readings.map((bytes) => Math.round(bytes / MIB)) }));
  tt.equal(counts.asked, counts.answered + counts.refused, 'each got one answer, and the right one');
  tt.ok(counts.answered > 0 && counts.refused > 0);
  tt.same([counts.wrong, counts.unhealthy], [0, 0]);
  const [first = 0, last = 0] = [readings[1], readings.at(-1)];
  tt.ok(last - first < 20 * MIB, `${Math.round((last - first) / MIB)} MiB more`);
  const metrics = await busy.backend.metrics.text();
  const metric = (pattern: RegExp) => Number(pattern.exec(metrics)?.[1] ?? 0);
  tt.equal(metric(/^kube_whatif_rejections_total\{lane="small"\} (\d+)$/m), counts.refused);
  tt.equal(metric(/^kube_whatif_questions_total\{kind="chains",code="OK"\} (\d+)$/m), counts.answered);
  tt.ok(await idle(busy));
});
