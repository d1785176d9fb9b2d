/** Many requests, and questions that go wrong: nobody else suffers. */
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import t from 'tap';
import { hold } from '../work/held-file.js';
import { command, FAKE_WORKER, largeSnapshot, load, MIB, post, QUICK, send, start, until, upload } from './support.js';

t.test('a full queue turns away', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER, small: { ...QUICK, queueLimit: 1 } });
  tt.teardown(() => running.app.close());
  const held = hold();
  let answered = 0;
  const asked = Array.from({ length: 6 }, async () => {
    const reply = await post(running, '/v1/chains', command(held.text));
    answered++;
    return reply;
  });
  await until('those that are turned away have their answer', () => answered === 4);
  held.release();
  const replies = await Promise.all(asked);
  const statuses = replies.map(({ status }) => status).sort();
  tt.same(statuses, [200, 200, 503, 503, 503, 503], 'one is answered, one waits');
  const refused = replies.find(({ status }) => status === 503);
  tt.equal(refused?.json().code, 'OVERLOADED');
  tt.match(refused?.headers['retry-after'], /^\d+$/);
  tt.equal((await post(running, '/v1/chains', command(''))).status, 200, 'later it has room again');
});

t.test('bodies share a budget of memory', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER, small: QUICK, bodyLimit: 8 * MIB, bufferLimit: 4 * MIB });
  tt.teardown(() => running.app.close());
  const reply = await upload(running, largeSnapshot(5 * MIB, ''));
  tt.equal(reply.status, 503);
  tt.equal(reply.json().code, 'OVERLOADED');
  for (let i = 0; i < 8; i++)
    tt.equal((await upload(running, largeSnapshot(1 * MIB, ''))).status, 200, 'what was taken is given back');
});

t.test('a question that takes too long is ended, and its thread is made anew', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER, small: QUICK, timeLimit: 1000 });
  tt.teardown(() => running.app.close());
  const reply = await post(running, '/v1/chains', command('sleep-60000'));
  tt.equal(reply.status, 503);
  tt.equal(reply.json().code, 'TIME_LIMIT');
  let after = await post(running, '/v1/chains', command(''));
  // A question that waits beyond the limit for the new thread ends that one too: leave it more time at each try.
  for (let tries = 1; after.status !== 200 && tries <= 10; tries++) {
    await new Promise((resolve) => setTimeout(resolve, tries * 1000));
    after = await post(running, '/v1/chains', command(''));
  }
  tt.equal(after.status, 200);
});

t.test('a question that needs too much memory is ended, and its thread is made anew', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER, small: { ...QUICK, memory: 64 } });
  tt.teardown(() => running.app.close());
  const [reply, waiting] = await Promise.all([
    post(running, '/v1/chains', command('hoard')),
    post(running, '/v1/chains', command('')),
  ]);
  tt.equal(reply.status, 422);
  tt.equal(reply.json().code, 'MEMORY_LIMIT');
  tt.equal(waiting.status, 200, 'who waited behind it is answered');
});

t.test('a question whose client is gone leaves the queue', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER, small: { ...QUICK, queueLimit: 1 } });
  tt.teardown(() => running.app.close());
  const held = hold();
  const first = post(running, '/v1/chains', command(held.text));
  await until('the thread is busy', () => load(running).busy === 1);
  const body = JSON.stringify(command('sleep-60000'));
  const socket = connect(running.port, '127.0.0.1');
  socket.write(
    `POST /v1/chains HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await until('it waits', () => load(running).waiting === 1);
  socket.destroy();
  await until('it has left', () => load(running).waiting === 0);
  const third = post(running, '/v1/chains', command(''));
  await until('another waits in its place', () => load(running).waiting === 1);
  held.release();
  tt.equal((await third).status, 200, 'its place is free');
  tt.equal((await first).status, 200);
});

t.test('one connection carries many requests', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER, small: QUICK });
  tt.teardown(() => running.app.close());
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (const [text, expected] of [
    ['', 200],
    ['refuse', 422],
    ['', 200],
  ] as const) {
    const status = await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const request = httpRequest(
        { port: running.port, path: '/v1/chains', method: 'POST', agent, headers },
        (response) => {
          ports.add(response.socket.localPort);
          response.resume().on('end', () => resolve(response.statusCode));
        },
      );
      request.on('error', reject).end(JSON.stringify(command(text)));
    });
    tt.equal(status, expected);
  }
  tt.equal(ports.size, 1);
  agent.destroy();

  const body = JSON.stringify(command(''));
  const one = `POST /v1/chains HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const said = await new Promise<string>((resolve, reject) => {
    const socket = connect(running.port, '127.0.0.1', () =>
      socket.write(`${one}${one}GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
    );
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text)).on('error', reject);
  });
  tt.same(
    [...said.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
    ['200', '200', '404'],
    'pipelined, in order',
  );
});

t.test('closing lets answers out first', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER, small: QUICK });
  const held = hold();
  const slow = post(running, '/v1/chains', command(held.text));
  await until('the thread is busy', () => load(running).busy === 1);
  const closed = running.app.close();
  held.release();
  await Promise.all([closed, slow.then(({ status }) => tt.equal(status, 200))]);
  await tt.rejects(send(running, 'GET', '/healthz'), 'it listens no more');
});
