/** The server as a whole: starting, being ready, stopping, and its log. */
import { connect } from 'node:net';
import t from 'tap';
import { serve } from '../../src/rest/serve.js';
import { createServer } from '../../src/rest/server.js';
import { command, FAKE_WORKER, post, send, start } from './support.js';

const LOCAL = { host: '127.0.0.1', workerFile: FAKE_WORKER, small: { threads: 1 }, large: { threads: 1 } };

t.test('serve listens where it is told, ready at once, and stops on SIGTERM', async (tt) => {
  const before = process.listenerCount('SIGINT');
  const serving = await serve({ ...LOCAL, port: 0 });
  const port = Number(new URL(serving.url).port);
  tt.same((await send({ port }, 'GET', '/readyz')).json(), { status: 'ready' });
  await tt.rejects(serve({ ...LOCAL, port }), { code: 'EADDRINUSE' });
  tt.same((await send({ port }, 'GET', '/healthz')).json(), { status: 'ok' }, 'that did not disturb it');
  process.emit('SIGTERM');
  await serving.close();
  await tt.rejects(send({ port }, 'GET', '/healthz'), { code: 'ECONNREFUSED' });
  tt.equal(process.listenerCount('SIGINT'), before);
});

t.test('the environment sets the limit', async (tt) => {
  tt.teardown(() => {
    delete process.env.BODY_LIMIT;
  });
  process.env.BODY_LIMIT = '1000';
  const serving = await serve({ ...LOCAL, port: 0 });
  const port = Number(new URL(serving.url).port);
  const reply = await post({ port }, '/v1/chains', { snapshot: { inline: { filler: 'x'.repeat(1000) } } });
  tt.equal(reply.status, 413);
  tt.match(reply.json().detail, /1000 bytes/);
  await serving.close();
  for (const wrong of ['256MB', '-1', '1e12', '0.5']) {
    process.env.BODY_LIMIT = wrong;
    await tt.rejects(serve({ ...LOCAL, port: 0 }), /BODY_LIMIT/, wrong);
  }
});

t.test('it is not ready while it starts, nor while it stops', async (tt) => {
  const app = createServer(LOCAL);
  const early = await app.inject('/readyz');
  tt.equal(early.statusCode, 503);
  tt.equal(early.json().code, 'NOT_READY');
  tt.equal((await app.inject('/healthz')).statusCode, 200);
  await app.workersReady;
  tt.equal((await app.inject({ method: 'HEAD', url: '/readyz' })).statusCode, 200);
  await app.close();

  const running = await start(LOCAL);
  const slow = post(running, '/v1/chains', command('sleep-2000'));
  await new Promise((resolve) => setTimeout(resolve, 300));
  // A connection that was open before still asks.
  const said = new Promise<string>((resolve) => {
    let text = '';
    const socket = connect(running.port, '127.0.0.1', () => {
      socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x');
      setTimeout(() => socket.write('\r\n\r\n'), 600);
    });
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const closed = running.app.close();
  tt.match(await said, /200 OK[\s\S]*HTTP\/1.1 503 [\s\S]*"code":"NOT_READY"/);
  tt.equal((await slow).status, 200);
  await closed;
});

t.test('a worker that cannot start keeps the server from starting', async (tt) => {
  await tt.rejects(serve({ ...LOCAL, port: 0, workerFile: 'file:///nowhere/worker.js' }), /nowhere/);
});

t.test('the log has one line per request and nothing of a snapshot', async (tt) => {
  const lines: string[] = [];
  const write = process.stdout.write;
  const running = await start({ ...LOCAL, log: true, logStream: { write: (line: string) => void lines.push(line) } });
  tt.equal(process.stdout.write, write);
  await post(running, '/v1/chains?pretty', { snapshot: { inline: { secret: 'content' } } });
  await send(running, 'GET', '/secret-path');
  await running.app.close();
  const requests = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === 'request');
  tt.match(requests, [
    { method: 'POST', route: '/v1/chains', status: 200 },
    { method: 'GET', route: null, status: 404 },
  ]);
  tt.notMatch(lines.join(''), /secret|content"/);
});
