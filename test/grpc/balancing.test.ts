/**
 * What docs/kubernetes.md says of balancing: a gRPC client sends all of its calls over one connection, and with
 * round_robin over all addresses that a name has.
 */
import { Client, credentials } from '@grpc/grpc-js';
import t from 'tap';
import { readSettings } from '../../src/operations/service-settings.js';
import { serve } from '../../src/serve/serve.js';
import { FAKE_WORKER } from '../rest/support.js';

const THREADS = { SMALL_THREADS: '1', LARGE_THREADS: '1', HELD_THREADS: '1' };

/** A replica, and how many calls it has answered. */
async function replica() {
  const lines: string[] = [];
  const logStream = { write: (line: string) => void lines.push(line) };
  const running = await serve(
    readSettings({ PORT: '0', GRPC_PORT: '0', ...THREADS }),
    {},
    { workerFile: FAKE_WORKER, logStream, threadsOnDemand: true },
  );
  return { ...running, calls: () => lines.splice(0).filter((line) => line.includes('KubeWhatif/Path')).length };
}

/** Sends calls that are refused at once, one after the other. */
async function callMany(target: string, count: number, options: object): Promise<void> {
  const client = new Client(target, credentials.createInsecure(), options);
  const same = (bytes: Buffer) => bytes;
  for (let i = 0; i < count; i++) {
    await new Promise<void>((resolve) => {
      client.makeUnaryRequest('/kube_whatif.v1.KubeWhatif/Path', same, same, Buffer.from([255]), () => resolve());
    });
  }
  client.close();
}

t.test('calls over two replicas', async (t) => {
  const [one, two] = [await replica(), await replica()];
  t.teardown(() => Promise.all([one.close(), two.close()]));
  // As the name of a headless Service resolves.
  const target = `ipv4:${one.grpc},${two.grpc}`;
  await callMany(target, 20, {});
  t.same(
    [one.calls(), two.calls()].sort((a, b) => a - b),
    [0, 20],
    'one connection',
  );
  await callMany(target, 20, { 'grpc.service_config': '{"loadBalancingConfig": [{"round_robin": {}}]}' });
  const counts = [one.calls(), two.calls()];
  t.equal((counts[0] ?? 0) + (counts[1] ?? 0), 20);
  t.ok(Math.min(...counts) >= 8, `round_robin: ${counts.join(' and ')}`);
});
