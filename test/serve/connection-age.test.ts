/** GRPC_CONNECTION_AGE: connections end, so that clients find replicas that were added. */
import { connect } from 'node:http2';
import t from 'tap';
import { readSettings } from '../../src/operations/service-settings.js';
import { serve } from '../../src/serve/serve.js';
import { FAKE_WORKER } from '../rest/support.js';

const THREADS = { SMALL_THREADS: '1', LARGE_THREADS: '1', HELD_THREADS: '1', LOG_LEVEL: 'silent' };

/** An idle connection: whether the server has said GOAWAY to it, and when it does. */
async function idle(variables: Readonly<Record<string, string>>) {
  const settings = readSettings({ PORT: '0', GRPC_PORT: '0', ...THREADS, ...variables });
  const running = await serve(settings, {}, { workerFile: FAKE_WORKER, threadsOnDemand: true });
  const session = connect(`http://${running.grpc}`);
  let isEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      isEnded = true;
      resolve();
    };
    session.on('goaway', end).on('error', end);
  });
  return {
    ended,
    isEnded: () => isEnded,
    async close() {
      session.destroy();
      await running.close();
    },
  };
}

t.test('a connection ends after its age, and never without one', async (t) => {
  const [without, aged] = await Promise.all([idle({}), idle({ GRPC_CONNECTION_AGE: '1' })]);
  t.teardown(() => Promise.all([without.close(), aged.close()]));
  await aged.ended;
  const second = await idle({ GRPC_CONNECTION_AGE: '1' });
  t.teardown(() => second.close());
  await second.ended;
  t.notOk(without.isEnded(), 'two ages later the other is still open');
});
