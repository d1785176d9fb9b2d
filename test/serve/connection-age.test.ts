/** GRPC_CONNECTION_AGE: connections end, so that clients find replicas that were added. */
import { connect } from 'node:http2';
import t from 'tap';
import { readSettings } from '../../src/operations/service-settings.js';
import { serve } from '../../src/serve/serve.js';
import { FAKE_WORKER } from '../rest/support.js';

const THREADS = { SMALL_THREADS: '1', LARGE_THREADS: '1', HELD_THREADS: '1', LOG_LEVEL: 'silent' };

/** Whether the server says GOAWAY to an idle connection within three seconds. */
async function isEnded(variables: Readonly<Record<string, string>>): Promise<boolean> {
  const settings = readSettings({ PORT: '0', GRPC_PORT: '0', ...THREADS, ...variables });
  const running = await serve(settings, {}, { workerFile: FAKE_WORKER });
  const session = connect(`http://${running.grpc}`);
  const ended = await new Promise<boolean>((resolve) => {
    session.on('goaway', () => resolve(true)).on('error', () => resolve(true));
    setTimeout(() => resolve(false), 3_000);
  });
  session.destroy();
  await running.close();
  return ended;
}

t.test('a connection ends after its age, and never without one', async (t) => {
  t.same(await Promise.all([isEnded({ GRPC_CONNECTION_AGE: '1' }), isEnded({})]), [true, false]);
});
