/** Large bodies: they are answered, and nobody waits for them. */
import t from 'tap';
import { hold } from '../work/held-file.js';
import {
  command,
  FAKE_WORKER,
  largeSnapshot,
  load,
  MIB,
  post,
  QUICK,
  type Running,
  send,
  start,
  until,
  upload,
} from './support.js';

/** As upload, and tells when everything was sent. */
function uploading(running: Running, pieces: readonly Buffer[]) {
  let done = () => {};
  const sent = new Promise<void>((resolve) => {
    done = resolve;
  });
  return { sent, reply: send(running, 'POST', '/v1/chains', { 'content-type': 'application/json' }, pieces, done) };
}

t.test('a body of more than 100 MB', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER, small: QUICK });
  tt.teardown(() => running.app.close());
  const pieces = largeSnapshot(105 * MIB, '');
  const reply = await upload(running, pieces);
  tt.equal(reply.status, 200, reply.text.slice(0, 300));
  tt.equal(reply.json().snapshot.counts.Node, pieces.length - 1);
  const length = String(pieces.reduce((sum, piece) => sum + piece.length, 0));
  const declared = await send(
    running,
    'POST',
    '/v1/chains',
    { 'content-type': 'application/json', 'content-length': length },
    pieces,
  );
  tt.equal(declared.text, reply.text, 'whether its length was given or not');
});

t.test('small questions overtake a large one', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER, small: QUICK });
  tt.teardown(() => running.app.close());
  const order: string[] = [];
  // However fast the machine, the large one is still being answered.
  const held = hold();
  const pieces = largeSnapshot(60 * MIB, `"settings":{"clusterDomain":"${held.text}"},`);
  const { reply, sent } = uploading(running, pieces);
  const large = reply.then((answer) => {
    order.push('large');
    return answer;
  });
  await sent;
  await until('it is being answered', () => load(running).busy === 1);
  for (let i = 0; i < 20; i++) {
    await Promise.all([post(running, '/v1/chains', command('')), send(running, 'GET', '/healthz')]).then(
      ([small, health]) => {
        tt.same([small.status, health.status], [200, 200]);
        order.push('small');
      },
    );
  }
  held.release();
  tt.equal((await large).status, 200);
  tt.same(order, [...Array.from({ length: 20 }, () => 'small'), 'large']);
});

t.test('a large question whose client is gone is stopped', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER, small: QUICK, large: { threads: 1, queueLimit: 4 } });
  tt.teardown(() => running.app.close());
  const gone = new AbortController();
  const body = Buffer.concat(largeSnapshot(2 * MIB, '"settings":{"clusterDomain":"sleep-50000"},'));
  const headers = { 'content-type': 'application/json' };
  const abandoned = fetch(`http://127.0.0.1:${running.port}/v1/chains`, {
    method: 'POST',
    headers,
    body,
    signal: gone.signal,
  });
  setTimeout(() => gone.abort(), 500);
  await tt.rejects(abandoned, { name: 'AbortError' });
  // It would wait for most of the time limit behind the one that nobody waits for.
  tt.equal((await upload(running, largeSnapshot(2 * MIB, ''))).status, 200);
});
